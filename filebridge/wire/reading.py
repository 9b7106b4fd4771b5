"""One compiled field: how its value is read from a message, and what holds of the value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy

from filebridge.config.field import GRID_DEFAULT, FieldModel, way
from filebridge.config.places import Grid
from filebridge.config.simulator import Text
from filebridge.errors import ValueOutOfRange, escaped
from filebridge.registry import load
from filebridge.wire.arrays import bounded, filled
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.within import Blocks, blocks

__all__ = ["Reading", "admission", "compile_field", "default_value"]

_FILLS = "one number, which fills the whole array"
_LARGEST = 1.7976931348623157e308


@dataclass(frozen=True, slots=True)
class Reading:
    """How one value is read from a message.

    ``read`` takes a whole message and returns the value, or None when it does not occur; it raises ParseError,
    ValueOutOfRange or DecodeError when what stands there is not a value of the field. A vector is a sequence of
    ``length`` Python numbers, a grid an array of uint8 of ``shape`` (rows, columns), an array one of ``shape``, of
    int64 if its numbers are ``whole`` and else of float64, which is read-only. ``missing`` says in words why a
    message has no value, where the way to read it can tell more than that.
    """

    read: Callable[[bytes], Any]
    kind: Kind
    length: int = 0
    shape: tuple[int, ...] = ()
    missing: Callable[[bytes], str] | None = None
    whole: bool = False


def compile_field(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of ``field``, its bounds and values checked at each read.

    Raises FieldProblem where the keys of the field contradict one another or its pattern cannot be compiled.
    """
    reading: Reading = load("formats", way(field))(name, field, text)
    _refuse_contradictions(field, reading)
    default_value(field, reading)
    reading = replace(reading, read=_checked(name, field, reading))
    return reading if field.within is None else _narrowed(reading, blocks(name, field.within, text))


def _narrowed(reading: Reading, block: Blocks) -> Reading:
    """Return the reading of the block that counts instead of the whole message."""
    read_block, block_of, why = reading.read, block.block_of, reading.missing

    def read(message: bytes) -> Any:
        part = block_of(message)
        return None if part is None else read_block(part)

    def missing(message: bytes) -> str:
        part = block_of(message)
        if part is None:
            return block.missing(message)
        return why(part) if why is not None else ""

    return replace(reading, read=read, missing=missing)


def admission(name: str, field: FieldModel, kind: Kind) -> Callable[[Any], Any]:
    """Return a function that checks a computed value as one that is read is checked, and returns it, perhaps clipped.

    Raises FieldProblem where the keys of the field contradict one another.
    """
    reading = Reading(lambda value: value, kind)
    _refuse_contradictions(field, reading)
    return _checked(name, field, reading)


def default_value(field: FieldModel, reading: Reading) -> object:
    """Return the field's default as a value of the reading's kind, a vector as a tuple; None if it has none.

    That of a grid or an array is one full of one number, which cannot be written to.

    Raises FieldProblem for a default that could not have been read: of another kind or outside the bounds.
    """
    default = field.default
    if default is None:
        return None
    value = _as_kind(default, reading)
    if value is None:
        vector = f"a list of {reading.length} numbers"
        forms = {Kind.VECTOR: vector, Kind.GRID: GRID_DEFAULT, Kind.ARRAY: _FILLS}
        expected = forms.get(reading.kind, reading.kind.value)
        raise FieldProblem("default", "not a value of this field", found=str(default), expected=expected)
    if field.grid is not None or field.screen is not None:
        return _full(value, field.grid, reading.shape, 255 if field.screen in (None, "cells") else 1)
    _refuse_outside(field, value)
    return filled(value, reading.shape, reading.whole) if reading.kind is Kind.ARRAY else value


def _full(value: Any, grid: Grid | None, shape: tuple[int, ...], most: int) -> object:
    if grid is not None and value not in grid.legend.values():
        known = ", ".join(map(str, sorted(set(grid.legend.values()))))
        raise FieldProblem("default", "not a number of the legend", found=str(value), expected=f"one of {known}")
    if not 0 <= value <= most:
        what = "not the code of a character" if most > 1 else "neither drawn so nor not"
        raise FieldProblem("default", what, found=str(value), expected=f"from 0 to {most}")
    filled = numpy.full(shape, value, numpy.uint8)
    filled.flags.writeable = False
    return filled


def _as_kind(default: Any, reading: Reading) -> object:
    kind, number = reading.kind, isinstance(default, int | float) and not isinstance(default, bool)
    if kind is Kind.NUMBER and number:
        return float(default)
    if kind is Kind.ARRAY and number:
        return default if not reading.whole or (float(default).is_integer() and abs(default) < 1 << 63) else None
    if kind in (Kind.INTEGER, Kind.GRID) and number and float(default).is_integer():
        return int(default)
    if kind is Kind.VECTOR and isinstance(default, list) and reading.length in (0, len(default)):
        return tuple(default)
    matches = (kind is Kind.TEXT and isinstance(default, str)) or (kind is Kind.FLAG and isinstance(default, bool))
    return default if matches else None


def _refuse_outside(field: FieldModel, value: Any) -> None:
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, float) and not math.isfinite(part) and not field.allow_nan:
            raise FieldProblem("default", "not finite", found=str(part), expected="a number, or `allow_nan: true` too")
        if (field.low is not None and part < field.low) or (field.high is not None and part > field.high):
            raise FieldProblem("default", "outside the field's own bounds", found=f"{part:g}", expected=_span(field))
        if field.values is not None and part not in _allowed(field.values):
            raise FieldProblem("default", "none of the field's values", found=str(part), expected=_listed(field.values))


def _refuse_contradictions(field: FieldModel, reading: Reading) -> None:
    bound = "low" if field.low is not None else "high" if field.high is not None else ""
    if bound and reading.kind not in (Kind.NUMBER, Kind.INTEGER, Kind.VECTOR, Kind.ARRAY):
        raise FieldProblem(bound, f"a bound on {reading.kind.value}", expected="bounds only on numbers")
    if field.low is not None and field.high is not None and not field.low <= field.high:
        raise FieldProblem("low", "above `high`", found=f"{field.low:g}", expected=f"at most {field.high:g}")
    stars = field.overflow
    if stars is not None and field.outside != "clip" and field.pick not in ("sum", "count") and (
        (field.low is not None and stars < field.low) or (field.high is not None and stars > field.high)
    ):
        raise FieldProblem("overflow", "outside the field's own bounds", found=f"{stars:g}", expected=_span(field))
    if field.outside == "clip" and not bound:
        raise FieldProblem("outside", "nothing to clip to", expected="`low`, `high` or both")
    if field.shape is not None and reading.kind is not Kind.ARRAY:
        expected = "`shape` only with `array`, `npy`, `npz`, `binary` and `json`"
        raise FieldProblem("shape", f"the shape of {reading.kind.value}", expected=expected)
    if field.values is not None:
        _refuse_values(field.values, reading.kind, bound)


def _refuse_values(values: Any, kind: Kind, bound: str) -> None:
    if kind not in (Kind.INTEGER, Kind.TEXT):
        raise FieldProblem("values", f"a list of all values of {kind.value}", expected="a field of type int or word")
    if bound:
        raise FieldProblem("values", f"given beside `{bound}`", expected="either `values` or `low` and `high`")
    if isinstance(values, tuple):
        if kind is Kind.TEXT:
            raise FieldProblem("values", "a range of numbers, but the field is text", expected="a list of words")
        return
    wanted = str if kind is Kind.TEXT else int
    wrong = [value for value in values if not isinstance(value, wanted)]
    if wrong or not values:
        expected = "words (in quotes if they look like numbers)" if wanted is str else "whole numbers"
        found = str(wrong[0]) if wrong else "an empty list"
        raise FieldProblem("values", f"the field is {kind.value}", found=found, expected=expected)
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise FieldProblem("values", "a value given twice", found=str(twice), expected="each value once")


def _checked(name: str, field: FieldModel, reading: Reading) -> Callable[[bytes], Any]:
    if field.values is not None:
        return _listed_only(name, reading.read, field.values)
    if reading.kind is Kind.INTEGER:
        return _bounded(name, field, reading.read, whole=True) if _bounds(field) else reading.read
    if reading.kind is Kind.NUMBER:
        return reading.read if field.allow_nan and not _bounds(field) else _bounded(name, field, reading.read)
    if reading.kind is Kind.VECTOR:
        return reading.read if field.allow_nan and not _bounds(field) else _bounded_vector(name, field, reading.read)
    if reading.kind is Kind.ARRAY:
        unbounded = not _bounds(field) and (field.allow_nan or reading.whole)
        return reading.read if unbounded else bounded(name, field, reading.read, _span(field) if _bounds(field) else "")
    return reading.read


def _bounds(field: FieldModel) -> bool:
    return field.low is not None or field.high is not None


def _bounded(name: str, field: FieldModel, read: Callable[[bytes], Any], whole: bool = False) -> Callable[[bytes], Any]:
    # Without bounds the range is that of finite numbers, so that one comparison refuses NaN and infinity too.
    low = -_LARGEST if field.low is None else field.low
    high = _LARGEST if field.high is None else field.high
    outside = _outside(name, field, whole)

    def checked(message: bytes) -> Any:
        value = read(message)
        if value is None or low <= value <= high:
            return value
        return outside(value)

    return checked


def _bounded_vector(name: str, field: FieldModel, read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    low = -_LARGEST if field.low is None else field.low
    high = _LARGEST if field.high is None else field.high
    outside, isfinite = _outside(name, field, False), math.isfinite

    def finite(message: bytes) -> Any:
        vector = read(message)
        # A NaN or an infinity anywhere makes the sum one; a sum that overflows is looked at again.
        if vector is None or isfinite(sum(vector)):
            return vector
        return tuple([value if low <= value <= high else outside(value) for value in vector])

    def checked(message: bytes) -> Any:
        vector = read(message)
        # A NaN hides from min() and max(), never from a sum.
        if vector is None or (isfinite(sum(vector)) and low <= min(vector) and max(vector) <= high):
            return vector
        return tuple([value if low <= value <= high else outside(value) for value in vector])

    return checked if _bounds(field) else finite


def _outside(name: str, field: FieldModel, whole: bool) -> Callable[[Any], Any]:
    """Return what becomes of a number that is not finite or not within the bounds."""
    low = -math.inf if field.low is None else math.ceil(field.low) if whole else field.low
    high = math.inf if field.high is None else math.floor(field.high) if whole else field.high
    clip, allow_nan = field.outside == "clip", field.allow_nan

    def outside(value: Any) -> Any:
        if not math.isfinite(value):
            if not allow_nan:
                cure = "set `allow_nan: true` if the simulator means it"
                raise ValueOutOfRange(f"field {name} is not finite", found=str(value), cure=cure)
            if value != value or low <= value <= high:
                return value
        if clip:
            return low if value < low else high
        raise ValueOutOfRange(
            f"field {name} is outside its bounds",
            found=str(value),
            cure=f"expected {_span(field)}; widen `low` or `high`, or set `outside: clip`",
        )

    return outside


def _listed_only(name: str, read: Callable[[bytes], Any], values: Any) -> Callable[[bytes], Any]:
    allowed = _allowed(values)

    def checked(message: bytes) -> Any:
        value = read(message)
        if value is None or value in allowed:
            return value
        raise ValueOutOfRange(
            f"field {name} is none of its values",
            found=escaped(str(value), 200),
            cure=f"expected {_listed(values)}; add it to `values` if the simulator means it",
        )

    return checked


def _allowed(values: Any) -> range | frozenset[Any]:
    return range(values[0], values[1] + 1) if isinstance(values, tuple) else frozenset(values)


def _listed(values: Sequence[Any]) -> str:
    if isinstance(values, tuple):
        return f"{values[0]}..{values[1]}"
    return "one of " + ", ".join(map(str, values[:20])) + (", ..." if len(values) > 20 else "")


def _span(field: FieldModel) -> str:
    if field.low is None:
        return f"at most {field.high:g}"
    return f"at least {field.low:g}" if field.high is None else f"from {field.low:g} to {field.high:g}"
