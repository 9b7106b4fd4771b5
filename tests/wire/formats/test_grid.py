import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.grid import reader
from filebridge.wire.formats.problem import FieldProblem

LEGEND = {"#": 1, ".": 0, "@": 255}
MAZE = [[1, 1, 1], [1, 255, 0]]


def reading(legend=None, text=None, rows=2, columns=3, **keys):
    grid = {"legend": legend or LEGEND, "rows": rows, "columns": columns, **keys}
    return reader("maze", FieldModel.model_validate({"grid": grid}), Text.model_validate(text or {}))


def value(message, legend=None, text=None, **keys):
    return reading(legend, text, **keys).read(message)


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        (b"###\n#@.", {}),
        (b"###\n#@.\n", {}),
        (b"turn 3\n###\n#@.\n", {}),
        (b"###xx\n#@.x\n", {}),
        (b"MAP:\n###\n#@.\nturn 3\n> ", {"after": "MAP"}),
        (b"MAP:\n...\n...\nMAP:\n###\n#@.", {"after": "MAP"}),
        ("Zürich\n###\n#@.\n".encode(), {}),
    ],
)
def test_the_block_of_characters_becomes_numbers(message, keys):
    grid = value(message, **keys)
    assert grid.tolist() == MAZE
    assert (grid.dtype, grid.shape) == (numpy.uint8, (2, 3))


def test_shape_and_kind():
    field = reading(rows=4, columns=5)
    assert (field.kind, field.shape) == (Kind.GRID, (4, 5))


def test_each_read_gives_an_array_of_its_own():
    read = reading().read
    first, second = read(b"###\n#@."), read(b"###\n#@.")
    first[0, 0] = 9
    assert second.tolist() == MAZE


@pytest.mark.parametrize(("message", "keys"), [(b"", {}), (b"\n \n", {}), (b"###\n#@.", {"after": "MAP"})])
def test_a_message_without_a_grid(message, keys):
    assert value(message, **keys) is None


def test_short_lines_are_filled_with_blanks():
    assert value(b"#\n\n", {"#": 1, " ": 7}, after=None).tolist() == [[1, 7, 7], [7, 7, 7]]
    with pytest.raises(ParseError) as caught:
        value(b"###\n#@\n")
    assert str(caught.value) == (
        "field maze has a character in row 2, column 3 that is not in its legend\n  found: a blank\n"
        "  cure: add it to `legend`; check `rows`, `columns` and where the grid begins if it is not part of it"
    )


@pytest.mark.parametrize(
    ("message", "legend", "text", "place", "found"),
    [
        (b"###\nx@.", None, {}, "row 2, column 1", "x"),
        (b"##\x1b\nx@.", None, {}, "row 1, column 3", "\\x1b"),
        ("##é\nx@.".encode(), None, {}, "row 1, column 3", "\\xc3\\xa9"),
        ("##é\nx@.".encode("latin-1"), None, {"encoding": "latin-1"}, "row 1, column 3", "\\xc3\\xa9"),
        ("██x\n   ".encode(), {"█": 1, " ": 0}, {}, "row 1, column 3", "x"),
        ("██\n ██".encode(), {"█": 1}, {}, "row 1, column 3", "a blank"),
    ],
)
def test_unknown_characters_are_refused(message, legend, text, place, found):
    with pytest.raises(ParseError) as caught:
        value(message, legend, text)
    assert caught.value.what == f"field maze has a character in {place} that is not in its legend"
    assert caught.value.found == found


@pytest.mark.parametrize(
    ("message", "keys", "count"),
    [(b"###\n", {}, 1), (b"MAP\n###\n", {"after": "MAP"}, 1), (b"MAP", {"after": "MAP"}, 0)],
)
def test_too_few_lines_are_refused(message, keys, count):
    with pytest.raises(ParseError, match=f"field maze needs 2 lines, but there are {count}"):
        value(message, **keys)


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_characters_beyond_ascii(encoding):
    legend = {"█": 1, "░": 2, " ": 0}
    assert value("█░█\n█".encode(encoding), legend, {"encoding": encoding}).tolist() == [[1, 2, 1], [1, 0, 0]]
    assert value(b"   \n ", legend, {"encoding": encoding}).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DecodeError, match="field maze is no text in utf-8"):
        value(b"\xff##\n#@.")


@pytest.mark.parametrize(
    ("legend", "text", "expected"),
    [
        (
            {"ab": 1},
            {},
            "grid: not a single character\n  found: ab\n  expected: each character of the legend by itself",
        ),
        ({"a": 256}, {}, "grid: the legend's number for a\n  found: 256\n  expected: numbers from 0 to 255"),
        ({"█": 1}, {"encoding": "latin-1"}, "grid: a character that latin-1 does not have\n  found: █"),
    ],
)
def test_impossible_legends_are_refused_at_load_time(legend, text, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(legend, text)
    assert str(caught.value) == expected


@given(st.lists(st.lists(st.sampled_from("#.@é"), min_size=4, max_size=4), min_size=3, max_size=3))
def test_every_grid_comes_back(cells):
    legend = {"#": 1, ".": 0, "@": 255, "é": 130}
    message = "\n".join(["MAP", *map("".join, cells)]).encode()
    expected = [[legend[cell] for cell in row] for row in cells]
    assert value(message, legend, rows=3, columns=4).tolist() == expected
    assert value(message + b"\nafter", legend, rows=3, columns=4, after="MAP").tolist() == expected


def test_too_few_lines_say_where_they_were_looked_for():
    message = b"turn 1\n  A B\n###\n#@.\n  A B\nmove? "
    with pytest.raises(ParseError) as caught:
        value(message, after="A B")
    assert caught.value.what == "field maze needs 2 lines, but there are 1 below the last `A B`, line 5 of the reply"
    assert caught.value.cure == (
        "check `rows` and `after`, and that the reply is read to its end; the heading occurs 2 times: `pick: first`"
        " counts from the first one, `before` from the line below the grid"
    )
    with pytest.raises(ParseError) as caught:
        value(b"A B\n###", before="A B")
    assert caught.value.what == "field maze needs 2 lines, but there are 0 above the last `A B`, line 1 of the reply"
    assert "pick" not in caught.value.cure


def test_the_first_heading_may_be_meant():
    grid = {"legend": LEGEND, "rows": 1, "columns": 3}
    message = b"MAP\n###\nMAP\n...\nMAP\n"
    picked = {"after": "MAP", "before": "MAP\n"}
    for key, mark in picked.items():
        field = FieldModel.model_validate({"grid": {**grid, key: mark}, "pick": "first"})
        read = reader("maze", field, Text()).read
        assert read(message if key == "after" else b"###\n" + message).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("pick", ["all", "sum", "count"])
def test_several_grids_are_refused(pick):
    field = FieldModel.model_validate({"grid": {"legend": LEGEND, "rows": 1, "columns": 3, "after": "M"}, "pick": pick})
    with pytest.raises(FieldProblem) as caught:
        reader("maze", field, Text())
    assert str(caught.value) == f"pick: one place is read, not several\n  found: {pick}\n  expected: `first` or `last`"


def test_a_grid_at_a_row_of_the_screen():
    screen = b"score 12\n\n###\n#@.\n\n> "
    assert value(screen, first_row=3).tolist() == MAZE
    assert value(screen + b"\n" * 20, first_row=3).tolist() == MAZE
    assert value(b"###\n...\n#@.", first_row=1, row_step=2).tolist() == MAZE
    assert value(b" \n\n", first_row=1) is None
    assert value(b" \n\n", {" ": 7}, first_row=1, rows=1).tolist() == [[7, 7, 7]]


@pytest.mark.parametrize(("first_row", "count"), [(2, 1), (3, 0), (30, 0)])
def test_rows_beyond_the_end_of_the_screen_are_refused(first_row, count):
    with pytest.raises(ParseError) as caught:
        value(b"###\n#@.\n", first_row=first_row)
    assert str(caught.value) == (
        f"field maze needs 2 lines from row {first_row} on, but there are {count}\n  found: ###\\n#@.\\n\n"
        "  cure: check `rows` and `first_row`, and that the reply is read to its end"
    )


def test_two_places_of_a_grid_are_refused():
    with pytest.raises(FieldProblem) as caught:
        reading(first_row=2, after="MAP")
    assert str(caught.value) == "grid: a place given twice\n  found: `after` and `first_row`\n  expected: one of them"
