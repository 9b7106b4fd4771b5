"""Places in a reply that take more than one word to say: a table, a grid, a block of a listing, binary data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.units import RANGE_SCHEMA, expected

__all__ = ["Array", "Binary", "ColumnList", "Columns", "Grid", "Table", "Which", "Within"]


def _index_list(value: object) -> object:
    if isinstance(value, str):
        first, dots, last = value.partition("..")
        if dots and first.strip().isdigit() and last.strip().isdigit() and 0 < int(first) <= int(last) <= 100_000:
            return list(range(int(first), int(last) + 1))
        raise expected("not a list of columns", "`1..6` or `[1, 2, 5]`")
    return value


_COLUMN = {"type": "integer", "minimum": 1}
_INDICES = {"type": "array", "items": _COLUMN, "minItems": 1}
_NAMES = {"type": "array", "items": {"anyOf": [_COLUMN, {"type": "string", "minLength": 1}]}, "minItems": 1}
_Index = Annotated[int, Field(ge=1, le=100_000)]
Columns = Annotated[
    Annotated[list[_Index], Field(min_length=1, max_length=100_000)],
    BeforeValidator(_index_list),
    WithJsonSchema({"anyOf": [RANGE_SCHEMA, _INDICES]}),
]
ColumnList = Annotated[
    Annotated[list[_Index | Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=100_000)],
    BeforeValidator(_index_list),
    WithJsonSchema({"anyOf": [RANGE_SCHEMA, _NAMES]}),
]


class Table(Part):
    """A place in a table below a heading."""

    after: str = Field(
        min_length=1,
        description="Text of the heading; where it occurs more than once, the last one, or the first with `pick:"
        " first`.",
    )
    skip: int = Field(0, ge=0, le=100_000, description="Lines between the heading's line and the first row.")
    row: int = Field(1, ge=1, le=1_000_000, description="Which row, counted from 1.")
    column: int | None = Field(None, ge=1, le=100_000, description="Which column, counted from 1.")
    columns: Columns | None = Field(None, description="Several columns, `3..5` or a list: the field is a vector.")


class Grid(Part):
    """A block of characters, each mapped to a small number."""

    legend: dict[str, int] = Field(min_length=1, description="Character -> number from 0 to 255.")
    rows: int = Field(ge=1, le=1000, description="Height of the grid in lines.")
    columns: int = Field(
        ge=1, le=1000, description="Width of the grid in characters; shorter lines are filled with blanks."
    )
    after: str | None = Field(
        None,
        min_length=1,
        description="Text of the line above the grid; where it occurs more than once, the last one, or the first with"
        " `pick: first`. Without it or `before`: the message's end.",
    )
    before: str | None = Field(None, min_length=1, description="Text of the line below the grid, instead of `after`.")
    first_row: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Row of the reply where the grid begins, instead of `after`: 3 on a screen, say.",
    )
    row_step: int = Field(
        1, ge=1, le=100, description="Lines from one row to the next: 2 where a ruled line stands below each row."
    )
    column_step: int = Field(
        1, ge=1, le=100, description="Characters from one column to the next: 4 for a board drawn as `| r | n | b |`."
    )
    first_column: int = Field(
        1, ge=1, le=1000, description="Where the first column stands in its line, counted from 1 in characters."
    )


Which = Annotated[
    Literal["first", "last"] | Annotated[int, Field(ge=1, le=1_000_000)],
    WithJsonSchema({"anyOf": [{"enum": ["first", "last"]}, {"type": "integer", "minimum": 1}]}),
]


class Within(Part):
    """A block of a listing; at least one of `after` and `before`."""

    after: str | None = Field(
        None, min_length=1, description="Text or `/regular expression/` in the line above the block, its heading."
    )
    before: str | None = Field(
        None,
        min_length=1,
        description="Text or `/regular expression/` in the line below the block; without it the block ends at the next"
        " heading of its kind, or with the reply.",
    )
    which: Which = Field("last", description="Which block of this kind: `first`, `last`, or its number.")


class Array(Part):
    """All numbers of a large table of text; the field's `shape` says how many."""

    skip: int = Field(0, ge=0, le=1_000_000, description="Lines before the first row.")
    comments: str = Field("#", description="What begins a comment, up to the end of its line; empty: there are none.")
    columns: Columns | None = Field(None, description="Only these columns of each row, `2..4` or a list.")


class Binary(Part):
    """Numbers in binary data: their type, where they stand; how many says the field's `size` or `shape`."""

    type: str = Field(
        min_length=2,
        max_length=3,
        description="Type of a number: `<f8`, `>i4`, `u1`, ...: `<` little or `>` big endian, `i` integer, `u`"
        " unsigned, `f` float, and its bytes.",
    )
    offset: int = Field(0, description="Bytes before it in the data, or in the record; below 0 from the end.")
    record: int | None = Field(
        None, ge=1, le=1 << 30, description="The data are records of so many bytes; `which` of them counts."
    )
    which: Which = Field("last", description="Which record: `first`, `last`, or its number.")
    markers: Literal["none", "fortran"] = Field(
        "none", description="`fortran`: an unformatted sequential file, each record between two lengths of 4 bytes."
    )
