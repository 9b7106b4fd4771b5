"""The tree of a YAML text, built from the parser's events within limits on depth, size and aliases."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from filebridge.config.problems import NOWHERE, Place, Problem, refuse_at
from filebridge.errors import ConfigError, ConfigSecurityError

if TYPE_CHECKING:
    from filebridge.config.source import Source

__all__ = ["MAX_ALIASES", "MAX_DEPTH", "MAX_DIGITS", "MAX_NODES", "Node", "Path", "Spots", "Tree", "grown"]

MAX_DEPTH = 32
MAX_ALIASES = 64
MAX_NODES = 10_000
MAX_DIGITS = 300

Path = tuple[str | int, ...]
Spots = dict[Path, tuple[Place | None, Place]]

_QUOTED = ("'", '"', "|", ">")
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


@dataclass(slots=True)
class Node:
    """A value on its way into a tree; a scalar has no ``items``, only a mapping has ``keys``."""

    place: Place
    data: object = None
    items: list[tuple[str | int, Place | None, Place, Node]] | None = None
    keys: dict[str, list[Place]] | None = None
    pending: tuple[str, Place] | None = None
    size: int = 1
    height: int = 0
    ended: bool = True
    flow: bool = False


class Tree:
    """Takes the parser's events one by one and refuses what goes beyond a limit as soon as it comes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root = Node(NOWHERE, items=[])
        self.stack = [self.root]
        self.anchors: dict[str, Node] = {}
        self.problems: list[tuple[Place, Problem]] = []
        self.aliases = self.nodes = self.last = 0

    def take(self, event: Any) -> None:
        """Take the next event; raises ConfigError or ConfigSecurityError for what cannot be part of a configuration."""
        self.last = event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor, self._begin(event))
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root.items:
            self._stop(self._begin(event), "a second document", "one document, without a line ---")

    def _alias(self, name: str | None, place: Place) -> None:
        self.aliases += 1
        node = self.anchors.get(name or "")
        if node is None:
            expected = f"&{name} ahead of it, or quotes around a value that begins with *"
            self._stop(place, f"*{name} stands for nothing", expected)
        if self._wants_key():
            self._stop(place, "an alias as a key", "the key itself")
        if not node.ended or self.aliases > MAX_ALIASES:
            what = f"more than {MAX_ALIASES} aliases" if node.ended else f"*{name} inside what it stands for"
            self._stop(place, what, "the text itself", ConfigSecurityError)
        self._count(place, node.size, node.height)
        # Spans inside a scalar only make sense where its text is; a list or mapping is shown where it is used.
        self._add(node, node.place if node.items is None else place)

    def _node(self, event: Any) -> None:
        scalar = isinstance(event, yaml.ScalarEvent)
        node = Node(self._extent(event) if scalar else self._begin(event), ended=scalar)
        if event.tag is not None:
            self._tag(self._begin(event).offset)
        if scalar and _LONE.search(event.value):
            self._stop(node.place, "half of a surrogate pair", "\\U and eight digits, for the whole character")
        self._count(node.place, 1, int(not scalar))
        if event.anchor:
            self.anchors[event.anchor] = node
        if not scalar:
            self._open(event, node)
        elif self._wants_key():
            node.data = event.value
            self._key(event, node.place)
        else:
            node.data = event.value if event.style in _QUOTED else self._resolved(event.value, node.place)
            self._add(node, node.place)

    def _tag(self, start: int) -> NoReturn:
        found = re.compile(r"\S+").match(self.source.text, start)
        place = self.source.span(start, found.end() if found else start + 1)
        self._stop(place, "a tag", "no tag; quotes around a value that begins with !", ConfigSecurityError)

    def _open(self, event: Any, node: Node) -> None:
        if self._wants_key():
            self._stop(node.place, "a mapping or a list as a key", "quotes around a value that begins with { or [")
        node.items, node.flow, node.height = [], event.flow_style, 1
        node.keys = {} if isinstance(event, yaml.MappingStartEvent) else None
        self.stack.append(node)

    def _close(self) -> None:
        path, node = self._path(-1), self.stack.pop()
        for key, places in (node.keys or {}).items():
            if len(places) > 1:
                self.problems.append((places[-1], _twice((*path, key), places)))
        if node.flow and "\n" not in self.source.text[node.place.offset : self.last]:
            node.place = self.source.span(node.place.offset, self.last)
        node.ended = True
        self._add(node, node.place)

    def _wants_key(self) -> bool:
        return self.stack[-1].keys is not None and self.stack[-1].pending is None

    def _key(self, event: Any, place: Place) -> None:
        top = self.stack[-1]
        if event.style not in _QUOTED and event.value in ("<<", ""):
            what = "a merge key, <<" if event.value else "no key before the colon"
            self.problems.append((place, Problem(self._path(), what, expected="each key written out")))
        elif top.keys is not None:
            top.keys.setdefault(event.value, []).append(place)
        top.pending = event.value, place
        top.size += 1

    def _add(self, node: Node, place: Place) -> None:
        top = self.stack[-1]
        key, key_place = top.pending or (len(top.items or ()), None)
        if top.items is not None:
            top.items.append((key, key_place, place, node))
        top.pending = None
        top.size += node.size
        top.height = max(top.height, node.height + 1)

    def _count(self, place: Place, size: int, height: int) -> None:
        self.nodes += size
        if len(self.stack) - 1 + height > MAX_DEPTH:
            self._stop(place, f"deeper than {MAX_DEPTH} levels", "a flatter text", ConfigSecurityError)
        if self.nodes > MAX_NODES:
            self._stop(place, f"more than {MAX_NODES} values", "a table in a file of its own", ConfigSecurityError)

    def _path(self, end: int | None = None) -> Path:
        # A mapping that waits for its next key adds nothing.
        nodes = (node for node in self.stack[1:end] if node.pending or node.keys is None)
        return tuple(node.pending[0] if node.pending else len(node.items or ()) for node in nodes)

    def _begin(self, event: Any) -> Place:
        start = event.start_mark.index
        if getattr(event, "anchor", None) and not isinstance(event, yaml.AliasEvent):
            ahead = _ANCHOR.match(self.source.text, start)
            start = ahead.end() if ahead else start
        return self.source.span(start, start + 1)

    def _extent(self, event: Any) -> Place:
        start, end = self._begin(event).offset, event.end_mark.index
        if event.style in _QUOTED:
            block = event.style in "|>"
            return self.source.span(start + (not block), start + 1 if block else end - 1)
        return self.source.span(start if event.value else end, end)

    def _resolved(self, text: str, place: Place) -> object:
        try:
            return _scalar(text)
        except OverflowError:
            problem = Problem(self._path(), "a number too large", text[:80], "a smaller one, or quotes around it")
            self.problems.append((place, problem))
            return None

    def _stop(self, place: Place, what: str, expected: str = "", kind: type[ConfigError] = ConfigError) -> NoReturn:
        raise refuse_at(self.source, [(place, Problem(self._path(), what, "", expected))], kind)


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


def grown(item: tuple[str | int, Place | None, Place, Node], path: Path, spots: Spots) -> object:
    """Return a node as plain data, and fill ``spots`` with the place of each of its parts."""
    _, key_place, place, node = item
    spots[path] = key_place, place
    if node.items is None:
        return node.data
    children = ((child[0], grown(child, (*path, child[0]), spots)) for child in node.items)
    return dict(children) if node.keys is not None else [value for _, value in children]
