"""A block of characters, each of which stands for a small number: mazes, maps, boards (`grid`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from filebridge.config.field import FieldModel
from filebridge.config.places import Grid
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError, escaped
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.conversion import source_bytes
from filebridge.wire.formats.heading import counted_from, finder, other_place
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_Lines = Callable[[bytes], list[bytes] | None]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `grid`: an array of uint8 of the shape (rows, columns), new at each read.

    The grid is below the last line that has the text of `after`, above the last one that has the text of `before`
    (with `pick: first` the first one), or the end of the message without either. Of a board that is drawn with rules,
    `row_step`, `column_step` and `first_column` say which characters count. With `first_row` it begins at that row of
    the message, a full screen say. Shorter lines are filled with blanks, longer ones cut. A message without the
    heading, or a blank one, has no grid. Reading raises ParseError for too few lines and for a character that is not in
    the legend. Raises FieldProblem for a legend with more than one character to a number, or with a number that is no
    byte, for more than one place, and for a `pick` of several.
    """
    grid = field.grid
    if grid is None:
        raise FieldProblem("grid", "missing", expected="`grid: {legend: ..., rows: ..., columns: ...}`")
    for character, value in grid.legend.items():
        if len(character) != 1:
            expected = "each character of the legend by itself"
            raise FieldProblem("grid", "not a single character", found=character, expected=expected)
        if not 0 <= value <= 255:
            expected = "numbers from 0 to 255"
            raise FieldProblem("grid", f"the legend's number for {character}", found=str(value), expected=expected)
    _refuse_places(grid, field.pick)
    shape = (grid.rows, grid.columns)
    return Reading(_read(name, grid, text, field.pick), Kind.GRID, grid.rows * grid.columns, shape)


def _refuse_places(grid: Grid, pick: str) -> None:
    finder(pick)
    given = [f"`{key}`" for key in ("after", "before", "first_row") if getattr(grid, key) is not None]
    if len(given) > 1:
        what = "a line above and a line below" if grid.first_row is None else "a place given twice"
        raise FieldProblem("grid", what, found=" and ".join(given), expected="one of them")


def _read(name: str, grid: Grid, text: Text, pick: str) -> Callable[[bytes], Any]:
    single = clean_encoding(text.encoding) != "utf-8"
    by_bytes, by_characters = _by_bytes(name, grid, text), _by_characters(name, grid, text)
    first, shape, frombuffer = grid.first_row, (grid.rows, grid.columns), numpy.frombuffer
    lines_of = _lines(name, grid, text, pick) if first is None else _lines_from(name, grid, first)

    def read(message: bytes) -> Any:
        lines = lines_of(message)
        if lines is None:
            return None
        numbers = by_bytes(lines) if single or message.isascii() else by_characters(lines)
        # Through a bytearray, because an array over bytes could not be written to.
        return frombuffer(bytearray(numbers), numpy.uint8).reshape(shape)

    return read


def _lines(name: str, grid: Grid, text: Text, pick: str) -> _Lines:
    """Return what finds the lines that hold the rows."""
    mark, step, find = grid.after or grid.before, grid.row_step, finder(pick)
    # The last row needs no ruled line below it, unless that line is what the place is counted from.
    high = grid.rows * step if grid.before is not None else (grid.rows - 1) * step + 1
    heading = None if mark is None else source_bytes("grid", mark, text)
    # Where a blank is a character of the grid, a message of blanks is one.
    ends = b"\n" if " " in grid.legend else None

    def below(message: bytes) -> list[bytes] | None:
        place = find(message, heading or b"")
        if place < 0:
            return None
        lines = message[place:].removesuffix(b"\n").split(b"\n", high + 1)[1 : high + 1]
        return lines[::step] if len(lines) == high else refuse(lines, message, place)

    def above(message: bytes) -> list[bytes] | None:
        place = find(message, heading or b"")
        if place < 0:
            return None
        lines = message[:place].rsplit(b"\n", high + 1)[-high - 1 : -1]
        return lines[::step] if len(lines) == high else refuse(lines, message, place)

    def at_end(message: bytes) -> list[bytes] | None:
        if not message.strip(ends):
            return None
        lines = message.removesuffix(b"\n").rsplit(b"\n", high)[-high:]
        return lines[::step] if len(lines) == high else refuse(lines, message)

    def refuse(lines: list[bytes], message: bytes, place: int = -1) -> list[bytes]:
        where, cure = "", "check `rows` and `after`, and that the reply is read to its end"
        if mark is not None and place >= 0:
            where = " " + counted_from("above" if grid.before is not None else "below", mark, message, place, pick)
            other = other_place(heading or b"", message, pick)
            cure += other + (", `before` from the line below the grid" if other and grid.after is not None else "")
        raise ParseError(
            f"field {name} needs {high} lines, but there are {len(lines)}{where}",
            found=escaped(message, 400),
            cure=cure,
        )

    return at_end if mark is None else above if grid.before is not None else below


def _lines_from(name: str, grid: Grid, first_row: int) -> _Lines:
    """Return what finds the lines that hold the rows where the grid has a fixed place."""
    above, step = first_row - 1, grid.row_step
    high = (grid.rows - 1) * step + 1
    ends = b"\n" if " " in grid.legend else None

    def at_row(message: bytes) -> list[bytes] | None:
        if not message.strip(ends):
            return None
        lines = message.removesuffix(b"\n").split(b"\n", above + high)[above : above + high]
        if len(lines) == high:
            return lines[::step]
        raise ParseError(
            f"field {name} needs {high} lines from row {first_row} on, but there are {len(lines)}",
            found=escaped(message, 400),
            cure="check `rows` and `first_row`, and that the reply is read to its end",
        )

    return at_row


def _part(grid: Grid) -> slice:
    """Return the characters of a line that are its columns."""
    first = grid.first_column - 1
    return slice(first, first + (grid.columns - 1) * grid.column_step + 1, grid.column_step)


def _by_bytes(name: str, grid: Grid, text: Text) -> Callable[[list[bytes]], bytes]:
    columns, part, encoding, legend = grid.columns, _part(grid), clean_encoding(text.encoding), bytearray(256)
    known = [source_bytes("grid", character, text) for character in grid.legend]
    for code, value in zip(known, grid.legend.values(), strict=True):
        # Longer codes are those of characters which never stand in a message of ASCII.
        if len(code) == 1:
            legend[code[0]] = value
    numbers, listed = bytes(legend), b"".join(code for code in known if len(code) == 1)

    def translate(lines: list[bytes]) -> bytes:
        block = b"".join([line[part].ljust(columns) for line in lines])
        unknown = block.translate(None, listed)
        if unknown:
            place = block.index(unknown[:1])
            raise _unknown(name, place // columns, place % columns, unknown[:1].decode(encoding, "backslashreplace"))
        return block.translate(numbers)

    return translate


def _by_characters(name: str, grid: Grid, text: Text) -> Callable[[list[bytes]], bytes]:
    columns, part, encoding, errors = grid.columns, _part(grid), clean_encoding(text.encoding), text.errors
    numbers, listed = str.maketrans({key: chr(value) for key, value in grid.legend.items()}), frozenset(grid.legend)

    def translate(lines: list[bytes]) -> bytes:
        try:
            block = "".join([line.decode(encoding, errors)[part].ljust(columns) for line in lines])
        except UnicodeDecodeError as exc:
            what, found = f"field {name} is no text in {encoding}", escaped(exc.object, 200)
            cure = "say with `text: {encoding: ...}` what the simulator prints, or set `errors: replace` there"
            raise DecodeError(what, found=found, cure=cure) from exc
        if not listed.issuperset(block):
            place = next(place for place, character in enumerate(block) if character not in listed)
            raise _unknown(name, place // columns, place % columns, block[place])
        return block.translate(numbers).encode("latin-1")

    return translate


def _unknown(name: str, row: int, column: int, character: str) -> ParseError:
    shown = "a blank" if character == " " else escaped(character)
    return ParseError(
        f"field {name} has a character in row {row + 1}, column {column + 1} that is not in its legend",
        found=shown,
        cure="add it to `legend`; check `rows`, `columns` and where the grid begins if it is not part of it",
    )
