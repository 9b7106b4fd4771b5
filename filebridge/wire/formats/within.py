"""The part of a message that a field is read from: below a heading, above a line, or between the two (`within`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from filebridge.config.places import Which, Within
from filebridge.config.simulator import Text
from filebridge.config.units import regex_source
from filebridge.errors import escaped
from filebridge.wire.formats.conversion import source_bytes
from filebridge.wire.formats.problem import FieldProblem

__all__ = ["Blocks", "blocks"]

_Spans = Callable[[bytes], Iterator[tuple[int, int]]]
"""Finds a mark: where it begins and ends, from the first to the last in a message."""


class Blocks:
    """The blocks of one kind in messages, one of which counts.

    A block begins below the line of its heading, without a heading below the line that ended the block above it or
    with the message; it ends above the next line that has the mark `before`, or with the message. The last block that
    was found is kept together with its message, so that the fields of one block find it once and read the same bytes.
    """

    def __init__(self, within: Within, after: _Spans | None, before: _Spans | None, kept: list[_Kept]) -> None:
        self._within = within
        self._after = after
        self._before = before
        self._kept = kept

    def block_of(self, message: bytes) -> bytes | None:
        """Return the block that counts, None where there is none; raises ParseError for a search that takes long."""
        kept = self._kept[0]
        if kept[0] is message:
            return kept[1]
        which, block = self._within.which, None
        places = list(self._places(message))
        number = {"first": 1, "last": len(places)}.get(str(which), which)
        if isinstance(number, int) and 1 <= number <= len(places):
            start, end = places[number - 1]
            block = message[start : self._end(message, start) if end < 0 else end]
        # The pair is replaced as a whole, so that two threads at worst search twice.
        self._kept[0] = (message, block)
        return block

    def missing(self, message: bytes) -> str:
        """Return in words which block was looked for, and how many of its kind there are."""
        mark = self._within.after or self._within.before or ""
        side, kind = ("below", "heading") if self._within.after else ("above", "line")
        count = len(list(self._places(message)))
        if not count:
            return f"there is no block {side} `{escaped(mark, 100)}`, since no {kind} in the reply has that"
        times = "once" if count == 1 else f"{count} times"
        which = self._within.which
        return f"there is no block {which} {side} `{escaped(mark, 100)}`, a {kind} that occurs {times} in the reply"

    def _places(self, message: bytes) -> Iterator[tuple[int, int]]:
        """Yield where each block begins and ends; the end is -1 where it is to be looked for."""
        if self._after is not None:
            yield from self._below(message, self._after)
            return
        start = 0
        for first, last in _lines(message, self._before or _nothing):
            yield start, first
            start = last

    def _below(self, message: bytes, after: _Spans) -> Iterator[tuple[int, int]]:
        """Yield the blocks below the headings: each up to the next heading where no line says that it ends before."""
        if self._before is not None:
            for _, last in _lines(message, after):
                yield last, -1
            return
        start = -1
        for first, last in _lines(message, after):
            if start >= 0:
                yield start, first
            start = last
        if start >= 0:
            yield start, len(message)

    def _end(self, message: bytes, start: int) -> int:
        assert self._before is not None
        rest = message[start:]
        return start + next((first for first, _ in _lines(rest, self._before)), len(rest))


_Kept = tuple["bytes | None", "bytes | None"]


def blocks(name: str, within: Within, text: Text) -> Blocks:
    """Return the blocks that the field ``name`` is read from; raises FieldProblem for a mark that cannot be one."""
    if within.after is None and within.before is None:
        expected = "`after`, the heading above the block, or `before`, the line below it"
        raise FieldProblem("within", "neither a line above nor a line below", expected=expected)
    after = None if within.after is None else _finder(name, within.after, text)
    before = None if within.before is None else _finder(name, within.before, text)
    return Blocks(within, after, before, _kept(within.after, within.before, within.which, text.encoding))


@cache
def _kept(after: str | None, before: str | None, which: Which, encoding: str) -> list[_Kept]:
    """Return the one place in which the fields of one block keep it; of which block, the arguments say."""
    return [(None, None)]


def _finder(name: str, mark: str, text: Text) -> _Spans:
    source = regex_source(mark)
    if source is None:
        return _literal(source_bytes("within", mark, text))
    # The library for timed searches is needed by few configurations and takes long to import.
    from filebridge.wire.formats.regex import timed

    try:
        pattern = timed(name, "within", source, text)
    except FieldProblem as exc:
        # The place in the expression is none in the mapping, which is what the key has for a value.
        raise FieldProblem("within", exc.what, found=exc.found, expected=exc.expected) from exc
    return lambda message: (match.span() for match in pattern.matches(message))


def _literal(mark: bytes) -> _Spans:
    def spans(message: bytes) -> Iterator[tuple[int, int]]:
        place = message.find(mark)
        while place >= 0:
            yield place, place + len(mark)
            place = message.find(mark, place + len(mark))

    return spans


def _lines(message: bytes, spans: _Spans) -> Iterator[tuple[int, int]]:
    """Yield where the lines begin that hold a mark, and where the lines below them do; each line once."""
    beyond = 0
    for start, end in spans(message):
        if start < beyond:
            continue
        first, line_end = message.rfind(b"\n", 0, start) + 1, message.find(b"\n", end)
        beyond = line_end + 1 if line_end >= 0 else len(message) + 1
        yield first, min(beyond, len(message))


def _nothing(message: bytes) -> Iterator[tuple[int, int]]:
    return iter(())
