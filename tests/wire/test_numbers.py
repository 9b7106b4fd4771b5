"""What legacy programs print as numbers, read or refused."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.numbers import NUMBER_WORDS, number, number_list_pattern, number_pattern

POINT, COMMA = Text(), Text(decimal=",")

FLOATS = {
    b"1.5": 1.5,
    b"  -12 ": -12.0,
    b"1.5D+03": 1500.0,
    b"1.5d3": 1500.0,
    b"1.5Q+3": 1500.0,
    b"1D-2": 0.01,
    b"1.5-103": 1.5e-103,
    b"1.5+103": 1.5e103,
    b".5-103": 0.5e-103,
    b"-1.-103": -1e-103,
    b".5": 0.5,
    b"5.": 5.0,
    b"+.5": 0.5,
    b"-Infinity": -math.inf,
    b"+Inf": math.inf,
    b"1.#INF": math.inf,
    b"-1.#INF00": -math.inf,
    b"1e999": math.inf,
}


@pytest.mark.parametrize(("token", "value"), FLOATS.items())
def test_a_float_is_read_in_every_form(token, value):
    assert number("float", POINT)(token) == value


@pytest.mark.parametrize("token", [b"NaN", b"-nan", b"1.#QNAN", b"-1.#IND00", b"nan(0x7ff)", b"-nan(ind)"])
def test_a_nan_is_read_in_every_form(token):
    assert math.isnan(number("float", POINT)(token))


REFUSED = [
    b"", b" ", b"1_000", b"1 000", "１２".encode(), b"0x1.8p3", b"0x1F", b"1,5", b"1,234.5", b"5-103", b"1.5-10",
    b"1.5-1034", b"1.2.3", b"--5", b"1e", b"e5", b"1.5D", b"abc", b"\x00", b"1.#FOO", b"1" * 401, b"9" * 100_000,
    b"1" * 401 + b"D0",
]  # fmt: skip


@pytest.mark.parametrize("token", REFUSED)
def test_what_is_no_float_is_refused(token):
    with pytest.raises(ParseError, match="field x is not a number"):
        number("float", POINT, None, "x")(token)


def test_a_comma_is_the_decimal_mark_where_the_text_says_so():
    read = number("float", COMMA)
    assert [read(token) for token in (b"1,5", b"-,5", b"5,", b"7", b"1,5D+03", b"1,5-103", b"1.#INF")] == [
        1.5, -0.5, 5.0, 7.0, 1500.0, 1.5e-103, math.inf
    ]  # fmt: skip
    for token in (b"1.5", b"1.234,5", b"1,2,3", b"1_0,5", b""):
        with pytest.raises(ParseError):
            read(token)


def test_a_whole_number_has_no_fraction():
    read = number("int", POINT)
    assert [read(token) for token in (b"+7", b"007", b" -12 ", b"0")] == [7, 7, -12, 0]
    for token in (b"1.5", b"7.", b"1e3", b"1_000", b"", b"0x10", "１".encode(), b"9" * 5000):
        with pytest.raises(ParseError, match="a value is not a whole number of 64 bits"):
            read(token)


def test_a_whole_number_fits_64_bits():
    read = number("int", POINT)
    assert read(b"9223372036854775807") == 2**63 - 1
    assert read(b"-9223372036854775808") == -(2**63)
    for token in (b"9223372036854775808", b"-9223372036854775809"):
        with pytest.raises(ParseError):
            read(token)


def test_hexadecimal_and_octal_numbers():
    assert [number("hex", POINT)(token) for token in (b"1F", b"0x1f", b"ff")] == [31, 31, 255]
    assert [number("octal", POINT)(token) for token in (b"17", b"0o17", b"017")] == [15, 15, 15]
    for word, token in (("hex", b"1G"), ("hex", b"1_F"), ("hex", b"F" * 17), ("octal", b"18"), ("octal", b"")):
        with pytest.raises(ParseError):
            number(word, POINT)(token)


def test_flags_are_words_of_two_kinds():
    read = number("flag", POINT)
    assert all(read(token) is True for token in (b"1", b"T", b"true", b".TRUE.", b"Yes", b"y", b"ON"))
    assert all(read(token) is False for token in (b"0", b"F", b"false", b".FALSE.", b"No", b"n", b"off"))
    for token in (b"", b"2", b"maybe"):
        with pytest.raises(ParseError, match="a value is not a flag"):
            read(token)


def test_asterisks_are_the_overflow_value_or_an_error():
    assert number("float", POINT, 1e9)(b"********") == 1e9
    overflowed = number("int", POINT, 99.0)(b" *** ")
    assert (overflowed, type(overflowed)) == (99, int)
    with pytest.raises(ParseError) as caught:
        number("float", POINT, None, "height")(b"********")
    assert str(caught.value) == (
        "field height did not fit the width in which it is printed\n"
        "  found: ********\n"
        "  cure: say with `overflow` what asterisks stand for, or have the simulator print it wider"
    )


def test_the_error_shows_the_token_escaped_and_what_is_expected():
    with pytest.raises(ParseError) as caught:
        number("float", POINT, None, "speed")(b"1\x1b[2J")
    assert str(caught.value) == (
        "field speed is not a number\n  found: 1\\x1b[2J\n  cure: expected 12, -0.5 or 1.5E+03"
    )


@given(st.floats(allow_nan=False), st.sampled_from(["{!r}", "{:.3f}", "{:e}", "{:G}", "{:+.12E}"]))
def test_every_float_that_python_prints_is_matched_whole_and_read(value, form):
    token = form.format(value).encode()
    match = re.search(number_pattern("float"), b"= " + token + b" ft")
    assert match[0] == token
    assert len(token) > 400 or number("float", POINT)(match[0]) == float(token)


@given(st.binary(max_size=30), st.sampled_from(NUMBER_WORDS), st.sampled_from([POINT, COMMA]))
def test_any_bytes_are_a_value_or_a_parse_error(token, word, text):
    try:
        value = number(word, text)(token)
    except ParseError:
        return
    assert isinstance(value, {"float": float, "flag": bool}.get(word, int))


@pytest.mark.parametrize("token", [*FLOATS, b"NaN", b"1.#QNAN", b"-nan(ind)", b"********"])
def test_the_pattern_of_a_float_matches_whatever_the_conversion_reads(token):
    assert re.fullmatch(number_pattern("float"), token.strip())


@pytest.mark.parametrize("token", [b"1_000", b"1,234.5", b"1.2.3", b"0x1.8p3", b"1e5.5"])
def test_the_pattern_of_a_float_takes_nonsense_as_one_token(token):
    assert re.match(number_pattern("float"), token + b" m")[0].startswith(token[:5])


def test_a_list_of_numbers_has_white_space_or_commas_in_between():
    pattern = number_list_pattern("float", 3)
    for message in (b"1 2 3", b"1,2,3", b"1.5 , 2D0\n -3", b"1,\n2,\n3", b"NaN *** -.5"):
        assert re.fullmatch(pattern, message)
    for message in (b"1,,2 3", b"1 2", b"1 2 3 4", b"1_0 2 3"):
        assert not re.fullmatch(pattern, message)
    assert re.fullmatch(number_list_pattern("float", 2, ","), b"1,5; 2,5")


@pytest.mark.parametrize("token", [b"5.7", b"-5.", b".5", b"+1.5e3"])
def test_a_fraction_is_told_from_nonsense(token):
    with pytest.raises(ParseError) as caught:
        number("int", Text(), None, "x")(token)
    advice = f"{token.decode()} has a fraction: use `{{float}}`, or `type: float`"
    assert caught.value.cure == f"expected 12 or -3; {advice}"
    with pytest.raises(ParseError) as caught:
        number("int", Text(), None, "x")(b"5.7.1")
    assert caught.value.cure == "expected 12 or -3"
