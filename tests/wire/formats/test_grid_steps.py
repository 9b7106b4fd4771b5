import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.formats.grid import reader
from filebridge.wire.formats.problem import FieldProblem

LEGEND = {" ": 0, "x": 1, "o": 2}
BOARD = b""" +---+---+---+
 | x |   | o | 2
 +---+---+---+
 |   | o | x | 1
 +---+---+---+
   a   b   c
"""
CELLS = [[1, 0, 2], [0, 2, 1]]
STEPS = {"row_step": 2, "column_step": 4, "first_column": 4}


def reading(**keys):
    grid = {"legend": LEGEND, "rows": 2, "columns": 3, **keys}
    return reader("board", FieldModel.model_validate({"grid": grid}), Text())


def value(message, **keys):
    return reading(**keys).read(message)


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        (BOARD, {"before": "  a  "}),
        (b"\n" + BOARD + b"\nturn: x\n", {"before": "a   b"}),
        (BOARD.replace(b"o", b"x") + BOARD, {"before": "  a  "}),
        (b"move:\n" + BOARD[15:], {"after": "move"}),
        (b"move:\n" + BOARD[15:66], {"after": "move"}),
        (BOARD[15:64], {}),
        (b"turn: x\n" + BOARD[15:63], {}),
    ],
)
def test_a_board_with_ruled_lines_becomes_numbers(message, keys):
    assert value(message, **STEPS, **keys).tolist() == CELLS


def test_a_block_without_rules_above_a_line():
    assert value(b"o\nxoo\n  x\n===\n", before="===").tolist() == [[1, 2, 2], [0, 0, 1]]


def test_lines_that_are_cut_off_are_filled_with_blanks():
    keys = {"row_step": 2, "column_step": 4, "first_column": 3}
    assert value(b"| x\n|\n| o | o\n|\nend", before="end", **keys).tolist() == [[1, 0, 0], [2, 2, 0]]


def test_steps_count_characters_not_bytes():
    rows = "║x║ ║o║\n║ ║o║x║\n".encode()
    assert value(rows, column_step=2, first_column=2).tolist() == CELLS


def test_a_message_without_the_line_has_no_grid():
    assert value(BOARD, before="d   e", **STEPS) is None


def test_a_rule_taken_for_a_row_is_refused():
    with pytest.raises(ParseError) as caught:
        value(BOARD, before="  a  ", row_step=1, column_step=4, first_column=4)
    assert caught.value.what == "field board has a character in row 2, column 1 that is not in its legend"
    assert caught.value.found == "-"


@pytest.mark.parametrize(
    ("message", "keys", "needed", "count"),
    [
        (b"a line\n | x\n a\n", {"before": " a\n"}, 4, 2),
        (b" a", {"before": " a"}, 4, 0),
        (b"head\n | x |\n +---+\n", {"after": "head"}, 3, 2),
        (b" | x |", {}, 3, 1),
    ],
)
def test_too_few_lines_are_refused(message, keys, needed, count):
    with pytest.raises(ParseError, match=f"field board needs {needed} lines, but there are {count}"):
        value(message, **STEPS, **keys)


def test_two_places_at_once_are_refused_at_load_time():
    with pytest.raises(FieldProblem) as caught:
        reading(after="head", before="foot")
    assert str(caught.value) == (
        "grid: a line above and a line below\n  found: `after` and `before`\n  expected: one of them"
    )
