"""Numbers in binary: a layout of Python's struct, filled from expressions."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from filebridge.errors import ActionError, BridgeError
from filebridge.wire.blame import FAILURES, blame
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Expression, Kind, together

__all__ = ["INTEGERS", "LETTERS", "LayoutProblem", "compile_pack"]

Row = list[object]
Values = Sequence[Any]

INTEGERS = "bBhHiIlLqQ"
FLOATS = "efd"
LETTERS = INTEGERS + FLOATS
"""The letters of a layout that take a value; `x` takes none."""

_ORDERS = ("<", ">", "!", "=")
_ITEM = re.compile(r"\s*(\d*)([a-zA-Z?])")
_MOST = 1 << 20  # letters, once repeat counts are expanded
_LARGEST = {"e": 65504.0, "f": 3.4028234663852886e38, "d": 1.7976931348623157e308}


class LayoutProblem(ValueError):
    """A layout or a value that cannot be packed, found at load time.

    ``number`` is that of the value, None where it is the layout or all values together; ``what``, ``found`` and
    ``expected`` are as in a Problem.
    """

    def __init__(self, number: int | None, what: str, found: str, expected: str) -> None:
        super().__init__(number, what, found, expected)
        self.number = number
        self.what = what
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class _Filling:
    """One expression and the letters that it fills; a vector fills several."""

    expression: Expression
    letters: str
    is_vector: bool


def letters_of(layout: str) -> str:
    """Return one letter for each number of ``layout``; raises LayoutProblem for what is no layout of numbers."""
    found, at, body = "", 0, layout[1:]
    known = f"`<` or `>`, then {' '.join(LETTERS)} and x, each with a repeat count perhaps"
    if layout[:1] not in _ORDERS:
        raise LayoutProblem(None, "a layout without its byte order", layout[:40], known)
    while body[at:].strip():
        item = _ITEM.match(body, at)
        if item is None or item[2] not in LETTERS + "x":
            raise LayoutProblem(None, "no layout of numbers", body[at : at + 40], known)
        count = int(item[1] or 1) if len(item[1]) < 9 else _MOST
        if len(found) + count >= _MOST:
            raise LayoutProblem(None, "a layout of very many numbers", item[0].strip(), f"fewer than {_MOST}")
        found += "" if item[2] == "x" else item[2] * count
        at = item.end()
    return found


def compile_pack(layout: str, values: Sequence[Expression], label: str) -> Template:
    """Return ``values`` as the template of the bytes of ``layout``.

    A vector fills as many letters as it holds numbers; one whose length is not known, those that the others leave.
    Raises LayoutProblem. ``encode`` raises ActionError for a number that its letter cannot take, ParseError for a
    field without a value, ExpressionError for an expression that fails; ``label`` is named there.
    """
    letters = letters_of(layout)
    fillings = _fillings(letters, values)
    pack = struct.Struct(layout).pack
    for number, filling in enumerate(fillings):
        if not (filling.expression.uses or filling.expression.uses_previous):
            constant = filling.expression.evaluate([], [])
            wrong = next(_misfits(filling, constant), None)
            if wrong is not None:
                raise LayoutProblem(number, *wrong)
    uses = frozenset[str]().union(*(each.uses for each in values))
    before = frozenset[str]().union(*(each.uses_previous for each in values))
    return Template(_encoder(pack, fillings, label), uses, before)


def _fillings(letters: str, values: Sequence[Expression]) -> list[_Filling]:
    """Return which letters each of ``values`` fills; raises LayoutProblem where they are too many or too few."""
    sizes = [max(value.length, 0) if value.kind is Kind.VECTOR else 1 for value in values]
    if sizes.count(0) == 1:
        sizes[sizes.index(0)] = max(0, len(letters) - sum(sizes))
    if sum(sizes) != len(letters) or 0 in sizes:
        found = f"{sum(sizes)} number{'s' * (sum(sizes) != 1)}"
        what = f"the layout takes {len(letters)} number{'s' * (len(letters) != 1)}"
        raise LayoutProblem(None, what, found, "a value for each letter; `x` takes none")
    fillings, at = [], 0
    for value, size in zip(values, sizes, strict=True):
        fillings.append(_Filling(value, letters[at : at + size], value.kind is Kind.VECTOR))
        at += size
    return fillings


def _encoder(
    pack: Callable[..., bytes], fillings: list[_Filling], label: str
) -> Callable[[Row, Row], bytes]:
    """Return the fastest function that packs what ``fillings`` give."""
    if not fillings:
        constant = pack()
        return lambda row, previous: constant
    evaluate = together([filling.expression for filling in fillings])
    flat = _flattener(fillings)
    errors = (struct.error, *FAILURES)
    if flat is None:
        numbers: Callable[[Row, Row], Values] = evaluate
    else:
        numbers = _composed(flat, evaluate)

    def encode(row: Row, previous: Row) -> bytes:
        try:
            return pack(*numbers(row, previous))
        except errors as error:
            raise _blame(fillings, row, previous, error, label) from error

    return encode


def _composed(flat: Callable[[Values], Values], evaluate: Callable[[Row, Row], Values]) -> Callable[[Row, Row], Values]:
    return lambda row, previous: flat(evaluate(row, previous))


def _flattener(fillings: list[_Filling]) -> Callable[[Values], Values] | None:
    """Return what makes one flat list of numbers of the values, whole ones where letters want them; None: they are."""
    vectors = [filling.is_vector for filling in fillings]
    wholes, at = list[int](), 0
    for filling in fillings:
        # What fills an integer letter may come as a float.
        if filling.expression.kind not in (Kind.INTEGER, Kind.FLAG):
            wholes += [at + index for index, letter in enumerate(filling.letters) if letter in INTEGERS]
        at += len(filling.letters)
    if vectors == [True] and not wholes:
        return lambda values: values[0]
    spread = any(vectors)
    if not spread and not wholes:
        return None

    def flat(values: Values) -> Values:
        numbers: list[Any] = [] if spread else [*values]
        if spread:
            for value, is_vector in zip(values, vectors):  # noqa: B905  # as many, and the keyword costs
                numbers += value if is_vector else (value,)
        for index in wholes:
            numbers[index] = _whole(numbers[index])
        return numbers

    return flat


def _whole(value: Any) -> int:
    whole = int(value)
    if whole != value:
        raise ValueError(f"{value} is no whole number")
    return whole


def _blame(fillings: list[_Filling], row: Row, previous: Row, error: Exception, label: str) -> BridgeError:
    """Return the error of the first value that cannot be packed."""
    for filling in fillings:
        try:
            value = filling.expression.evaluate(row, previous)
            wrong = next(_misfits(filling, value), None)
        except FAILURES:
            break
        if wrong is not None:
            what, found, expected = wrong
            return ActionError(f"{label}: {what}", found=found, cure=expected)
    return blame([filling.expression for filling in fillings], row, previous, error, label)


def _misfits(filling: _Filling, value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong, what was found, and what to do, for each number that its letter cannot take."""
    text, letters = filling.expression.text.strip(), filling.letters
    numbers = list(value) if filling.is_vector else [value]
    if len(numbers) != len(letters):
        yield f"`{text}` fills {len(letters)} letters", f"{len(numbers)} numbers", "a vector of that length"
        return
    for index, (number, letter) in enumerate(zip(numbers, letters, strict=True)):
        name = f"{text}[{index}]" if filling.is_vector else text
        low, high = _range(letter)
        if letter in INTEGERS and number != number // 1:
            what = f"`{name}` is packed as `{letter}`, which takes whole numbers from {low} to {high}"
            yield what, repr(number), f"write round({name}), or take a letter for floats, `f` or `d`"
        elif abs(number) != float("inf") and (number < low or number > high):
            span = f"whole numbers from {low} to {high}" if letter in INTEGERS else f"numbers from {low:g} to {high:g}"
            what = f"`{name}` is packed as `{letter}`, which takes {span}"
            bounds = f"{low}, {high}" if letter in INTEGERS else f"{low:g}, {high:g}"
            yield what, repr(number), f"write clip({name}, {bounds}), or take a larger letter"


def _range(letter: str) -> tuple[float, float]:
    """Return the least and the greatest number that ``letter`` can hold."""
    if letter in FLOATS:
        return -_LARGEST[letter], _LARGEST[letter]
    bits = 8 * struct.calcsize(f"<{letter}")
    return (0, (1 << bits) - 1) if letter.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
