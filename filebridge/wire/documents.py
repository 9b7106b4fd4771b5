"""Messages that end where their own structure says: JSON values, XML elements.

A document is scanned once, however it comes in pieces: what was found out is kept with the bytes. Nothing is parsed
here; a document that is not well-formed ends where its outermost bracket, or its first tag, is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, Protocol

from filebridge.errors import Desync, escaped
from filebridge.wire.ending import PLAIN, Cut, Data, End, Received
from filebridge.wire.markup import MarkupScan

__all__ = ["JsonScan", "Scan", "document_cut"]

_GAP = re.compile(rb"[\s\x1e]*")
_SIGN = re.compile(rb"[^\s\x1e]")
_OBJECT = re.compile(rb'"[^"\\]*"|[{}"]')
_ARRAY = re.compile(rb'"[^"\\]*"|[]["]')
# Most objects are small, whole, and at most two deep: these are passed at once.
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_INNER = rb'\{[^{}"]*(?:%s[^{}"]*)*\}' % _STRING
_SMALL = re.compile(rb'[\s\x1e]*(\{[^{}"]*(?:(?:%s|%s)[^{}"]*)*\})\s*' % (_STRING, _INNER), re.DOTALL)
_QUOTED = re.compile(rb'["\\]')
_AFTER_WORD = re.compile(rb'[\s\x1e{}\[\]",:]')
_WORD = re.compile(rb"-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity")
_NEVER = re.compile(rb"(?!)")

_QUOTE = 34

SMALL = 8192
"""Bytes that are worth the attempt to pass them at once."""


class Scan(Protocol):
    """The search for the first document in bytes that grow."""

    start: int

    def advance(self, data: Data) -> int:
        """Look at what was added to ``data``; return where the document ends, which begins at ``start``, or -1.

        Raises Stray for what cannot stand in front of one.
        """


def document_cut(kind: Literal["json", "xml"], strict: bool = True) -> Cut:
    """Return a cut after the first document; what stands before it, and white space behind it, is left out.

    What is neither a document nor may stand between two is dropped; the cut raises Desync for it if ``strict``.
    """
    scan: Callable[[Callable[[Data, int, int], None]], Scan] = JsonScan if kind == "json" else MarkupScan
    name = "JSON" if kind == "json" else "XML"

    def stray(data: Data, start: int, end: int) -> None:
        if strict:
            raise Desync(
                f"what stands between two documents is no {name}",
                found=escaped(bytes(data[start : max(end, min(len(data), start + 200))])),
                cure="correct `document`; or say `leftover: drop` where the program says other things in between",
            )

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        if not searched and len(data) <= SMALL:
            match = _SMALL.match(data)
            if match is not None:
                start, end = match.span(1)
                return match.end(), _margins(start, match.end() - end)
        if isinstance(data, Received):
            if data.seen is None:
                data.seen = scan(stray)
            present: Scan = data.seen  # type: ignore[assignment]  # nothing else is put there
        else:
            present = scan(stray)
        end = present.advance(data)
        if end < 0:
            return None
        match = _GAP.match(data, end)
        after = match.end() if match else end
        return after, _margins(present.start, after - end)

    return cut


@lru_cache(maxsize=256)
def _margins(head: int, tail: int) -> End:
    return End(head=head, tail=tail) if head or tail else PLAIN


class JsonScan:
    """The search for the end of a JSON value: its last bracket, or what follows a number or a word."""

    __slots__ = ("_depth", "_marks", "_opener", "_position", "_quoted", "_stray", "start")

    def __init__(self, stray: Callable[[Data, int, int], None]) -> None:
        self.start = -1
        self._stray = stray
        self._position = 0
        self._depth = 0
        self._quoted = False
        self._opener = 0
        self._marks = _NEVER

    def advance(self, data: Data) -> int:
        """Return where the value ends, or -1; see Scan."""
        while self.start >= 0 or self._begun(data):
            if self._depth or self._quoted:
                return self._closed(data)
            match = _AFTER_WORD.search(data, self._position)
            if match is None:
                self._position = len(data)
                return -1
            # A sign that ends words is one by itself.
            start, end = self.start, max(match.start(), self.start + 1)
            if _WORD.fullmatch(data, start, end):
                return end
            self._stray(data, start, end)
            self.start, self._position = -1, end
        return -1

    def _begun(self, data: Data) -> bool:
        match = _SIGN.search(data, self._position)
        if match is None:
            self._position = len(data)
            return False
        self.start = at = match.start()
        self._opener = data[at]
        self._depth, self._quoted = int(data[at] in b"{["), data[at] == _QUOTE
        self._marks = _OBJECT if data[at] == 123 else _ARRAY
        self._position = at + (self._depth or self._quoted)
        return True

    def _closed(self, data: Data) -> int:
        """Return where the outermost bracket, or the string by itself, is closed."""
        marks, opener, size = self._marks, self._opener, len(data)
        position, depth = self._position, self._depth
        while position < size:
            if self._quoted:
                position = self._unquoted(data, position)
                if self._quoted:
                    break
                if not depth:
                    return position
            match = marks.search(data, position)
            if match is None:
                position = size
                break
            start, position = match.span()
            # A string without an escape is passed at once.
            if position - start == 1:
                sign = data[start]
                if sign == _QUOTE:
                    self._quoted = True
                elif sign == opener:
                    depth += 1
                else:
                    depth -= 1
                    if not depth:
                        return position
        self._position, self._depth = position, depth
        return -1

    def _unquoted(self, data: Data, position: int) -> int:
        """Return where to go on: behind the end of the string, or of ``data``."""
        while match := _QUOTED.search(data, position):
            position = match.end()
            if data[position - 1] == _QUOTE:
                self._quoted = False
                return position
            # What is escaped counts for nothing, and may not have come yet.
            position += 1
        return max(position, len(data))
