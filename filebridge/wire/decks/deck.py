"""An existing deck with places to be replaced: cut once into pieces, joined with new texts at each step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from filebridge.errors import ActionError, escaped

__all__ = ["Deck", "Filling", "Layout", "PlaceProblem", "Spot", "compile_deck"]

Row = list[object]
Encode = Callable[[Row, Row], bytes]
Point = tuple[int, int]
"""Line and character, from 0."""

_SPACE = b" "


class PlaceProblem(ValueError):
    """A place that a deck does not have, found at load time.

    ``what`` is wrong, ``found`` and ``expected`` say what was looked for and what to write, ``near`` is the nearest
    word of the deck, ``key`` the key of the edit at fault.
    """

    def __init__(self, what: str, found: str, expected: str, near: str = "", key: str = "") -> None:
        super().__init__(what, found, expected, near, key)
        self.what = what
        self.found = found
        self.expected = expected
        self.near = near
        self.key = key


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that a word stands in, with the spaces ``before`` and ``after`` it.

    A longer word takes all of these but ``least_before`` and ``least_after``. ``right`` says that it ends, rather than
    begins, where the old one did.
    """

    before: int
    after: int
    least_before: int
    least_after: int
    right: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a deck: from ``start`` up to ``end``; ``width`` is that of characters to be filled exactly, 0: any."""

    start: Point
    end: Point
    layout: Layout | None = None
    width: int = 0

    @property
    def outer_start(self) -> Point:
        """Where the spaces begin that belong to it."""
        return self.start[0], self.start[1] - (self.layout.before if self.layout else 0)

    @property
    def outer_end(self) -> Point:
        """Where the spaces end that belong to it."""
        return self.end[0], self.end[1] + (self.layout.after if self.layout else 0)


@dataclass(frozen=True, slots=True)
class Filling:
    """What is put into a spot: ``encode`` makes its bytes, ``text`` is its template, for errors."""

    spot: Spot
    encode: Encode
    text: str


class Deck:
    """The text of a deck; ``lines`` are without their ends, and grow where a place lies behind the end of one."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = text.split("\n")
        self._starts = list(accumulate((len(part) + 1 for part in parts), initial=0))
        self.lines = [part.removesuffix("\r") for part in parts]
        self._ends = ["\r\n" if part.endswith("\r") else "\n" for part in parts]
        self._ends[-1] = self._ends[-1][:-1]

    def point(self, offset: int) -> Point:
        """Return line and character of an offset in ``text``."""
        line = bisect_right(self._starts, offset) - 1
        return line, offset - self._starts[line]

    def widen(self, line: int, length: int) -> None:
        """Fill a line up with spaces."""
        self.lines[line] = self.lines[line].ljust(length)

    def between(self, start: Point, end: Point) -> str:
        """Return the text from ``start`` up to ``end``."""
        if start[0] == end[0]:
            return self.lines[start[0]][start[1] : end[1]]
        parts = [self.lines[start[0]][start[1] :], self._ends[start[0]]]
        for line in range(start[0] + 1, end[0]):
            parts += [self.lines[line], self._ends[line]]
        return "".join([*parts, self.lines[end[0]][: end[1]]])

    def rest(self, start: Point) -> str:
        """Return the text from ``start`` on."""
        return self.between(start, (len(self.lines) - 1, len(self.lines[-1]))) + self._ends[-1]


def compile_deck(deck: Deck, fillings: Sequence[Filling], inner: str, outer: str) -> Encode:
    """Return the function that makes ``deck`` with each place filled in, in the encoding ``outer``.

    The bytes of fillings are in the encoding ``inner``. Raises PlaceProblem where two places overlap; the function
    raises ActionError for a text that is too long for its place.
    """
    ordered = _apart(sorted(fillings, key=lambda filling: (filling.spot.start, filling.spot.end)))
    pieces, at = list[bytes](), (0, 0)
    for filling in ordered:
        pieces += [deck.between(at, filling.spot.outer_start).encode(outer, "surrogateescape"), b""]
        at = filling.spot.outer_end
    pieces.append(deck.rest(at).encode(outer, "surrogateescape"))
    fills = [(2 * number + 1, _fill(filling, inner, outer)) for number, filling in enumerate(ordered)]

    def encode(row: Row, previous: Row) -> bytes:
        parts = pieces.copy()
        for index, fill in fills:
            parts[index] = fill(row, previous)
        return b"".join(parts)

    return encode


def _apart(ordered: Sequence[Filling]) -> list[Filling]:
    """Return ``ordered`` with the spaces between two neighbours given to one of them."""
    apart: list[Filling] = []
    for filling in ordered:
        spot = filling.spot
        if apart and (spot.start < apart[-1].spot.end or spot.start == apart[-1].spot.start):
            raise PlaceProblem("two of the places overlap", filling.text, "each place once")
        if apart and spot.outer_start < apart[-1].spot.outer_end:
            first = apart[-1].spot
            if first.layout and (spot.layout is None or spot.layout.right):
                layout = replace(first.layout, after=0, least_after=0)
                apart[-1] = replace(apart[-1], spot=replace(first, layout=layout))
            elif spot.layout:
                spot = replace(spot, layout=replace(spot.layout, before=0, least_before=0))
        apart.append(replace(filling, spot=spot))
    return apart


def _fill(filling: Filling, inner: str, outer: str) -> Encode:
    spot = filling.spot
    fill = filling.encode
    if spot.width:
        fill = _exact(filling, inner)
    elif spot.layout is not None:
        fill = _fitted(filling.encode, spot.layout, spot.end[1] - spot.start[1], inner)
    if inner == outer:
        return fill
    return lambda row, previous: fill(row, previous).decode(inner).encode(outer)


def _exact(filling: Filling, inner: str) -> Encode:
    new, width = filling.encode, filling.spot.width
    first, last = filling.spot.start[1] + 1, filling.spot.end[1]

    def fill(row: Row, previous: Row) -> bytes:
        text = new(row, previous)
        room = width - (len(text) if text.isascii() else len(text.decode(inner)))
        if room < 0:
            raise ActionError(
                f"`{filling.text}` does not fit into the characters {first}..{last} of the deck",
                found=escaped(text.decode(inner, "replace")),
                cure=f"a shorter format, or bounds of the action for which {width} characters are enough",
            )
        return _SPACE * room + text

    return fill


def _fitted(new: Encode, layout: Layout, width: int, inner: str) -> Encode:
    total = layout.before + width + layout.after
    before, after, right = layout.before, layout.after, layout.right
    least_before, least_after = layout.least_before, layout.least_after

    def fill(row: Row, previous: Row) -> bytes:
        text = new(row, previous)
        spare = total - (len(text) if text.isascii() else len(text.decode(inner)))
        if right:
            lead = max(spare - after, least_before)
            trail = max(min(spare - lead, after), least_after)
        else:
            trail = max(spare - before, least_after)
            lead = max(min(spare - trail, before), least_before)
        return _SPACE * lead + text + _SPACE * trail

    return fill
