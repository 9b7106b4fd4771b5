"""Patterns with holes, and texts that occur: what they read from messages, what they refuse at load time."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.holes import compile_pattern
from filebridge.wire.formats.pattern import _last, find_reader, seen_reader
from filebridge.wire.formats.problem import FieldProblem

LANDER = b"T+  12 s   ALT=  1234.56  VEL= -45.20  FUEL= 118\nBURN? "


def find(pattern, message, text=None, **keys):
    return find_reader("x", FieldModel(find=pattern, **keys), text or Text()).read(message)


def problem_of(pattern, **keys):
    with pytest.raises(FieldProblem) as caught:
        find_reader("x", FieldModel(find=pattern, **keys), Text())
    return caught.value


@pytest.mark.parametrize(
    ("pattern", "message", "value"),
    [
        ("ALT= {float}", LANDER, 1234.56),
        ("VEL= {float}", LANDER, -45.2),
        ("FUEL={float}", LANDER, None),
        ("T+ {int} s", LANDER, 12),
        ("{float} FUEL", LANDER, -45.2),
        ("ALT={any}VEL= {float}", LANDER, -45.2),
        ("T+ {any} FUEL= {int}", LANDER, 118),
        ("ALT= {float} VEL= {float}", LANDER, (1234.56, -45.2)),
        ("T+ {int} s ALT= {float}", LANDER, (12, 1234.56)),
        ("FUEL= {int}\nBURN", LANDER, 118),
        ("HEIGHT {float}", LANDER, None),
        ("x {float}", b"x=1 x 2m", 2.0),
        ("x {float}m", b"x 2m", 2.0),
        ("v(out)[length(v(out))-1] = {float}", b"v(out)[length(v(out))-1] = 3.033751e+00\n", 3.033751),
        ("You are in room {int}", b"You are in room 14.\n", 14),
        ("score cp {int}", b"info depth 5 score cp -23 nodes 9", -23),
        ("bestmove {word}", b"bestmove e2e4 ponder e7e5", "e2e4"),
        ("bestmove {word}", b"bestmove (none)\n", "(none)"),
        ("go to {word}", b"go to town.", "town"),
        ("(see {word}", b"(see below), then", "below"),
        ("room {word}", b"rooms are here", None),
        ("{word} is", b"this thing is", "thing"),
        ("name: {line}", b"name:  Eagle One \r\nage: 3", "Eagle One"),
        ("name: {line}", b"name:\nage: 3", ""),
        ("say: {text}", b"say: one\ntwo\n", "one\ntwo\n"),
        ("{line}", b"one\ntwo\n\n", "two"),
        ("{word}", b"one two\n", "two"),
        ("pos {float:3}", b"pos 1.0, -2.5 3D1 end", (1.0, -2.5, 30.0)),
        ("pos {int:2} v {float}", b"pos 1 2 v .5", (1, 2, 0.5)),
        ("p {float:2} q {float}", b"p 1,2 q 3", (1.0, 2.0, 3.0)),
        ("p {float} q {float}", b"p 1D1 q 3", (10.0, 3.0)),
        ("{int}.{int}.{int}", b"version 1.22.3", (1, 22, 3)),
        ("{int}-{int}-{int}", b"on 2024-01-31", (2024, 1, 31)),
        ("{int}x{int}", b"size 80x24", (80, 24)),
        ("{int}, {int}", b"at 3,4", (3, 4)),
        ("at {float},", b"at 3,4", 3.0),
        ("{float} to {float}", b"1.5-103 to 2.5", (1.5e-103, 2.5)),
        ("{{{int}}}", b"a {7} b", 7),
        ("A {hex} B {octal}", b"A 0x1F B 17", (31, 15)),
        ("ID {hex}", b"IDEA", None),
        ("ready: {flag}", b"ready: .TRUE.\n", True),
        ("ready: {flag}", b"ready: no.\n", False),
        ("end {int}", b"end 1.", 1),
    ],
)
def test_a_pattern_reads(pattern, message, value):
    found = find(pattern, message)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("pattern", "message", "token"),
    [
        ("depth {int}", b"depth 1.5", "1.5"),
        ("depth {int}", b"depth 12.5 m", "12.5"),
        ("ALT= {float}", b"ALT= 1_000", "1_000"),
        ("ALT= {float}", b"ALT= 1,234.5 m", "1,234.5"),
        ("ALT= {float}", b"ALT= 1.2.3", "1.2.3"),
        ("ALT= {float}", b"ALT= 0x1F", "0x1F"),
        ("{int} m", b"1,234 m", "1,234"),
        ("{float} to {float}", b"1_0 to 2", "1_0"),
        ("ready: {flag}", b"ready: perhaps", "perhaps"),
    ],
)
def test_what_only_begins_as_a_value_is_refused_and_not_cut(pattern, message, token):
    with pytest.raises(ParseError) as caught:
        find(pattern, message)
    assert caught.value.found == token
    assert caught.value.what.startswith("field x is not a ")


@pytest.mark.parametrize("message", [b"x5 m", b"3.5 m", b"1,5 m", b"10-5 m", b"_5 m"])
def test_a_pattern_that_begins_with_a_number_does_not_begin_within_one(message):
    try:
        value = find("{int} m", message)
    except ParseError:
        value = None
    assert value is None


def test_the_last_occurrence_counts_unless_the_first_is_picked():
    message = b"h=1 h h=2 h h=x"
    for pattern in ("h={int}", "{int} h"):
        assert find(pattern, message) == 2
        assert find(pattern, message, pick="first") == 1


def test_all_occurrences_make_a_vector_of_the_size_given():
    reading = find_reader("x", FieldModel(find="h={float}", pick="all", size=3), Text())
    assert (reading.kind, reading.length) == (Kind.VECTOR, 3)
    assert reading.read(b"h=1 h=2 h=3") == (1.0, 2.0, 3.0)
    assert reading.read(b"nothing") is None
    with pytest.raises(ParseError) as caught:
        reading.read(b"h=1 h=2")
    assert str(caught.value) == (
        "field x occurs 2 times, not 3 times\n"
        "  found: 2 values\n"
        "  cure: set `size: 2` if that is right, or make the pattern match each value once"
    )


def test_sum_and_count_are_zero_where_nothing_occurs():
    assert find("h={int}", b"h=1 h=2 h=-7", pick="sum") == -4
    total = find("h={float}", b"", pick="sum")
    assert (total, type(total)) == (0.0, float)
    assert find("h={float}", b"h=1 h=2", pick="count") == 2
    assert find("x{int},{int}", b"x1,2 x3,4", pick="count") == 2
    assert find_reader("x", FieldModel(find="h={float}", pick="count"), Text()).kind is Kind.INTEGER


def test_asterisks_and_nan_are_found_like_numbers():
    assert find("h= {float}", b"h= ********", overflow=9.0) == 9.0
    assert math.isnan(find("h= {float}", b"h= NaN m"))
    assert find("h= {float}", b"h= -Infinity") == -math.inf
    assert math.isnan(find("h= {float}", b"h= 1.#QNAN"))
    with pytest.raises(ParseError, match="did not fit the width"):
        find("h= {float}", b"h= ***")


def test_a_decimal_comma():
    text = Text(decimal=",")
    assert find("h= {float}", b"h= 1,5 m", text) == 1.5
    assert find("h= {float:2}", b"h= 1,5 2,5", text) == (1.5, 2.5)
    for message in (b"h= 1.234,5", b"h= 1.5"):
        with pytest.raises(ParseError):
            find("h= {float}", message, text)


def test_text_is_decoded_as_the_configuration_says():
    assert find("Name: {line}", "Name: Zoë".encode("latin-1"), Text(encoding="latin-1")) == "Zoë"
    assert find("größe {float}", "größe 3".encode("latin-1"), Text(encoding="latin-1")) == 3.0
    assert find("größe {word}", "größe ü".encode(), Text(encoding="utf-16-le")) == "ü"
    assert find("Name: {line}", b"Name: Zo\xeb", Text(errors="replace")) == "Zo\ufffd"
    with pytest.raises(DecodeError, match="field x is no text in utf-8, from byte 3 of the value"):
        find("Name: {line}", b"Name: Zo\xeb")


@pytest.mark.parametrize(
    ("pattern", "what", "found", "near", "offset"),
    [
        ("h {flaot}", "an unknown hole", "{flaot}", "float", 2),
        ("h {}", "an unknown hole", "{}", "", 2),
        ("h {float:x}", "not a number of values", "{float:x}", "", 2),
        ("h {float:0}", "not a number of values", "{float:0}", "", 2),
        ("h {word:2}", "a vector of what is no number", "{word:2}", "", 2),
        ("h {float", "a brace on its own", "{", "", 2),
        ("h }", "a brace on its own", "}", "", 2),
        (r"$\d+ = {float}", "`find` takes no regular expression", r"\d+", "", 1),
        ("T[0-9]+ {float}", "`find` takes no regular expression", "[0-9]+", "", 1),
        ("height", "no place for a value", "height", "", 0),
        ("h {any} m", "no place for a value", "h {any} m", "", 0),
        ("{any}h {int}", "skips nothing at the end of a pattern", "{any}", "", 0),
        ("h {int}{any}", "skips nothing at the end of a pattern", "{any}", "", 7),
        ("{int}{any}h", "skips from a place that no text marks", "{any}", "", 5),
        ("{int}{int}", "directly behind another hole", "{int}", "", 5),
        ("{line} h", "takes the rest of the line", "{line}", "", 0),
        ("{text} h", "takes the rest of the message", "{text}", "", 0),
        ("{int} {word}", "not a number, in a pattern of several values", "{word}", "", 6),
    ],
)
def test_a_wrong_pattern_is_a_problem_with_its_place(pattern, what, found, near, offset):
    problem = problem_of(pattern)
    assert (problem.key, problem.what, problem.found, problem.near) == ("find", what, found, near)
    assert problem.offset == offset
    assert problem.expected


def test_a_wrong_pick_is_a_problem():
    assert problem_of("h {int}", pick="all").expected == "`size` beside it"
    assert problem_of("h {word}", pick="sum").key == "pick"
    assert problem_of("h {int} {int}", pick="all", size=2).found == ""
    assert problem_of("h {int}", type="float").key == "type"
    assert problem_of("h {int}", overflow=1.5).key == "overflow"


def test_seen_is_always_a_flag():
    def seen(text, message, **keys):
        return seen_reader("x", FieldModel(seen=text, **keys), Text()).read(message)

    assert seen("*rustle*", b"a *rustle* here") is True
    assert seen("*rustle*", b"a rustle here") is False
    assert seen("/ru.tle/", b"a rustle here") is True
    assert seen("/^ru.tle/", b"a rustle here") is False
    assert seen("aa", b"aaaa", pick="count") == 2
    assert seen("/a+/", b"aa b a", pick="count") == 2
    assert seen_reader("x", FieldModel(seen="a"), Text()).kind is Kind.FLAG
    assert seen_reader("x", FieldModel(seen="/a/", pick="count"), Text()).kind is Kind.INTEGER
    for keys in ({"seen": "a", "pick": "sum"}, {"seen": "/(/"}, {"seen": ""}):
        with pytest.raises(FieldProblem):
            seen_reader("x", FieldModel(**keys), Text())


PATTERNS = [
    "ALT= {float}", "{float} ft", "{float} {float} ft", " {int} x", "{int}.{int}.{int}.{int} x", "-{float} ft",
    "1{any}2 {float} x", "A {any} B {any} C {float}", "{word} is {any} x", "{float:3} x", "x {line}", "{line}",
    " ALT {float}", "\n{float} x", "a\n\n{int} x", "{hex} x", "{octal} x", "{flag} x", "{int},{int},{int},{int};",
    "A{any}{float} m", "= {float} {float} {float} {float} {float} {float} x",
]  # fmt: skip
UNITS = [
    b" ", b"1", b",", b"-", b"1,", b"- ", b"1 ", b"1.", b"\t \n", b"1.5,", b"ALT= ", b"=1_", b"A", b"A B ", b"*",
    b"nan", b"1e", b"1-", b"\n", b"x ", b"ALT= 1.5 ", b"= 1.5 1.5 1.5 ",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_hostile_message_is_searched_in_no_time(pattern):
    reading = find_reader("x", FieldModel(find=pattern), Text())
    slowest = {}
    for unit in UNITS:
        message = unit * (100_000 // len(unit))
        began = time.process_time()
        try:
            reading.read(message)
        except ParseError:
            pass
        slowest[unit] = time.process_time() - began
    assert {unit: spent for unit, spent in slowest.items() if spent > 0.2} == {}


MESSAGES = st.lists(st.sampled_from([*UNITS, b"2", b"B", b"C", b"ft", b"x"]), max_size=12).map(b"".join)


@given(MESSAGES, st.sampled_from(PATTERNS))
def test_the_last_occurrence_is_the_same_from_either_end(message, pattern):
    """The search from the end finds what a search from the start finds last, or something that begins later."""
    compiled = compile_pattern(pattern, Text())
    forward = [match.start() for match in compiled.regex.finditer(message)]
    last = _last(compiled)(message)
    assert (last is None) == (not forward)
    assert last is None or last.start() >= forward[-1]


@given(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.text(" abc,;=", max_size=8))
def test_what_a_program_prints_is_what_is_read(whole, number, noise):
    message = f"{noise}\nA= {whole:>9} B= {number!r} end\n{noise}".encode()
    assert find("A= {int} B= {float} end", message) == (whole, number)


def test_seen_knows_the_ends_of_each_line():
    message = b"going on\nValueError: no\nthe end"

    def seen(pattern):
        return seen_reader("x", FieldModel(seen=pattern), Text()).read(message)

    assert seen(r"/^\w+Error/") is True
    assert seen("/on$/") is True
    assert seen("/^Error/") is False


@pytest.mark.parametrize(
    ("pattern", "message", "value"),
    [
        ("\na={int}", b"a=1\n", 1),
        ("\na={int}", b"a=1\nba=2\n", 1),
        ("\na={int}", b"x\na=1\na=2", 2),
        ("\na={int}", b"x\n  a=1", 1),
        ("\na={int}", b"xa=1", None),
        ("\n{int} left", b"3 left\n", 3),
        ("\n{int} left", b"of 3 left\n", None),
        ("\n\na={int}", b"a=1\n\na=2\n", 2),
        ("\n\na={int}", b"\na=1", 1),
        ("\n\na={int}", b"a=1", None),
        ("\na={int}\n", b"a=1\na=2\na=3", 2),
    ],
)
def test_a_newline_in_front_is_the_beginning_of_a_line(pattern, message, value):
    assert find(pattern, message) == value
    assert find(pattern, message, pick="count") >= (value is not None)


def test_the_beginning_of_a_line_is_found_in_time():
    message = b"  \t a " * 20_000 + b"\n" * 20_000 + b" " * 50_000
    start = time.perf_counter()
    assert find("\n a={int}", message) is None
    assert time.perf_counter() - start < 2


def test_one_star_is_a_prompt_and_several_are_an_overflow():
    assert find("{int}", b"4\n* ") == 4
    with pytest.raises(ParseError, match="did not fit"):
        find("{int}", b"4\n*** ")
