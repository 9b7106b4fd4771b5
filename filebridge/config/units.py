"""Values with a unit or a notation of their own: durations, sizes, ranges, patterns, window sizes.

Each is an annotated type for the models: short text in the YAML, a plain number or tuple in Python.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "LONGEST_TIME",
    "RANGE_SCHEMA",
    "Duration",
    "Expression",
    "NumberRange",
    "Size",
    "Time",
    "WindowSize",
    "expected",
    "first_and_last",
    "regex_source",
]

LONGEST_TIME = 7 * 86400.0
"""Seconds: the longest duration that a configuration may have, and about a third of what the system can wait for."""

_DURATION_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_SIZE_UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]+)")
_RANGE = re.compile(r"(-?\d+)\s*\.\.\s*(-?\d+)")
_WINDOW = re.compile(r"(\d{1,3})x(\d{1,3})")


def expected(what: str, wanted: str) -> PydanticCustomError:
    """Return an error for a validator: ``what`` is wrong, ``wanted`` is what to write instead."""
    return PydanticCustomError("filebridge", "{what}", {"what": what, "expected": wanted})


def regex_source(text: str) -> str | None:
    """Return the regular expression inside ``/slashes/``, or None for literal text."""
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == "/" else None


def _quantity(value: object, units: dict[str, float] | dict[str, int], fold: bool, wanted: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise expected("not a quantity", wanted)
    if isinstance(value, str):
        match = _QUANTITY.fullmatch(value.strip())
        unit = "" if match is None else match[2].upper() if fold else match[2]
        if match is None or unit not in units:
            raise expected("not a quantity with a known unit", wanted)
        value = float(match[1]) * units[unit]
    return float(value)


def _duration(value: object) -> float:
    wanted = "a duration such as `50 ms`, `10 s`, `2 min`, or a number of seconds"
    seconds = _quantity(value, _DURATION_UNITS, False, wanted)
    if not 0 <= seconds <= LONGEST_TIME:
        raise expected("a duration out of range", "between 0 and 7 days")
    return seconds


def _time(seconds: float) -> float:
    if not seconds:
        raise expected("no time at all", "a time such as `50 ms`")
    return seconds


def _size(value: object) -> int:
    size = _quantity(value, _SIZE_UNITS, True, "a size such as `64 KiB`, `1 MiB`, `2 GB`, or a number of bytes")
    if not 1 <= size <= 1 << 50:
        raise expected("a size out of range", "at least 1 byte")
    return int(size)


def _range(value: object) -> tuple[int, int]:
    wanted = "a range of whole numbers such as `1..20`"
    match = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if isinstance(value, tuple):
        return value
    if not match:
        raise expected("not a range", wanted)
    low, high = int(match[1]), int(match[2])
    if low > high:
        raise expected("a range that ends before it begins", f"`{high}..{low}`")
    if high - low >= 1 << 31:
        raise expected("a range of more than 2**31 numbers", "a shorter one")
    return low, high


def _window(value: object) -> tuple[int, int]:
    match = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, tuple):
        return value
    if not match or not (1 <= int(match[1]) <= 500 and 1 <= int(match[2]) <= 500):
        raise expected("not the size of a window", "columns x rows such as `80x24`, each from 1 to 500")
    return int(match[1]), int(match[2])


def _schema(example: str, pattern: str, *also: dict[str, Any]) -> WithJsonSchema:
    text = {"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": [example]}
    return WithJsonSchema({"anyOf": [text, *also]} if also else text)


_QUANTITY_SCHEMA = r"(\d+(\.\d*)?|\.\d+)\s*"
_SIZE_SCHEMA = _QUANTITY_SCHEMA + "([kKmMgG]([iI])?)?[bB]"
RANGE_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^\s*-?\d+\s*\.\.\s*-?\d+\s*$", "examples": ["1..20"]}
"""JSON Schema of a range of whole numbers."""


def first_and_last(value: object) -> tuple[int, int]:
    """Return the range that ``value`` says, `1..20` say; raises what pydantic understands."""
    return _range(value)


def _expression(value: object) -> object:
    if value is None or isinstance(value, list | dict):
        raise expected("not an expression", "text such as `-abs(error)`, or a number")
    return str(value)


Expression = Annotated[str, BeforeValidator(_expression), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""An expression over fields, variables, `action`, `step`, `episode`, and `prev.NAME` for values of the step before."""

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    _schema("50 ms", _QUANTITY_SCHEMA + "(us|ms|s|min|h)", {"type": "number", "minimum": 0}),
]
"""Seconds, written ``50 ms``, ``10 s``, ``2 min`` or as a number of seconds."""

Time = Annotated[
    Duration,
    AfterValidator(_time),
    _schema("50 ms", _QUANTITY_SCHEMA + "(us|ms|s|min|h)", {"type": "number", "exclusiveMinimum": 0}),
]
"""A duration that is longer than nothing."""

Size = Annotated[int, BeforeValidator(_size), _schema("1 MiB", _SIZE_SCHEMA, {"type": "number", "minimum": 1})]
"""Bytes, written ``64 KiB``, ``1 MiB`` or as a number of bytes."""

NumberRange = Annotated[tuple[int, int], BeforeValidator(_range), WithJsonSchema(RANGE_SCHEMA)]
"""First and last whole number, written ``1..20``."""

WindowSize = Annotated[tuple[int, int], BeforeValidator(_window), _schema("80x24", r"\d{1,3}x\d{1,3}")]
"""Columns and rows of a terminal, written ``80x24``."""
