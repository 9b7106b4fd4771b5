"""Arrays of numbers: their shape and type as a field states them, and what holds of all numbers at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from filebridge.config.field import FieldModel
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.formats.problem import FieldProblem

__all__ = ["LARGEST", "bounded", "dimensions", "filled", "frozen", "is_whole", "mismatch", "numbers", "shown"]

LARGEST = 100_000_000
"""The most numbers that an array may have."""

_HIGHEST = 1.7976931348623157e308
_WHOLE = numpy.iinfo(numpy.int64)


def dimensions(field: FieldModel) -> tuple[int, ...]:
    """Return the shape that `shape` or `size` states; empty where the field is a single number.

    Raises FieldProblem where both are given, and for more than ``LARGEST`` numbers.
    """
    if field.shape is not None and field.size is not None:
        raise FieldProblem("size", "given beside `shape`", found=str(field.size), expected="`shape` alone")
    shape = (field.size,) if field.size is not None else tuple(field.shape or ())
    if math.prod(shape) > LARGEST:
        raise FieldProblem("shape", "too many numbers", found=shown(shape), expected=f"at most {LARGEST} in all")
    return shape


def is_whole(field: FieldModel, usual: bool = False) -> bool:
    """Return whether the numbers of an array are whole, ``usual`` where its `type` does not say.

    Raises FieldProblem for a type that arrays do not have.
    """
    if field.type not in (None, "float", "int"):
        raise FieldProblem("type", "an array has none such", found=field.type or "", expected="float or int")
    return usual if field.type is None else field.type == "int"


def shown(shape: tuple[int, ...]) -> str:
    """Return ``shape`` as a text has it: ``100 x 3``."""
    return " x ".join(map(str, shape)) or "one number"


def mismatch(name: str, found: tuple[int, ...], wanted: tuple[int, ...], cure: str = "") -> ParseError:
    """Return what to raise for an array of another shape; ``cure`` says what else than `shape` may be at fault."""
    is_array = "an array of " if found else ""
    what = f"not an array of {shown(wanted)}" if wanted else "not a single number"
    right = f"set `shape: {list(found)}`" if found else "leave out `shape` and `size`"
    cure = f"{right} if that is what the simulator means{cure}"
    return ParseError(f"field {name} is {what}", found=is_array + shown(found), cure=cure)


def numbers(name: str, array: Any, whole: bool) -> Any:
    """Return ``array``, of any type that counts, as float64, or as int64 where it is to be ``whole``.

    It is copied only where it has to be, in the order of rows, and read-only. Raises ParseError for what is not whole
    or does not fit into 64 bits.
    """
    if array.dtype == (numpy.int64 if whole else numpy.float64) and array.flags.c_contiguous:
        return frozen(array)
    # What is too large for a float becomes infinite, which is refused later; a warning would add nothing.
    with numpy.errstate(all="ignore"):
        if whole and array.dtype.kind == "f":
            _refuse(name, array, ~((array == numpy.floor(array)) & (array >= -(2.0**63)) & (array < 2.0**63)))
        elif whole and array.dtype.kind == "u" and array.dtype.itemsize == 8:
            _refuse(name, array, array > _WHOLE.max)
        return frozen(array.astype(numpy.int64 if whole else numpy.float64, order="C"))


def frozen(array: Any) -> Any:
    """Return ``array``, which cannot be written to any more: a later step may keep it."""
    array.flags.writeable = False
    return array


def _refuse(name: str, array: Any, wrong: Any) -> None:
    if wrong.any():
        raise ParseError(
            f"field {name} has a number that is not a whole number of 64 bits",
            found=_place(array, wrong),
            cure="use `type: float`, or see what the simulator writes there",
        )


def _place(array: Any, wrong: Any) -> str:
    """Return the first number that is ``wrong``, with where it stands."""
    index = tuple(int(part) for part in numpy.argwhere(wrong)[0])
    place = f" at {list(index)}, counted from 0" if index else ""
    return f"{array[index].item()}{place}"


def filled(value: object, shape: tuple[int, ...], whole: bool) -> Any:
    """Return an array full of ``value`` that cannot be written to."""
    return frozen(numpy.full(shape, value, numpy.int64 if whole else numpy.float64))


def bounded(name: str, field: FieldModel, read: Callable[[bytes], Any], span: str) -> Callable[[bytes], Any]:
    """Return ``read`` with all numbers of its array checked as the bounds of ``field`` say; ``span`` names those."""
    # Without bounds the range is that of finite numbers; a NaN is its array's least and greatest number.
    low = -_HIGHEST if field.low is None else field.low
    high = _HIGHEST if field.high is None else field.high
    least, greatest = numpy.minimum.reduce, numpy.maximum.reduce

    def checked(message: bytes) -> Any:
        array = read(message)
        if array is None or (low <= least(array, None) and greatest(array, None) <= high):
            return array
        return _admitted(name, field, array, span)

    return checked


def _admitted(name: str, field: FieldModel, array: Any, span: str) -> Any:
    """Return ``array``, clipped where the field says so; raises ValueOutOfRange."""
    strange = ~numpy.isfinite(array)
    if strange.any() and not field.allow_nan:
        cure = "set `allow_nan: true` if the simulator means it"
        raise ValueOutOfRange(f"field {name} is not finite", found=_place(array, strange), cure=cure)
    low = -math.inf if field.low is None else field.low
    high = math.inf if field.high is None else field.high
    if field.outside == "clip":
        return _clipped(array, low, high)
    outside = (array < low) | (array > high)
    if outside.any():
        cure = f"expected {span}; widen `low` or `high`, or set `outside: clip`"
        raise ValueOutOfRange(f"field {name} is outside its bounds", found=_place(array, outside), cure=cure)
    return array


def _clipped(array: Any, low: float, high: float) -> Any:
    if array.dtype.kind == "i":
        return frozen(numpy.clip(array, _limit(math.ceil, low), _limit(math.floor, high)))
    return frozen(numpy.clip(array, low, high))


def _limit(rounding: Callable[[float], int], bound: float) -> int:
    """Return ``bound`` as a whole number of 64 bits."""
    if math.isinf(bound):
        return _WHOLE.max if bound > 0 else _WHOLE.min
    return max(min(rounding(bound), _WHOLE.max), _WHOLE.min)
