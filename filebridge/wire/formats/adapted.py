"""Values that an adapter has found, each by its name (`adapter`): checked, and never made into what they are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.adapter import Told
from filebridge.wire.arrays import dimensions, is_whole, mismatch, numbers
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_WHOLE = 1 << 63
_NOUNS = {"float": "a number", "int": "a whole number of 64 bits", "flag": "True or False"}
_CURE = "set the field's `type` to what the adapter gives, or convert the value in the adapter"


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of an `adapter` field from a Told; of a message that is none it has no value.

    A float may be given as any Python or NumPy number, a whole number as an int or a NumPy integer, a flag as a bool or
    a NumPy one, a text as a str. With a `size` or a `shape` the value is an array or sequences in sequences. None is no
    value. Reading raises ParseError for a value of another type or shape. Raises FieldProblem for a type that no value
    has.
    """
    key, word = field.adapter or "", field.type or "float"
    if word in ("hex", "octal"):
        raise FieldProblem("type", "the way in which a text is read", found=word, expected="int: the adapter reads it")
    shape = dimensions(field)
    whole = is_whole(field) if shape else False
    convert = _array(name, shape, whole) if shape else _single(name, word)

    def read(message: bytes) -> Any:
        value = getattr(message, "values", Told.nothing).get(key)
        return None if value is None else convert(value)

    def missing(message: bytes) -> str:
        return _missing(key, getattr(message, "values", Told.nothing))

    if shape:
        return Reading(read, Kind.ARRAY, math.prod(shape), shape, missing=missing, whole=whole)
    return Reading(read, KINDS[word], missing=missing)


def _missing(key: str, values: Any) -> str:
    if key in values:
        return "the adapter gave None"
    given = ", ".join(escaped(str(name), 40) for name in list(values)[:10])
    near = nearest(key, map(str, values))
    told = f"the adapter gave only {given}" if given else "the adapter gave no value"
    return told + (f"; did you mean `{escaped(near, 80)}`?" if near else "")


def _single(name: str, word: str) -> Callable[[Any], Any]:
    noun = _NOUNS.get(word, "a text")

    def odd(value: Any) -> ParseError:
        held = f"{type(value).__name__}: {escaped(repr(value), 200)}"
        cure = _CURE
        if isinstance(value, Sequence | numpy.ndarray) and not isinstance(value, str | bytes | bytearray):
            cure = f"set `size: {len(value)}`, or take one of them in the adapter" if numpy.ndim(value) else _CURE
        return ParseError(f"field {name} is not {noun}", found=held, cure=cure)

    return _CONVERSIONS[KINDS[word]](odd)


Odd = Callable[[Any], ParseError]


def _float(odd: Odd) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if type(value) is float:
            return value
        if isinstance(value, int | float | numpy.integer | numpy.floating) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError as exc:
                raise odd(value) from exc
        raise odd(value)

    return convert


def _int(odd: Odd) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, int | numpy.integer) and not isinstance(value, bool) and -_WHOLE <= value < _WHOLE:
            return int(value)
        raise odd(value)

    return convert


def _flag(odd: Odd) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, bool | numpy.bool_):
            return bool(value)
        raise odd(value)

    return convert


def _text(odd: Odd) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, str):
            return str(value)
        raise odd(value)

    return convert


_CONVERSIONS: dict[Kind, Callable[[Odd], Callable[[Any], Any]]] = {
    Kind.NUMBER: _float, Kind.INTEGER: _int, Kind.FLAG: _flag, Kind.TEXT: _text,
}  # fmt: skip


def _array(name: str, shape: tuple[int, ...], whole: bool) -> Callable[[Any], Any]:
    kinds = "iu" if whole else "iuf"

    def convert(value: Any) -> Any:
        try:
            array = numpy.array(value)
        except (ValueError, TypeError, OverflowError) as exc:
            raise _no_array(name, value, shape, whole) from exc
        # NumPy makes a number of a flag that stands among numbers.
        flags = not isinstance(value, numpy.ndarray) and any(map(_is_flag, numpy.array(value, object).flat))
        if array.dtype.kind not in kinds or flags:
            raise _no_array(name, value, shape, whole)
        if array.shape != shape:
            raise mismatch(name, array.shape, shape)
        return numbers(name, array, whole)

    return convert


def _is_flag(value: object) -> bool:
    return isinstance(value, bool | numpy.bool_)


def _no_array(name: str, value: Any, shape: tuple[int, ...], whole: bool) -> ParseError:
    held = f"{type(value).__name__}: {escaped(repr(value), 200)}"
    kind = "whole numbers of 64 bits" if whole else "numbers"
    return ParseError(f"field {name} is not made of {math.prod(shape)} {kind}", found=held, cure=_CURE)
