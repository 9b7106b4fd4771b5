"""Values of a Fortran namelist that take a parser, f90nml: strings, subscripts, components, complex numbers.

What could make it run for hours, take all memory or misread a number is kept from it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from filebridge.errors import ConfigError, ParseError, escaped
from filebridge.wire.formats.namelist_groups import Assignment

__all__ = ["element", "parsed", "parser"]

MOST = 1_000_000
"""The most values that repetitions and subscripts may ask for."""

_MOST_BYTES = 1 << 18
_MOST_WORK = 5_000_000
_ODD = re.compile(rb"'[^']*'|\"[^\"]*\"|\*{2,}|(?<![\w.])[0-9][0-9.eEdD+-]*_\w*")
_REPEAT = re.compile(rb"(?<![\w.])([0-9]+)[ \t]*\*")
_SUBSCRIPTS = re.compile(rb"\(([^()]*)\)")
_VALUE = re.compile(rb"(?:([0-9]+)\*)?(?:'[^']*'|\"[^\"]*\"|\([^()]*\)|[^\s,]+)")
_OPEN = re.compile(rb"\((-?[0-9]+)(?::-?[0-9]*)?\)\Z")
_FAILURES = (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, NameError,
             RecursionError, StopIteration, UserWarning)  # fmt: skip


def parser() -> Any:
    """Return the class of f90nml that parses; raises ConfigError where it is not installed."""
    try:
        return import_module("f90nml").Parser
    except ImportError as exc:
        cure = "pip install 'filebridge[fortran]'"
        raise ConfigError("a `namelist` is read by f90nml, which is not installed", found=str(exc), cure=cure) from exc


def parsed(make: Any, name: str, variable: bytes, assignments: Sequence[Assignment]) -> Any:
    """Return the namelist, a dictionary, that has what ``assignments`` give to ``variable`` alone.

    ``make`` is what ``parser`` returned. Raises ParseError for what is no value, for more values than subscripts, and
    for what is too large to be meant.
    """
    lines = [variable + _target(item.place) + b"=" + _ODD.sub(_quoted, item.values) for item in assignments]
    source = b"&g\n" + b"\n".join(lines) + b"\n/\n"
    _refuse_extents(name, variable, assignments)
    _refuse_repeats(name, variable, source)
    try:
        # Latin-1 gives each byte a character of its own, so that strings come back as the bytes that they were.
        return make().reads(source.decode("latin-1"))["g"]
    except _FAILURES as exc:
        why = escaped(str(exc), 200) or type(exc).__name__
        raise _problem(name, f"is no value of a namelist: {why}", source) from exc


def element(value: Any, index: tuple[int, ...], first: Sequence[int | None] | None) -> Any:
    """Return an element of an array as f90nml has it, None where it has no value.

    ``first`` are the subscripts of the array's first element, None where it was given without subscripts. Raises
    LookupError where the shape of the array is not known.
    """
    if first is None and len(index) == 1:
        first = (1,)
    if first is None or len(first) != len(index):
        if isinstance(value, list):
            raise LookupError
        return value if all(number == 1 for number in index) else None
    # Fortran's last subscript is the outermost list.
    for number, start in zip(reversed(index), reversed(first), strict=True):
        values = value if isinstance(value, list) else [value]
        place = number - (1 if start is None else start)
        value = values[place] if 0 <= place < len(values) else None
    return value


def _target(place: bytes) -> bytes:
    """Return ``place`` as f90nml understands it: in Fortran, `x(3) = 1, 2` gives a value to x(4) too."""
    return _OPEN.sub(rb"(\1:)", place)


def _quoted(match: re.Match[bytes]) -> bytes:
    """Return what f90nml would stumble over or misread as a string, for the field's own type to judge."""
    return match[0] if match[0][:1] in b"'\"" else b"'" + match[0] + b"'"


def _refuse_extents(name: str, variable: bytes, assignments: Sequence[Assignment]) -> None:
    extents: dict[bytes, list[int]] = {}
    work = 0
    for item in assignments:
        for subscripts in _SUBSCRIPTS.finditer(item.place):
            dimensions = subscripts[1].split(b",")
            extent = extents.setdefault(item.place[: subscripts.start()], [])
            extent += [1] * (len(dimensions) - len(extent))
            for number, dimension in enumerate(dimensions):
                extent[number] = max(extent[number], *(_size(bound) for bound in dimension.split(b":")))
            work += math.prod(extent)
            _refuse_surplus(name, variable, item, dimensions, subscripts.end())
    if sum(map(math.prod, extents.values())) > MOST or work > _MOST_WORK:
        raise _problem(name, f"stands in an array of more than {MOST} values", variable + assignments[-1].place)


def _size(bound: bytes) -> int:
    number = bound.removeprefix(b"-")
    return 1 + min(int(number[:9]), MOST) if number.isdigit() else 1


def _refuse_surplus(name: str, variable: bytes, item: Assignment, dimensions: list[bytes], end: int) -> None:
    """Raise ParseError for more values than one element of a matrix takes: of where they go f90nml has no idea."""
    if len(dimensions) > 1 and end == len(item.place) and all(part.isdigit() for part in dimensions):
        values = sum(int(value[1] or 1) for value in _VALUE.finditer(item.values))
        if values > 1:
            raise _problem(name, f"is given {values} values at {escaped(variable + item.place, 80)}", item.values)


def _refuse_repeats(name: str, variable: bytes, source: bytes) -> None:
    repeats = sum(int(repeat[1][:9]) for repeat in _REPEAT.finditer(source))
    if repeats > MOST or len(source) > _MOST_BYTES:
        what = f"is more than {MOST} values" if repeats > MOST else f"is values of more than {_MOST_BYTES} bytes"
        raise _problem(name, what, variable)


def _problem(name: str, what: str, found: bytes) -> ParseError:
    cure = "compare the path with what the simulator says; `filebridge probe` shows it"
    return ParseError(f"field {name} {what}", found=escaped(found, 200), cure=cure)
