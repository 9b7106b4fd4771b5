"""Binary numbers from expressions, held against struct itself."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ActionError, ExpressionError, ParseError
from filebridge.wire.expression import Kind, Slot, parse
from filebridge.wire.packing import INTEGERS, LayoutProblem, compile_pack

NAMES = {
    "n": Slot(0, Kind.INTEGER),
    "x": Slot(1, Kind.NUMBER),
    "on": Slot(2, Kind.FLAG),
    "v": Slot(3, Kind.VECTOR, 3),
    "w": Slot(4, Kind.VECTOR),
}
ROW = [7, 3.0, True, [1.0, 2.0, 3.0], [4, 5]]


def template(layout, *values):
    return compile_pack(layout, [parse(value, NAMES) for value in values], "pack")


def made(layout, *values, row=None):
    return template(layout, *values).encode(ROW if row is None else row, ROW)


def with_(**values):
    row = list(ROW)
    for name, value in values.items():
        row[NAMES[name].index] = value
    return row


@pytest.mark.parametrize(
    ("layout", "values", "data"),
    [
        ("<B", ["n"], b"\x07"),
        (">H", ["x"], b"\x00\x03"),
        ("<Hf", ["n", "x"], struct.pack("<Hf", 7, 3.0)),
        (">d", ["n"], struct.pack(">d", 7)),
        ("<BxH2x", ["on", "n"], b"\x01\x00\x07\x00\x00\x00"),
        ("<3f", ["v"], struct.pack("<3f", 1, 2, 3)),
        ("<3B", ["v"], b"\x01\x02\x03"),
        (">B 3h b", ["n", "v", "x - 4"], struct.pack(">B3hb", 7, 1, 2, 3, -1)),
        ("<2B4H", ["1", "on", "v", "prev.n"], struct.pack("<2B4H", 1, 1, 1, 2, 3, 7)),
        ("<Bff", ["n", "w"], struct.pack("<Bff", 7, 4, 5)),
        ("<4x", [], bytes(4)),
        ("!H", ["n"], b"\x00\x07"),
        ("<Q", ["4294967295 * 4294967296 + 4294967295"], b"\xff" * 8),
    ],
)
def test_what_is_sent(layout, values, data):
    assert made(layout, *values) == data


def test_which_names_it_uses():
    found = template("<BB", "n + on", "prev.x")
    assert (found.uses, found.uses_previous) == ({"n", "on"}, {"x"})


@pytest.mark.parametrize(
    ("letter", "low", "high"),
    [
        ("b", -128, 127), ("B", 0, 255), ("h", -(2**15), 2**15 - 1), ("H", 0, 2**16 - 1), ("i", -(2**31), 2**31 - 1),
        ("I", 0, 2**32 - 1), ("q", -(2**63), 2**63 - 1), ("Q", 0, 2**64 - 1),
    ],
)  # fmt: skip
def test_the_range_of_whole_numbers(letter, low, high):
    for value in (low, high):
        assert made(f"<{letter}", "n", row=with_(n=value)) == struct.pack(f"<{letter}", value)
    for value in (low - 1, high + 1):
        with pytest.raises(ActionError) as caught:
            made(f"<{letter}", "n", row=with_(n=value))
        assert str(caught.value) == (
            f"pack: `n` is packed as `{letter}`, which takes whole numbers from {low} to {high}\n"
            f"  found: {value}\n"
            f"  cure: write clip(n, {low}, {high}), or take a larger letter"
        )


def test_a_fraction_is_no_whole_number():
    with pytest.raises(ActionError) as caught:
        made("<fB", "n", "x", row=with_(x=3.5))
    assert str(caught.value) == (
        "pack: `x` is packed as `B`, which takes whole numbers from 0 to 255\n"
        "  found: 3.5\n"
        "  cure: write round(x), or take a letter for floats, `f` or `d`"
    )


def test_the_number_of_a_vector_that_is_at_fault_is_named():
    with pytest.raises(ActionError, match=r"^pack: `v\[1\]` is packed as `b`, which takes whole numbers from -128 "):
        made("<3b", "v", row=with_(v=[1.0, 200.0, 3.0]))
    with pytest.raises(ActionError, match=r"^pack: `v\[2\]` .*\n  found: 0\.25\n"):
        made("<3b", "v", row=with_(v=[1.0, 2.0, 0.25]))


def test_a_float_that_is_too_large():
    with pytest.raises(ActionError) as caught:
        made("<f", "x", row=with_(x=1e39))
    assert str(caught.value) == (
        "pack: `x` is packed as `f`, which takes numbers from -3.40282e+38 to 3.40282e+38\n"
        "  found: 1e+39\n"
        "  cure: write clip(x, -3.40282e+38, 3.40282e+38), or take a larger letter"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_goes_into_floats_only(value):
    assert made("<d", "x", row=with_(x=value)) == struct.pack("<d", value)
    assert made("<f", "x", row=with_(x=value)) == struct.pack("<f", value)
    with pytest.raises(ActionError, match=f"whole numbers from 0 to 255\n  found: {value}\n"):
        made("<B", "x", row=with_(x=value))


def test_a_vector_of_another_length_than_was_said():
    with pytest.raises(ActionError) as caught:
        made("<Bff", "n", "w", row=with_(w=[1, 2, 3]))
    assert str(caught.value) == "pack: `w` fills 2 letters\n  found: 3 numbers\n  cure: a vector of that length"
    with pytest.raises(ActionError, match="`w` fills 2 letters\n  found: 1 numbers"):
        made("<BHH", "n", "w", row=with_(w=[1]))


@pytest.mark.parametrize(("layout", "name"), [("<B", "n"), ("<d", "x"), ("<B", "x"), ("<B", "on"), ("<3f", "v")])
def test_a_value_that_is_not_there_yet(layout, name):
    with pytest.raises(ParseError, match=f"^`{name}` cannot be sent\n"):
        made(layout, name, row=with_(**{name: None}))


def test_an_expression_that_fails():
    with pytest.raises(ExpressionError, match=r"^pack: division by zero\n"):
        made("<BB", "n", "1 / x", row=with_(x=0.0))


@pytest.mark.parametrize(
    ("layout", "values", "number", "what", "found"),
    [
        ("B", ["n"], None, "a layout without its byte order", "B"),
        ("@B", ["n"], None, "a layout without its byte order", "@B"),
        ("<Bs", ["n", "n"], None, "no layout of numbers", "s"),
        ("<B, H", ["n", "n"], None, "no layout of numbers", ", H"),
        ("<3", [], None, "no layout of numbers", "3"),
        ("<9999999999B", ["n"], None, "a layout of very many numbers", "9999999999B"),
        ("<BB", ["n"], None, "the layout takes 2 numbers", "1 number"),
        ("<B", ["n", "x"], None, "the layout takes 1 number", "2 numbers"),
        ("<2f", ["v"], None, "the layout takes 2 numbers", "3 numbers"),
        ("<4f", ["w", "w"], None, "the layout takes 4 numbers", "0 numbers"),
        ("<B", ["n", "w"], None, "the layout takes 1 number", "1 number"),
        ("<Bb", ["n", "-129"], 1, "`-129` is packed as `b`, which takes whole numbers from -128 to 127", "-129"),
        ("<H", ["0.5"], 0, "`0.5` is packed as `H`, which takes whole numbers from 0 to 65535", "0.5"),
    ],
)
def test_what_cannot_be_packed_is_found_at_load_time(layout, values, number, what, found):
    with pytest.raises(LayoutProblem) as caught:
        template(layout, *values)
    assert (caught.value.number, caught.value.what, caught.value.found) == (number, what, found)
    assert caught.value.expected


@given(st.sampled_from(INTEGERS), st.integers(-(2**65), 2**65), st.booleans())
def test_a_whole_number_goes_through_or_is_refused(letter, value, big):
    layout = (">" if big else "<") + letter
    try:
        expected = struct.pack(layout, value)
    except struct.error:
        with pytest.raises(ActionError):
            made(layout, "n", row=with_(n=value))
        return
    assert made(layout, "n", row=with_(n=value)) == expected
    if float(value) == value and abs(value) < 2**53:
        assert made(layout, "x", row=with_(x=float(value))) == expected


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3))
def test_floats_come_back(values):
    assert list(struct.unpack(">3f", made(">3f", "v", row=with_(v=values)))) == values
