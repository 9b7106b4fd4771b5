"""What becomes of all occurrences of a value in one message: a vector of them, their sum or their number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["every_reading"]

_Every = Callable[[bytes], Sequence[Any]]


def every_reading(name: str, field: FieldModel, kind: Kind, convert: Callable[[Any], Any], every: _Every) -> Reading:
    """Return the reading of a field whose `pick` is all, sum or count.

    ``every`` returns the tokens of all occurrences in a message, ``convert`` the value of one, of the given kind.
    Raises FieldProblem for a vector without a `size`, and for a sum or vector of what is no number.
    """
    if field.pick == "count":
        return Reading(lambda message: len(every(message)), Kind.INTEGER)
    if kind not in (Kind.NUMBER, Kind.INTEGER):
        found = "several values" if kind is Kind.VECTOR else kind.value
        raise FieldProblem("pick", f"{field.pick} of {found}", expected="a single number for each occurrence")
    if field.pick == "sum":
        return Reading(_sum(convert, every, 0.0 if kind is Kind.NUMBER else 0), kind)
    if field.size is None:
        raise FieldProblem("pick", "all, without a number of values", found="all", expected="`size` beside it")
    return Reading(_all(name, field.size, convert, every), Kind.VECTOR, field.size)


def _sum(convert: Callable[[Any], Any], every: _Every, zero: float) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        return sum(map(convert, every(message)), zero)

    return read


def _all(name: str, size: int, convert: Callable[[Any], Any], every: _Every) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        tokens = every(message)
        if len(tokens) == size:
            return tuple(map(convert, tokens))
        if not tokens:
            return None
        raise ParseError(
            f"field {name} occurs {len(tokens)} times, not {size} times",
            found=f"{len(tokens)} values",
            cure=f"set `size: {len(tokens)}` if that is right, or make the pattern match each value once",
        )

    return read
