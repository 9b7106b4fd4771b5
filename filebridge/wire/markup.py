"""Where an XML element ends: a scan over tags, comments, quotes, not a parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from filebridge.wire.ending import Data

__all__ = ["MarkupScan", "elements"]

# A tag that is there from end to end is passed at once; of all others the part that is there is looked at once.
_TAG = re.compile(rb"""[^<]*(<[^!?<>"'][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>)""")
_SOLID = re.compile(rb"[^\s<\x00]")
_IN_TAG = re.compile(rb"""["'>]""")
_IN_DOCTYPE = re.compile(rb"""["'<>]""")

_SPECIAL = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>", b"</": b">"}
"""What begins like this goes on until that, whatever stands in it."""

Go = Callable[[Data], int]


def elements(data: bytes) -> list[bytes]:
    """Return the elements of ``data``, each with what stands in front of it, the last with what stands behind it too.

    What is no element is part of the next one: whoever parses that finds it.
    """
    scan = MarkupScan(lambda data, start, end: None)
    ends = [0]
    while (end := scan.advance(data)) >= 0:
        ends.append(end)
        scan.start = -1
    if scan.start >= 0 or len(ends) == 1:
        ends.append(len(data))
    ends[-1] = len(data)
    return [data[start:end].strip() for start, end in pairwise(ends)]


class MarkupScan:
    """The search for the end of an element: that of its end tag, or of itself where it is empty.

    In front of it white space, comments, processing instructions and a document type may stand. ``advance`` does one
    thing after another, each until its end is found: the text before a tag, a tag, a quotation, a comment.
    """

    __slots__ = ("_back", "_closes", "_depth", "_nested", "_now", "_position", "_stop", "_stray", "start")

    def __init__(self, stray: Callable[[Data, int, int], None]) -> None:
        self.start = -1
        self._stray = stray
        self._position = 0
        self._depth = 0
        self._nested = 0
        self._stop = b""
        self._closes = False
        self._now: Go = self._text
        self._back: Go = self._text

    def advance(self, data: Data) -> int:
        """Return where the element ends, or -1; see ``documents.Scan``."""
        while True:
            self._position, before = self._now(data), self._position
            if self._position < 0:
                self._position = ~self._position
                return -1
            if self.start >= 0 and not self._depth and self._now == self._text:
                return self._position
            assert self._position > before, "a scan goes on"

    # Each of these returns where to go on, or ~position where more bytes are wanted, to go on from there.

    def _text(self, data: Data) -> int:
        position = self._position
        while match := _TAG.match(data, position):
            at, end = match.span(1)
            if not self._depth:
                self._between(data, position, at)
            position = end
            if data[at + 1] == 47:
                self._close(data, at, end)
            elif not self._depth:
                self.start, self._depth = at, int(data[end - 2] != 47)
            elif data[end - 2] != 47:
                self._depth += 1
            if not self._depth and self.start >= 0:
                return position
        at = data.find(b"<", position)
        if not self._depth:
            self._between(data, position, at if at >= 0 else len(data))
        return ~len(data) if at < 0 else self._opened(data, at, self._text)

    def _between(self, data: Data, start: int, end: int) -> None:
        """See what stands between two documents."""
        match = _SOLID.search(data, start, end)
        if match is not None:
            self._stray(data, match.start(), end)

    def _close(self, data: Data, start: int, end: int) -> None:
        """Take note of the end tag that stands there."""
        self._depth -= 1
        if self._depth < 0:
            self._depth = 0
            self._stray(data, start, end)

    def _opened(self, data: Data, at: int, back: Go) -> int:
        """Begin what the ``<`` at ``at`` begins; afterwards ``back`` goes on."""
        for mark, stop in _SPECIAL.items():
            if data.startswith(mark, at):
                self._stop, self._closes = stop, mark == b"</"
                self._now, self._back = self._until, back
                return at + len(mark)
            if len(data) - at < len(mark) and mark.startswith(data[at:]):
                return ~at
        if back == self._doctype:
            self._nested += 1
            return at + 1
        if data.startswith(b"<!", at):
            self._now, self._nested = self._doctype, 1
            return at + 2
        if not self._depth:
            self.start = at
        self._now = self._tag
        return at + 1

    def _until(self, data: Data) -> int:
        at = data.find(self._stop, self._position)
        if at < 0:
            return ~max(self._position, len(data) - len(self._stop) + 1)
        self._now = self._back
        if self._closes:
            self._closes = False
            self._close(data, data.rfind(b"<", 0, at), at + 1)
        return at + len(self._stop)

    def _tag(self, data: Data) -> int:
        match = _IN_TAG.search(data, self._position)
        if match is None:
            return ~len(data)
        at = match.start()
        if data[at] == 62:
            self._depth += data[at - 1] != 47
            self._now = self._text
        else:
            self._stop, self._now, self._back = match[0], self._until, self._tag
        return at + 1

    def _doctype(self, data: Data) -> int:
        match = _IN_DOCTYPE.search(data, self._position)
        if match is None:
            return ~len(data)
        at = match.start()
        if data[at] == 60:
            return self._opened(data, at, self._doctype)
        if data[at] == 62:
            self._nested -= 1
            self._now = self._text if not self._nested else self._doctype
        else:
            self._stop, self._now, self._back = match[0], self._until, self._doctype
        return at + 1
