"""What an exchange tells a simulator beside lines: files that are written, keys that are pressed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from filebridge.config import exchange as config_exchange
from filebridge.config.action import Action
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.errors import ActionError, escaped
from filebridge.program.decks import compile_content, compile_name
from filebridge.program.faults import Faults
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Names
from filebridge.wire.screens.keys import KeyProblem, keys

__all__ = ["compile_press", "compile_writes"]

Row = list[object]
Place = tuple[str | int, ...]
Files = Callable[[Row, Row], list[tuple[str, bytes]]]

_HOLES = ("{", "}")


def compile_writes(
    exchange: config_exchange.Exchange,
    names: Names,
    place: Place,
    config: Config,
    folder: Path | None,
    faults: Faults,
    actions_index: int,
) -> tuple[Files | None, frozenset[str]]:
    """Return what makes the files of ``exchange``, None where it has none, and the names that they use.

    An exchange for which a process is started makes a list in any case, an empty one perhaps. ``actions_index`` is
    the slot of the list of actions.
    """
    if exchange.write is None:
        return (_no_files if config.simulator.each == "step" else None), frozenset()
    made: list[tuple[str | Callable[[Row, Row], str], Callable[[Row, Row], bytes]]] = []
    uses: set[str] = set()
    for name, content in exchange.write.items():
        at = (*place, "write", name)
        named = compile_name(name, names, at, faults)
        template = compile_content(content, names, at, config, folder, faults, actions_index)
        if named is not None and template is not None:
            made.append((named, template.encode))
            uses |= template.uses
    return _files(made), frozenset(uses)


def _no_files(row: Row, previous: Row) -> list[tuple[str, bytes]]:
    return []


def _files(made: list[tuple[str | Callable[[Row, Row], str], Callable[[Row, Row], bytes]]]) -> Files:
    fixed = [(name, encode) for name, encode in made if isinstance(name, str)]
    if len(fixed) == len(made):
        return lambda row, previous: [(name, encode(row, previous)) for name, encode in fixed]
    return lambda row, previous: [
        (name if isinstance(name, str) else name(row, previous), encode(row, previous)) for name, encode in made
    ]


def compile_press(text: str, names: Names, place: Place, config: Config, faults: Faults) -> Template | None:
    """Return the keys of ``text`` as a template of the bytes that they send; None where problems were added."""
    template = faults.template(text, names, place, "", "utf-8")
    known = len(faults.problems)
    faults.problems += _unknown_keys(text, place)
    if any(hole in text for hole in _HOLES):
        for at, label in _labels(config.action, ("action",)):
            faults.problems += _unknown_keys(label, at)
    if template is None or len(faults.problems) > known:
        return None
    encode, encoding = template.encode, config.text.encoding

    @lru_cache(maxsize=1024)
    def pressed(written: bytes) -> bytes:
        try:
            return keys(written.decode(), encoding)
        except KeyProblem as problem:
            what = f"keys that cannot be pressed: {problem.what}"
            raise ActionError(what, found=escaped(problem.found), cure=problem.expected) from problem

    return Template(lambda row, previous: pressed(encode(row, previous)), template.uses, template.uses_previous)


def _unknown_keys(text: str, place: Place) -> Iterator[Problem]:
    # What stands in a hole is no key, and what stands around one must be.
    at = 0
    for number, piece in enumerate(text.replace("}", "{").split("{")):
        if number % 2 == 0:
            try:
                keys(piece)
            except KeyProblem as problem:
                span = at + problem.offset, max(1, problem.length)
                yield Problem(place, problem.what, problem.found, problem.expected, problem.near, "value", *span)
        at += len(piece) + 1


def _labels(action: Action, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the labels of an action, each with its place."""
    tables = [((*place, "choices"), action.choices)]
    tables += [((*place, "multi", part), choices) for part, choices in (action.multi or {}).items()]
    for at, table in tables:
        for number, label in enumerate(table if isinstance(table, list) else ()):
            yield (*at, number), str(label)
    for part, inner in (action.parts or {}).items():
        yield from _labels(inner, (*place, "parts", part))
