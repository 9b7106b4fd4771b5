"""JSON documents with holes, held against the standard library's own."""

import json
import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ActionError, ExpressionError, ParseError
from filebridge.wire.expression import Kind, Slot, parse
from filebridge.wire.jsontree import compile_json

NAMES = {
    "step": Slot(0, Kind.INTEGER),
    "x": Slot(1, Kind.NUMBER),
    "y": Slot(2, Kind.NUMBER),
    "on": Slot(3, Kind.FLAG),
    "word": Slot(4, Kind.TEXT),
    "v": Slot(5, Kind.VECTOR, 3),
    "cells": Slot(6, Kind.GRID, 4, (2, 2)),
    "all": Slot(7, Kind.ARRAY, 2, (2,)),
}
ROW = [7, 0.25, -0.0, True, 'a"b', [1, 2.5, -3e300], numpy.array([[1, 2], [3, 4]], numpy.uint8), numpy.array([0.5, 2])]


def template(tree, line_end="", encoding="utf-8"):
    return compile_json(tree, lambda text, path: parse(text, NAMES), line_end, encoding, "send_json")


def made(tree, row=None, previous=None, **keys):
    return template(tree, **keys).encode(ROW if row is None else row, ROW if previous is None else previous)


def with_(**values):
    row = list(ROW)
    for name, value in values.items():
        row[NAMES[name].index] = value
    return row


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"cmd": "'go'", "n": "step", "x": "x"}, b'{"cmd":"go","n":7,"x":0.25}'),
        ({"flags": ["on", "not on", True, False, None]}, b'{"flags":[true,false,true,false,null]}'),
        (["v", "v[1]", "v[0] * 2"], b"[[1,2.5,-3e+300],2.5,2.0]"),
        ({"word": "word", "%d": "'100%'"}, b'{"word":"a\\"b","%d":"100%"}'),
        ({"grid": "cells", "array": "all"}, b'{"grid":[[1,2],[3,4]],"array":[0.5,2.0]}'),
        ({}, b"{}"),
        ({"a": [], "b": {}, "c": [[{}]]}, b'{"a":[],"b":{},"c":[[{}]]}'),
        ("x + 1", b"1.25"),
        ({"zero": "y"}, b'{"zero":-0.0}'),
        ({"before": "prev.step"}, b'{"before":7}'),
        ([1, -2.5, 1e300, "3", "-0.5", "True"], b"[1,-2.5,1e+300,3,-0.5,true]"),
        ({"kind": "'low' if x < 1 else 'high'"}, b'{"kind":"low"}'),
        ({"ä": "'ä\\n'"}, b'{"\\u00e4":"\\u00e4\\n"}'),
    ],
)
def test_what_is_sent(tree, text):
    assert made(tree) == text
    json.loads(text)


def test_the_line_end_stands_behind_it_and_is_in_the_encoding():
    assert made({"a": "step"}, line_end="\r\n") == b'{"a":7}\r\n'
    assert made(["x"], line_end="%\n", encoding="utf-16-le") == "[0.25]%\n".encode("utf-16-le")


def test_a_number_that_is_a_flag_at_times_is_a_number():
    assert made(["on or x", "x if on else on"], with_(x=2.0)) == b"[1.0,2.0]"
    assert made(["x"], with_(x=3)) == b"[3.0]"


def test_a_vector_of_flags_or_of_numpy_gives_plain_values():
    assert made(["v"], with_(v=[True, False, 1])) == b"[[true,false,1]]"
    assert made(["v"], with_(v=(numpy.float64(1.5), numpy.int64(2), 0))) == b"[[1.5,2,0]]"
    assert made(["v"], with_(v=[1.7e308, 1.7e308, 1.0])) == b"[[1.7e+308,1.7e+308,1.0]]"


def test_large_numbers_are_finite_although_their_sum_is_not():
    assert made(["x", "y"], with_(x=1.7e308, y=1.7e308)) == b"[1.7e+308,1.7e+308]"


def test_which_names_it_uses():
    found = template({"a": "x + prev.y", "b": ["word"], "c": "'word'"})
    assert (found.uses, found.uses_previous) == ({"x", "word"}, {"y"})
    assert template({"a": 1}).uses == set()


def test_what_cannot_be_compiled_gives_nothing():
    assert compile_json({"a": ["x", "oops"]}, lambda text, path: None, "", "utf-8", "send_json") is None


def test_the_path_of_a_text_is_told():
    seen = []
    compile_json({"a": ["x", {"b": "y"}]}, lambda text, path: seen.append((text, path)), "", "utf-8", "send_json")
    assert seen == [("x", ("a", 0)), ("y", ("a", 1, "b"))]


@pytest.mark.parametrize(("value", "shown"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
def test_a_number_that_json_does_not_have(value, shown):
    with pytest.raises(ActionError) as caught:
        made({"a": "y", "b": "x"}, with_(x=value))
    assert str(caught.value) == (
        f"send_json: `x` is {shown}, which JSON does not have\n"
        f"  found: {shown}\n"
        "  cure: write x if abs(x) < inf else 0"
    )
    with pytest.raises(ActionError, match="`x` is "):
        made({"b": "x", "c": "word"}, with_(x=value))


def test_a_vector_or_an_array_with_such_a_number():
    with pytest.raises(ActionError) as caught:
        made(["v"], with_(v=[1.0, math.nan, 2.0]))
    assert str(caught.value) == (
        "send_json: `v` is nan, which JSON does not have\n"
        "  found: [1.0, nan, 2.0]\n"
        "  cure: send finite numbers only"
    )
    with pytest.raises(ActionError, match="`all` is inf"):
        made(["x", "all"], with_(all=numpy.array([1.0, math.inf])))


@pytest.mark.parametrize("name", ["step", "x", "on", "word", "v", "all"])
def test_a_value_that_is_not_there_yet(name):
    with pytest.raises(ParseError) as caught:
        made({"a": "step", "b": name}, with_(**{name: None}))
    assert str(caught.value).startswith(f"`{name}` cannot be sent\n  found: ")
    assert str(caught.value).endswith("\n  cure: it may have no value yet: give the field a `default`")


def test_an_expression_that_fails():
    with pytest.raises(ExpressionError, match=r"^send_json: division by zero\n"):
        made(["x", "1 / x"], with_(x=0.0))


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63),
    st.text(),
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53), max_size=5),
)
def test_the_standard_library_reads_the_same_values(number, whole, text, vector):
    row = with_(x=number, step=whole, word=text, v=vector)
    read = json.loads(made({"x": "x", "n": "step", "word": ["word"], "v": {"v": "v"}}, row))
    assert read == {"x": number, "n": whole, "word": [text], "v": {"v": vector}}
