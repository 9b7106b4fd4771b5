"""What ``render`` returns of a reply: its text, or a picture of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from filebridge.config.model import Config
from filebridge.program.parts import text_of
from filebridge.wire.cleaner import clean_encoding

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["MODES", "Frame", "frame"]

Frame = Any
"""A text, or an array of uint8 of the shape (height, width, 3)."""

MODES = ("ansi", "rgb_array")

_CURSOR = re.compile(r"[\x10-\x17]*\x1b\[\d+;\d+H\Z")


def frame(config: Config, reply: bytes, mode: str) -> Frame:
    """Return ``reply`` as a text for "ansi", as a picture for "rgb_array".

    The text of a full screen is its lines. A picture has the cells of the screen, its cursor marked; of any other
    reply the last lines that a terminal of 80x24 shows. Raises UsageError where Pillow is not installed.
    """
    text = reply.decode(clean_encoding(text_of(config).encoding), "replace")
    return _CURSOR.sub("", text) if mode == "ansi" else _drawn(config, text)


def _drawn(config: Config, text: str) -> NDArray[numpy.uint8]:
    from filebridge.picture import picture

    console = config.transport.console
    columns, rows = (console.screen or console.size) if console is not None else (80, 24)
    return picture(text, columns, rows)
