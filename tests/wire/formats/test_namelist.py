"""Values of Fortran namelists."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ConfigError, DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.namelist import reader
from filebridge.wire.formats.problem import FieldProblem

LISTING = b"""\
 it's step 6 of 10; 100% / done
 &STATE T = 0.5, /
 step 7 ! &state t = 9 /
 &STATE
 T=  1.5D+03,
 X= 1.0       , 2*2.50 , -1.5-103,   ! don't mind
 N = -3, OK=T, DONE = .FALSE.,
 NAME='plant a=b / c   ', TITLE = "d'e", NOTE = 'f''g', RAW = auto
 M(1,1) = 1.0, M(2,1) = 2.0, m(1,2)= 3.0, m(2,2) =4.0
 V(3:5)=3,4,5 V(2) = 9
 W(2) = 7, 8
 Z=(1.0,-2.0D0) ZS = (1,2), (3.5D0 , -4)
 CELL%A = 3.0, cell%v(2) = 20 , Cell % C = 'x'
 P(1)%Q=5 p(2)%q=6
 STARS = *****, KIND = 1_000, SINGLE = 4*1.5_8
 NULL = , HOLES = 1,,3
 INF=-Infinity NOT = NaN
 /
 &other x = 1 &end
 $old y = 2 $end
"""


def reading(path, **keys):
    return reader("level", FieldModel.model_validate({"namelist": path, **keys}), Text())


def value(path, message=LISTING, **keys):
    return reading(path, **keys).read(message)


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("state/t", {}, 1500.0),
        ("STATE/T", {}, 1500.0),
        ("state/t", {"pick": "first"}, 0.5),
        ("state/n", {"type": "int"}, -3),
        ("state/n", {}, -3.0),
        ("state/ok", {"type": "flag"}, True),
        ("state/done", {"type": "flag"}, False),
        ("state/x", {"size": 4}, (1.0, 2.5, 2.5, -1.5e-103)),
        ("state/x(4)", {}, -1.5e-103),
        ("state/x(5)", {}, None),
        ("state/x(0)", {}, None),
        ("state/name", {"type": "text"}, "plant a=b / c   "),
        ("state/name", {"type": "line"}, "plant a=b / c"),
        ("state/title", {"type": "text"}, "d'e"),
        ("state/note", {"type": "text"}, "f'g"),
        ("state/raw", {"type": "word"}, "auto"),
        ("state/m", {"size": 4}, (1.0, 2.0, 3.0, 4.0)),
        ("state/m(2,1)", {}, 2.0),
        ("state/m(1,2)", {}, 3.0),
        ("state/m(3,1)", {}, None),
        ("state/v(4)", {}, 4.0),
        ("state/v(2)", {"type": "int"}, 9),
        ("state/v", {"size": 4, "type": "int"}, (9, 3, 4, 5)),
        ("state/v(1)", {}, None),
        ("state/w(3)", {}, 8.0),
        ("state/w", {"size": 2}, (7.0, 8.0)),
        ("state/z", {"size": 2}, (1.0, -2.0)),
        ("state/zs", {"size": 4}, (1.0, 2.0, 3.5, -4.0)),
        ("state/cell%a", {}, 3.0),
        ("state/cell % v(2)", {}, 20.0),
        ("state/cell%c", {"type": "word"}, "x"),
        ("state/cell%d", {}, None),
        ("state/p(2)%q", {}, 6.0),
        ("state/p(3)%q", {}, None),
        ("state/p%q", {}, None),
        ("state/stars", {"overflow": 7}, 7.0),
        ("state/null", {}, None),
        ("state/t(1)", {}, 1500.0),
        ("state/t(1,1)", {}, 1500.0),
        ("state/t(2,1)", {}, None),
        ("state/t%a", {}, None),
        ("other/x", {}, 1.0),
        ("old/y", {}, 2.0),
        ("state/b", {}, None),
        ("absent/x", {}, None),
    ],
)
def test_values(path, keys, expected):
    found = value(path, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds_and_lengths():
    kinds = [reading("a/b", type=word).kind for word in ("float", "int", "flag", "text")]
    assert kinds == [Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT]
    vector = reading("a/b", size=3)
    assert (vector.kind, vector.length) == (Kind.VECTOR, 3)


def test_numbers_that_are_not_finite_are_left_to_the_bounds():
    assert value("state/inf") == -float("inf")
    found = value("state/not")
    assert found != found


@pytest.mark.parametrize(
    ("path", "keys", "what", "found"),
    [
        ("state/kind", {}, "is not a number", "1_000"),
        ("state/single", {"size": 4}, "is not a number", "1.5_8"),
        ("state/single(2)", {}, "is not a number", "1.5_8"),
        ("state/stars", {}, "did not fit the width in which it is printed", "*****"),
        ("state/ok", {}, "is not a number", "T"),
        ("state/name", {}, "is not a number", "plant a=b / c   "),
        ("state/t", {"type": "int"}, "is not a whole number of 64 bits", "1.5D+03"),
        ("state/t", {"type": "text"}, "is not a text", "1500.0"),
        ("state/ok", {"type": "word"}, "is not a text", "True"),
        ("state/x", {}, "is an array, not a single value", "1.0, 2.50, 2.50, -1.5-103"),
        ("state/m", {}, "is an array, not a single value", "[1.0, 2.0], [3.0, 4.0]"),
        ("state/z", {}, "is not a number", "(1.0, -2.0D0)"),
        ("state/zs(1)", {}, "is not a single number", "(1+2j)"),
        ("state/cell", {}, "is not a single number", "a structure; its components are a, v, c"),
        ("state/x", {"size": 3}, "is 4 values, not 3", "1.0, 2.50, 2.50, -1.5-103"),
        ("state/holes", {"size": 3}, ": value 2 is not given", "1, None, 3"),
        ("state/x(1,2)", {}, "is an element of an array whose shape the namelist does not show", "x"),
    ],
)
def test_other_values_are_refused(path, keys, what, found):
    with pytest.raises(ParseError) as caught:
        value(path, **keys)
    assert (caught.value.what.removeprefix("field level").strip(), caught.value.found) == (what, found)


def test_an_array_says_its_size():
    with pytest.raises(ParseError) as caught:
        value("state/m")
    assert caught.value.cure == "set `size: 4`, or name an element, `x(1)`"


@pytest.mark.parametrize(
    ("message", "what", "found"),
    [
        (b"&a x = 1\n", "the group &a does not end", " x = 1\\n"),
        (b"&a x = 1, y = 'b / \n", "a string in the group &a does not end", "'b / \\n"),
        (b"&a", "the group &a does not end", ""),
    ],
)
def test_a_group_that_does_not_end_is_refused(message, what, found):
    with pytest.raises(ParseError) as caught:
        value("a/x", message)
    assert (caught.value.what, caught.value.found) == (what, found)
    assert caught.value.cure == (
        "a group ends with a slash, a string with its quotation mark; check that the reply is read to its end"
    )


@pytest.mark.parametrize(
    "values", [b"= (1 2)", b"(a) = 1", b"() = 1", b"(1:2:0) = 1", b"= 3 ' ' * 2", b"(1)%a = 1 x(0)%a = 2"]
)
def test_what_f90nml_cannot_parse_is_refused(values):
    with pytest.raises(ParseError) as caught:
        assert value("a/x", b"&a x" + values + b" /", size=2) is not None
    assert caught.value.what.startswith("field level")


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (b"= 'a', 50000000*1", "is more than 1000000 values"),
        (b"= 'a', " + b"9" * 5000 + b"*1", "is more than 1000000 values"),
        (b"(1) = 1, x(2000000000) = 2", "stands in an array of more than 1000000 values"),
        (b"(1,1000000) = 1, x(1000000,1) = 2", "stands in an array of more than 1000000 values"),
        (b"(1) = 1 x(-1000000) = 2", "stands in an array of more than 1000000 values"),
        (b"(1)%y(1) = 1 x(1)%y(1000001) = 2", "stands in an array of more than 1000000 values"),
        (b" ".join(b"(%d) = 1 x" % number for number in range(5000)) + b" = 1", "stands in an array of more"),
        (b"= 'a', " + b"1 " * 200_000, "is values of more than 262144 bytes"),
        (b"(2,3) = 1, 2", "is given 2 values at x(2,3)"),
        (b"(2,3) = 2*1", "is given 2 values at x(2,3)"),
    ],
)
def test_what_would_take_all_memory_or_hours_is_refused(values, what):
    with pytest.raises(ParseError) as caught:
        value("a/x", b"&a x" + values + b" /", size=2)
    assert caught.value.what.startswith(f"field level {what}")


def test_plain_repetitions_have_a_limit_too():
    assert value("a/x", b"&a x = 1000*1.5 /", size=1000) == (1.5,) * 1000
    with pytest.raises(ParseError, match="field level is more than 1000000 values"):
        value("a/x", b"&a x = 9999999*1.5 /", size=2)


@pytest.mark.parametrize(
    "message",
    [b"&a " + b"x" * 300_000, b"&a x" + b" " * 300_000 + b"y /", b"&a x" + b"%x" * 100_000 + b" /", b"x(" * 100_000,
     b"&a " + b"x (" * 100_000 + b" /", b" " * 300_000, b"/ " * 150_000, b"&a x = " + b"1 ," * 100_000 + b";/"],
)  # fmt: skip
def test_nonsense_costs_no_more_than_its_size(message):
    try:
        found = value("a/y", message)
    except ParseError:
        found = None
    assert found is None


@given(st.lists(st.floats(allow_nan=False, width=64), min_size=1, max_size=6), st.sampled_from([", ", " ", " ,\n  "]))
def test_rows_of_numbers_are_read_as_f90nml_reads_them(numbers, between):
    written = between.join(map(repr, numbers))
    plain = f"&a x = {written} /".encode()
    subscripted = f"&a x(1) = {written} /".encode()
    assert value("a/x", plain, size=len(numbers)) == tuple(numbers) == value("a/x", subscripted, size=len(numbers))


def test_groups_of_another_message_are_not_kept():
    first, second = b"&a b=1, c(1)=3 /", b"&a b=2, c(1)=4 /"
    assert [value("a/b", message) for message in (first, second, second, first)] == [1.0, 2.0, 2.0, 1.0]
    assert [value("a/c(1)", message) for message in (first, second, second, first)] == [3.0, 4.0, 4.0, 3.0]


def test_strings_are_in_the_encoding_of_the_text():
    message = "&a x = 'größe', y(1) = 'größe' /"
    for path in ("a/x", "a/y(1)"):
        assert value(path, message.encode(), type="text") == "größe"
        with pytest.raises(DecodeError, match="field level is no text in utf-8, from byte 3 of the value"):
            value(path, message.encode("latin-1"), type="text")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sate/t", "no group &sate (the reply has state, other, old); did you mean `state`?"),
        ("pump/t", "no group &pump (the reply has state, other, old)"),
        ("other/y", "no `y` in &other (the reply has x)"),
        ("state/x(9)", "no such element or component of `x`"),
        ("state/cell%d", "no such element or component of `cell`"),
        ("state/null", ""),
    ],
)
def test_what_is_missing_is_said(path, expected):
    assert reading(path).missing(LISTING) == expected


def test_without_f90nml_the_cure_is_its_installation(monkeypatch):
    monkeypatch.setitem(sys.modules, "f90nml", None)
    with pytest.raises(ConfigError) as caught:
        reading("a/b")
    assert caught.value.what == "a `namelist` is read by f90nml, which is not installed"
    assert caught.value.cure == "pip install 'filebridge[fortran]'"


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        (
            "state",
            {},
            "namelist: no path of a variable\n  found: state\n"
            "  expected: `GROUP/NAME`, with an element `x(3)` or a component `cell%a`",
        ),
        (
            "state/x(1:2)",
            {},
            "namelist: no path of a variable\n  found: state/x(1:2)\n"
            "  expected: `GROUP/NAME`, with an element `x(3)` or a component `cell%a`",
        ),
        (
            "a/b",
            {"type": "hex"},
            "type: a namelist has none such\n  found: hex\n  expected: float, int, flag, word or text",
        ),
        (
            "a/b",
            {"type": "text", "size": 2},
            "size: an array of text\n  found: text\n  expected: float or int as the field's type",
        ),
        (
            "a/b",
            {"pick": "sum"},
            "pick: one place is read, not several\n  found: sum\n  expected: `first` or `last`",
        ),
    ],
)
def test_impossible_paths_are_refused_at_load_time(path, keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(path, **keys)
    assert str(caught.value) == expected
