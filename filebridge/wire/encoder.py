"""Templates of what is sent: text with holes, cut once at load time into one ``%`` of bytes.

A hole is ``{expression}`` or ``{expression:format}``; the format is that of printf with or without its
``%`` (``.2f``, ``08.3f``, ``d``, ``x``), or with ``D`` in place of ``E`` for Fortran's double precision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from filebridge.errors import ActionError, BridgeError, ParseError, escaped
from filebridge.wire.expression import Expression, ExpressionProblem, Kind, Names, failure, parse

__all__ = ["Template", "compile_template"]

Row = list[object]
Encode = Callable[[Row, Row], bytes]

_FORMAT = re.compile(r"%?(?P<flags>[-+ #0<>]*)(?P<width>\d{0,3})(?P<precision>(?:\.\d{1,3})?)(?P<kind>[a-zA-Z]?)")
_PLAIN = re.compile(r"[^{}]+")
_STARTING = ("seed", "seat", "episode")
"""Names that are known here and where a program is started, with a dollar sign there and without one here."""
_WHOLE = "diouxX"
_REAL = "eEfFgGD"


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole of a template: the expression, the ``%`` format, and whether Fortran's D replaces the E."""

    expression: Expression
    format: bytes
    fortran: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: ``encode(row, previous)`` makes the bytes, ``uses`` names what it reads."""

    encode: Encode
    uses: frozenset[str]
    uses_previous: frozenset[str]


def compile_template(text: str, names: Names, line_end: str, encoding: str) -> Template:
    """Return ``text`` compiled, with ``line_end`` added; raises ExpressionProblem with the place of the fault."""
    literal = bytearray()
    holes: list[Hole] = []
    for piece in _pieces(text):
        if isinstance(piece, str):
            literal += piece.encode(encoding).replace(b"%", b"%%")
        else:
            hole = _hole(*piece, names)
            holes.append(hole)
            literal += hole.format if not _is_joined(hole) else b"%b"
    literal += line_end.encode(encoding).replace(b"%", b"%%")
    uses = frozenset[str]().union(*(hole.expression.uses for hole in holes))
    before = frozenset[str]().union(*(hole.expression.uses_previous for hole in holes))
    return Template(_encoder(bytes(literal), holes, names, encoding), uses, before)


def _pieces(text: str) -> Iterator[str | tuple[str, int]]:
    """Yield literal text and (hole, offset) in turn."""
    plain, at = "", 0
    while at < len(text):
        run = _PLAIN.match(text, at)
        if run or text[at : at + 2] in ("{{", "}}"):
            plain, at = (plain + run[0], run.end()) if run else (plain + text[at], at + 2)
        elif text[at] == "{":
            close = text.find("}", at)
            if close < 0:
                raise _unpaired("a hole is not closed", text[at:], "a `}`, or `{{`", at, len(text) - at)
            inner = text[at + 1 : close]
            if plain.endswith("$") and inner in _STARTING:
                what = "a dollar sign would be sent too: `${...}` is for `command`"
                raise ExpressionProblem(what, f"${{{inner}}}", f"`{{{inner}}}`", "", at - 1, close + 2 - at)
            if plain:
                yield plain
            yield inner, at + 1
            plain, at = "", close + 1
        else:
            raise _unpaired("a `}` without its `{`", "}", "`}}`", at, 1)
    if plain:
        yield plain


def _unpaired(what: str, found: str, expected: str, at: int, length: int) -> ExpressionProblem:
    return ExpressionProblem(what, found, f"{expected} for the character itself", "", at, length)


def _hole(inner: str, offset: int, names: Names) -> Hole:
    source, colon, spec = inner.partition(":")
    try:
        expression = parse(source, names)
    except ExpressionProblem as problem:
        problem.offset += offset
        raise
    try:
        return Hole(expression, *_printf(spec, expression.kind))
    except ValueError as error:
        where = offset + len(source) + len(colon)
        raise ExpressionProblem(str(error), spec, _formats(expression.kind), "", where, max(1, len(spec))) from error


def _formats(kind: Kind) -> str:
    if kind in (Kind.INTEGER, Kind.FLAG):
        return "`d`, `04d`, `x`, `.2f`"
    return "`s`, `10s`" if kind is Kind.TEXT else "`.2f`, `08.3f`, `.6e`, `g`; `.0f` for a whole number"


def _printf(spec: str, kind: Kind) -> tuple[bytes, bool]:
    """Return the ``%`` format for ``spec``; ValueError says why it does not fit a value of ``kind``."""
    match = _FORMAT.fullmatch(spec)
    if match is None or kind in (Kind.GRID, Kind.ARRAY):
        raise ValueError("not a format" if match is None else f"{kind.value} cannot be sent")
    letter = match["kind"] or _default(kind, bool(match["precision"]))
    if letter in _WHOLE and kind not in (Kind.INTEGER, Kind.FLAG):
        raise ValueError(f"`{letter}` prints whole numbers only, this is {kind.value}")
    if (letter in _REAL and kind is Kind.TEXT) or (letter == "s" and kind is not Kind.TEXT):
        raise ValueError(f"`{letter}` does not print {kind.value}")
    if letter not in _WHOLE + _REAL + "sr":
        raise ValueError(f"`{letter}` is no format")
    flags = match["flags"].replace("<", "-").replace(">", "")
    plain = {"D": "E", "s": "b", "r": "a"}.get(letter, letter)
    return f"%{flags}{match['width']}{match['precision']}{plain}".encode(), letter == "D"


def _default(kind: Kind, precise: bool) -> str:
    if kind is Kind.TEXT:
        return "s"
    if kind in (Kind.INTEGER, Kind.FLAG) and not precise:
        return "d"
    return "g" if precise else "r"


def _is_joined(hole: Hole) -> bool:
    return hole.expression.kind in (Kind.VECTOR, Kind.TEXT) or hole.fortran


def _value(hole: Hole, encoding: str) -> Callable[[Row, Row], object]:
    evaluate, template = hole.expression.evaluate, hole.format
    if hole.expression.kind is Kind.TEXT:
        return _text_value(hole, encoding)
    if hole.expression.kind is Kind.VECTOR:
        return lambda row, previous: b" ".join([template % value for value in evaluate(row, previous)])
    if hole.fortran:
        return lambda row, previous: (template % evaluate(row, previous)).replace(b"E", b"D")
    return evaluate


def _text_value(hole: Hole, encoding: str) -> Callable[[Row, Row], object]:
    evaluate, template = hole.expression.evaluate, hole.format
    of_action = any(name.partition(".")[0] == "action" for name in hole.expression.uses)

    def value(row: Row, previous: Row) -> bytes:
        text: str = evaluate(row, previous)
        if not text.isprintable():
            kind: type[BridgeError] = ActionError if of_action else ParseError
            raise kind(
                f"`{hole.expression.text}` holds a character that cannot be sent",
                found=escaped(text),
                cure="send printable characters only: a line end or a control character would be a second command",
            )
        try:
            return template % text.encode(encoding)
        except UnicodeEncodeError as error:
            raise ActionError(
                f"`{hole.expression.text}` has a character that {encoding} lacks",
                found=escaped(text),
                cure="change `text: {encoding: ...}`",
            ) from error

    return value


def _encoder(literal: bytes, holes: Sequence[Hole], names: Names, encoding: str) -> Encode:
    """Return the fastest function that fills ``literal``."""
    if not holes:
        constant = literal.replace(b"%%", b"%")
        return lambda row, previous: constant
    if len(holes) == 1 and not _is_joined(holes[0]):
        return _single(literal, holes[0], names)
    values = [_value(hole, encoding) for hole in holes]

    def encode(row: Row, previous: Row) -> bytes:
        try:
            return literal % tuple([value(row, previous) for value in values])
        except (ArithmeticError, ValueError, TypeError, IndexError) as error:
            if isinstance(error, BridgeError):
                raise
            raise _blame(holes, row, previous, error) from error

    return encode


def _single(literal: bytes, hole: Hole, names: Names) -> Encode:
    slot = names.get(hole.expression.text.strip())
    index = -1 if slot is None else slot.index
    evaluate: Callable[[Row, Row], Any] = hole.expression.evaluate

    def of_slot(row: Row, previous: Row) -> bytes:
        try:
            return literal % row[index]
        except (TypeError, ValueError, OverflowError) as error:
            raise _blame([hole], row, previous, error) from error

    def of_expression(row: Row, previous: Row) -> bytes:
        try:
            sent: bytes = literal % evaluate(row, previous)
            return sent
        except (ArithmeticError, ValueError, TypeError, IndexError) as error:
            raise _blame([hole], row, previous, error) from error

    return of_slot if index >= 0 else of_expression


def _blame(holes: Sequence[Hole], row: Row, previous: Row, error: Exception) -> BridgeError:
    """Return the error of the first hole that cannot be filled."""
    for hole in holes:
        try:
            value = hole.expression.evaluate(row, previous)
            if value is None:
                break
        except (ArithmeticError, ValueError, TypeError, IndexError) as cause:
            return failure(hole.expression, row, previous, cause, "send")
    else:
        hole = holes[0]
    return ParseError(
        f"`{hole.expression.text}` cannot be sent",
        found=str(error),
        cure="it may have no value yet: give the field a `default`",
    )
