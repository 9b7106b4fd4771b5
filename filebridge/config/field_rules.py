"""Rules for fields that depend on more than the field: where its text comes from, what its keys are for."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.field import WAYS, FieldModel
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest

__all__ = ["check_fields"]

Place = tuple[str | int, ...]

_OF_COLUMNS = {
    "header": ("column", "columns"),
    "line": ("column", "columns", "chars"),
    "separator": ("column", "columns", "array"),
}
"""Keys that serve some ways of reading only, with these ways."""

_OF_READING = (
    "when", "file", "within", "header", "line", "separator", "type", "pick", "size", "default", "keep", "overflow",
)  # fmt: skip
"""Keys for what is read, and not computed."""


def check_fields(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with fields beyond each by itself: files and screens that are not there, idle keys."""
    for name, field in config.fields.items():
        place = ("fields", name)
        if field.compute is not None:
            yield from _computed(field, place)
            continue
        if field.when is not None and field.default is None and not field.keep:
            what, wanted = "nothing says what the field is where this is false", "`default: ...` or `keep: true` too"
            yield Problem((*place, "when"), what, "neither `default` nor `keep`", wanted, on="key")
        yield from _file(config, field.file, (*place, "file"))
        yield from _columns(field, place)
        yield from _screen(config, field, place)


def _computed(field: FieldModel, place: Place) -> Iterator[Problem]:
    # With a second way to read it, nobody knows which of the keys are too many.
    if any(getattr(field, way) is not None for way in WAYS if way != "compute"):
        return
    for key in _OF_READING:
        if key in field.model_fields_set:
            yield Problem((*place, key), "a computed field is not read", f"`{key}`", "leave it out", on="key")


def _file(config: Config, name: str | None, place: Place) -> Iterator[Problem]:
    known = config.transport.files.read if config.transport.files is not None and config.transport.files.read else ()
    if name is not None and name not in known:
        wanted = "one of " + ", ".join(known) if known else "leave it out: no files are read"
        yield Problem(place, "no file of this name is read", name, wanted, nearest(name, known))


def _columns(field: FieldModel, place: Place) -> Iterator[Problem]:
    for key, ways in _OF_COLUMNS.items():
        if key in field.model_fields_set and all(getattr(field, way) is None for way in ways):
            words = [f"`{way}`" for way in ways]
            wanted = ", ".join(words[:-1]) + f" or {words[-1]} beside it"
            yield Problem((*place, key), "has no use here", f"`{key}`", wanted, on="key")


def _screen(config: Config, field: FieldModel, place: Place) -> Iterator[Problem]:
    screen = config.transport.console.screen if config.transport.console is not None else None
    if field.screen is not None:
        if screen is None:
            wanted = "`transport: {console: {terminal: true, screen: 80x24}}`, where it draws one"
            yield Problem((*place, "screen"), "the program draws no full screen", field.screen, wanted)
        if field.within is not None:
            what, wanted = "`screen` is the whole of it", "leave it out; `grid` is a part of a screen"
            yield Problem((*place, "within"), what, "`within`", wanted, on="key")
    grid = field.grid
    if grid is not None and screen is not None:
        last = (grid.first_row or 1) + (grid.rows - 1) * grid.row_step
        if last > screen[1]:
            what = "the grid leads out of the screen"
            yield Problem((*place, "grid", "rows"), what, f"row {last}", f"at most {screen[1]} rows")
