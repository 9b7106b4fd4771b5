"""YAML text to plain data, with the place of every key and value kept.

Scalars follow the core schema of YAML 1.2, so that ``no`` is a word, ``010`` is ten and ``1e3`` a number.
The parser's events are read one by one and limits are enforced as they come: nothing hostile is ever built.
"""

from __future__ import annotations

import math
import pathlib
import re
import stat
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal, NoReturn

import yaml

from filebridge.config.problems import NOWHERE, Place, Problem, refuse_at, syntax
from filebridge.errors import ConfigError, ConfigSecurityError, escaped

__all__ = ["MAX_ALIASES", "MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "NOWHERE", "Path", "Place", "Source", "parse",
           "plain", "read"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_ALIASES = 64
MAX_NODES = 10_000
MAX_DIGITS = 300

Path = tuple[str | int, ...]
Spots = dict[Path, tuple[Place | None, Place]]

# The C parser is the faster one; PyYAML is built without it on some machines.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED = ("'", '"', "|", ">")
_UNREADABLE = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_LONE = re.compile(r"[\ud800-\udfff]")
_ANCHOR = re.compile(r"&[\w-]+(?:\s+|#.*)*", re.ASCII)
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


@dataclass(frozen=True)
class Source:
    """A configuration as plain data, and the place of each of its parts.

    ``name`` is the file's name as errors show it, ``folder`` the folder that relative paths start from, or
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
    name = escaped(path.name)
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
    tree = _Tree(source)
    _consume(tree, source)
    if tree.problems:
        raise refuse_at(source, tree.problems)
    if not tree.root.items or tree.root.items[0][3] == _Node(tree.root.items[0][2]):
        raise ConfigError(f"{name}: the file is empty", cure="Write a configuration, or name another file.")
    spots: Spots = {}
    data = _grown(tree.root.items[0], (), spots)
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
    if data is None or isinstance(data, str | int | float):
        return data
    expected = "a dict, list, str, int, float, bool or None"
    raise refuse_at(source, [(NOWHERE, Problem(path, "a value of no known kind", type(data).__name__, expected))])


def _named(source: Source, key: object, path: Path) -> str:
    if isinstance(key, str):
        return key
    problem = Problem(path, "a key that is no text", type(key).__name__, "a str")
    raise refuse_at(source, [(NOWHERE, problem)])


@dataclass(slots=True)
class _Node:
    """A value on its way into a tree; a scalar has no ``items``, only a mapping has ``keys``."""

    place: Place
    data: object = None
    items: list[tuple[str | int, Place | None, Place, _Node]] | None = None
    keys: dict[str, list[Place]] | None = None
    pending: tuple[str, Place] | None = None
    size: int = 1
    height: int = 0
    ended: bool = True
    flow: bool = False


class _Tree:
    """Takes the parser's events one by one and refuses what goes beyond a limit as soon as it comes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root = _Node(NOWHERE, items=[])
        self.stack = [self.root]
        self.anchors: dict[str, _Node] = {}
        self.problems: list[tuple[Place, Problem]] = []
        self.aliases = self.nodes = self.last = 0

    def take(self, event: Any) -> None:
        self.last = event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            self.alias(event.anchor, self.begin(event))
        elif isinstance(event, yaml.NodeEvent):
            self.node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root.items:
            self.stop(self.begin(event), "a second document", "one document, without a line ---")

    def alias(self, name: str | None, place: Place) -> None:
        self.aliases += 1
        node = self.anchors.get(name or "")
        if node is None:
            expected = f"&{name} ahead of it, or quotes around a value that begins with *"
            self.stop(place, f"*{name} stands for nothing", expected)
        if self.wants_key():
            self.stop(place, "an alias as a key", "the key itself")
        if not node.ended or self.aliases > MAX_ALIASES:
            what = f"more than {MAX_ALIASES} aliases" if node.ended else f"*{name} inside what it stands for"
            self.stop(place, what, "the text itself", ConfigSecurityError)
        self.count(place, node.size, node.height)
        # Spans inside a scalar only make sense where its text is; a list or mapping is shown where it is used.
        self.add(node, node.place if node.items is None else place)

    def node(self, event: Any) -> None:
        scalar = isinstance(event, yaml.ScalarEvent)
        node = _Node(self.extent(event) if scalar else self.begin(event), ended=scalar)
        if event.tag is not None:
            self.tag(self.begin(event).offset)
        if scalar and _LONE.search(event.value):
            self.stop(node.place, "half of a surrogate pair", "\\U and eight digits, for the whole character")
        self.count(node.place, 1, int(not scalar))
        if event.anchor:
            self.anchors[event.anchor] = node
        if not scalar:
            self.open(event, node)
        elif self.wants_key():
            node.data = event.value
            self.key(event, node.place)
        else:
            node.data = event.value if event.style in _QUOTED else self.resolved(event.value, node.place)
            self.add(node, node.place)

    def tag(self, start: int) -> NoReturn:
        found = re.compile(r"\S+").match(self.source.text, start)
        place = self.source.span(start, found.end() if found else start + 1)
        self.stop(place, "a tag", "no tag; quotes around a value that begins with !", ConfigSecurityError)

    def open(self, event: Any, node: _Node) -> None:
        if self.wants_key():
            self.stop(node.place, "a mapping or a list as a key", "quotes around a value that begins with { or [")
        node.items, node.flow, node.height = [], event.flow_style, 1
        node.keys = {} if isinstance(event, yaml.MappingStartEvent) else None
        self.stack.append(node)

    def close(self) -> None:
        path, node = self.path(-1), self.stack.pop()
        for key, places in (node.keys or {}).items():
            if len(places) > 1:
                self.problems.append((places[-1], _twice((*path, key), places)))
        if node.flow and "\n" not in self.source.text[node.place.offset : self.last]:
            node.place = self.source.span(node.place.offset, self.last)
        node.ended = True
        self.add(node, node.place)

    def wants_key(self) -> bool:
        return self.stack[-1].keys is not None and self.stack[-1].pending is None

    def key(self, event: Any, place: Place) -> None:
        top = self.stack[-1]
        if event.style not in _QUOTED and event.value in ("<<", ""):
            what = "a merge key, <<" if event.value else "no key before the colon"
            self.problems.append((place, Problem(self.path(), what, expected="each key written out")))
        elif top.keys is not None:
            top.keys.setdefault(event.value, []).append(place)
        top.pending = event.value, place
        top.size += 1

    def add(self, node: _Node, place: Place) -> None:
        top = self.stack[-1]
        key, key_place = top.pending or (len(top.items or ()), None)
        if top.items is not None:
            top.items.append((key, key_place, place, node))
        top.pending = None
        top.size += node.size
        top.height = max(top.height, node.height + 1)

    def count(self, place: Place, size: int, height: int) -> None:
        self.nodes += size
        if len(self.stack) - 1 + height > MAX_DEPTH:
            self.stop(place, f"deeper than {MAX_DEPTH} levels", "a flatter text", ConfigSecurityError)
        if self.nodes > MAX_NODES:
            self.stop(place, f"more than {MAX_NODES} values", "a table in a file of its own", ConfigSecurityError)

    def path(self, end: int | None = None) -> Path:
        # A mapping that waits for its next key adds nothing.
        nodes = (node for node in self.stack[1:end] if node.pending or node.keys is None)
        return tuple(node.pending[0] if node.pending else len(node.items or ()) for node in nodes)

    def begin(self, event: Any) -> Place:
        start = event.start_mark.index
        if getattr(event, "anchor", None) and not isinstance(event, yaml.AliasEvent):
            ahead = _ANCHOR.match(self.source.text, start)
            start = ahead.end() if ahead else start
        return self.source.span(start, start + 1)

    def extent(self, event: Any) -> Place:
        start, end = self.begin(event).offset, event.end_mark.index
        if event.style in _QUOTED:
            block = event.style in "|>"
            return self.source.span(start + (not block), start + 1 if block else end - 1)
        return self.source.span(start if event.value else end, end)

    def resolved(self, text: str, place: Place) -> object:
        try:
            return _scalar(text)
        except OverflowError:
            problem = Problem(self.path(), "a number too large", text[:80], "a smaller one, or quotes around it")
            self.problems.append((place, problem))
            return None

    def stop(self, place: Place, what: str, expected: str = "", kind: type[ConfigError] = ConfigError) -> NoReturn:
        raise refuse_at(self.source, [(place, Problem(self.path(), what, "", expected))], kind)


def _twice(path: Path, places: list[Place]) -> Problem:
    found = [f"line {place.line}, column {place.column}" for place in places]
    more = [f"{len(found) - 5} more"] if len(found) > 6 else found[5:]
    return Problem(path, "a key written more than once", " and ".join(found[:5] + more), "each key once", on="key")


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    based, whole = _BASED.fullmatch(text), _INT.fullmatch(text)
    if not (based or whole or _FLOAT.fullmatch(text)):
        return text
    value = int(text, 0) if based else int(text) if whole and len(text) <= MAX_DIGITS else float(text)
    if len(text) > MAX_DIGITS or abs(value) == math.inf:
        raise OverflowError(text[:MAX_DIGITS])
    return value


def _consume(tree: _Tree, source: Source) -> None:
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            tree.take(event)
    except yaml.MarkedYAMLError as exc:
        opened = tree.stack[-1].place.offset if tree.stack[-1].flow else None
        at, what, expected = syntax(source.text, exc, opened)
        raise refuse_at(source, [(source.span(at, at + 1), Problem((), what, "", expected))]) from exc
    except ConfigError:
        raise
    except (yaml.YAMLError, OverflowError, ValueError) as exc:
        # The pure parser hands numbers of any size to Python: in "\UFFFFFFFF" and in the version of a directive.
        problem = Problem((), "an escape or a directive that means nothing", expected="single quotes around the value")
        raise refuse_at(source, [(source.span(tree.last, tree.last + 1), problem)]) from exc


def _grown(item: tuple[str | int, Place | None, Place, _Node], path: Path, spots: Spots) -> object:
    _, key_place, place, node = item
    spots[path] = key_place, place
    if node.items is None:
        return node.data
    children = ((child[0], _grown(child, (*path, child[0]), spots)) for child in node.items)
    return dict(children) if node.keys is not None else [value for _, value in children]
