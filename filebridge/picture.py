"""A picture of a screen of text, cell by cell, for ``render_mode="rgb_array"`` and videos."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy

from filebridge.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CELL", "DIAGONALS", "picture", "strokes"]

CELL = (12, 6)
"""Height and width of a character in pixels; both even, as most video formats want them."""

_DARK = numpy.array([18, 18, 24], numpy.int16)
_LIGHT = numpy.array([220, 220, 210], numpy.int16)
_CURSOR = re.compile(r"([\x10-\x17]*)\x1b\[(\d{1,5});(\d{1,5})H\Z")
_REVERSE = 4
DIAGONALS = {"╱": "/", "╲": "\\", "╳": "X"}
"""What stands for the lines of box drawing that are neither level nor upright."""

_WAYS = {
    "left": {"LEFT", "HORIZONTAL"},
    "right": {"RIGHT", "HORIZONTAL"},
    "up": {"UP", "VERTICAL"},
    "down": {"DOWN", "VERTICAL"},
}
_SHADES = {"░": 64, "▒": 128, "▓": 192, "█": 255}
# The tiles are one for each code up to here; all that comes later looks like a question mark.
_LAST = 0x25A0


def picture(text: str, columns: int = 80, rows: int = 24) -> NDArray[numpy.uint8]:
    """Return ``text`` drawn light on dark, an array of uint8 of the shape (12 * rows, 6 * columns, 3).

    Lines are cut and filled to ``columns``; of more lines than ``rows`` the last ones are drawn. Where the text ends
    in ``ESC [ ROW ; COLUMN H``, as a snapshot of a screen does, the cell there is drawn dark on light; so are those
    which are reverse in a snapshot with styles, but for one of them under the cursor.
    Raises UsageError where Pillow is not installed.
    """
    cursor = _CURSOR.search(text)
    lines = (text[: cursor.start()] if cursor else text).removesuffix("\n").split("\n")[-rows:]
    block = "".join([line[:columns].expandtabs()[:columns].ljust(columns) for line in lines]).ljust(rows * columns)
    codes = numpy.frombuffer(block.encode("utf-32-le", "replace"), "<u4").reshape(rows, columns)
    tiles: NDArray[numpy.uint8] = _tiles()[numpy.minimum(codes, _LAST)]
    if cursor and len(cursor[1]) == rows * columns:
        tiles[numpy.frombuffer(cursor[1].encode(), numpy.uint8).reshape(rows, columns) & _REVERSE > 0] ^= 255
    if cursor and 0 < int(cursor[2]) <= rows and 0 < int(cursor[3]) <= columns:
        tiles[int(cursor[2]) - 1, int(cursor[3]) - 1] ^= 255
    height, width = CELL
    return tiles.swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def strokes(character: str) -> frozenset[str]:
    """Return in which directions from its middle a box drawing ``character`` has lines: left, right, up, down.

    Empty for every other character.
    """
    name = unicodedata.name(character, "")
    if character in DIAGONALS or not name.startswith(("BOX DRAWINGS", "HORIZONTAL SCAN LINE")):
        return frozenset()
    return frozenset(way for way, words in _WAYS.items() if not words.isdisjoint(name.split()))


@cache
def _tiles() -> NDArray[numpy.uint8]:
    """Return the coloured tile of each code, of the shape (codes, height, width, 3)."""
    bright = numpy.zeros((_LAST + 1, *CELL), numpy.int16)
    glyph = _glyphs()
    bright[256:] = glyph("?")
    for code in (*range(33, 127), *range(161, 256)):
        bright[code] = glyph(chr(code))
    for code in (*range(0x23BA, 0x23BE), *range(0x2500, 0x2580)):
        bright[code] = _lines(chr(code), glyph)
    for shade, value in _SHADES.items():
        bright[ord(shade)] = value
    tiles: NDArray[numpy.uint8] = (_DARK + bright[..., None] * (_LIGHT - _DARK) // 255).astype(numpy.uint8)
    return tiles


def _lines(character: str, glyph: Callable[[str], NDArray[numpy.int16]]) -> NDArray[numpy.int16]:
    ways, (height, width) = strokes(character), CELL
    if not ways:
        return glyph(DIAGONALS.get(character, "?"))
    tile = numpy.zeros(CELL, numpy.int16)
    middle, centre = height // 2, width // 2
    parts: dict[str, tuple[int | slice, int | slice]] = {
        "left": (middle, slice(0, centre + 1)),
        "right": (middle, slice(centre, width)),
        "up": (slice(0, middle + 1), centre),
        "down": (slice(middle, height), centre),
    }
    for way in ways:
        tile[parts[way]] = 255
    return tile


def _glyphs() -> Callable[[str], NDArray[numpy.int16]]:
    """Return what draws one character of Latin-1 with Pillow's own font, in brightness from 0 to 255."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ModuleNotFoundError as exc:
        cure = "pip install 'filebridge[picture]', or take `render_mode=\"ansi\"`"
        raise UsageError("a picture needs Pillow, which is not installed", found=str(exc), cure=cure) from exc
    # Its font of one width; until Pillow 10.4 that has no name of its own, and another may come instead.
    font = getattr(ImageFont, "load_default_imagefont", ImageFont.load_default)()
    height, width = CELL

    def glyph(character: str) -> NDArray[numpy.int16]:
        image = Image.new("L", (width, height))
        ImageDraw.Draw(image).text((0, 0), character, fill=255, font=font)
        return numpy.asarray(image, numpy.int16)

    return glyph
