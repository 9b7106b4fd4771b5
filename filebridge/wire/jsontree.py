"""A JSON document of which only some leaves vary: cut once at load time into one text with holes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from math import isfinite
from operator import itemgetter
from typing import Any

from filebridge.errors import ActionError, BridgeError, escaped
from filebridge.wire.blame import FAILURES, blame
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Expression, Kind, parse, together

__all__ = ["compile_json"]

Row = list[object]
Path = tuple[str | int, ...]
Parse = Callable[[str, Path], "Expression | None"]
Write = Callable[[Any], str]

_FAILURES = (*FAILURES, AttributeError)  # the last of an array that is not there yet

_plain = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Hole:
    """A leaf that varies: ``shown`` gives its value in a form that ``format`` prints, or that ``write`` makes text."""

    expression: Expression
    shown: Expression
    format: str
    write: Write | None = None


@dataclass(slots=True)
class _Pieces:
    """The document so far: literal text, for ``%``, and its holes; ``whole`` is false once a leaf was refused."""

    literal: list[str] = field(default_factory=list)
    holes: list[_Hole] = field(default_factory=list)
    whole: bool = True


def compile_json(tree: Any, expression: Parse, line_end: str, encoding: str, label: str) -> Template | None:
    """Return ``tree`` as the template of one line of compact JSON, ``line_end`` behind it.

    Texts in it are expressions, which ``expression`` makes of them and their path; where one gives None so does this.
    What is not ASCII is written as an escape. ``encode`` raises ActionError for a number that JSON does not have,
    ParseError for a field without a value, ExpressionError for an expression that fails; ``label`` is named there.
    """
    pieces = _Pieces()
    _walk(tree, (), expression, pieces)
    if not pieces.whole:
        return None
    holes = pieces.holes
    used = [hole.expression for hole in holes]
    encode = _encoder("".join([*pieces.literal, line_end.replace("%", "%%")]), holes, encoding, label)
    uses = frozenset[str]().union(*(each.uses for each in used))
    return Template(encode, uses, frozenset[str]().union(*(each.uses_previous for each in used)))


def _walk(tree: Any, path: Path, expression: Parse, pieces: _Pieces) -> None:
    literal = pieces.literal
    if isinstance(tree, str):
        _leaf(tree, path, expression, pieces)
    elif isinstance(tree, dict):
        for number, (key, value) in enumerate(tree.items()):
            literal.append(f"{',' if number else '{'}{_escaped(_plain(str(key)))}:")
            _walk(value, (*path, key), expression, pieces)
        literal.append("}" if tree else "{}")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            literal.append("," if number else "[")
            _walk(value, (*path, number), expression, pieces)
        literal.append("]" if tree else "[]")
    else:
        literal.append(_plain(tree))


def _leaf(text: str, path: Path, expression: Parse, pieces: _Pieces) -> None:
    parsed = expression(text, path)
    if parsed is None:
        pieces.whole = False
        return
    hole = _hole(parsed)
    if not parsed.uses and not parsed.uses_previous:
        # A constant is a part of the document already.
        pieces.literal.append(_escaped(_encoder(hole.format, [hole], "ascii", "")([], []).decode()))
        return
    pieces.literal.append(hole.format)
    pieces.holes.append(hole)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _hole(expression: Expression) -> _Hole:
    """Return how the value is written; numbers and flags by the expression itself, which is cheapest."""
    text, names = expression.text, expression.names
    if expression.kind is Kind.INTEGER:
        return _Hole(expression, expression, "%d")
    if expression.kind is Kind.NUMBER:
        # A number may be a flag or a whole number at times; the difference is a float, and keeps the sign of -0.0.
        return _Hole(expression, parse(f"({text}) - 0.0", names), "%r")
    if expression.kind is Kind.FLAG:
        # The sum refuses a flag that has no value yet, which would pass for false.
        return _Hole(expression, parse(f"'true' if ({text}) + 0 else 'false'", names), "%s")
    writes: dict[Kind, Write] = {Kind.TEXT: encode_basestring_ascii, Kind.VECTOR: _vector}
    return _Hole(expression, expression, "%s", writes.get(expression.kind, _array))


def _vector(values: Sequence[Any]) -> str:
    text = repr([*values]).replace(" ", "")
    # A sum tells NaN and infinity, the letters tell flags and NumPy's numbers: all of these are rare.
    if isfinite(sum(values)) and "r" not in text and "l" not in text:
        return text
    return _plain([value.item() if hasattr(value, "item") else value for value in values])


def _array(value: Any) -> str:
    return _plain(value.tolist())


def _encoder(literal: str, holes: list[_Hole], encoding: str, label: str) -> Callable[[Row, Row], bytes]:
    """Return the fastest function that fills ``literal``."""
    if not holes:
        constant = literal.replace("%%", "%").encode(encoding)
        return lambda row, previous: constant
    evaluate = together([hole.shown for hole in holes])
    written = [(index, hole.write) for index, hole in enumerate(holes) if hole.write is not None]
    floats = [index for index, hole in enumerate(holes) if hole.expression.kind is Kind.NUMBER]
    finite = _finite(floats, len(holes))

    def encode(row: Row, previous: Row) -> bytes:
        try:
            values = evaluate(row, previous)
            if finite is not None and not finite(values):
                raise ValueError("not finite")
            if written:
                texts = [*values]
                for index, write in written:
                    texts[index] = write(texts[index])
                values = tuple(texts)
            text = literal % values
        except _FAILURES as error:
            raise _blame(holes, row, previous, error, label) from error
        return text.encode(encoding)

    return encode


def _finite(floats: list[int], count: int) -> Callable[[Sequence[Any]], bool] | None:
    """Return what tells whether the values at ``floats`` are all finite; None where there are none."""
    if not floats:
        return None
    if len(floats) == 1:
        only = floats[0]
        return lambda values: isfinite(values[only])
    chosen = None if len(floats) == count else itemgetter(*floats)

    def finite(values: Sequence[Any]) -> bool:
        numbers = values if chosen is None else chosen(values)
        # The sum of finite numbers may be infinite too.
        return isfinite(sum(numbers)) or all(map(isfinite, numbers))

    return finite


def _blame(holes: list[_Hole], row: Row, previous: Row, error: Exception, label: str) -> BridgeError:
    """Return the error of the first hole that cannot be filled."""
    expressions = [hole.expression for hole in holes]
    for expression in expressions:
        try:
            value = expression.evaluate(row, previous)
            numbers = _numbers(expression.kind, value)
            odd = next((number for number in numbers if not isfinite(number)), None)
        except _FAILURES:
            break
        if odd is not None:
            text = expression.text
            guard = f"write {text} if abs({text}) < inf else 0" if expression.kind is Kind.NUMBER else ""
            what = f"{label}: `{text}` is {odd}, which JSON does not have"
            return ActionError(what, found=escaped(repr(value), 200), cure=guard or "send finite numbers only")
    return blame(expressions, row, previous, error, label)


def _numbers(kind: Kind, value: Any) -> Sequence[Any]:
    if kind is Kind.NUMBER:
        return [value]
    if kind is Kind.VECTOR:
        return list(value)
    return value.reshape(-1).tolist() if kind is Kind.ARRAY else ()
