"""Fortran namelists made from expressions: laid out once with f90nml, their values filled in at each step."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from filebridge.errors import ActionError, BridgeError, ParseError, escaped
from filebridge.wire.decks.deck import Deck, Filling, PlaceProblem, Spot, compile_deck
from filebridge.wire.decks.groups import Group, Parts, parts_of
from filebridge.wire.decks.keys import find_values
from filebridge.wire.expression import Expression, Kind, failure

__all__ = ["MissingPackage", "compile_namelist"]

Row = list[object]
Encode = Callable[[Row, Row], bytes]
Groups = Mapping[str, Mapping[str, Sequence[Expression]]]
"""Group, name, and the elements of its value: one, or several of an array."""

_GROUP = re.compile(r"[A-Za-z]\w{0,62}")
_NAME = re.compile(r"[A-Za-z]\w{0,62}(?:\([\d:, -]{1,40}\))?(?:%[A-Za-z]\w{0,62}(?:\([\d:, -]{1,40}\))?)*")
_LINE = 72
"""Characters of a line behind which a vector goes on in the next, as f90nml does it."""

# What f90nml raises for text that is no namelist, found by feeding it such text.
_FAILURES = (ValueError, LookupError, TypeError, AttributeError, AssertionError, StopIteration, RuntimeError)


class MissingPackage(ImportError):
    """The package f90nml is not installed."""


def compile_namelist(groups: Groups, base: str | None, inner: str, outer: str) -> Encode:
    """Return the function that makes the namelist with ``groups``, in the encoding ``outer``.

    With a ``base`` all of its text stays but the values named; values and groups that it lacks are added. Raises
    PlaceProblem, whose ``key`` is a group, a dot and a name, and MissingPackage.
    """
    for group, values in groups.items():
        _check_names(group, values)
    text = _written(groups) if base is None else _added(groups, _checked(base))
    deck, parts = Deck(text), parts_of(text)
    fillings = []
    for group, values in groups.items():
        chosen = _fortran(parts, group)
        for name, elements in values.items():
            spans = find_values(parts, name, chosen)
            if len(spans) > 1:
                what = "the base gives this name a value more than once"
                raise PlaceProblem(what, name, "a base with one of them", "", f"{group}.{name}")
            spot = Spot(deck.point(spans[0][0]), deck.point(spans[0][1]))
            told = ", ".join(element.text for element in elements)
            fillings.append(Filling(spot, _elements([_value(element, inner) for element in elements]), told))
    return compile_deck(deck, fillings, inner, outer)


def _check_names(group: str, values: Mapping[str, Sequence[Expression]]) -> None:
    if not _GROUP.fullmatch(group):
        raise PlaceProblem("no name of a namelist group", group, "letters, digits and underscores", "", group)
    for name, elements in values.items():
        if not _NAME.fullmatch(name):
            wanted = "a Fortran name: `gain`, `x(2)`, `plant%gain`"
            raise PlaceProblem("no name of a namelist value", name, wanted, "", f"{group}.{name}")
        for element in elements:
            if element.kind in (Kind.GRID, Kind.ARRAY):
                what = f"{element.kind.value} is no value of a namelist"
                raise PlaceProblem(what, element.text, "numbers, flags, texts and vectors", "", f"{group}.{name}")


def _package() -> Any:
    try:
        import f90nml  # type: ignore[import-untyped]
    except ImportError as exc:
        raise MissingPackage("f90nml") from exc
    return f90nml


def _written(groups: Groups) -> str:
    """Return the layout of a new namelist: every value is 0."""
    namelist = _package().Namelist()
    for group, values in groups.items():
        namelist[group] = _package().Namelist()
        for name in values:
            namelist[group][name] = 0
    return f"{namelist}\n"


def _checked(base: str) -> str:
    """Return ``base`` if f90nml can read it and finds what we find in it."""
    try:
        names = {name.partition("_grp_")[2].rpartition("_")[0] or name for name in _package().reads(base)}
    except _FAILURES as exc:
        raise PlaceProblem("this is no namelist", escaped(str(exc))[:200], "`&group name = value /`") from exc
    ours = {group.name.lower() for group in parts_of(base).groups if group.fortran}
    if not ours:
        raise PlaceProblem("this is no namelist", "no group", "`&group name = value /`")
    if ours != names:
        found = ", ".join(sorted(names ^ ours))
        raise PlaceProblem("a group of the namelist is not closed", found, "`/` at the end of each group")
    return base


def _added(groups: Groups, base: str) -> str:
    """Return ``base`` with the groups and values that it lacks added, each value 0."""
    parts, end = parts_of(base), "\r\n" if "\r\n" in base else "\n"
    inserts: list[tuple[int, str]] = []
    tail = ""
    for group, values in groups.items():
        chosen = _fortran(parts, group)
        if not chosen:
            tail += end.join(["", f"&{group}", *(f"    {name} = 0" for name in values), "/", ""])
            continue
        missing = [name for name in values if not find_values(parts, name, chosen)]
        if missing:
            inserts.append((chosen[-1].end, _lines(base, chosen[-1].end, missing, end)))
    for at, text in sorted(inserts, reverse=True):
        base = base[:at] + text + base[at:]
    return base + (end if tail and base and not base.endswith("\n") else "") + tail


def _fortran(parts: Parts, name: str) -> list[Group]:
    return [group for group in parts.groups if group.fortran and group.name.lower() == name.lower()]


def _lines(base: str, at: int, names: Sequence[str], end: str) -> str:
    """Return lines for ``names`` to be put before the end of a group, at ``at``."""
    before = base[:at].rpartition("\n")[2]
    lines = end.join(f"    {name} = 0" for name in names)
    indent = before if not before.strip() else ""
    start = lines[len(indent) :] if lines.startswith(indent) else lines
    return f"{start if not before.strip() else end + lines}{end}{indent}"


def _elements(encodes: Sequence[Encode]) -> Encode:
    """Return the function that makes the elements of a value, one behind the other."""
    if len(encodes) == 1:
        return encodes[0]
    return lambda row, previous: _joined([encode(row, previous) for encode in encodes])


def _value(expression: Expression, encoding: str) -> Encode:
    """Return the function that makes the value as Fortran reads it."""
    evaluate = expression.evaluate
    if expression.kind is Kind.VECTOR:
        made: Callable[[Any], bytes] = _vector
    elif expression.kind is Kind.TEXT:
        made = _text(expression, encoding)
    else:
        made = {Kind.FLAG: _flag, Kind.INTEGER: _integer}.get(expression.kind, _number)

    def encode(row: Row, previous: Row) -> bytes:
        value: object = 0
        try:
            value = evaluate(row, previous)
            return made(value)
        except (ArithmeticError, ValueError, TypeError, IndexError) as error:
            if isinstance(error, BridgeError):
                raise
            if value is None:
                cure = "it may have no value yet: give the field a `default`"
                raise ParseError(f"`{expression.text}` cannot be written", found="no value", cure=cure) from error
            raise failure(expression, row, previous, error, "namelist") from error

    return encode


def _flag(value: Any) -> bytes:
    if value is None:
        raise TypeError("no value yet")
    return b".true." if value else b".false."


def _integer(value: Any) -> bytes:
    return b"%d" % value


def _number(value: Any) -> bytes:
    number = float(value)
    if math.isfinite(number):
        return repr(number).encode()
    return b"NaN" if math.isnan(number) else b"Infinity" if number > 0 else b"-Infinity"


def _vector(values: Any) -> bytes:
    return _joined([_integer(number) if isinstance(number, int) else _number(number) for number in values])


def _joined(texts: Sequence[bytes]) -> bytes:
    lines, line = [], b""
    for text in texts:
        if line and len(line) + len(text) > _LINE:
            lines.append(line)
            line = b""
        line = line + b", " + text if line else text
    return b",\n        ".join([*lines, line])


def _text(expression: Expression, encoding: str) -> Callable[[Any], bytes]:
    of_action = any(name.partition(".")[0] == "action" for name in expression.uses)
    kind: type[BridgeError] = ActionError if of_action else ParseError

    def made(text: Any) -> bytes:
        if text is None:
            raise TypeError("no value yet")
        if not text.isprintable():
            cure = "send printable characters only: a line end or a control character would end the text"
            raise kind(f"`{expression.text}` holds a character that cannot be sent", found=escaped(text), cure=cure)
        try:
            return b"'%b'" % text.replace("'", "''").encode(encoding)
        except UnicodeEncodeError as error:
            cure = "change `text: {encoding: ...}`"
            what = f"`{expression.text}` has a character that {encoding} lacks"
            raise ActionError(what, found=escaped(text), cure=cure) from error

    return made
