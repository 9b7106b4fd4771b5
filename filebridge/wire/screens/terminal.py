"""The terminal that a full-screen program believes to draw on: pyte, made safe against hostile output.

pyte knows all that a terminal does; what is replaced here is what would let a program stop the bridge, grow it or draw
on another size of screen, and what is slow because it keeps colours, which nobody reads. Importing it imports pyte.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import pyte
from pyte import modes
from pyte.charsets import LAT1_MAP
from pyte.screens import Char
from wcwidth import wcwidth

__all__ = ["Parser", "StyledTerminal", "Terminal"]

_MODES = frozenset({modes.IRM, modes.LNM, modes.DECOM, modes.DECAWM, modes.DECTCEM})
_BLANK = Char(" ")
_MOST_ANSWERS: Final = 4096

# One cell without colours for each character; the cache holds the characters of any screen, not of all Unicode.
_cell = lru_cache(4096)(Char)

_STYLES = {1: "bold", 4: "underscore", 7: "reverse"}
_PLAIN = {21: "bold", 22: "bold", 24: "underscore", 27: "reverse"}
_COLOURS = (38, 48)


@lru_cache(64)
def _styled(style: frozenset[str]) -> Callable[[str], Char]:
    """Return what makes cells in ``style``, names of fields of a Char."""
    flags: dict[str, Any] = {name: name in style for name in _STYLES.values()}
    return lru_cache(4096)(lambda char: _cell(char)._replace(**flags)) if style else _cell


class Terminal(pyte.Screen):
    """A screen of a fixed size without colours, each cell of which holds one character, or "" behind a wide one.

    ``answers`` collects what a terminal sends by itself when it is asked, until somebody sends it; at most 4 KiB.
    ``cell`` makes the cell of a character that is drawn now.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.answers = bytearray()
        self.cell: Callable[[str], Char] = _cell
        super().__init__(columns, rows)

    @property
    def default_char(self) -> Char:
        """A blank."""
        return _BLANK

    def draw(self, data: str) -> None:
        """Write ``data`` from the cursor on."""
        charset = self.g1_charset if self.charset else self.g0_charset
        if charset is not LAT1_MAP:
            data = data.translate(charset)
        cursor = self.cursor
        narrow = data.isascii() or set(map(wcwidth, data)) == {1}
        if not narrow or cursor.x + len(data) > self.columns or modes.IRM in self.mode:
            for char in data:
                self._place(char)
            return
        column, line, cell = cursor.x, self.buffer[cursor.y], self.cell
        for char in data:
            line[column] = cell(char)
            column += 1
        cursor.x = column
        self.dirty.add(cursor.y)

    def _place(self, char: str) -> None:
        width = wcwidth(char)
        if width <= 0:
            return self._combine(char)
        cursor = self.cursor
        if cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            else:
                cursor.x = max(0, self.columns - width)
        if modes.IRM in self.mode:
            self.insert_characters(width)
        line = self.buffer[cursor.y]
        line[cursor.x] = self.cell(char)
        if width == 2 and cursor.x + 1 < self.columns:
            line[cursor.x + 1] = self.cell("")
        cursor.x = min(cursor.x + width, self.columns)
        self.dirty.add(cursor.y)
        return None

    def _combine(self, mark: str) -> None:
        line, before = self.buffer[self.cursor.y], self.cursor.x - 1
        if unicodedata.combining(mark) and before in line and line[before].data:
            whole = unicodedata.normalize("NFC", line[before].data + mark)
            if len(whole) == 1:
                line[before] = line[before]._replace(data=whole)
                self.dirty.add(self.cursor.y)

    def repeat(self, count: int = 1) -> None:
        """Write the character before the cursor ``count`` times more, to the end of the line at most."""
        cursor, line = self.cursor, self.buffer[self.cursor.y]
        before, end = line[cursor.x - 1], min(cursor.x + (count or 1), self.columns)
        if cursor.x and before.data:
            line.update(dict.fromkeys(range(cursor.x, end), before))
            cursor.x = end
            self.dirty.add(cursor.y)

    def scroll_up(self, count: int = 1) -> None:
        """Move all lines within the margins up, the cursor staying where it is."""
        cursor, row = self.cursor, self.cursor.y
        cursor.y = self.margins.bottom if self.margins else self.lines - 1
        for _ in range(min(count or 1, self.lines)):
            self.index()
        cursor.y = row

    def scroll_down(self, count: int = 1) -> None:
        """Move all lines within the margins down, the cursor staying where it is."""
        cursor, row = self.cursor, self.cursor.y
        cursor.y = self.margins.top if self.margins else 0
        for _ in range(min(count or 1, self.lines)):
            self.reverse_index()
        cursor.y = row

    def delete_lines(self, count: int | None = None) -> None:
        """Remove lines at the cursor; those below move up, also the ones that nothing was ever drawn in."""
        for row in range(self.lines):
            self.buffer[row]  # pyte leaves a line as it is where the one that takes its place is not there
        super().delete_lines(count)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        """Erase the lines below the cursor (0), above it (1) or all (2, 3), and with 0 and 1 its own up to it."""
        row = self.cursor.y
        whole = range(self.lines)
        lines = {0: whole[row + 1 :], 1: whole[:row], 2: whole, 3: whole}.get(how, whole[:0])
        for line in lines:
            self.buffer.pop(line, None)
        self.dirty.update(lines)
        if how in (0, 1):
            self.erase_in_line(how)

    def alignment_display(self) -> None:
        """Fill the screen with the letter E."""
        cells = dict.fromkeys(range(self.columns), _cell("E"))
        for row in range(self.lines):
            self.buffer[row].update(cells)
        self.dirty.update(range(self.lines))

    def select_graphic_rendition(self, *attrs: int, **kwargs: Any) -> None:
        """Do nothing: colours and the like are not kept."""

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Do nothing: the size is the configuration's."""

    def set_mode(self, *codes: int, **kwargs: Any) -> None:
        """Set those modes that matter to what stands where."""
        super().set_mode(*_known(codes, kwargs), **kwargs)

    def reset_mode(self, *codes: int, **kwargs: Any) -> None:
        """Reset those modes that matter to what stands where."""
        super().reset_mode(*_known(codes, kwargs), **kwargs)

    def save_cursor(self, *_: int) -> None:
        """Remember the cursor, in place of what was remembered before."""
        self.savepoints.clear()
        super().save_cursor()

    def restore_cursor(self, *_: int) -> None:
        """Go back to where the cursor was remembered."""
        super().restore_cursor()

    def write_process_input(self, data: str) -> None:
        """Keep what the terminal answers."""
        if len(self.answers) < _MOST_ANSWERS:
            self.answers += data.encode("ascii")


class StyledTerminal(Terminal):
    """A Terminal that keeps of each cell whether it is bold, underlined, reverse; colours are not kept.

    What is erased has none of these.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._style = self._saved = frozenset[str]()
        super().__init__(columns, rows)

    def reset(self) -> None:
        """Clear the screen, and draw plain from now on."""
        super().reset()
        self._draw_in(frozenset())

    def select_graphic_rendition(self, *attrs: int, **kwargs: Any) -> None:
        """Draw in other styles from now on."""
        if kwargs.get("private"):
            return
        style, codes = set(self._style), iter(attrs or (0,))
        for code in codes:
            if code in _COLOURS:
                # The number of a colour, or its parts, may look like a style.
                for _ in range({5: 1, 2: 3}.get(next(codes, 0), 0)):
                    next(codes, 0)
            elif code == 0:
                style.clear()
            elif code in _STYLES:
                style.add(_STYLES[code])
            else:
                style.discard(_PLAIN.get(code, ""))
        self._draw_in(frozenset(style))

    def save_cursor(self, *_: int) -> None:
        """Remember the cursor and the styles, in place of what was remembered before."""
        super().save_cursor()
        self._saved = self._style

    def restore_cursor(self, *_: int) -> None:
        """Go back to what was remembered."""
        super().restore_cursor()
        self._draw_in(self._saved)

    def _draw_in(self, style: frozenset[str]) -> None:
        self._style = style
        self.cell = _styled(style)


def _known(codes: tuple[int, ...], kwargs: dict[str, Any]) -> list[int]:
    shift = 5 if kwargs.get("private") else 0
    return [code for code in codes if code << shift in _MODES]


class Parser(pyte.Stream):
    """Feeds a Terminal. A sequence with parameters that its command cannot have is ignored, as by a terminal."""

    csi: Mapping[str, str] = MappingProxyType({  # type: ignore[assignment]
        **pyte.Stream.csi,
        "b": "repeat",
        "S": "scroll_up",
        "T": "scroll_down",
        "s": "save_cursor",
        "u": "restore_cursor",
    })  # fmt: skip

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        super().__init__(terminal, strict=False)
        # Programs for a vt100 draw their boxes by a shift of the character set, whatever the encoding.
        self.use_utf8 = False

    def _send_to_parser(self, data: str) -> bool | None:
        try:
            return self._parser.send(data)  # type: ignore[union-attr]
        except (TypeError, UnboundLocalError, AssertionError, AttributeError):
            # pyte finds out by calling; what it had begun may have left the cursor outside.
            self._initialize_parser()
            self._terminal.ensure_vbounds()
            self._terminal.ensure_hbounds()
            return True
