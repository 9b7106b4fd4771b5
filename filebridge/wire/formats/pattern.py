"""The text around a value, with typed holes where values stand (`find`), and texts that occur or not (`seen`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.config.units import regex_source
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion, source_bytes
from filebridge.wire.formats.holes import Hole, Pattern, compile_pattern
from filebridge.wire.formats.pick import every_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["find_reader", "seen_reader"]

_TRIES = 16
_UNDERSCORE = ord("_")  # a number is looked up in bytes five times as fast as bytes are
_Convert = Callable[[bytes], Any]
_Values = Callable[[tuple[bytes, ...]], Any]


def find_reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `find`: a value, or a vector of all values of a pattern with several.

    Raises FieldProblem where the pattern or its `pick` is wrong.
    """
    source = field.find or ""
    pattern = compile_pattern(source, text)
    if field.type is not None:
        raise FieldProblem("type", "given beside a pattern", found=field.type, expected="the type in the hole alone")
    length = sum(hole.count for hole in pattern.holes)
    kind = KINDS[pattern.holes[0].word] if length == 1 else Kind.VECTOR
    converts = [conversion(name, hole.word, field, text) for hole in pattern.holes]
    if field.pick not in ("first", "last"):
        return every_reading(name, field, kind, converts[0], pattern.regex.findall)
    search = _last(pattern) if field.pick == "last" else pattern.regex.search
    if length == 1:
        led = _led_float if kind is Kind.NUMBER and text.decimal == "." else _led
        read = led(pattern, converts[0]) if field.pick == "last" and pattern.lead else _one(search, converts[0])
        return Reading(read, kind)
    comma = b";" if text.decimal == "," else b","
    plain = text.decimal == "." and all(hole.word == "float" for hole in pattern.holes)
    slow = _values_of(pattern.holes, converts, comma)
    return Reading(_several(search, _quick(slow, pattern.holes) if plain else slow), kind, length)


def _led(pattern: Pattern, convert: _Convert) -> _Convert:
    """Return the reader of the last occurrence: from the last place where its first text stands."""
    lead, match_at, before = pattern.lead, pattern.regex.match, _last(pattern)

    def read(message: bytes) -> Any:
        start = message.rfind(lead)
        if start < 0:
            return None
        match = match_at(message, start) or before(message)
        return None if match is None else convert(match[1])

    return read


def _led_float(pattern: Pattern, convert: _Convert) -> _Convert:
    """Do as ``_led`` for a float; it is the most used of all readers, so the usual form is read in place."""
    lead, match_at, before = pattern.lead, pattern.regex.match, _last(pattern)

    def read(message: bytes) -> Any:
        start = message.rfind(lead)
        if start < 0:
            return None
        match = match_at(message, start) or before(message)
        if match is None:
            return None
        token = match[1]
        try:
            value = float(token)
        except ValueError:
            return convert(token)
        return convert(token) if _UNDERSCORE in token else value

    return read


def _one(search: Callable[[bytes], Any], convert: _Convert) -> _Convert:
    def read(message: bytes) -> Any:
        match = search(message)
        return None if match is None else convert(match[1])

    return read


def _several(search: Callable[[bytes], Any], values_of: _Values) -> _Convert:
    def read(message: bytes) -> Any:
        match = search(message)
        return None if match is None else values_of(match.groups())

    return read


def _values_of(holes: tuple[Hole, ...], converts: list[_Convert], comma: bytes) -> _Values:
    """Return what turns the groups of a match into a vector."""
    lists = [hole.count > 1 for hole in holes]

    def values(groups: tuple[bytes, ...]) -> Any:
        vector: list[Any] = []
        for group, convert, several in zip(groups, converts, lists, strict=True):
            vector += map(convert, group.replace(comma, b" ").split() if several else (group,))
        return tuple(vector)

    return values


def _quick(slow: _Values, holes: tuple[Hole, ...]) -> _Values:
    """Do as ``slow`` for floats; the usual form of single ones, or of one list of them, is read all at once."""
    if len(holes) > 1 and any(hole.count > 1 for hole in holes):
        return slow
    single = holes[0].count == 1

    def values(groups: tuple[bytes, ...]) -> Any:
        joined = b" ".join(groups)
        try:
            vector = tuple(map(float, groups if single else joined.replace(b",", b" ").split()))
        except ValueError:
            return slow(groups)
        return slow(groups) if _UNDERSCORE in joined else vector

    return values


def _last(pattern: Pattern) -> Callable[[bytes], Any]:
    lead, match_at, search = pattern.lead, pattern.regex.match, pattern.regex.search

    def forward(message: bytes) -> Any:
        last = following = search(message)
        while following is not None:
            last = following
            following = search(message, last.end())
        return last

    def backward(message: bytes) -> Any:
        start = len(message)
        for _ in range(_TRIES):
            start = message.rfind(lead, 0, start + len(lead) - 1)
            match = match_at(message, start) if start >= 0 else None
            if match is not None or start < 0:
                return match
        # Places that look like the pattern but are not are passed more quickly by the search itself.
        return forward(message)

    return backward if lead else forward


def seen_reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `seen`: whether the text occurs, with `pick: count` how often.

    Raises FieldProblem where the regular expression is wrong, or `pick` is that of a value.
    """
    if field.pick in ("all", "sum"):
        raise FieldProblem("pick", "of values, but the field says if a text occurs", found=field.pick, expected="count")
    source = field.seen or ""
    if not source:
        raise FieldProblem("seen", "empty", expected="a text or a `/regular expression/`")
    expression = regex_source(source)
    counted = field.pick == "count"
    if expression is not None:
        # The library for timed searches is needed by few configurations and takes long to import.
        from filebridge.wire.formats.regex import timed

        pattern = timed(name, "seen", expression, text)
        return Reading(pattern.count, Kind.INTEGER) if counted else Reading(pattern.occurs, Kind.FLAG)
    literal = source_bytes("seen", source, text)
    if counted:
        return Reading(lambda message: message.count(literal), Kind.INTEGER)
    return Reading(lambda message: message.find(literal) >= 0, Kind.FLAG)
