"""The files to be placed in the run folder, checked at load time: sources exist, templates can be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from filebridge.config.addresses import PORTS
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.simulator import File
from filebridge.errors import ConfigError, escaped
from filebridge.rendering import check_template

__all__ = ["check_files"]

Place = tuple[str | int, ...]

_OWN = ("seed", "seat", "episode")


def check_files(config: Config, folder: Path | None) -> Iterator[Problem]:
    """Yield what is wrong with the sources of the placed files; ``folder`` is that of the YAML.

    Without a folder, for a configuration given as a mapping, a relative path is not looked at.
    """
    # Only a port that is named in an address or in the command is taken for the program.
    named = config.model_dump_json(include={"simulator", "transport"}) if config.transport.sockets else ""
    ports = [name for name in PORTS if f"${{{name}}}" in named]
    known = [*_OWN, *ports, *config.variables]
    for name, file in config.simulator.files.items():
        place = ("simulator", "files", name)
        if len(file.model_fields_set) != 1:
            continue  # the rules have reported it
        way, source = _source(file)
        if file.text is not None:
            yield from _check(file.text, (*place, "text"), "", known)
        elif source is not None and (folder is not None or Path(source).is_absolute()):
            yield from _check_source((folder or Path()) / source, (*place, way), known)


def _source(file: File) -> tuple[str, str | None]:
    ways = (("copy", file.copy_of), ("link", file.link), ("template", file.template))
    return next((pair for pair in ways if pair[1] is not None), ("", None))


def _check_source(source: Path, place: Place, known: list[str]) -> Iterator[Problem]:
    shown = escaped(str(source))
    expected = "the path of a file, relative to this YAML"
    try:
        if not source.exists():
            yield Problem(place, "no such file", shown, expected)
        elif source.is_dir() and place[-1] != "link":
            yield Problem(place, "a folder", shown, expected)
        elif place[-1] == "template":
            yield from _check(source.read_bytes().decode("utf-8", "surrogateescape"), place, f" of {shown}", known)
    except (OSError, ValueError) as error:
        yield Problem(place, "cannot be read", f"{shown}: {escaped(str(error))}", expected)


def _check(text: str, place: Place, origin: str, known: list[str]) -> Iterator[Problem]:
    """Yield what is wrong with the template ``text``; ``origin`` says in words where its lines are."""
    try:
        unknown = check_template(text, known)
    except ConfigError as error:
        where = f"in line {error.what.split(':')[1]}{origin}"
        yield Problem(place, f"no template, {where}", error.found, error.cure)
        return
    for name, line in unknown:
        what = f"the template uses a name that is not known, in line {line}{origin}"
        yield Problem(place, what, name, "one of " + ", ".join(known), nearest(name, known))
