"""Values in the JSON documents of a message, each found by a JSON pointer (`json`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.arrays import dimensions, is_whole
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion
from filebridge.wire.formats.jsondocs import CURE, documents
from filebridge.wire.formats.nested import nested
from filebridge.wire.formats.pick import every_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_Conversion = Callable[[Any], Any]
_Step = tuple[str, int | None]

_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_WHOLE = 1 << 63
_LARGEST = int(1.7976931348623157e308)
_NOUNS = {"float": "a finite number", "int": "a whole number of 64 bits", "flag": "true or false"}


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `json` field; with a `size` it is a vector of so many numbers, with a `shape` an array.

    The document is the one that begins with a brace or a bracket on the last line that has one in its first column,
    or else the whole message; what follows it on further lines is ignored. With a `pick` other than `last` all are
    read, each of which begins a line. A null, or nothing at the pointer, is no value. Reading raises ParseError for
    broken JSON, for keys given twice and for values that are not of the field's type, and DecodeError. Raises
    FieldProblem for what is no JSON pointer, and for a `pick` of arrays.
    """
    steps = _steps(field.json_pointer or "")
    word = field.type or "float"
    convert = _conversion(name, word, field, text)
    kind, length = KINDS[word], 0
    shape = dimensions(field) if field.shape else ()
    whole = is_whole(field) if shape else False
    known = documents(text)

    def missing(message: bytes) -> str:
        return _missing(known.document_of(message, name), steps)

    def every(message: bytes) -> list[Any]:
        found = (_at(document, steps) for document in known.documents_of(message, name))
        return [value for value in found if value is not None]

    if field.pick not in ("first", "last"):
        several = Kind.ARRAY if shape else Kind.VECTOR if field.size and field.pick == "sum" else kind
        single = _single(name, convert, "add an index to the pointer")
        return replace(every_reading(name, field, several, single, every), missing=missing)
    if shape:
        convert, kind, length = nested(name, shape, convert, whole), Kind.ARRAY, math.prod(shape)
    elif field.size is None:
        convert = _single(name, convert)
    elif kind in (Kind.NUMBER, Kind.INTEGER):
        convert, kind, length = _array(name, field.size, convert), Kind.VECTOR, field.size
    else:
        raise FieldProblem("size", f"an array of {kind.value}", found=word, expected="float or int as the field's type")
    read = _first(every, convert) if field.pick == "first" else _last(known.document_of, name, steps, convert)
    return Reading(read, kind, length, shape, missing=missing, whole=whole)


def _first(every: Callable[[bytes], list[Any]], convert: _Conversion) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        values = every(message)
        return convert(values[0]) if values else None

    return read


def _last(
    document_of: Callable[[bytes, str], Any], name: str, steps: list[_Step], convert: _Conversion
) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        value = document_of(message, name)
        for step in steps:
            value = _below(value, step)
        return None if value is None else convert(value)

    return read


def _steps(pointer: str) -> list[_Step]:
    """Return the names on the way, each with the index that it is within an array, if it can be one."""
    if pointer and not pointer.startswith("/"):
        raise FieldProblem("json", "a JSON pointer begins with a slash", found=pointer, expected=f"`/{pointer}`")
    wrong = _ESCAPE.search(pointer)
    if wrong:
        place, expected = wrong.start(), "`~0` for a tilde within a name, `~1` for a slash"
        raise FieldProblem("json", "a tilde by itself", found=pointer, expected=expected, offset=place, length=1)
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return [(name, int(name) if _INDEX.fullmatch(name) else None) for name in names]


def _below(value: Any, step: _Step) -> Any:
    name, index = step
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and index is not None and index < len(value):
        return value[index]
    return None


def _at(value: Any, steps: list[_Step]) -> Any:
    for step in steps:
        value = _below(value, step)
    return value


def _missing(value: Any, steps: list[_Step]) -> str:
    """Return in words what the pointer does not lead to; "" where it leads to a null."""
    for number, step in enumerate(steps):
        inner = _below(value, step)
        if inner is None and not (isinstance(value, dict) and step[0] in value):
            at = "/" + "/".join(name for name, _ in steps[:number])
            return f"{_lacks(value, step[0])} in {escaped(at, 200)}" + _members(value, step[0])
        value = inner
    return ""


def _lacks(value: Any, name: str) -> str:
    return f"no element `{escaped(name, 80)}`" if isinstance(value, list) else f"no key `{escaped(name, 80)}`"


def _members(value: Any, name: str) -> str:
    if isinstance(value, list):
        return f" (an array of {len(value)})"
    if not isinstance(value, dict):
        return " (which is no object)" if value is not None else " (there is no JSON in the reply)"
    near = nearest(name, value)
    known = ", ".join(escaped(key, 40) for key in list(value)[:10]) or "no key"
    return f" (it has {known})" + (f"; did you mean `{escaped(near, 80)}`?" if near else "")


def _conversion(name: str, word: str, field: FieldModel, text: Text) -> _Conversion:
    """Return the conversion of one parsed value, or of one element of an array, into a value of the type ``word``."""
    odd = _mismatch(name, _NOUNS.get(word, "a text"))
    if word == "flag":
        return lambda value: value if value is True or value is False else odd(value)
    if word == "float":
        return _float(field.allow_nan, odd)
    if word == "int":
        return lambda value: int(value) if _is_whole(value) else odd(value)
    if word in ("hex", "octal"):
        convert = conversion(name, word, field, text)
        return lambda value: convert(value.encode()) if isinstance(value, str) else odd(value)
    return lambda value: value if isinstance(value, str) else odd(value)


def _float(allow_nan: bool, odd: _Conversion) -> _Conversion:
    def convert(value: Any) -> Any:
        if type(value) is float and (allow_nan or math.isfinite(value)):
            return value
        # A whole number may be greater than any float.
        return float(value) if type(value) is int and -_LARGEST <= value <= _LARGEST else odd(value)

    return convert


def _is_whole(value: Any) -> bool:
    return (type(value) is int or (type(value) is float and value.is_integer())) and -_WHOLE <= value < _WHOLE


def _single(name: str, convert: _Conversion, cure: str = "") -> _Conversion:
    def checked(value: Any) -> Any:
        if isinstance(value, list):
            way = cure or f"set `size: {len(value)}`, or add an index to the pointer"
            raise _wrong(name, "an array, not a single value", value, way)
        return convert(value)

    return checked


def _array(name: str, size: int, convert: _Conversion) -> _Conversion:
    def checked(value: Any) -> Any:
        if not isinstance(value, list):
            raise _wrong(name, f"not an array of {size} numbers", value, CURE)
        if any(isinstance(element, list) for element in value):
            cure = "set a `shape` instead of `size`, or add an index to the pointer"
            raise _wrong(name, "an array of arrays", value, cure)
        if len(value) != size:
            cure = f"set `size: {len(value)}` if that is right"
            raise _wrong(name, f"an array of {len(value)}, not of {size}", value, cure)
        return list(map(convert, value))

    return checked


def _mismatch(name: str, noun: str) -> _Conversion:
    def odd(value: Any) -> Any:
        raise _wrong(name, f"not {noun}", value, CURE)

    return odd


def _wrong(name: str, what: str, value: Any, cure: str) -> ParseError:
    if isinstance(value, list | dict):
        found = f"an array of {len(value)}" if isinstance(value, list) else "an object"
    else:
        found = escaped(json.dumps(value), 200)
    return ParseError(f"field {name} is {what}", found=found, cure=cure)
