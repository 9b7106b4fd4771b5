"""YAML text to plain data, with the place of every key and value kept.

Scalars follow the core schema of YAML 1.2, so that ``no`` is a word, ``010`` is ten and ``1e3`` a number.
The parser's events are read one by one and limits are enforced as they come: nothing hostile is ever built.
"""

from __future__ import annotations

import pathlib
import re
import stat
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

import yaml

from filebridge.config.problems import NOWHERE, Place, Problem, refuse_at, syntax
from filebridge.config.tree import MAX_ALIASES, MAX_DEPTH, MAX_NODES, Node, Path, Spots, Tree, grown
from filebridge.errors import ConfigError, ConfigSecurityError, escaped

__all__ = ["MAX_ALIASES", "MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "NOWHERE", "Path", "Place", "Source", "parse",
           "plain", "read"]

MAX_BYTES = 1 << 20

# The C parser is the faster one; PyYAML is built without it on some machines.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNREADABLE = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Source:
    """A configuration as plain data, and the place of each of its parts.

    ``name`` is the file's path as errors show it, ``folder`` the folder that relative paths start from, or
    None. ``text`` has every end of a line as a newline. ``data`` holds dicts with str keys, lists, str, int,
    float, bool and None. ``spots`` gives for each path the places of its key (None in a list) and of its
    value; it is empty for a config given as a mapping.
    """

    name: str
    folder: pathlib.Path | None = None
    text: str = field(default="", repr=False)
    data: object = None
    spots: Mapping[Path, tuple[Place | None, Place]] = field(default_factory=dict, repr=False)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, without their ends."""
        return tuple(self.text.split("\n"))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset at which each line begins."""
        return tuple(accumulate((len(line) + 1 for line in self.lines), initial=0))

    def place(self, path: Path, on: Literal["key", "value"] = "value") -> tuple[Place, bool]:
        """Return the place of ``path`` and True, or that of its longest known part and False.

        The part that lacks something is shown at its key, if it has one. Without any place: ``NOWHERE``.
        """
        known = path
        while known and known not in self.spots:
            known = known[:-1]
        key, value = self.spots.get(known, (None, NOWHERE))
        exact = known == path and bool(self.spots)
        return (key if key and (on == "key" or not exact) else value), exact

    def span(self, start: int, end: int) -> Place:
        """Return the place of the characters from offset ``start`` up to ``end``, cut at the end of the line."""
        line = bisect_right(self.starts, start)
        begin = self.starts[line - 1]
        last = max(min(end - begin, len(self.lines[line - 1])), start - begin)
        return Place(line, start - begin + 1, last + 1, start)


def read(path: pathlib.Path) -> Source:
    """Return the configuration in the file ``path``.

    Raises ConfigSecurityError for a file beyond the limits, ConfigError for one that cannot be read, is not
    UTF-8 or is no valid configuration text.
    """
    name = escaped(_shown(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{name}: not a file", found=_kind(status.st_mode), cure="Name a YAML file.")
        _measure(name, status.st_size)
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except ConfigError:
        raise
    except (OSError, ValueError) as exc:
        found = escaped(getattr(exc, "strerror", None) or str(exc))
        raise ConfigError(f"{name}: cannot be read", found=found, cure="Check the path and its permissions.") from exc
    _measure(name, len(content))
    try:
        return parse(content.decode("utf-8"), name, path.absolute().parent)
    except UnicodeDecodeError as exc:
        found = f"byte 0x{content[exc.start]:02x} at offset {exc.start}"
        raise ConfigError(f"{name}: not UTF-8", found=found, cure="Save the file as UTF-8.") from exc


def _shown(path: pathlib.Path) -> str:
    """Return ``path`` as an editor can open it from the current folder: short where it lies below that."""
    if not path.is_absolute():
        return str(path)
    try:
        return str(path.relative_to(pathlib.Path.cwd()))
    except (OSError, ValueError):
        return str(path)


def parse(text: str, name: str, folder: pathlib.Path | None = None) -> Source:
    """Return the configuration in ``text``; ``name`` stands for it in errors.

    Raises ConfigSecurityError beyond a limit or for a tag, ConfigError for anything else that is wrong; all
    duplicate keys are reported at once.
    """
    _measure(name, len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")))
    source = Source(name, folder, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    odd = _UNREADABLE.search(source.text)
    if odd:
        code = f"{ord(odd[0]):04x}"
        expected = f'"\\u{code}" in double quotes'
        problem = Problem((), "a character that YAML does not allow", f"U+{code.upper()}", expected)
        raise refuse_at(source, [(source.span(*odd.span()), problem)])
    tree = Tree(source)
    _consume(tree, source)
    if tree.problems:
        raise refuse_at(source, tree.problems)
    if not tree.root.items or tree.root.items[0][3] == Node(tree.root.items[0][2]):
        raise ConfigError(f"{name}: the file is empty", cure="Write a configuration, or name another file.")
    spots: Spots = {}
    data = grown(tree.root.items[0], (), spots)
    return replace(source, data=data, spots=spots)


def plain(data: Mapping[Any, Any], name: str = "<dict>") -> Source:
    """Return a configuration that is given as a mapping; it has no places.

    Raises ConfigSecurityError beyond the limits on depth and size, ConfigError for a key that is no str or a
    value that YAML has no word for.
    """
    source = Source(name)
    return replace(source, data=_copied(source, data, (), [0]))


def _measure(name: str, size: int) -> None:
    if size > MAX_BYTES:
        cure = "A configuration is a page or two; large tables belong into files of their own."
        raise ConfigSecurityError(f"{name}: larger than {MAX_BYTES} bytes", found=f"{size} bytes", cure=cure)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _copied(source: Source, data: object, path: Path, count: list[int]) -> object:
    count[0] += 1
    nested = isinstance(data, Mapping | list | tuple)
    if (nested and len(path) >= MAX_DEPTH) or count[0] > MAX_NODES:
        what = f"more than {MAX_NODES} values" if count[0] > MAX_NODES else f"deeper than {MAX_DEPTH} levels"
        raise refuse_at(source, [(NOWHERE, Problem((), what))], ConfigSecurityError)
    if isinstance(data, Mapping):
        return {_named(source, key, path): _copied(source, value, (*path, key), count) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_copied(source, value, (*path, index), count) for index, value in enumerate(data)]
    if isinstance(data, str):
        return _whole(source, data, path)
    if data is None or isinstance(data, int | float):
        return data
    expected = "a dict, list, str, int, float, bool or None"
    raise refuse_at(source, [(NOWHERE, Problem(path, "a value of no known kind", type(data).__name__, expected))])


def _whole(source: Source, text: str, path: Path) -> str:
    half = next((char for char in text if "\ud800" <= char <= "\udfff"), None) if not text.isascii() else None
    if half is None:
        return text
    problem = Problem(path, "half of a surrogate pair", f"U+{ord(half):04X}", "text that UTF-8 can hold")
    raise refuse_at(source, [(NOWHERE, problem)])


def _named(source: Source, key: object, path: Path) -> str:
    if isinstance(key, str):
        return _whole(source, key, path)
    problem = Problem(path, "a key that is no text", type(key).__name__, "a str")
    raise refuse_at(source, [(NOWHERE, problem)])


def _consume(tree: Tree, source: Source) -> None:
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            tree.take(event)
    except yaml.MarkedYAMLError as exc:
        if "nesting depth" in str(exc.problem):
            # The C parser from 6.0.4 on has a limit of its own, and meets it before it tells of the first level.
            at = exc.problem_mark.index if exc.problem_mark else 0
            problem = Problem((), f"deeper than {MAX_DEPTH} levels", "", "a flatter text")
            raise refuse_at(source, [(source.span(at, at + 1), problem)], ConfigSecurityError) from exc
        opened = tree.stack[-1].place.offset if tree.stack[-1].flow else None
        at, what, expected = syntax(source.text, exc, opened)
        raise refuse_at(source, [(source.span(at, at + 1), Problem((), what, "", expected))]) from exc
    except ConfigError:
        raise
    except (yaml.YAMLError, OverflowError, ValueError) as exc:
        # The pure parser hands numbers of any size to Python: in "\UFFFFFFFF" and in the version of a directive.
        problem = Problem((), "an escape or a directive that means nothing", expected="single quotes around the value")
        raise refuse_at(source, [(source.span(tree.last, tree.last + 1), problem)]) from exc
