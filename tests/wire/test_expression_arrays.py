"""Expressions over arrays: their numbers, and functions of all of them."""

import math

import numpy
import pytest

from filebridge.errors import ExpressionError
from filebridge.wire.expression import ExpressionProblem, Kind, Slot, failure, parse

NAMES = {
    "flux": Slot(0, Kind.ARRAY, 4, (2, 2)),
    "line": Slot(1, Kind.ARRAY, 3, (3,)),
    "block": Slot(2, Kind.ARRAY, 8, (2, 2, 2)),
    "n": Slot(3, Kind.INTEGER),
    "over": Slot(4, Kind.FLAG),
    "other": Slot(5, Kind.ARRAY, 4, (4,)),
}
LARGE = 2**62
ROW = [
    numpy.array([[1.0, 2.0], [3.0, 4.5]]),
    numpy.array([LARGE, LARGE, LARGE]),
    numpy.arange(8).reshape(2, 2, 2),
    1,
    True,
    numpy.zeros(4),
]


def value(text, row=ROW):
    return parse(text, NAMES).evaluate(row, ROW)


def problem(text):
    with pytest.raises(ExpressionProblem) as caught:
        parse(text, NAMES)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flux[1][0]", 3.0),
        ("flux[n][-1]", 4.5),
        ("flux[-2][n]", 2.0),
        ("flux[over][over]", 4.5),
        ("line[0] + line[1] + line[-1]", 3 * LARGE),
        ("block[1][0][n]", 5),
        ("prev.flux[0][0]", 1.0),
        ("sum(flux)", 10.5),
        ("mean(flux)", 2.625),
        ("min(flux)", 1.0),
        ("max(flux)", 4.5),
        ("len(flux)", 4),
        ("len(block)", 8),
        ("count(flux, 2)", 1),
        ("count(block, n)", 1),
        ("sum(line)", 3.0 * LARGE),
        ("max(line) - min(line)", 0),
        ("flux[0][0] / 2 if max(flux) > 4 else 0", 0.5),
        ("(flux if over else prev.flux)[1][1]", 4.5),
    ],
)
def test_a_number_of_an_array_or_a_function_of_all(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) in (int, float)


def test_a_name_alone_is_the_array():
    expression = parse("flux", NAMES)
    assert (expression.kind, expression.evaluate(ROW, ROW)) == (Kind.ARRAY, ROW[0])


def test_what_is_not_finite_is_told_by_the_value():
    row = [numpy.array([[math.inf, -math.inf], [0, 1]]), *ROW[1:]]
    assert math.isnan(value("sum(flux)", row))
    assert math.isnan(value("mean(flux)", row))


@pytest.mark.parametrize(
    ("text", "what", "expected"),
    [
        ("flux + 1", "`flux` is an array of 2 x 2, a number is due",
         "one of its numbers, flux[0][0], or a function of all, such as mean(flux)"),
        ("flux[0]", "`flux` is an array of 2 x 2 and has two indices", "flux[row][column]"),
        ("flux[0][0][0]", "`flux` is an array of 2 x 2 and has two indices", "flux[row][column]"),
        ("block[0]", "`block` is an array of 2 x 2 x 2 and has three indices", "block[i][j][k]"),
        ("line[0][0]", "`line` is an array of 3 and has one index", "line[i]"),
        ("line[3]", "`line[3]` does not exist in an array of 3", "an index from 0 to 2"),
        ("flux[0][-3]", "`flux[0][-3]` does not exist in an array of 2 x 2", "an index from 0 to 1"),
        ("flux[0.5][0]", "an index is a whole number, `0.5` is a number", "int(0.5)"),
        ("flux if over else other", "`if` gives an array of 2 x 2, `else` gives an array of 4",
         "the same kind of value on both sides"),
        ("n in line", "a whole number is never in an array of 3", "values in brackets: x in (1, 2)"),
        ("min(flux, 1)", "`flux` is an array of 2 x 2, a number is due",
         "one of its numbers, flux[0][0], or a function of all, such as mean(flux)"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(text, what, expected):
    found = problem(text)
    assert (found.what, found.expected) == (what, expected)


@pytest.mark.parametrize("index", [-1, 3])
def test_an_index_that_leaves_the_array_is_an_error_with_the_cure(index):
    expression, row = parse("line[n]", NAMES), [*ROW[:3], index, *ROW[4:]]
    with pytest.raises(IndexError) as caught:
        expression.evaluate(row, row)
    error = failure(expression, row, row, caught.value, "reward")
    assert isinstance(error, ExpressionError)
    assert str(error) == (
        f"reward: `line` has no member {index}\n"
        "  found: line[n]\n"
        "         ^^^^^^^\n"
        f"         with line = an array of 3, n = {index}\n"
        "  cure: keep the index within 0 ... 2, as clip() does"
    )
