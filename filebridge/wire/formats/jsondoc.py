"""Values in the last JSON document of a message, each found by a JSON pointer (`json`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError, escaped
from filebridge.wire.arrays import dimensions, is_whole
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion
from filebridge.wire.formats.nested import nested
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_Conversion = Callable[[Any], Any]

# A bracket before something that no JSON has begins other text, `[info]` say.
_BEGIN = re.compile(r"\{|\[\s*(?:[\[{\"\]0-9-]|true|false|null|NaN|Infinity|\Z)")
_SCALAR = re.compile(r"[\"0-9-]|(?:true|false|null)\Z")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|\Z)")
_GOES_ON = re.compile(r"\s*[\]},]")
_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_WHOLE = 1 << 63
_LARGEST = int(1.7976931348623157e308)
_NOUNS = {"float": "a finite number", "int": "a whole number of 64 bits", "flag": "true or false"}
_CURE = "compare the pointer and `type` with what the simulator says; `filebridge probe` shows it"


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `json` field; with a `size` it is a vector of so many numbers, with a `shape` an array.

    The document is the one that begins with a brace or a bracket on the last line that has one in its first column,
    or else the whole message; what follows it on further lines is ignored. A null, or nothing at the pointer, is no
    value. Reading raises ParseError for broken JSON, for keys given twice and for values that are not of the field's
    type, and DecodeError. Raises FieldProblem for what is no JSON pointer.
    """
    steps = _steps(field.json_pointer or "")
    word = field.type or "float"
    convert = _conversion(name, word, field, text)
    kind, length = KINDS[word], 0
    shape = dimensions(field) if field.shape else ()
    whole = is_whole(field) if shape else False
    if shape:
        convert, kind, length = nested(name, shape, convert, whole), Kind.ARRAY, math.prod(shape)
    elif field.size is None:
        convert = _single(name, convert)
    elif kind in (Kind.NUMBER, Kind.INTEGER):
        convert, kind, length = _array(name, field.size, convert), Kind.VECTOR, field.size
    else:
        raise FieldProblem("size", f"an array of {kind.value}", found=word, expected="float or int as the field's type")
    document_of = _documents(clean_encoding(text.encoding), text.errors).document_of

    def read(message: bytes) -> Any:
        value = document_of(message, name)
        for step in steps:
            value = _below(value, step)
        return None if value is None else convert(value)

    def missing(message: bytes) -> str:
        return _missing(document_of(message, name), steps)

    return Reading(read, kind, length, shape, missing=missing, whole=whole)


def _steps(pointer: str) -> list[tuple[str, int | None]]:
    """Return the names on the way, each with the index that it is within an array, if it can be one."""
    if pointer and not pointer.startswith("/"):
        raise FieldProblem("json", "a JSON pointer begins with a slash", found=pointer, expected=f"`/{pointer}`")
    wrong = _ESCAPE.search(pointer)
    if wrong:
        place, expected = wrong.start(), "`~0` for a tilde within a name, `~1` for a slash"
        raise FieldProblem("json", "a tilde by itself", found=pointer, expected=expected, offset=place, length=1)
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return [(name, int(name) if _INDEX.fullmatch(name) else None) for name in names]


def _below(value: Any, step: tuple[str, int | None]) -> Any:
    name, index = step
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and index is not None and index < len(value):
        return value[index]
    return None


def _missing(value: Any, steps: list[tuple[str, int | None]]) -> str:
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


class _Documents:
    """The documents of messages; the last one is kept, since several fields read the same message.

    It is known again by the identity of the bytes, which the pair of both holds alive; the pair is replaced as a
    whole, so that two threads at worst parse twice. Documents are never changed.
    """

    def __init__(self, encoding: str, errors: str) -> None:
        self._encoding = encoding
        self._errors = errors
        self._last: tuple[bytes | None, Any] = (None, None)
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique)

    def document_of(self, message: bytes, name: str) -> Any:
        last = self._last
        if last[0] is message:
            return last[1]
        document = self._parsed(message, name)
        self._last = (message, document)
        return document

    def _parsed(self, message: bytes, name: str) -> Any:
        try:
            return self._last_document(message.decode(self._encoding, self._errors))
        except UnicodeDecodeError as exc:
            what = f"field {name} is read from what is no text in {self._encoding}, from byte {exc.start + 1}"
            cure = "set `text: {encoding: ...}` to what the program writes, or `text: {errors: replace}`"
            raise DecodeError(what, found=escaped(message[: exc.start + 20], 80), cure=cure) from exc
        except RecursionError as exc:
            what = f"field {name} is read from JSON that is nested too deeply"
            raise ParseError(what, found=escaped(message, 200), cure=_CURE) from exc
        except ValueError as exc:
            what = f"field {name} is read from broken JSON: {_shown(exc)}"
            raise ParseError(what, found=escaped(message, 200), cure=_CURE) from exc

    def _last_document(self, text: str) -> Any:
        for start in _beginnings(text):
            document, end = self._decoder.raw_decode(text, start)
            if _REST_OF_LINE.match(text, end) and not _GOES_ON.match(text, end):
                return document
            # A bracket in the first column may be a part of a document that began above it.
            if not _GOES_ON.match(text, end):
                raise json.JSONDecodeError("other text behind the document", text, end)
        text = text.strip()
        return self._decoder.decode(text) if _BEGIN.match(text) or _SCALAR.match(text) else None


def _beginnings(text: str) -> Any:
    """Yield where a line begins like a document, from the last one to the first."""
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _BEGIN.match(text, start):
            yield start
        end = start - 1


@cache
def _documents(encoding: str, errors: str) -> _Documents:
    return _Documents(encoding, errors)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {escaped(next(key for key in keys if keys.count(key) > 1), 80)} given twice")
    return members


def _shown(exc: ValueError) -> str:
    return f"{exc.msg}, line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else str(exc)


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


def _single(name: str, convert: _Conversion) -> _Conversion:
    def checked(value: Any) -> Any:
        if isinstance(value, list):
            cure = f"set `size: {len(value)}`, or add an index to the pointer"
            raise _wrong(name, "an array, not a single value", value, cure)
        return convert(value)

    return checked


def _array(name: str, size: int, convert: _Conversion) -> _Conversion:
    def checked(value: Any) -> Any:
        if not isinstance(value, list):
            raise _wrong(name, f"not an array of {size} numbers", value, _CURE)
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
        raise _wrong(name, f"not {noun}", value, _CURE)

    return odd


def _wrong(name: str, what: str, value: Any, cure: str) -> ParseError:
    if isinstance(value, list | dict):
        found = f"an array of {len(value)}" if isinstance(value, list) else "an object"
    else:
        found = escaped(json.dumps(value), 200)
    return ParseError(f"field {name} is {what}", found=found, cure=cure)
