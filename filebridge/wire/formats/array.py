"""All numbers of a large table of text, as an array (`array`).

Large tables are read by numpy's own parser. What it refuses, small tables, and numbers as only Fortran prints them are
read row by row, which finds the line at fault.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter, methodcaller
from typing import Any

import numpy

from filebridge.config.field import FieldModel
from filebridge.config.places import Array
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.arrays import dimensions, frozen, is_whole, mismatch, shown
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import conversion, source_bytes
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_MANY = 500
"""From so many numbers on the start of numpy's parser, some 20 us, is worth it."""

_UNDERSCORE = ord("_")
_SEPARATORS = ("", ",", ";", "|", ":", "\t")
_BEGINNING = re.compile(rb"^[ \t]*[-+.0-9]", re.MULTILINE)
_CURE = ", or see `skip`, `comments`, `columns` and `separator`"

_Tokens = Sequence[bytes]
_Parse = Callable[[bytes], Any]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of an `array` of the field's `shape`, or of `size` numbers in one dimension.

    The last number of the shape counts the columns of each line, the others together the lines; an array of one
    dimension may be cut into lines in any way. Blank lines do not count. A message that ends before the first row
    has no value. Reading raises ParseError for another shape and for what is no number of the field's type, with the
    line, counted from 1. Raises FieldProblem for keys that no table could satisfy.
    """
    if field.array is None:
        raise FieldProblem("array", "missing", expected="`array: {}`, with a `shape`")
    shape, whole = dimensions(field), is_whole(field)
    if not shape:
        raise FieldProblem("array", "of no known size", expected="`shape: [rows, columns]`, or `size`")
    columns = field.array.columns
    if columns and len(shape) > 1 and shape[-1] != len(columns):
        found, expected = str(list(shape)), f"{len(columns)} as its last number: `columns` names so many"
        raise FieldProblem("shape", "not as many columns as `columns`", found=found, expected=expected)
    body_of, quick, skip = _body(field.array, text), _quick(field, text, shape), field.array.skip
    exact = _Rows(name, field, text, shape, whole).array

    def read(message: bytes) -> Any:
        body = body_of(message)
        if body is None:
            return None
        array = None if quick is None else quick(body)
        return frozen(exact(message, body) if array is None else array)

    def missing(message: bytes) -> str:
        return f"no row is left behind {skip} lines" if skip else "no row"

    return Reading(read, Kind.ARRAY, math.prod(shape), shape, missing=missing, whole=whole)


def _body(place: Array, text: Text) -> Callable[[bytes], bytes | None]:
    """Return what cuts the rows out of a message, without comments; their lines stay, for the sake of their numbers."""
    mark, skip = source_bytes("array", place.comments, text), place.skip
    comment = re.compile(re.escape(mark) + rb"[^\n]*")

    def body_of(message: bytes) -> bytes | None:
        if skip:
            lines = message.split(b"\n", skip)
            message = lines[skip] if len(lines) > skip else b""
        if mark and mark in message:
            message = comment.sub(b"", message)
        return message if message and not message.isspace() else None

    return body_of


def _quick(field: FieldModel, text: Text, shape: tuple[int, ...]) -> _Parse | None:
    """Return numpy's parser, which gives None for all that is not exactly as it should be; None where it is no help."""
    count, chosen = math.prod(shape), field.array.columns if field.array is not None else None
    if count < _MANY or field.separator not in _SEPARATORS or field.type == "int":
        return None
    columns = [column - 1 for column in chosen] if chosen else None
    rows = (math.prod(shape[:-1]), shape[-1])
    table, comma = _table(text), text.decimal == ","

    def parse(body: bytes) -> Any:
        # Of a text without any number numpy says so by a warning.
        if (comma and 46 in body) or not _BEGINNING.search(body) or (len(shape) == 1 and _ends_short(body)):
            return None
        lines = io.BytesIO(body.translate(table) if comma or 68 in body or 100 in body else body)
        try:
            array = numpy.loadtxt(
                lines, comments=None, delimiter=field.separator or None, usecols=columns, ndmin=2, encoding="ascii"
            )
        except ValueError:
            return None
        fits = array.shape == rows if len(shape) > 1 else array.size == count
        return array.reshape(shape) if fits else None

    return parse


def _table(text: Text) -> bytes:
    """Return what makes Fortran's exponents, and commas where they are decimal marks, such as Python knows."""
    return bytes.maketrans(b"dDqQ,", b"eEeE.") if text.decimal == "," else bytes.maketrans(b"dDqQ", b"eEeE")


def _ends_short(body: bytes) -> bool:
    """Return whether the last line is not as long as the first one, as where numbers are written ten to a line."""
    body = body.strip()
    return len(body[: body.find(b"\n") + 1].split()) != len(body[body.rfind(b"\n") :].split())


class _Rows:
    """The exact way: lines cut into tokens, each converted as everywhere else."""

    def __init__(self, name: str, field: FieldModel, text: Text, shape: tuple[int, ...], whole: bool) -> None:
        columns = field.array.columns if field.array is not None else None
        self._name = name
        self._shape = shape
        self._dtype = numpy.int64 if whole else numpy.float64
        self._plain: Callable[[bytes], Any] = int if whole else float
        self._comma = text.decimal == ","
        self._pointed = methodcaller("translate", _table(text))
        self._convert = conversion(name, "int" if whole else "float", field, text)
        self._row = _row(_cells(field, text), columns)
        self._flat = len(shape) == 1 and not columns and not field.separator

    def array(self, message: bytes, body: bytes) -> Any:
        """Return the array in ``body``, the end of ``message``; raises ParseError."""
        if not self._flat:
            tokens = self._checked(message, body)
        else:
            tokens = body.split()
            if len(tokens) != self._shape[0]:
                raise mismatch(self._name, (len(tokens),), self._shape, _CURE)
        # float() and int() take `1_000`, which no program prints on purpose.
        plain = None if _UNDERSCORE in body or (self._comma and 46 in body) else self._plainly(tokens)
        array = self._converted(message, body, tokens) if plain is None else plain
        return array.reshape(self._shape)

    def _plainly(self, tokens: _Tokens) -> Any:
        """Return the numbers of ``tokens``, None where there is one that Python does not know."""
        try:
            return numpy.fromiter(map(self._plain, tokens), self._dtype, len(tokens))
        except (ValueError, OverflowError):
            pass  # Fortran's D perhaps
        try:
            return numpy.fromiter(map(self._plain, map(self._pointed, tokens)), self._dtype, len(tokens))
        except (ValueError, OverflowError):
            return None

    def _converted(self, message: bytes, body: bytes, tokens: _Tokens) -> Any:
        try:
            return numpy.array(list(map(self._convert, tokens)), self._dtype)
        except ParseError:
            for number, line in self._lines(message, body):
                self._try(number, line)
            raise

    def _try(self, number: int, line: bytes) -> None:
        try:
            for token in self._row(line):
                self._convert(token)
        except ParseError as exc:
            raise ParseError(f"{exc.what}, in line {number}", found=exc.found, cure=exc.cure) from exc

    def _checked(self, message: bytes, body: bytes) -> _Tokens:
        """Return the tokens of all rows, where their numbers are those of the shape."""
        try:
            rows = [self._row(line) for line in body.split(b"\n") if line and not line.isspace()]
        except IndexError as exc:
            raise self._short(message, body) from exc
        lengths, shape = set(map(len, rows)), self._shape
        if len(shape) > 1:
            if len(lengths) > 1:
                raise self._ragged(message, body, shape[-1])
            found: tuple[int, ...] = (len(rows), *lengths)
            fits = found == (math.prod(shape[:-1]), shape[-1])
        else:
            found = (sum(map(len, rows)),)
            fits = found == shape
        if not fits:
            raise mismatch(self._name, found, shape, _CURE)
        return list(chain.from_iterable(rows))

    def _short(self, message: bytes, body: bytes) -> ParseError:
        for number, line in self._lines(message, body):
            try:
                self._row(line)
            except IndexError:  # noqa: PERF203  # on the way to an error
                what = f"field {self._name} lacks a column in line {number}"
                return ParseError(what, found=escaped(line, 200), cure="see `columns`, `skip` and `separator`")
        raise AssertionError("no line is short")

    def _ragged(self, message: bytes, body: bytes, wanted: int) -> ParseError:
        rows = [(number, line, len(self._row(line))) for number, line in self._lines(message, body)]
        number, line, held = next(row for row in rows if row[2] != wanted)
        what = f"field {self._name} has {held} in line {number}, not {wanted} as in an array of {shown(self._shape)}"
        return ParseError(what, found=escaped(line, 200), cure="see `shape`, `skip`, `comments` and `separator`")

    def _lines(self, message: bytes, body: bytes) -> list[tuple[int, bytes]]:
        """Return the rows, each with the number of its line in the message."""
        lines = body.split(b"\n")
        first = message.count(10) - len(lines) + 2
        return [(first + number, line) for number, line in enumerate(lines) if line and not line.isspace()]


def _row(cells_of: Callable[[bytes], list[bytes]], columns: Sequence[int] | None) -> Callable[[bytes], _Tokens]:
    """Return what cuts a line into the tokens that count; a column that it lacks is an IndexError."""
    if columns is None:
        return cells_of
    if len(columns) == 1:
        only = columns[0] - 1
        return lambda line: (cells_of(line)[only],)
    chosen = itemgetter(*[column - 1 for column in columns])
    return lambda line: chosen(cells_of(line))


def _cells(field: FieldModel, text: Text) -> Callable[[bytes], list[bytes]]:
    if not field.separator:
        return bytes.split
    if field.separator == text.decimal:
        expected = "another separator, or another `text: {decimal: ...}`"
        raise FieldProblem("separator", "the decimal mark of numbers too", found=text.decimal, expected=expected)
    separator = source_bytes("separator", field.separator, text)

    def cells_of(line: bytes) -> list[bytes]:
        cells = line.split(separator)
        # Many programs print a separator behind each number, the last one too.
        if len(cells) > 1 and not cells[-1].strip():
            del cells[-1]
        return cells

    return cells_of
