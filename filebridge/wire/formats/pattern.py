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

_Convert = Callable[[bytes], Any]


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
    return Reading(_several(search, pattern.holes, converts, comma), kind, length)


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
    """Do as ``_led`` for a float, with the usual form of a number read in place: this is the most used of all readers."""
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
        return convert(token) if b"_" in token else value

    return read


def _one(search: Callable[[bytes], Any], convert: _Convert) -> _Convert:
    def read(message: bytes) -> Any:
        match = search(message)
        return None if match is None else convert(match[1])

    return read


def _several(
    search: Callable[[bytes], Any], holes: tuple[Hole, ...], converts: list[_Convert], comma: bytes
) -> _Convert:
    def read(message: bytes) -> Any:
        match = search(message)
        if match is None:
            return None
        return tuple([convert(token) for convert, token in zip(converts, match.groups(), strict=True)])

    def read_lists(message: bytes) -> Any:
        match = search(message)
        if match is None:
            return None
        parts = zip(converts, match.groups(), strict=True)
        return tuple([convert(token) for convert, part in parts for token in part.replace(comma, b" ").split()])

    return read if all(hole.count == 1 for hole in holes) else read_lists


def _last(pattern: Pattern) -> Callable[[bytes], Any]:
    lead, match_at, search = pattern.lead, pattern.regex.match, pattern.regex.search

    def backward(message: bytes) -> Any:
        start = message.rfind(lead)
        while start >= 0:
            match = match_at(message, start)
            if match is not None:
                return match
            start = message.rfind(lead, 0, start + len(lead) - 1)
        return None

    def forward(message: bytes) -> Any:
        last = following = search(message)
        while following is not None:
            last = following
            following = search(message, last.end())
        return last

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
    return Reading(lambda message: literal in message, Kind.FLAG)
