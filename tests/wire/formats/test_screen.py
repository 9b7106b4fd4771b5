import re

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.screen import reader
from filebridge.wire.reading import compile_field
from filebridge.wire.screens.screen import Screen

CURE = "`screen` reads the screen of a terminal: give its size with `screen: 80x24` in the transport's console"


def reading(way="cells", size=None):
    return reader("view", FieldModel(screen=way), Text(), size)


def snapshot(drawn, columns=6, rows=2):
    return Screen(columns, rows).clean(drawn.encode())


def test_the_characters_of_the_screen_are_their_codes():
    field = reading(size=(6, 2))
    cells = field.read(snapshot("ab~\r\n c"))
    assert (field.kind, field.shape, field.length) == (Kind.GRID, (2, 6), 12)
    assert (cells.dtype, cells.shape, cells.flags.c_contiguous) == (numpy.uint8, (2, 6), True)
    assert [bytes(row) for row in cells] == [b"ab~   ", b" c    "]


def test_each_read_gives_an_array_of_its_own():
    read, message = reading().read, snapshot("ab")
    first, second = read(message), read(message)
    first[0, 0] = 0
    assert bytes(second[0]) == b"ab    "


@pytest.mark.parametrize(
    ("drawn", "codes"),
    [
        ("é£ÿ", b"\xe9\xa3\xff   "),
        ("┌─┐│┼╳", b"+-+|+X"),
        ("╔═╗║╬╱", b"+-+|+/"),
        ("╭╴╵╷╸╲", b"+-||-\\"),
        ("\x1b(0qxoltn", b"-|-+++"),
        ("Ω█✓€😀", b"????? "),
        ("漢x", b"? x   "),
    ],
)
def test_characters_beyond_ascii(drawn, codes):
    cells = reading(size=(6, 2)).read(snapshot(drawn))
    assert bytes(cells[0]) == codes
    assert bytes(cells[1]) == b"      "


def test_the_cursor_is_a_row_and_a_column_counted_from_one():
    field = reading("cursor")
    assert (field.kind, field.length) == (Kind.VECTOR, 2)
    assert field.read(snapshot("")) == [1, 1]
    assert field.read(snapshot("a\r\nbcd")) == [2, 4]
    assert field.read(snapshot("é\x1b[2;6H")) == [2, 6]
    assert reading("cursor").read(snapshot("", 132, 50).replace(b"1;1", b"50;132")) == [50, 132]


def test_bounds_of_the_cursor_hold():
    field = compile_field("place", FieldModel(screen="cursor", low=1, high=3), Text())
    assert field.read(snapshot("ab")) == [1, 3]


@pytest.mark.parametrize("way", ["cells", "cursor"])
def test_an_empty_message_has_no_screen(way):
    assert reading(way).read(b"") is None


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("cells", b"abc"), ("cells", b"ab\ncd"), ("cells", b"ab\ncd\n"), ("cells", b"ab\nc\n\x1b[1;1H"),
        ("cells", b"ab\nc\nd\n\x1b[1;1H"), ("cells", b"\n\n\x1b[1;1H"), ("cells", b"\x1b[1;1H"),
        ("cells", b"\xff\n\x1b[1;1H"), ("cursor", b"abc"), ("cursor", b"ab\ncd\n"), ("cursor", b"ab\n\x1b[1;H"),
    ],
)  # fmt: skip
def test_what_is_no_snapshot_is_refused(way, message):
    with pytest.raises(ParseError) as caught:
        reading(way).read(message)
    assert caught.value.what == "field view needs the snapshot of a screen"
    assert caught.value.cure == CURE


def test_a_screen_of_another_size_is_refused():
    assert reading().read(snapshot("", 7, 3)).shape == (3, 7)
    with pytest.raises(ParseError) as caught:
        reading(size=(6, 2)).read(snapshot("ab", 2, 6))
    assert str(caught.value) == (
        "field view needs a screen of 6x2\n"
        "  found: ab\\n  \\n  \\n  \\n  \\n  \\n\\x1b[1;2H\n"
        f"  cure: {CURE}"
    )


def test_a_field_that_is_no_screen():
    with pytest.raises(FieldProblem, match="missing"):
        reader("view", FieldModel(seen="x"), Text())


@given(st.text(max_size=40), st.integers(1, 9), st.integers(1, 5))
def test_every_screen_can_be_read(drawn, columns, rows):
    message = snapshot(drawn.encode("utf-8", "replace").decode(), columns, rows)
    cells = reading(size=(columns, rows)).read(message)
    lines = message.decode().split("\n")
    shown = [[ord(char) if ord(char) < 256 else None for char in line] for line in lines[:-1]]
    assert all(code in (None, int(cell)) for line, row in zip(shown, cells, strict=True)
               for code, cell in zip(line, row, strict=True))  # fmt: skip
    row, column = re.fullmatch(r"\x1b\[(\d+);(\d+)H", lines[-1]).groups()
    assert reading("cursor").read(message) == [int(row), int(column)]


BORDER = "+" + "-" * 9 + "+"
MENU = [" Robots:", "", " +:  robot", " @:  you", "", " Score: 120"]
BOX = ["|  +      |", "|         |", "|    @   +|", "|  *      |"]
ROBOTS = "\r\n".join(box + menu for box, menu in zip([BORDER, *BOX, BORDER], MENU, strict=True))
LEGEND = {" ": 0, "+": 1, "*": 2, "@": 3}
FIELD = [[0, 0, 1, 0, 0, 0, 0, 0, 0], [0] * 9, [0, 0, 0, 0, 3, 0, 0, 0, 1], [0, 0, 2, 0, 0, 0, 0, 0, 0]]


def value(field, drawn=ROBOTS + "\x1b[4;6H"):
    read = compile_field("value", FieldModel.model_validate(field), Text()).read
    return read(snapshot(drawn, 30, 6))


@pytest.mark.parametrize(
    "place", [{"first_row": 2}, {"after": "Robots:"}, {"before": "Score:"}], ids=["row", "after", "before"]
)
def test_a_grid_is_a_region_of_the_screen(place):
    grid = value({"grid": {"legend": LEGEND, "rows": 4, "columns": 9, "first_column": 2, **place}})
    assert grid.tolist() == FIELD


def test_a_region_with_characters_beyond_ascii():
    drawn = "漢│@ +│\r\n漢│ * │\r\n漢└───┘"
    grid = value({"grid": {"legend": LEGEND, "rows": 2, "columns": 3, "first_row": 1, "first_column": 4}}, drawn)
    assert grid.tolist() == [[3, 0, 1], [0, 2, 0]]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"find": "Score: {int}"}, 120),
        ({"find": "+:  {word}"}, "robot"),
        ({"seen": "/@ +\\+/"}, True),
        ({"seen": "Bonus"}, False),
        ({"seen": "/^\\|    @/"}, True),
        ({"chars": "20..22", "line": 6, "type": "int"}, 120),
        ({"chars": "12..19", "line": 1, "type": "text"}, "Robots:"),
        ({"chars": "6..6", "line": 4, "type": "text"}, "@"),
        ({"column": 3, "line": 6, "type": "int"}, 120),
        ({"screen": "cursor"}, [4, 6]),
    ],
)
def test_other_ways_read_from_rows_and_columns(field, expected):
    assert value(field) == expected


def test_characters_are_counted_as_the_screen_counts_them():
    assert value({"chars": "5..7", "line": 1, "type": "int"}, "漢é│120│") == 120
