"""Numbers at a place in binary data: raw arrays, fixed records, unformatted Fortran files (`binary`)."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy

from filebridge.config.field import FieldModel
from filebridge.config.places import Binary
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.arrays import dimensions, is_whole, numbers
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_TYPE = re.compile(r"([<>]?)(?:([iu])([1248])|(f)([248]))")
_CODES = {
    "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f2": "e", "f4": "f",
    "f8": "d",
}  # fmt: skip
_EXPECTED = "`<` or `>`, and i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 or f8: `<f8`, `>i4`, `u1`"
_CURE = "see that the file is whole when it is read, and the `type`, `offset` and size of the field"

_Span = tuple[int, int]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of `binary`: of an array of the field's `shape` or `size`, or of a single number.

    The numbers stand one behind the other from `offset` on, in the data, in one of its records of `record` bytes, or in
    one of the records of an unformatted Fortran file. Numbers of an integer type are whole, unless the field's `type`
    is float. Empty data have no value, and so has a record that is not there. Reading raises ParseError for data that
    are too short, say how long they are, and for records that do not fit. Raises FieldProblem for a type that there is
    not and for keys that contradict one another.
    """
    place = field.binary
    if place is None:
        raise FieldProblem("binary", "missing", expected="`binary: {type: <f8}`")
    order, code = _type(place.type)
    shape, whole = dimensions(field), is_whole(field, code[0] != "f")
    span_of = _Records(name, place, order).span
    make = _array(name, order + code, shape, whole) if shape else _number(name, order, code, whole)
    count = math.prod(shape)
    offset, need = place.offset, count * int(code[1])

    def read(message: bytes) -> Any:
        span = span_of(message)
        if span is None:
            return None
        start, end = span
        first = start + offset if offset >= 0 else end + offset
        if first < start or first + need > end:
            raise _short(name, place, need, end - start)
        return make(message, first)

    def missing(message: bytes) -> str:
        return f"there is no record {place.which} in {len(message)} bytes" if message else "no data"

    kind = Kind.ARRAY if shape else Kind.INTEGER if whole else Kind.NUMBER
    return Reading(read, kind, count if shape else 0, shape, missing=missing, whole=whole)


def _type(source: str) -> tuple[str, str]:
    """Return the byte order of a type and its letter with its number of bytes."""
    match = _TYPE.fullmatch(source)
    if match is None:
        raise FieldProblem("binary", "no type of a binary number", found=source, expected=_EXPECTED)
    code = (match[2] or match[4]) + (match[3] or match[5])
    if not match[1] and code[1] != "1":
        expected = f"`<{code}` for little endian, as on most machines, `>{code}` for big endian"
        raise FieldProblem("binary", "a type without the order of its bytes", found=source, expected=expected)
    return match[1] or "<", code


def _short(name: str, place: Binary, need: int, held: int) -> ParseError:
    where = f"byte {place.offset} on" if place.offset >= 0 else f"{-place.offset} bytes before the end on"
    found = f"data of {held} bytes" if place.record is None and place.markers == "none" else f"a record of {held} bytes"
    return ParseError(f"field {name} needs {need} bytes from {where}", found=found, cure=_CURE)


def _number(name: str, order: str, code: str, whole: bool) -> Callable[[bytes, int], Any]:
    unpack = struct.Struct(order + _CODES[code]).unpack_from
    if whole == (code[0] != "f") and code != "u8":
        return lambda message, start: unpack(message, start)[0]
    if not whole:
        return lambda message, start: float(unpack(message, start)[0])
    return lambda message, start: numbers(name, numpy.array(unpack(message, start)[0]), True).item()


def _array(name: str, dtype: str, shape: tuple[int, ...], whole: bool) -> Callable[[bytes, int], Any]:
    kind, count = numpy.dtype(dtype), math.prod(shape)

    def make(message: bytes, start: int) -> Any:
        return numbers(name, numpy.frombuffer(message, kind, count, start).reshape(shape), whole)

    return make


class _Records:
    """The records of binary data; ``span(data)`` is the one that counts, None where it is not there."""

    def __init__(self, name: str, place: Binary, order: str) -> None:
        if place.record is not None and place.markers == "fortran":
            expected = "`record` alone, or `markers: fortran` alone, which tells how long each one is"
            raise FieldProblem("binary", "records of a fixed and of a marked length", expected=expected)
        if place.record is None and place.markers == "none" and "which" in place.model_fields_set:
            expected = "`record`, or `markers: fortran`"
            raise FieldProblem("binary", "`which` of no records", found=str(place.which), expected=expected)
        self._name = name
        self._size = place.record or 0
        # The number of the record, 0 for the last one.
        self._wanted = 0 if place.which == "last" else 1 if place.which == "first" else place.which
        self._length = struct.Struct(order + "I").unpack_from
        self.span: Callable[[bytes], _Span | None] = _whole
        if place.record is not None:
            self.span = self._fixed
        elif place.markers == "fortran":
            self.span = self._marked

    def _fixed(self, data: bytes) -> _Span | None:
        count, rest = divmod(len(data), self._size)
        if rest:
            what = f"field {self._name} is in records of {self._size} bytes, and the data hold no whole number of them"
            raise ParseError(what, found=f"{len(data)} bytes", cure=_CURE)
        number = self._wanted or count
        return (self._size * (number - 1), self._size * number) if 0 < number <= count else None

    def _marked(self, data: bytes) -> _Span | None:
        """Return the span of the record that counts; from the front, for numbers may look like marks from behind."""
        size, length, wanted = len(data), self._length, self._wanted
        place, number, span = 0, 0, None
        while place < size and (number < wanted or not wanted):
            start = place + 4
            held = length(data, place)[0] if start <= size else size
            end = start + held
            if end + 4 > size:
                raise self._disagree(f"a record that goes beyond the {size} bytes of the data")
            if length(data, end)[0] != held:
                raise self._disagree(f"{held} before and {length(data, end)[0]} behind record {number + 1}")
            place, number, span = end + 4, number + 1, (start, end)
        return span if number == wanted or not wanted else None

    def _disagree(self, found: str) -> ParseError:
        what = f"field {self._name} is read from records whose marks do not agree"
        cure = "see that the file is whole when it is read, that it is unformatted and sequential, and its endianness"
        return ParseError(what, found=found, cure=f"{cure} in `type`")


def _whole(data: bytes) -> _Span | None:
    return (0, len(data)) if data else None
