"""Regular expressions of the user: one group, a type, and a limit on the time."""

import time

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.regex import reader


def reading_of(source, **keys):
    return reader("x", FieldModel(regex=f"/{source}/", **keys), Text())


def problem_of(source, **keys):
    with pytest.raises(FieldProblem) as caught:
        reading_of(source, **keys)
    return caught.value


@pytest.mark.parametrize(
    ("source", "keys", "value"),
    [
        (r"h=(\S+)", {}, 2.0),
        (r"h=(\S+)", {"pick": "first"}, 1.5),
        (r"h=(\S+)", {"pick": "sum"}, 3.5),
        (r"h=(\S+)", {"pick": "count"}, 2),
        (r"h=(\S+)", {"pick": "all", "size": 2}, (1.5, 2.0)),
        (r"h=(\d)", {"type": "int"}, 2),
        (r"(?P<value>\d) ft (?P<rest>\w+)", {"type": "int"}, 2),
        (r"ft (\w+)", {"type": "word"}, "now"),
        (r"h=2( x)?", {"type": "word"}, None),
        (r"h=(?=(\d))", {"type": "hex"}, 2),
        (r"(?m)^(\w)=", {"type": "text"}, "h"),
        (r"y=(\d)", {}, None),
    ],
)
def test_a_group_is_read(source, keys, value):
    found = reading_of(source, **keys).read(b"h=1.5 ft\nh=2 ft now")
    assert (found, type(found)) == (value, type(value))


def test_the_type_decides_the_kind():
    assert reading_of("(a)").kind is Kind.NUMBER
    assert reading_of("(a)", type="octal").kind is Kind.INTEGER
    assert reading_of("(a)", type="line").kind is Kind.TEXT


def test_a_group_that_is_not_of_the_type_is_refused():
    with pytest.raises(ParseError, match="field x is not a number"):
        reading_of(r"h=(\w+)").read(b"h=high")


@pytest.mark.parametrize("pick", ["first", "last", "sum", "count"])
def test_a_search_that_takes_too_long_is_ended(pick):
    reading = reading_of(r"(?:a|aa|a.)+(b)$", pick=pick)
    began = time.process_time()
    with pytest.raises(ParseError) as caught:
        reading.read(b"a" * 5000)
    assert time.process_time() - began < 1
    assert caught.value.what == r"field x: the search for /(?:a|aa|a.)+(b)$/ took longer than 50 ms"
    assert caught.value.found.startswith("a message of 5000 bytes: ...aaa")


def test_a_wrong_expression_is_a_problem_with_its_place():
    problem = problem_of("h=(a")
    assert (problem.key, problem.what, problem.offset) == ("regex", "missing )", 5)
    assert problem_of("ab").what == "no group for the value"
    assert problem_of("(a)(b)").what == "several groups, none of them named value"
    assert problem_of("(" + "a" * 1000 + ")").found == "1002 characters"
    assert problem_of("(a)", pick="all").key == "pick"
    assert problem_of("(a)", pick="sum", type="word").key == "pick"


def test_a_character_outside_the_encoding_is_a_problem():
    with pytest.raises(FieldProblem) as caught:
        reader("x", FieldModel(regex="/(é)/"), Text(encoding="ascii"))
    assert (caught.value.what, caught.value.found) == ("a character that ascii does not have", "é")


def test_the_ends_of_each_line_can_be_named():
    message = b"turn 3\n= B4\n= C5 x\n"
    assert reading_of(r"^= ([A-E][1-5])$", type="word").read(message) == "B4"
    assert reading_of(r"^= ([A-E][1-5])", type="word").read(message) == "C5"
