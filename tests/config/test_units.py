"""Values with a unit or a notation of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from filebridge.config.units import Duration, Expression, NumberRange, Size, Time, WindowSize, regex_source


def read(kind, value):
    return TypeAdapter(kind).validate_python(value)


def refused(kind, value):
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    (detail,) = caught.value.errors()
    return detail["ctx"]["what"], detail["ctx"]["expected"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("50 ms", 0.05), ("50ms", 0.05), (" 1.5 s ", 1.5), (".5 s", 0.5), ("2. s", 2.0), (
            "250 us", 0.00025
        ), ("2 min", 120.0), ("1 h", 3600.0),
        (3, 3.0), (0.25, 0.25), (0, 0.0), ("168 h", 604800.0),
    ],
)  # fmt: skip
def test_a_duration(text, seconds):
    assert read(Duration, text) == pytest.approx(seconds)
    assert type(read(Duration, text)) is float


DURATION = "a duration such as `50 ms`, `10 s`, `2 min`, or a number of seconds"


@pytest.mark.parametrize("text", ["10 sec", "10", "s", "1 s 2", "-1 s", "1e3 s", "1 S", "1 MS", "", "ten s", "1_0 s"])
def test_no_duration(text):
    assert refused(Duration, text) == ("not a quantity with a known unit", DURATION)


@pytest.mark.parametrize("value", [True, None, [1], {"s": 1}])
def test_nothing_like_a_duration(value):
    assert refused(Duration, value) == ("not a quantity", DURATION)


@pytest.mark.parametrize("value", [-1, -0.1, 604801, "169 h", float("inf"), float("nan")])
def test_a_duration_out_of_range(value):
    assert refused(Duration, value) == ("a duration out of range", "between 0 and 7 days")


@pytest.mark.parametrize("value", [0, 0.0, "0 ms", ".0 h"])
def test_no_time_at_all(value):
    assert refused(Time, value) == ("no time at all", "a time such as `50 ms`")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64 KiB", 65536),
        ("1 MiB", 1 << 20),
        ("2 GB", 2 * 10**9),
        ("1kb", 1000),
        ("3 B", 3),
        ("0.5 KiB", 512),
        (4096, 4096),
        ("1 gib", 1 << 30),
    ],
)
def test_a_size(text, size):
    assert read(Size, text) == size
    assert type(read(Size, text)) is int


@pytest.mark.parametrize("text", ["1 MX", "1", "1 M", "KiB", "-1 B"])
def test_no_size(text):
    expected = "a size such as `64 KiB`, `1 MiB`, `2 GB`, or a number of bytes"
    assert refused(Size, text) == ("not a quantity with a known unit", expected)


@pytest.mark.parametrize("value", [0, "0 B", "0.5 B", -5, 1 << 51, float("nan")])
def test_a_size_out_of_range(value):
    assert refused(Size, value)[0] == "a size out of range"


@pytest.mark.parametrize(
    ("text", "pair"), [
        ("1..20", (1, 20)),
        ("-5..5", (-5, 5)),
        (" 3 .. 3 ", (3, 3)),
        ("0..2147483647", (0, 2147483647)),
        ((1, 2), (1, 2)),
    ]
)
def test_a_range(text, pair):
    assert read(NumberRange, text) == pair


@pytest.mark.parametrize("value", ["1-20", "1..", "..5", "1...5", "a..b", "1.5..2", "", 5, None, True, [1, 2]])
def test_no_range(value):
    assert refused(NumberRange, value) == ("not a range", "a range of whole numbers such as `1..20`")


def test_a_range_turned_round():
    assert refused(NumberRange, "5..1") == ("a range that ends before it begins", "`1..5`")


@pytest.mark.parametrize("text", ["0..2147483648", "-99999999999..99999999999"])
def test_a_range_too_long(text):
    assert refused(NumberRange, text) == ("a range of more than 2**31 numbers", "a shorter one")


@given(st.integers(-1000, 1000), st.integers(0, 1000))
def test_any_range(low, length):
    assert read(NumberRange, f"{low}..{low + length}") == (low, low + length)


def test_a_window():
    assert read(WindowSize, "80x24") == (80, 24)
    assert read(WindowSize, "500x1") == (500, 1)


@pytest.mark.parametrize("value", ["80", "80 x 24", "0x24", "80x501", "80x", "x", 80, None, "800x2400", [80, 24]])
def test_no_window(value):
    expected = "columns x rows such as `80x24`, each from 1 to 500"
    assert refused(WindowSize, value) == ("not the size of a window", expected)


@pytest.mark.parametrize(
    ("value", "text"), [("x + 1", "x + 1"), (3, "3"), (0.5, "0.5"), (True, "True"), (False, "False"), (-2, "-2")]
)
def test_an_expression(value, text):
    assert read(Expression, value) == text


@pytest.mark.parametrize("value", [None, [], ["x"], {"x": 1}])
def test_no_expression(value):
    assert refused(Expression, value) == ("not an expression", "text such as `-abs(error)`, or a number")


@pytest.mark.parametrize(
    ("text", "source"),
    [("/a+b/", "a+b"), ("///", "/"), ("/ /", " "), ("//", None), ("/", None), ("a/", None), ("/a", None), ("", None)],
)
def test_slashes_make_a_regular_expression(text, source):
    assert regex_source(text) == source
