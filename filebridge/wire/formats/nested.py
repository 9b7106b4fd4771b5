"""Arrays of numbers from nested lists, as JSON has them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy

from filebridge.errors import ParseError, escaped
from filebridge.wire.arrays import frozen, mismatch, shown

__all__ = ["nested"]

_CURE = ", or add an index to the pointer"


def nested(
    name: str, shape: tuple[int, ...], convert: Callable[[Any], Any], whole: bool
) -> Callable[[Any], Any]:
    """Return what makes an array of ``shape`` of lists in lists; ``convert`` is that of a single number.

    The array is one of int64 where its numbers are ``whole``, else one of float64. Raises ParseError for lists of
    another shape or of no shape at all, and what ``convert`` raises.
    """
    # Numbers of these types alone need no conversion; true and false would count as numbers otherwise.
    plain, dtype = ({int}, numpy.int64) if whole else ({int, float}, numpy.float64)

    def made(value: Any) -> Any:
        flat = _flat(name, value, shape)
        if set(map(type, flat)) <= plain:
            try:
                return frozen(numpy.array(flat, dtype).reshape(shape))
            except OverflowError:
                pass  # the conversion of each says which one it is
        return frozen(numpy.array(list(map(convert, flat)), dtype).reshape(shape))

    return made


def _flat(name: str, value: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return all elements in one list."""
    if not isinstance(value, list):
        held = "an object" if isinstance(value, dict) else escaped(repr(value), 200)
        raise ParseError(f"field {name} is not an array of {shown(shape)}", found=held, cure=f"see the pointer{_CURE}")
    level, found = [value], list[int]()
    while level and set(map(type, level)) == {list}:
        lengths = set(map(len, level))
        if len(lengths) > 1:
            what = f"field {name} is lists of different lengths, not an array of {shown(shape)}"
            raise ParseError(what, found=" and ".join(map(str, sorted(lengths)[:5])), cure=f"see the pointer{_CURE}")
        found += lengths
        level = list(chain.from_iterable(level))
    if tuple(found) != shape:
        raise mismatch(name, tuple(found), shape, _CURE)
    return level
