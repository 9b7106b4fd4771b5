"""Fields: named values read from what the simulator says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.places import Array, Binary, ColumnList, Grid, Table, Within
from filebridge.config.units import RANGE_SCHEMA, Expression, NumberRange, expected, first_and_last, regex_source

__all__ = ["GRID_DEFAULT", "STYLES", "WAYS", "FieldModel", "way"]

WAYS = (
    "find", "seen", "regex", "column", "columns", "chars", "table", "key", "json_pointer", "grid", "screen", "ini",
    "namelist", "xml", "array", "npy", "npz", "binary", "adapter", "compute",
)  # fmt: skip
"""The keys of a field of which exactly one is given: the way in which its value is read."""

STYLES = ("bold", "underline", "reverse")
"""How a cell of a full screen may be drawn, in the order of the bits that a snapshot has for them."""

GRID_DEFAULT = "one number of the legend, which fills the whole grid"
"""What the default of a grid is."""


def _column(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= 100_000:
        raise expected("not a column", "a number from 1 on, or a name")
    return value


Column = Annotated[
    int | Annotated[str, Field(min_length=1)],
    BeforeValidator(_column),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "minLength": 1}]}),
]


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
    column: Column | None = Field(
        None,
        description="Column of a line, counted from 1, or its name where the table has a `header`. See `line`,"
        " `separator`.",
    )
    columns: ColumnList | None = Field(
        None, description="Columns of a line, `1..6` or a list of numbers or names: the field is a vector."
    )
    chars: NumberRange | None = Field(
        None, description="Characters of a line, `11..20`, counted from 1: fixed-width output."
    )
    table: Table | None = Field(None, description="A place in a table below a heading.")
    key: str | None = Field(None, description="The name in `name = value` or `name: value` on a line of its own.")
    json_pointer: str | None = Field(
        None,
        alias="json",
        description="A JSON pointer, `/state/position/0`, into the last JSON document of the message; into all of them"
        " with another `pick` than `last`.",
    )
    grid: Grid | None = Field(None, description="A block of characters, each mapped to a number.")
    screen: Literal["cells", "cursor", "bold", "underline", "reverse"] | None = Field(
        None,
        description="Of a full screen: `cells`, all its characters as a grid of their codes (Latin-1); `reverse`,"
        " `bold` or `underline`, a grid with 1 where it is drawn so, else 0; or `cursor`, its row and column, counted"
        " from 1.",
    )
    ini: str | None = Field(
        None, min_length=1, description="`SECTION/KEY` of an INI file; `/KEY` before the first section."
    )
    namelist: str | None = Field(
        None,
        min_length=1,
        description="`GROUP/NAME` of a Fortran namelist; `state/x(3)` is one element, `cell%a` a component.",
    )
    xml: str | None = Field(
        None, min_length=1, description="Path of an element, `state/position`, or of an attribute, `state/position@x`."
    )
    array: Array | None = Field(None, description="All numbers of a large table of text, as an array.")
    npy: bool | None = Field(None, description="`true`: the array of a NumPy `.npy` file.")
    npz: str | None = Field(None, min_length=1, description="The array of this name in a NumPy `.npz` file.")
    binary: Binary | None = Field(None, description="Numbers at a place in binary data.")
    adapter: str | None = Field(None, min_length=1, description="A value of this name that the adapter decodes.")
    compute: Expression | None = Field(None, description="An expression over other fields, not read from the text.")

    when: Expression | None = Field(
        None,
        description="An expression over fields above, `kind == 2`: the field is read only if it is true, else it has"
        " its `default`, or with `keep` the value before.",
    )
    file: str | None = Field(
        None, description="Which of several files `read` the field is read from; by default the first."
    )
    within: Within | None = Field(
        None, description="Only this part of the reply is looked at: the block below a heading, say."
    )
    header: int | None = Field(
        None, ge=1, le=100_000, description="Which line holds the names of the columns; 1 where a `column` is named."
    )
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
    shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=8)] | None = Field(
        None, description="Shape of an array, `[100, 3]`: rows, columns. With `array`, `npy`, `npz`, `binary`, `json`."
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
