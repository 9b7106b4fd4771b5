"""The whole of a full screen as numbers: what its characters are, how they are drawn, the cursor (`screen`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from filebridge.config.field import STYLES, FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.picture import DIAGONALS, strokes
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_BEHIND = (b"\x1b[", *(bytes([16 + bits]) for bits in range(1 << len(STYLES))))
"""What stands behind the lines: the cursor, or the styles of the cells before it."""

_CURE = "`screen` reads the screen of a terminal: give its size with `screen: 80x24` in the transport's console"


def reader(name: str, field: FieldModel, text: Text, size: tuple[int, int] | None = None) -> Reading:
    """Return the reading of `screen`, from a snapshot as wire.screen.Screen makes them; an empty message has none.

    `cells` is an array of uint8 of the shape (rows, columns), new at each read: the codes of the characters in Latin-1,
    box drawing as the nearest of ``-|+``, all others as ``?``. `reverse`, `bold` and `underline` are arrays like it, of
    1 where a cell is drawn so and 0 elsewhere, from a snapshot with styles. `cursor` is a vector of its row and column,
    counted from 1. With ``size``, the columns and rows, the reading of an array knows its shape and refuses another;
    without, its shape is that of the message. Reading raises ParseError for a message that is no snapshot. Raises
    FieldProblem where the field has no `screen`.
    """
    if field.screen is None:
        raise FieldProblem("screen", "missing", expected="`screen: cells`, `screen: reverse` or `screen: cursor`")
    if field.screen == "cursor":
        return Reading(_cursor(name), Kind.VECTOR, 2)
    shape = None if size is None else (size[1], size[0])
    read = _cells(name, shape) if field.screen == "cells" else _plane(name, STYLES.index(field.screen), shape)
    if shape is None:
        return Reading(read, Kind.GRID)
    return Reading(read, Kind.GRID, shape[0] * shape[1], shape)


def _cursor(name: str) -> Callable[[bytes], Any]:
    def read(message: bytes) -> list[int] | None:
        if not message:
            return None
        row, _, column = message[message.rfind(b"\x1b[") + 2 : -1].partition(b";")
        if not (row.isdigit() and column.isdigit()):
            raise _no_screen(name, message)
        return [int(row), int(column)]

    return read


def _cells(name: str, shape: tuple[int, int] | None) -> Callable[[bytes], Any]:
    frombuffer, uint8 = numpy.frombuffer, numpy.uint8

    def read(message: bytes) -> Any:
        if not message:
            return None
        codes = message if message.isascii() else _latin(name, message)
        columns, end = codes.find(b"\n"), codes.rfind(b"\n") + 1
        rows = end // (columns + 1) if columns > 0 and codes.startswith(_BEHIND, end) else 0
        if rows * (columns + 1) != end or not rows or (shape is not None and shape != (rows, columns)):
            raise _no_screen(name, message, shape)
        lines = frombuffer(codes, uint8, end).reshape(rows, columns + 1)
        if (lines[:, columns] != 10).any():
            raise _no_screen(name, message, shape)
        return lines[:, :columns].copy()

    return read


def _plane(name: str, bit: int, shape: tuple[int, int] | None) -> Callable[[bytes], Any]:
    frombuffer, uint8 = numpy.frombuffer, numpy.uint8

    def read(message: bytes) -> Any:
        if not message:
            return None
        start, rows = message.rfind(b"\n") + 1, message.count(b"\n")
        size = message.rfind(b"\x1b[") - start
        columns = size // rows if rows else 0
        if size <= 0 or rows * columns != size or (shape is not None and shape != (rows, columns)):
            raise _no_screen(name, message, shape)
        return frombuffer(message, uint8, size, start).reshape(rows, columns) >> bit & 1

    return read


def _no_screen(name: str, message: bytes, shape: tuple[int, int] | None = None) -> ParseError:
    wanted = "the snapshot of a screen" if shape is None else f"a screen of {shape[1]}x{shape[0]}"
    return ParseError(f"field {name} needs {wanted}", found=escaped(message, 200), cure=_CURE)


def _ascii(character: str) -> int:
    ways = strokes(character)
    level, upright = not ways.isdisjoint(("left", "right")), not ways.isdisjoint(("up", "down"))
    shown = "+" if level and upright else "-" if level else "|" if upright else DIAGONALS.get(character, "?")
    return ord(shown)


# The table ends behind the block of box drawing; its last entry stands for all that comes later.
_LAST = 0x2580
_CODES = numpy.full(_LAST + 1, ord("?"), numpy.uint8)
_CODES[:256] = numpy.arange(256)
for _code in (*range(0x23BA, 0x23BE), *range(0x2500, _LAST)):
    _CODES[_code] = _ascii(chr(_code))


def _latin(name: str, message: bytes) -> bytes:
    try:
        text = message.decode()
    except UnicodeDecodeError as exc:
        raise _no_screen(name, message) from exc
    codes = numpy.frombuffer(text.encode("utf-32-le"), "<u4")
    latin: bytes = _CODES[numpy.minimum(codes, _LAST)].tobytes()
    return latin
