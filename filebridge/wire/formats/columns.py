"""Columns of a line: counted by white space or a separator (`column`, `columns`), or by characters (`chars`).

Six numbers on a line are what most simulators say at each step, so `columns: 1..6` has a road of its own here, which
costs little more than Python's `split` and `float`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import KINDS, conversion, source_bytes
from filebridge.wire.formats.header import has_header, header_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["cells_reading", "reader"]

_SHOWN = 200
_Line = Callable[[bytes], bytes | None]
_Cells = Callable[[bytes], list[bytes]]
_Conversion = Callable[[bytes], Any]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `column`, `columns` or `chars` field; a blank or missing line has no value.

    Reading raises ParseError where the line has too few columns or what stands in one is not of the field's type, and
    DecodeError. Raises FieldProblem for keys that no line could satisfy.
    """
    if field.line == 0:
        raise FieldProblem("line", "there is no line 0", found="0", expected="1 for the first line, -1 for the last")
    line_of = _line(field.line)
    if field.chars is not None:
        return _chars_reading(name, field, text, line_of)
    cells_of = _cells(name, field, text)
    if has_header(field):
        return header_reading(
            name, field, text, cells_of, lambda numbered, cells: cells_reading(name, numbered, text, line_of, cells)
        )
    reading = cells_reading(name, field, text, line_of, cells_of)
    if _has_fast_road(field, text):
        return Reading(_leading_floats(reading.length, field.line == -1, reading.read), Kind.VECTOR, reading.length)
    return reading


def cells_reading(name: str, field: FieldModel, text: Text, line_of: _Line, cells_of: _Cells) -> Reading:
    """Return the reading of one cell or of several cells of a line, as the `column` or `columns` of ``field`` say.

    Where the field is a table, those of the table are meant. ``line_of`` finds the line in a message, or None;
    ``cells_of`` cuts it. Raises FieldProblem for columns that there cannot be.
    """
    place = field if field.table is None else field.table
    word = field.type or "float"
    convert, kind = conversion(name, word, field, text), KINDS[word]
    if place.columns is None:
        return Reading(_one_cell(name, int(place.column or 1) - 1, line_of, cells_of, convert), kind)
    if kind not in (Kind.NUMBER, Kind.INTEGER):
        expected = "float, int, hex or octal"
        raise FieldProblem("type", f"several columns are numbers, not {kind.value}", expected=expected)
    quick = float if word == "float" and text.decimal == "." else convert
    read = _several_cells(name, [int(number) for number in place.columns], line_of, cells_of, (quick, convert))
    return Reading(read, Kind.VECTOR, len(place.columns))


def _line(number_of_line: int) -> _Line:
    if number_of_line == -1:
        return _last_line

    def from_top(message: bytes) -> bytes | None:
        lines = message.split(b"\n", number_of_line)
        return lines[number_of_line - 1] if len(lines) >= number_of_line else None

    def from_bottom(message: bytes) -> bytes | None:
        lines = message.rstrip().split(b"\n")
        return lines[number_of_line] if len(lines) >= -number_of_line else None

    return from_top if number_of_line > 0 else from_bottom


def _last_line(message: bytes) -> bytes:
    """Return the last line that is not blank, with the blanks at its end: they may be separators."""
    size = len(message.rstrip())
    end = message.find(b"\n", size)
    return message[message.rfind(b"\n", 0, size) + 1 : end if end >= 0 else len(message)]


def _has_fast_road(field: FieldModel, text: Text) -> bool:
    leading = field.columns is not None and field.columns == list(range(1, len(field.columns) + 1))
    usual = field.type in (None, "float") and text.decimal == "." and not field.separator
    return leading and usual and field.line in (1, -1)


def _leading_floats(count: int, last: bool, slow: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        cells = message.split()
        # One line, with its end or without: the only line end is the last byte, or there is none.
        if len(cells) != count or message.find(10, 0, -1) >= 0:
            cells = _line_cells(message)
            if len(cells) < count:
                return slow(message)
            del cells[count:]
        try:
            # float() takes `1_000`; the number 95 is an underscore, found by one call of memchr.
            return list(map(float, cells)) if 95 not in message else slow(message)
        except ValueError:
            return slow(message)

    def _line_cells(message: bytes) -> list[bytes]:
        if last:
            return message[message.rstrip().rfind(b"\n") + 1 :].split()
        return message.partition(b"\n")[0].split()

    return read


def _cells(name: str, field: FieldModel, text: Text) -> _Cells:
    if not field.separator:
        return bytes.split
    if field.separator == text.decimal:
        expected = "another separator, or another `text: {decimal: ...}`"
        raise FieldProblem("separator", "the decimal mark of numbers too", found=text.decimal, expected=expected)
    separator = source_bytes("separator", field.separator, text)

    def cells_of(line: bytes) -> list[bytes]:
        return line.split(separator) if 34 not in line else _quoted_cells(name, line, separator)

    return cells_of


def _quoted_cells(name: str, line: bytes, separator: bytes) -> list[bytes]:
    if len(separator) > 1:
        return line.split(separator)
    try:
        # Latin-1 gives each byte a character of its own, so that the cells come back as the bytes that they were.
        row = next(csv.reader([line.decode("latin-1")], delimiter=separator.decode("latin-1"), strict=True))
    except csv.Error as exc:
        what = f"field {name} stands in a line whose quotes do not match"
        cure = "expected a quotation mark on both sides of a field, and marks within it doubled"
        raise ParseError(what, found=escaped(line, 200), cure=cure) from exc
    return [cell.encode("latin-1") for cell in row]


def _one_cell(
    name: str, index: int, line_of: _Line, cells_of: _Cells, convert: _Conversion
) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        line = line_of(message)
        if line is None or not line.strip():
            return None
        cells = cells_of(line)
        if index >= len(cells):
            raise _too_few(name, index + 1, cells, line)
        cell = cells[index].strip()
        return convert(cell) if cell else None

    return read


def _several_cells(
    name: str, columns: Sequence[int], line_of: _Line, cells_of: _Cells, conversions: tuple[_Conversion, _Conversion]
) -> Callable[[bytes], Any]:
    last, (quick, convert) = max(columns), conversions
    # A getter of one item returns that item, not a tuple of one.
    chosen: Callable[[Any], Sequence[bytes]] = itemgetter(*[column - 1 for column in columns])
    if len(columns) == 1:
        chosen = itemgetter(slice(last - 1, last))

    def read(message: bytes) -> Any:
        line = line_of(message)
        if line is None or not line.strip():
            return None
        cells = cells_of(line)
        if last > len(cells):
            raise _too_few(name, last, cells, line)
        tokens = chosen(cells)
        try:
            vector = list(map(quick, tokens))
        except ValueError:
            return list(map(convert, tokens))
        return vector if 95 not in line else list(map(convert, tokens))

    return read


def _too_few(name: str, wanted: int, cells: list[bytes], line: bytes) -> ParseError:
    return ParseError(
        f"field {name} needs column {wanted}, but the line has {len(cells)}",
        found=escaped(line, 200),
        cure="check `line`, `separator` and the number of the column; use `find` where the layout changes",
    )


def _chars_reading(name: str, field: FieldModel, text: Text, line_of: _Line) -> Reading:
    first, last = field.chars or (1, 1)
    if first < 1:
        raise FieldProblem("chars", "characters are counted from 1", found=f"{first}..{last}", expected="`11..20`")
    place, encoding = slice(first - 1, last), clean_encoding(text.encoding)
    word = field.type or "float"
    convert = conversion(name, word, field, text)

    def read(message: bytes) -> Any:
        line = line_of(message)
        if line is None:
            return None
        if not line.isascii() and encoding == "utf-8":
            # A byte that is no text counts as one character here; where it is part of the value, it is refused below.
            token = line.decode(encoding, "surrogateescape")[place].encode(encoding, "surrogateescape").strip()
        else:
            token = line[place].strip()
        try:
            return convert(token) if token else None
        except ParseError as exc:
            raise _misplaced(exc, line, place, encoding) from exc

    return Reading(read, KINDS[word])



def _misplaced(error: ParseError, line: bytes, place: slice, encoding: str) -> ParseError:
    """Return ``error`` with the whole line, and carets below the characters that were read."""
    shown = line.decode(errors="surrogateescape")[:_SHOWN] if encoding == "utf-8" else line[:_SHOWN]
    before, within = (len(escaped(part)) for part in (shown[: place.start], shown[place]))
    carets = " " * (len("  found: ") + before) + "^" * max(within, 1)
    span = f"{place.start + 1}..{place.stop}"
    cure = f"{error.cure}; the carets show `chars: {span}`: move the range if the value stands elsewhere"
    return ParseError(f"{error.what}: {error.found}", found=f"{escaped(shown)}\n{carets}", cure=cure)
