"""Fields compiled whole: bounds, lists of values, defaults."""

import math

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ValueOutOfRange
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading, compile_field, default_value


def compiled(find="h= {float}", **keys):
    return compile_field("height", FieldModel(find=find, **keys), Text())


def problem_of(find="h= {float}", **keys):
    with pytest.raises(FieldProblem) as caught:
        compiled(find, **keys)
    return caught.value


def test_a_value_within_its_bounds_is_read():
    reading = compiled(low=0, high=10)
    assert [reading.read(message) for message in (b"h= 0", b"h= 10", b"h= 2.5", b"")] == [0.0, 10.0, 2.5, None]
    assert reading.kind is Kind.NUMBER


@pytest.mark.parametrize(
    ("keys", "message", "cure"),
    [
        ({"low": 0, "high": 10}, b"h= 10.5", "from 0 to 10"),
        ({"low": 0, "high": 10}, b"h= -1e-300", "from 0 to 10"),
        ({"low": 0}, b"h= -1", "at least 0"),
        ({"high": 10}, b"h= 11", "at most 10"),
        ({"find": "h= {int}", "high": 10}, b"h= 11", "at most 10"),
        ({"find": "h= {float:3}", "low": 0}, b"h= 1 -2 3", "at least 0"),
    ],
)
def test_a_value_outside_its_bounds_is_refused(keys, message, cure):
    with pytest.raises(ValueOutOfRange) as caught:
        compiled(**keys).read(message)
    assert caught.value.what == "field height is outside its bounds"
    assert caught.value.cure == f"expected {cure}; widen `low` or `high`, or set `outside: clip`"


def test_a_value_outside_its_bounds_is_clipped_where_asked():
    reading = compiled(low=0, high=10, outside="clip")
    assert [reading.read(message) for message in (b"h= -5", b"h= 50", b"h= 5")] == [0, 10, 5]
    assert compiled("h= {float:3}", low=0, high=2, outside="clip").read(b"h= -1 1 5") == (0, 1, 2)
    whole = compiled("h= {int}", low=0.5, high=9.5, outside="clip")
    assert [whole.read(message) for message in (b"h= 0", b"h= 50")] == [1, 9]
    assert all(type(whole.read(message)) is int for message in (b"h= 0", b"h= 50"))


@pytest.mark.parametrize("token", [b"NaN", b"-inf", b"1e999", b"1.#QNAN"])
@pytest.mark.parametrize("keys", [{}, {"low": 0}, {"low": 0, "high": 5, "outside": "clip"}, {"find": "h= {float:2}"}])
def test_what_is_not_finite_is_refused(token, keys):
    with pytest.raises(ValueOutOfRange) as caught:
        compiled(**keys).read(b"h= " + token + b" 1")
    assert caught.value.what == "field height is not finite"
    assert caught.value.cure == "set `allow_nan: true` if the simulator means it"


def test_what_is_not_finite_is_read_where_allowed_and_bounds_hold_for_infinity():
    assert math.isnan(compiled(allow_nan=True).read(b"h= nan"))
    assert math.isnan(compiled(allow_nan=True, low=0, high=1).read(b"h= nan"))
    assert compiled(allow_nan=True, low=0).read(b"h= inf") == math.inf
    assert compiled(allow_nan=True, low=0, high=1, outside="clip").read(b"h= inf") == 1
    assert math.isnan(compiled("h= {float:2}", allow_nan=True).read(b"h= 1 nan")[1])
    with pytest.raises(ValueOutOfRange, match="outside its bounds"):
        compiled(allow_nan=True, high=1).read(b"h= inf")


def test_a_vector_whose_sum_overflows_is_finite_all_the_same():
    assert compiled("h= {float:2}").read(b"h= 1e308 1.7e308") == (1e308, 1.7e308)


def test_a_value_is_one_of_those_listed():
    rooms = compiled("h= {int}", values="1..20")
    assert (rooms.read(b"h= 20"), rooms.read(b"")) == (20, None)
    with pytest.raises(ValueOutOfRange) as caught:
        rooms.read(b"h= 21")
    assert str(caught.value) == (
        "field height is none of its values\n"
        "  found: 21\n"
        "  cure: expected 1..20; add it to `values` if the simulator means it"
    )
    words = compiled("h= {word}", values=["up", "down"])
    assert words.read(b"h= up.") == "up"
    with pytest.raises(ValueOutOfRange, match="field height is none of its values"):
        words.read(b"h= sideways")


def test_a_field_that_needs_no_check_is_read_directly():
    bare = compiled("h= {int}")
    assert bare.read.__module__ == "filebridge.wire.formats.pattern"


@pytest.mark.parametrize(
    ("keys", "key", "what"),
    [
        ({"low": 2, "high": 1}, "low", "above `high`"),
        ({"find": "h= {word}", "low": 2}, "low", "a bound on text"),
        ({"find": "h= {flag}", "high": 2}, "high", "a bound on a flag"),
        ({"values": "1..2"}, "values", "a list of all values of a number"),
        ({"find": "h= {int}", "values": ["a"]}, "values", "the field is a whole number"),
        ({"find": "h= {int}", "values": []}, "values", "the field is a whole number"),
        ({"find": "h= {word}", "values": [1]}, "values", "the field is text"),
        ({"find": "h= {word}", "values": "1..2"}, "values", "a range of numbers, but the field is text"),
        ({"find": "h= {int}", "values": [1, 1]}, "values", "a value given twice"),
        ({"find": "h= {int}", "values": "1..2", "low": 0}, "values", "given beside `low`"),
        ({"outside": "clip"}, "outside", "nothing to clip to"),
        ({"pick": "all"}, "pick", "all, without a number of values"),
        ({"default": "none"}, "default", "not a value of this field"),
        ({"default": True}, "default", "not a value of this field"),
        ({"find": "h= {int}", "default": 1.5}, "default", "not a value of this field"),
        ({"find": "h= {word}", "default": 1}, "default", "not a value of this field"),
        ({"find": "h= {float:2}", "default": [1.0]}, "default", "not a value of this field"),
        ({"low": 0, "default": -1}, "default", "outside the field's own bounds"),
        ({"find": "h= {float:2}", "high": 0, "default": [0, 1]}, "default", "outside the field's own bounds"),
        ({"find": "h= {int}", "values": "1..2", "default": 3}, "default", "none of the field's values"),
        ({"default": math.inf}, "default", "not finite"),
    ],
)
def test_keys_that_contradict_one_another_are_problems(keys, key, what):
    problem = problem_of(**keys)
    assert (problem.key, problem.what) == (key, what)
    assert problem.expected


@pytest.mark.parametrize(
    ("find", "default", "value"),
    [
        ("h= {float}", 0, 0.0),
        ("h= {int}", 3, 3),
        ("h= {word}", "none", "none"),
        ("h= {flag}", False, False),
        ("h= {float:2}", [1, 2], (1.0, 2.0)),
        ("h= {int}", None, None),
    ],
)
def test_a_default_is_a_value_of_the_field(find, default, value):
    field = FieldModel(find=find, default=default)
    found = default_value(field, compile_field("height", field, Text()))
    assert (found, type(found)) == (value, type(value))


GRID = {"legend": {"#": 1, ".": 0}, "rows": 2, "columns": 3}


def grid_default(default):
    field = FieldModel.model_validate({"grid": GRID, "default": default})
    return default_value(field, compile_field("maze", field, Text()))


def test_the_default_of_a_grid_fills_it():
    full = grid_default(1)
    assert (full.tolist(), str(full.dtype)) == ([[1, 1, 1], [1, 1, 1]], "uint8")


@pytest.mark.parametrize("default", ["#", [0, 0, 0, 0, 0, 0], 0.5, True])
def test_the_default_of_a_grid_is_one_number(default):
    with pytest.raises(FieldProblem) as caught:
        grid_default(default)
    assert (caught.value.key, caught.value.expected) == (
        "default", "one number of the legend, which fills the whole grid"
    )


def test_the_default_of_a_grid_is_of_its_legend():
    with pytest.raises(FieldProblem) as caught:
        grid_default(2)
    assert str(caught.value) == "default: not a number of the legend\n  found: 2\n  expected: one of 0, 1"


def test_a_whole_default_stays_one():
    field = FieldModel(find="h= {int}", default=3)
    assert (field.default, type(field.default)) == (3, int)
    assert type(FieldModel(find="h= {float}", default=3.0).default) is float


def test_the_default_of_a_screen_fills_it():
    field, reading = FieldModel(screen="cells", default=32), Reading(lambda message: None, Kind.GRID, 6, (2, 3))
    assert default_value(field, reading).tolist() == [[32] * 3] * 2
    with pytest.raises(FieldProblem) as caught:
        default_value(FieldModel(screen="cells", default=256), reading)
    assert str(caught.value) == "default: not the code of a character\n  found: 256\n  expected: from 0 to 255"
