"""Fields: named values read from what the simulator says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.units import RANGE_SCHEMA, Expression, NumberRange, expected, first_and_last, regex_source

__all__ = ["GRID_DEFAULT", "WAYS", "FieldModel", "Grid", "Table"]

WAYS = ("find", "seen", "regex", "column", "columns", "chars", "table", "key", "json_pointer", "grid", "compute")
"""The keys of a field of which exactly one is given: the way in which its value is read."""

GRID_DEFAULT = "one number of the legend, which fills the whole grid"
"""What the default of a grid is."""


def _index_list(value: object) -> object:
    if isinstance(value, str):
        first, dots, last = value.partition("..")
        if dots and first.strip().isdigit() and last.strip().isdigit() and 0 < int(first) <= int(last) <= 100_000:
            return list(range(int(first), int(last) + 1))
        raise expected("not a list of columns", "`1..6` or `[1, 2, 5]`")
    return value


def _slashes(value: object) -> object:
    if isinstance(value, str):
        source = regex_source(value)
        if source is None:
            raise expected("not a regular expression", f"slashes around it: `/{value}/`")
        return source
    return value


def _values(value: object) -> object:
    if isinstance(value, str):
        return first_and_last(value)
    if isinstance(value, list | tuple) or value is None:
        return value
    raise expected("neither a range nor a list", "`1..20`, or a list of words or of whole numbers")


def _default(value: object) -> object:
    if isinstance(value, list) and any(isinstance(part, list) for part in value):
        raise expected("a list of lists", GRID_DEFAULT)
    return value


_INDICES = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1}
Columns = Annotated[
    Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], Field(min_length=1, max_length=100_000)],
    BeforeValidator(_index_list),
    WithJsonSchema({"anyOf": [RANGE_SCHEMA, _INDICES]}),
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
    row_step: int = Field(
        1, ge=1, le=100, description="Lines from one row to the next: 2 where a ruled line stands below each row."
    )
    column_step: int = Field(
        1, ge=1, le=100, description="Characters from one column to the next: 4 for a board drawn as `| r | n | b |`."
    )
    first_column: int = Field(
        1, ge=1, le=1000, description="Where the first column stands in its line, counted from 1 in characters."
    )


class FieldModel(Part):
    """One field: a way to read it, and what holds of its value."""

    find: str | None = Field(
        None,
        description="The text around the value with typed holes: `{float}`, `{int}`, `{word}`, `{line}`, `{text}`,"
        " `{hex}`, `{octal}`, `{flag}`; `{any}` skips within a line; `{float:3}` is a vector. Several holes make a"
        " vector. A line end in front, `\\nX {int}`, means the beginning of a line.",
    )
    seen: str | None = Field(
        None,
        description="A text or `/regular expression/`, in which `^` and `$` are the ends of a line; the field is true"
        " if it occurs."
    )
    regex: Annotated[str | None, BeforeValidator(_slashes)] = Field(
        None,
        description="A `/regular expression/` with one group, run with a time limit; `^` and `$` are the ends of a"
        " line. See `type`.",
    )
    column: int | None = Field(
        None, ge=1, le=100_000, description="Column of a line, counted from 1. See `line`, `separator`."
    )
    columns: Columns | None = Field(None, description="Columns of a line, `1..6` or a list: the field is a vector.")
    chars: NumberRange | None = Field(
        None, description="Characters of a line, `11..20`, counted from 1: fixed-width output."
    )
    table: Table | None = Field(None, description="A place in a table below a heading.")
    key: str | None = Field(None, description="The name in `name = value` or `name: value` on a line of its own.")
    json_pointer: str | None = Field(
        None,
        alias="json",
        description="A JSON pointer, `/state/position/0`, into the last JSON document of the message."
    )
    grid: Grid | None = Field(None, description="A block of characters, each mapped to a number.")
    compute: Expression | None = Field(None, description="An expression over other fields, not read from the text.")

    line: int = Field(
        -1, description="Which line `column`, `columns` and `chars` read: 1 the first, -1 the last not blank."
    )
    separator: str = Field("", description="What stands between columns; empty: white space.")
    type: Literal["float", "int", "word", "line", "text", "hex", "octal", "flag"] | None = Field(
        None, description="Type of the value where the way itself has no holes; `float` by default."
    )
    pick: Literal["first", "last", "all", "sum", "count"] = Field(
        "last", description="Which occurrence counts; `all`: a vector of `size`."
    )
    size: int | None = Field(
        None, ge=1, le=1_000_000, description="Length of the vector of `pick: all` or of a JSON array."
    )
    low: float | None = Field(None, description="Least value.")
    high: float | None = Field(None, description="Greatest value.")
    outside: Literal["refuse", "clip"] = Field(
        "refuse", description="A value outside its bounds: an error, or clipped."
    )
    values: Annotated[
        list[str | int] | NumberRange | None,
        BeforeValidator(_values),
        WithJsonSchema(
            {"anyOf": [RANGE_SCHEMA, {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}]}
        ),
    ] = Field(
        None,
        description="All values that there are: `1..20`, or a list of words or numbers; makes a discrete observation."
    )
    default: Annotated[bool | int | float | str | list[int | float] | None, BeforeValidator(_default)] = Field(
        None,
        description="Value where nothing is found; without it a missing field is an error. Of a grid: one number, which"
        " fills it.",
    )
    keep: bool = Field(False, description="Where nothing is found, keep the previous value (of this episode).")
    allow_nan: bool = Field(False, description="Accept NaN and infinity as values.")
    overflow: float | None = Field(
        None, description="Value for `****`, which Fortran prints when a number does not fit."
    )
    max_length: int = Field(4096, ge=1, le=1 << 20, description="Longest text, in characters, of a text observation.")


def way(field: FieldModel) -> str:
    """Return the key which says how ``field`` is read; rules make sure that there is exactly one."""
    return next(name for name in WAYS if getattr(field, name) is not None)
