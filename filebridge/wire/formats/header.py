"""Columns by the names that a line of the message gives them, as CSV files and tables with a header have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.formats.conversion import source_bytes
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["has_header", "header_reading"]

_Cells = Callable[[bytes], list[bytes]]
_Numbered = Callable[[FieldModel, _Cells], Reading]


def has_header(field: FieldModel) -> bool:
    """Return whether the table that ``field`` is a column of has a line with names."""
    named = isinstance(field.column, str) or any(isinstance(column, str) for column in field.columns or ())
    return named or field.header is not None


def header_reading(name: str, field: FieldModel, text: Text, cells_of: _Cells, numbered: _Numbered) -> Reading:
    """Return the reading of columns by name; what the names mean is worked out again only where the header changes.

    ``cells_of`` cuts a line, ``numbered`` compiles a field whose columns are numbers. Neither the header's line nor one
    above it has values. Reading raises ParseError for a name that the header lacks or has twice, and, between blanks,
    for a line with more or fewer columns than the header. Raises FieldProblem for a line that is not below the header.
    """
    names, number = _Names(name, field, text, cells_of), field.header or 1
    if 0 < field.line <= number:
        expected = f"at least {number + 1}, or -1 for the last"
        raise FieldProblem("line", "not below the header", found=str(field.line), expected=expected)

    def compiled(header: bytes) -> Callable[[bytes], Any]:
        numbers, count = names.numbers(header)
        return numbered(_with(field, numbers), cells_of if field.separator else _counted(name, count, cells_of)).read

    form = numbered(_with(field, list(range(1, len(field.columns or "1") + 1))), cells_of)
    from_top = field.line > 0
    known: tuple[bytes, Callable[[bytes], Any]] = (b"", form.read)

    def read(message: bytes) -> Any:
        nonlocal known
        start, end = _span(message, number)
        header = message[start:end]
        # The pair is replaced as a whole, so that two threads at worst compile twice.
        header_known, read_line = known
        if header != header_known or not header:
            if not header.strip():
                return None
            read_line = compiled(header)
            known = header, read_line
        return read_line(message if from_top else message[end:])

    def missing(message: bytes) -> str:
        start, end = _span(message, number)
        blank = f"line {number}, which should name the columns, is blank or missing"
        return "" if message[start:end].strip() else blank

    return Reading(read, form.kind, form.length, missing=missing)


def _with(field: FieldModel, numbers: list[int]) -> FieldModel:
    update = {"column": numbers[0]} if field.columns is None else {"columns": numbers}
    return field.model_copy(update={**update, "header": None})


def _span(message: bytes, number: int) -> tuple[int, int]:
    """Return where this line of ``message`` begins and ends; both are its length where it has fewer lines."""
    start = 0
    for _ in range(number - 1):
        start = message.find(b"\n", start) + 1
        if not start:
            return len(message), len(message)
    end = message.find(b"\n", start)
    return start, len(message) if end < 0 else end


class _Names:
    """Tells the numbers of the columns of the field ``name`` from a header.

    A mark of a comment in front of the names (`# time vend`) is no column, and blanks around a name do not count.
    """

    def __init__(self, name: str, field: FieldModel, text: Text, cells_of: _Cells) -> None:
        self._name = name
        self._key = "column" if field.columns is None else "columns"
        self._columns = [field.column or 1] if field.columns is None else field.columns
        self._codes = {
            column: source_bytes(self._key, column.strip(), text) for column in self._columns if isinstance(column, str)
        }
        self._cells_of = cells_of
        self._encoding = clean_encoding(text.encoding)

    def numbers(self, header: bytes) -> tuple[list[int], int]:
        """Return the numbers of the columns, counted from 1, and how many columns the header names."""
        names = [cell.strip() for cell in self._cells_of(header.lstrip().removeprefix(b"#"))]
        numbers = [
            column if isinstance(column, int) else self._number(column, names, header) for column in self._columns
        ]
        return numbers, len(names)

    def _number(self, column: str, names: list[bytes], header: bytes) -> int:
        times = names.count(self._codes[column])
        if times == 1:
            return names.index(self._codes[column]) + 1
        if times:
            what, cure = f"names {times} columns", f"give the number of the column in `{self._key}` instead"
        else:
            known = [name.decode(self._encoding, "backslashreplace") for name in names]
            near = nearest(column, known)
            what = "names no column"
            cure = (f"did you mean `{escaped(near, 80)}`? " if near else "") + f"it names {_listed(known)}"
        what = f"field {self._name}: the header {what} `{escaped(column, 80)}`"
        raise ParseError(what, found=escaped(header, 400), cure=cure)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{escaped(name, 40)}`" for name in names[:20]) + (", ..." if len(names) > 20 else "")


def _counted(name: str, count: int, cells_of: _Cells) -> _Cells:
    """Return what cuts a line at its blanks; a name or a cell with a blank in it would shift the others."""

    def counted(line: bytes) -> list[bytes]:
        cells = cells_of(line)
        if len(cells) == count:
            return cells
        raise ParseError(
            f"field {name} stands in a line of {len(cells)} columns, but the header names {count}",
            found=escaped(line, 400),
            cure="give the number of the column where names or cells hold blanks, or the `separator` between them;"
            " a line that is none of the table: end the block above it, `within: {before: ...}`, or correct `line`",
        )

    return counted
