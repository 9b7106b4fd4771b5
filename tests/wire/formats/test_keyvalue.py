import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.keyvalue import reader
from filebridge.wire.formats.problem import FieldProblem

REPLY = b"""\
time = 1.5
fuel: 80 kg
  fuel=79.5kg
Output  power : 12 W
mode = AUTO (default)
note: all is = well
ready = T
mask = 0x1F
max fuel = 100
Fuel = 1
v(out) = 3.033751e+00
"""


def reading(key, text=None, **keys):
    return reader("level", FieldModel.model_validate({"key": key, **keys}), Text.model_validate(text or {}))


def value(key, message=REPLY, text=None, **keys):
    return reading(key, text, **keys).read(message)


@pytest.mark.parametrize(
    ("key", "keys", "expected"),
    [
        ("time", {}, 1.5),
        ("fuel", {}, 79.5),
        ("fuel", {"pick": "first"}, 80.0),
        ("fuel", {"pick": "sum"}, 159.5),
        ("fuel", {"pick": "all", "size": 2}, (80.0, 79.5)),
        ("fuel", {"pick": "count"}, 2),
        ("smoke", {"pick": "count"}, 0),
        ("Output power", {"type": "int"}, 12),
        (" Output\tpower ", {}, 12.0),
        ("mode", {"type": "word"}, "AUTO"),
        ("mode", {"type": "line"}, "AUTO (default)"),
        ("note", {"type": "text"}, "all is = well"),
        ("ready", {"type": "flag"}, True),
        ("mask", {"type": "hex"}, 31),
        ("v(out)", {}, 3.033751),
        ("power", {}, None),
        ("output power", {}, None),
        ("tim", {}, None),
    ],
)
def test_values_behind_names(key, keys, expected):
    found = value(key, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds():
    kinds = [reading("x", type=word).kind for word in ("float", "octal", "flag", "word")]
    assert kinds == [Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT]
    every = reading("x", pick="all", size=3)
    assert (every.kind, every.length) == (Kind.VECTOR, 3)
    assert reading("x", pick="count", type="word").kind is Kind.INTEGER


@pytest.mark.parametrize("pick", ["first", "last"])
@pytest.mark.parametrize("word", ["float", "word"])
def test_a_name_with_nothing_behind_it_is_no_value(pick, word):
    assert value("x", b"x =\nx =  \n12\n", pick=pick, type=word) is None
    assert value("x", b"x = 5\nx =\n", pick=pick) == 5.0


def test_a_text_may_be_empty():
    assert value("x", b"x = \n12\n", type="text") == ""


def test_names_are_found_on_the_last_line_that_begins_with_them():
    assert value("x", b"x = 1\nthe x = 2\nx x = 3\n" + b"x " * 2000) == 1.0
    assert value("x", b"") is None


def test_numbers_as_fortran_prints_them():
    assert value("x", b"x = 1.5D+03") == 1500.0
    assert value("x", b"x = 1,5", {"decimal": ","}) == 1.5
    assert value("x", b"x = ****", overflow=7.0) == 7.0


@pytest.mark.parametrize("keys", [{}, {"pick": "first"}, {"pick": "sum"}, {"pick": "all", "size": 1}])
@pytest.mark.parametrize(("reply", "found"), [(b"x = up", "up"), (b"x = 1_000 m", "1_000"), (b"x == 3", "=")])
def test_what_is_no_number_is_refused(reply, found, keys):
    with pytest.raises(ParseError) as caught:
        value("x", reply, **keys)
    assert (caught.value.what, caught.value.found) == ("field level is not a number", found)


def test_a_fraction_is_no_whole_number():
    with pytest.raises(ParseError, match="field level is not a whole number"):
        value("time", type="int")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"key": "  "}, "key: a blank name\n  expected: the name in front of `=` or `:`"),
        (
            {"key": "x", "pick": "sum", "type": "word"},
            "pick: sum of text\n  expected: a single number for each occurrence",
        ),
    ],
)
def test_impossible_keys_are_refused_at_load_time(keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(**keys)
    assert str(caught.value) == expected
