"""A place in a table below a heading, as listings of solvers have them (`table`)."""

from __future__ import annotations

from collections.abc import Callable

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.formats.columns import cells_reading
from filebridge.wire.formats.conversion import source_bytes
from filebridge.wire.formats.heading import counted_from, finder, other_place
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `table`: one column of a row, or several as a vector.

    The heading is the last line that has the text of `after`, the first one with `pick: first`; without it there is no
    value. Reading raises
    ParseError where the row is blank or beyond the end of the message, where it has too few columns, and for what is
    not of the field's type. Raises FieldProblem unless there is exactly one of `column` and `columns`, and for a `pick`
    of several.
    """
    table = field.table
    if table is None or (table.column is None) == (table.columns is None):
        found = "neither" if table is None or table.column is None else "both"
        raise FieldProblem("table", "one of two keys is due", found=found, expected="`column: 7` or `columns: 3..5`")
    heading = source_bytes("table", table.after, text)
    line_of = _row(name, table.after, heading, table.skip + table.row, field.pick)
    return cells_reading(name, field, text, line_of, bytes.split)


def _row(name: str, mark: str, heading: bytes, below: int, pick: str) -> Callable[[bytes], bytes | None]:
    size, find = len(heading), finder(pick)

    def line_of(message: bytes) -> bytes | None:
        place = find(message, heading)
        if place < 0:
            return None
        lines = message[place + size :].split(b"\n", below + 1)
        line = lines[below] if below < len(lines) else b""
        if not line.strip():
            raise ParseError(
                f"field {name} needs line {below} {counted_from('below', mark, message, place, pick)}, which is blank"
                " or beyond the end",
                found=escaped(message[place:], 200),
                cure="check `skip` and `row`, and that the reply is read to its end"
                + other_place(heading, message, pick),
            )
        return line

    return line_of
