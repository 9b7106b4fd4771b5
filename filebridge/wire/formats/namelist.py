"""Values of Fortran namelists, by group and name (`namelist`).

A number, a row of numbers or one string, as Fortran writes them, are read in place; all else by f90nml (an extra).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion
from filebridge.wire.formats.heading import finder
from filebridge.wire.formats.namelist_groups import Assignment, Group, group_finder, group_names
from filebridge.wire.formats.namelist_values import MOST, element, parsed, parser
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_PATH = re.compile(r"([A-Za-z]\w*)/(\w+(?:\([^()]*\))?(?:%\w+(?:\([^()]*\))?)*)")
_STEP = re.compile(r"(\w+)(?:\((-?\d{1,9}(?:,-?\d{1,9}){0,14})\))?")
_TOKEN = rb"(?:[0-9]{1,7}\*)?[^\s,'\"*();]+"
_PLAIN = re.compile(_TOKEN + rb"(?:(?:\s*,\s*|\s+)" + _TOKEN + rb")*,?")
_STRING = re.compile(rb"(?:'([^']*)'|\"([^\"]*)\"),?")
_COMPLEX = re.compile(r"\(([^,()]+),([^,()]+)\)")
_EXPECTED = "`GROUP/NAME`, with an element `x(3)` or a component `cell%a`"

_Step = tuple[str, tuple[int, ...]]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `namelist`: of a variable, of an element or component of it; with a `size`, of an array.

    Capitals make no difference. Of groups of one name the last counts, or the first with `pick: first`. An array comes
    in the order of its elements in memory, a complex number as two. Reading raises ParseError for a group that does not
    end, for an array where one value should be, and for what is not of the field's type. Raises FieldProblem for the
    path and for keys that do not go with it, ConfigError where f90nml is not installed.
    """
    group, steps = _path(field.namelist or "")
    finder(field.pick)
    word, make = field.type or "float", parser()
    if word in ("hex", "octal"):
        raise FieldProblem("type", "a namelist has none such", found=word, expected="float, int, flag, word or text")
    # A comma stands between values, so it is never a decimal mark.
    convert = conversion(name, word, field, text.model_copy(update={"decimal": "."}))
    kind, size = KINDS[word], field.size or 0
    if size and kind not in (Kind.NUMBER, Kind.INTEGER):
        raise FieldProblem("size", f"an array of {kind.value}", found=word, expected="float or int as the field's type")
    group_of = _groups(group, field.pick == "first").group_of
    variable, simple = steps[0][0].encode(), len(steps) == 1 and not steps[0][1]
    plain = _string if kind is Kind.TEXT else _numbers
    value_of = _array(name, size, _scalar(name, word, convert)) if size else _single(name, _scalar(name, word, convert))

    def read(message: bytes) -> Any:
        found = group_of(message)
        assignments = None if found is None else found.assignments.get(variable)
        if found is None or assignments is None:
            return None
        if simple and len(assignments) == 1:
            tokens = plain(assignments[0])
            if tokens is not None:
                return value_of(tokens)
        return value_of(_followed(name, _parsed(make, name, variable, found), steps))

    def missing(message: bytes) -> str:
        return _missing(message, group, group_of(message), steps)

    return Reading(read, Kind.VECTOR if size else kind, size, missing=missing)


def _path(source: str) -> tuple[str, list[_Step]]:
    match = _PATH.fullmatch(source.replace(" ", "").lower())
    steps = [_STEP.fullmatch(step) for step in match[2].split("%")] if match else []
    if match is None or not all(steps):
        raise FieldProblem("namelist", "no path of a variable", found=source, expected=_EXPECTED)
    return match[1], [
        (step[1], tuple(int(number) for number in step[2].split(",")) if step[2] else ()) for step in steps if step
    ]


def _numbers(assignment: Assignment) -> list[bytes] | bytes | None:
    """Return the tokens of values that are written plainly, of a single one the token itself; None for all others."""
    values = assignment.values.strip()
    if assignment.place or not _PLAIN.fullmatch(values):
        return None
    tokens = values.replace(b",", b" ").split()
    if b"*" in values:
        parts = [token.rpartition(b"*") for token in tokens]
        counts = [int(count or 1) for count, _, _ in parts]
        if sum(counts) > MOST:
            return None
        tokens = [token for count, (_, _, token) in zip(counts, parts, strict=True) for _ in range(count)]
    return tokens if len(tokens) > 1 else tokens[0]


def _string(assignment: Assignment) -> bytes | None:
    match = None if assignment.place else _STRING.fullmatch(assignment.values.strip())
    return None if match is None else match[1] if match[2] is None else match[2]


def _scalar(name: str, word: str, convert: Callable[[bytes], Any]) -> Callable[[Any], Any]:
    """Return the conversion of one value, a token or what f90nml made of one."""
    noun = "a text" if KINDS[word] is Kind.TEXT else "a single number"

    def scalar(value: Any) -> Any:
        if type(value) is bytes:
            return convert(value)
        if isinstance(value, str):
            return convert(value.encode("latin-1"))
        if isinstance(value, int | float) and noun != "a text":
            token = "FT"[value] if isinstance(value, bool) else repr(value)
            return value if word == "float" and type(value) is float else convert(token.encode())
        parts = f"; its components are {', '.join(value)}" if isinstance(value, dict) else ""
        found = f"a structure{parts}" if isinstance(value, dict) else repr(value)
        cure = "compare the path and `type` with what the simulator says; `filebridge probe` shows it"
        raise ParseError(f"field {name} is not {noun}", found=escaped(found, 200), cure=cure)

    return scalar


def _single(name: str, scalar: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def value(found: Any) -> Any:
        if isinstance(found, list):
            if len(found) != 1:
                cure = f"set `size: {len(_flat(found))}`, or name an element, `x(1)`"
                raise ParseError(f"field {name} is an array, not a single value", found=_shown(found), cure=cure)
            return value(found[0])
        return None if found is None else scalar(found)

    return value


def _array(name: str, size: int, scalar: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def vector(found: Any) -> Any:
        if found is None:
            return None
        values = _flat(found)
        if len(values) != size:
            cure = f"set `size: {len(values)}` if that is right"
            raise ParseError(f"field {name} is {len(values)} values, not {size}", found=_shown(values), cure=cure)
        if None in values:
            what, cure = f"field {name}: value {values.index(None) + 1} is not given", "read the elements that are"
            raise ParseError(what, found=_shown(values), cure=cure)
        return tuple(map(scalar, values))

    return vector


def _flat(found: Any) -> list[Any]:
    if isinstance(found, list):
        return [value for part in found for value in _flat(part)]
    if isinstance(found, complex):
        return [found.real, found.imag]
    # f90nml takes a complex number with a sign before its second part for text.
    pair = _COMPLEX.fullmatch(found) if isinstance(found, str) else None
    return [found] if pair is None else [pair[1], pair[2]]


def _shown(values: Sequence[Any]) -> str:
    texts = [value.decode("latin-1") if isinstance(value, bytes) else repr(value) for value in values[:10]]
    return escaped(", ".join(texts), 200) + (", ..." if len(values) > 10 else "")


def _parsed(make: Any, name: str, variable: bytes, group: Group) -> Any:
    if variable not in group.parsed:
        group.parsed[variable] = parsed(make, name, variable, group.assignments[variable])
    return group.parsed[variable]


def _followed(name: str, value: Any, steps: list[_Step]) -> Any:
    for part, index in steps:
        if not isinstance(value, dict):
            return None
        first = value.start_index.get(part)  # type: ignore[attr-defined]
        value = value.get(part)
        if index:
            try:
                value = element(value, index, first)
            except LookupError as exc:
                what = f"field {name} is an element of an array whose shape the namelist does not show"
                raise ParseError(what, found=part, cure="read all of it, with a `size`") from exc
    return value


def _missing(message: bytes, name: str, group: Group | None, steps: list[_Step]) -> str:
    """Return in words what of the path there is not; "" where there is a variable without a value."""
    if group is None:
        return f"no group &{name}" + _known(name, group_names(message))
    variable = steps[0][0]
    if variable.encode() not in group.assignments:
        return f"no `{variable}` in &{name}" + _known(variable, [key.decode() for key in group.assignments])
    return "" if len(steps) == 1 and not steps[0][1] else f"no such element or component of `{variable}`"


def _known(name: str, names: list[str]) -> str:
    near, listed = nearest(name, names), ", ".join(escaped(known, 40) for known in names[:10])
    return f" (the reply has {listed or 'none'})" + (f"; did you mean `{escaped(near, 80)}`?" if near else "")


class _Groups:
    """The last group of a name that was read, since several fields read the same one.

    Its message is known again by the identity of the bytes, which the pair of both holds alive; the pair is replaced
    as a whole, so that two threads at worst read twice.
    """

    def __init__(self, name: str, first: bool) -> None:
        self._find = group_finder(name.encode(), first)
        self._last: tuple[bytes | None, Group | None] = (None, None)

    def group_of(self, message: bytes) -> Group | None:
        last = self._last
        if last[0] is message:
            return last[1]
        group = self._find(message)
        self._last = (message, group)
        return group


@cache
def _groups(name: str, first: bool) -> _Groups:
    return _Groups(name, first)
