"""How the cells of a screen are drawn: bold, underlined, reverse; what is kept of it, and what is read."""

from __future__ import annotations

import numpy
import pytest

from filebridge.config.field import STYLES, FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.screen import reader
from filebridge.wire.reading import compile_field

pytest.importorskip("pyte")

from filebridge.wire.screens.screen import Screen


def planes(drawn, columns=6, rows=2):
    """Return, by their names, the rows of what is drawn in each style, as texts of 0 and 1."""
    screen = Screen(columns, rows, styled=True)
    message = screen.clean(drawn.encode())
    read = {style: reader("view", FieldModel(screen=style), Text(), (columns, rows)).read(message) for style in STYLES}
    return {style: ["".join(map(str, row)) for row in plane.tolist()] for style, plane in read.items()}


def test_each_style_has_a_plane():
    drawn = planes("\x1b[1mab\x1b[4mc\x1b[7md\x1b[22me\x1b[mf")
    assert drawn == {
        "bold": ["111100", "000000"], "underline": ["001110", "000000"], "reverse": ["000110", "000000"],
    }  # fmt: skip


@pytest.mark.parametrize(("drawn", "reverse"), [
    ("\x1b[7m  \x1b[27m  ", "110000"), ("\x1b[0;7mab\x1b[0mc", "110000"), ("\x1b[7mab\x1b[Hc", "110000"),
    ("\x1b[7mab\x1b[m\x1b[H ", "010000"), ("\x1b[7mabc\x1b[2D\x1b[K", "100000"), ("\x1b[7m\x1b[2J", "000000"),
    ("\x1b[38;5;7mab", "000000"), ("\x1b[48;2;7;7;7mab", "000000"), ("\x1b[38mab", "000000"), ("\x1b[?7mab", "000000"),
    ("\x1b[7m\x1b7\x1b[ma\x1b8b", "100000"), ("\x1b[7mab\x1bcc", "000000"), ("\x1b[7m漢x", "111000"),
    ("\x1b[7me\u0301x", "110000"), ("\x1b[7mab\x1b[1;1H\x1b[27m\x1b[@", "011000"), ("\x1b[7ma\x1b[3b", "111100"),
])  # fmt: skip
def test_what_is_drawn_in_reverse(drawn, reverse):
    assert planes(drawn)["reverse"] == [reverse, "000000"]


def test_lines_move_with_their_styles():
    assert planes("\x1b[7mab\x1b[m\r\ncd\n")["reverse"] == ["000000", "000000"]
    assert planes("ab\r\n\x1b[7mcd\x1b[m\n")["reverse"] == ["110000", "000000"]


def test_characters_and_cursor_are_read_as_without_styles():
    plain, styled = (Screen(6, 2, styled=styled).clean("\x1b[7mé\x1b[mb┌".encode()) for styled in (False, True))
    for way in ("cells", "cursor"):
        read = reader("view", FieldModel(screen=way), Text(), (6, 2)).read
        assert numpy.array_equal(read(plain), read(styled))
    assert styled[: len(plain) - 6] == plain[:-6]


def test_a_plane_is_an_array_of_its_own():
    field = reader("view", FieldModel(screen="reverse"), Text(), (6, 2))
    message = Screen(6, 2, styled=True).clean(b"\x1b[7ma")
    first, second = field.read(message), field.read(message)
    first[0, 0] = 0
    assert (second[0, 0], second.dtype, second.shape, field.length) == (1, numpy.uint8, (2, 6), 12)


@pytest.mark.parametrize("message", [b"x", b"ab\n\x1b[1;1H", b"ab\n\x10\x1b[1;1H"])
def test_a_snapshot_without_styles_is_refused(message):
    with pytest.raises(ParseError) as caught:
        reader("view", FieldModel(screen="reverse"), Text(), (2, 1)).read(message)
    assert caught.value.what == "field view needs a screen of 2x1"


def test_a_default_is_one_of_the_two_values():
    assert compile_field("view", FieldModel(screen="bold", default=1), Text()) is not None
    with pytest.raises(FieldProblem) as caught:
        compile_field("view", FieldModel(screen="bold", default=2), Text())
    assert (caught.value.what, caught.value.expected) == ("neither drawn so nor not", "from 0 to 1")
