"""A full screen as a filter: what a program draws becomes snapshots of the whole screen, as lines of text."""

from __future__ import annotations

import codecs
import re
from operator import itemgetter
from typing import TYPE_CHECKING

from filebridge.errors import ConfigError

if TYPE_CHECKING:
    from pyte.screens import Char

    from filebridge.wire.screens.terminal import Parser, Terminal

__all__ = ["Screen"]

_LONGEST = 64
_STRING = r"[\]PX^_k][^\x07\x1b\x18\x1a]*"
# What pyte knows how to take; everything else that begins with ESC it would draw as text.
_KNOWN = rf"\[\??[0-9;]{{0,{_LONGEST}}}[@-~]|[()][0-~]|#8|%[@G8]|[0-OQ-WYZ\\`-jl-~]"
_WHOLE = rf"{_STRING}(?:\x07|\x1b\\)?|\[[0-?]*[ -/]*[@-~]?|[ -/]+[0-~]?"
_STRANGE = re.compile(rf"\x1b(?!{_KNOWN})(?:{_WHOLE})?|[\x01-\x06\x10-\x1a\x1c-\x1f]")
_UNFINISHED = re.compile(rf"\x1b(?:{_STRING}\x1b?|\[[0-?]*[ -/]*|[ -/]*)\Z")
_SINGLE_BYTE = {128 + code: f"\x1b{chr(64 + code)}" for code in range(32)}
_character = itemgetter(0)


class Screen:
    """The filter of one link to a program that draws a full screen; feed it every chunk in order.

    A snapshot is ``rows`` lines of ``columns`` characters each in UTF-8, every one with a line end, the blanks at
    their ends kept, and then the cursor as the escape that would put it there: ``ESC [ ROW ; COLUMN H``, counted from
    1. A wide character takes two places, of which the second is a blank; colours are not kept. With ``styled`` one
    control character for each cell stands before the cursor: 16, and 1 more where it is bold, 2 underlined, 4 reverse.
    ``answers`` is what a terminal would send by itself, because the program asks for it and waits: the cursor's place,
    the terminal's kind. Whoever sends it clears it.

    Raises ConfigError where pyte is not installed.
    """

    __slots__ = ("_blank", "_columns", "_decoder", "_held", "_parser", "_rows", "_styles", "_terminal", "answers")

    def __init__(self, columns: int, rows: int, encoding: str = "utf-8", styled: bool = False) -> None:
        self._terminal, self._parser = _terminal(columns, rows, styled)
        self.answers = self._terminal.answers
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._held = ""
        self._columns = columns
        self._blank = dict.fromkeys(range(columns), self._terminal.default_char)
        self._rows = [b""] * rows
        self._styles = [b""] * rows if styled else []

    def clean(self, chunk: bytes) -> bytes:
        """Draw ``chunk`` and return the snapshot; what is cut within a character or an escape waits for the rest."""
        text = self._held + self._decoder.decode(chunk)
        if not text.isascii():
            text = text.translate(_SINGLE_BYTE)
        unfinished = _UNFINISHED.search(text)
        self._held = ""
        if unfinished:
            text, self._held = text[: unfinished.start()], _shortened(unfinished[0])
        self._parser.feed(_STRANGE.sub("", text))
        return self.snapshot()

    def finish(self) -> bytes:
        """Return nothing: half a character or half an escape at the end of the stream changes no screen."""
        self._decoder.reset()
        self._held = ""
        return b""

    def snapshot(self) -> bytes:
        """Return the screen as it is now."""
        terminal, rows = self._terminal, self._rows
        for row in terminal.dirty:
            rows[row] = self._line(row)
            if self._styles:
                self._styles[row] = self._style(row)
        terminal.dirty.clear()
        cursor = terminal.cursor
        # Behind the last column the cursor waits for the next character before it goes to the next line.
        place = b"\x1b[%d;%dH" % (cursor.y + 1, min(cursor.x + 1, self._columns))
        return b"".join(rows + self._styles) + place

    def _line(self, row: int) -> bytes:
        line = self._terminal.buffer[row]
        cells = self._blank | line
        text = "".join(map(_character, cells.values()))
        # Beyond ASCII there are wide characters, with a cell of no text behind them or what is left of one.
        if len(text) != self._columns or len(cells) != self._columns:
            text = "".join([line[column].data or " " for column in range(self._columns)])
        return text.encode() + b"\n"

    def _style(self, row: int) -> bytes:
        line = self._terminal.buffer[row]
        return bytes([_bits(line[column]) for column in range(self._columns)])


def _bits(cell: Char) -> int:
    return 16 + cell.bold + 2 * cell.underscore + 4 * cell.reverse


def _shortened(unfinished: str) -> str:
    """Return as much of an escape as tells what it is: one that is too long is dropped as a whole when it ends."""
    if len(unfinished) <= _LONGEST + 8:
        return unfinished
    return unfinished[: _LONGEST + 8] + ("\x1b" if unfinished.endswith("\x1b") else "")


def _terminal(columns: int, rows: int, styled: bool) -> tuple[Terminal, Parser]:
    try:
        from filebridge.wire.screens.terminal import Parser, StyledTerminal, Terminal
    except ModuleNotFoundError as exc:
        cure = "pip install 'filebridge[screen]'"
        raise ConfigError("a full screen needs pyte, which is not installed", found=str(exc), cure=cure) from exc
    terminal = (StyledTerminal if styled else Terminal)(columns, rows)
    return terminal, Parser(terminal)
