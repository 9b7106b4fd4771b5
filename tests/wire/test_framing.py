"""Where a message ends: the same place, however the bytes are cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.exchange import Alternative, Framing
from filebridge.wire.framing import (
    LOOK_BACK,
    End,
    awaited,
    bytes_cut,
    compile_cut,
    lines_cut,
    literal_cut,
    pattern_cut,
)

TEXT = b"T= 1\nBURN? T= 2\n\n \nOVER\nBURN? "


def framed(framing, answers=()):
    ends = [(end, End(number)) for number, end in enumerate(framing.until or ())]
    return compile_cut(framing, ends, [(Alternative(text=text), End(answer=b"y\n")) for text in answers], str.encode)


def cut_in_pieces(cut, data, sizes):
    """Feed ``data`` in pieces of these sizes; return where the first message ends, and as which."""
    received, searched = b"", 0
    for size in [*sizes, len(data)]:
        received += data[len(received) : len(received) + size]
        found = cut(received, searched)
        if found:
            return found
        searched = len(received)
    return None


CUTS = {
    "literal": (framed(Framing(until="BURN? ")), 11, End(0)),
    "regex": (framed(Framing(until=r"/O\w\wR/")), 23, End(0)),
    "first of two": (framed(Framing(until=["OVER", "BURN? "])), 11, End(1)),
    "question": (framed(Framing(until="OVER"), ["BURN? "]), 11, End(answer=b"y\n")),
    "one line": (framed(Framing()), 5, End()),
    "two lines": (framed(Framing(lines=2)), 16, End()),
    "blank": (framed(Framing(blank=True)), 17, End()),
    "bytes": (framed(Framing(bytes=7)), 7, End()),
}


@pytest.mark.parametrize("name", CUTS)
@given(sizes=st.lists(st.integers(0, 9), max_size=20))
def test_the_end_does_not_depend_on_the_pieces(name, sizes):
    cut, end, which = CUTS[name]
    assert cut(TEXT, 0) == (end, which)
    at, found = cut_in_pieces(cut, TEXT, sizes)
    assert (at, found) == (end, which)


@pytest.mark.parametrize("name", CUTS)
def test_there_is_no_end_before_its_last_byte(name):
    cut, end, _ = CUTS[name]
    assert [size for size in range(end) if cut(TEXT[:size], 0)] == []


def test_a_literal_is_looked_for_in_new_bytes_only():
    cut = literal_cut(b"end", End())
    # What was searched before, but for the length of the end, is not looked at again.
    assert cut(b"end.......", 10) is None
    assert cut(b"......end.", 8) == (9, End())


def test_a_pattern_looks_back_as_far_as_it_may_reach():
    cut = pattern_cut(re.compile(b"(?P<end0>a.{100}b)"), [End()])
    data = b"a" + b"." * 100 + b"b"
    assert cut(data, 101) == (102, End())
    assert cut(data + b"." * 2 * LOOK_BACK, 102 + LOOK_BACK) is None


def test_a_million_bytes_without_an_end_are_searched_once():
    class Counting(bytes):
        searched = 0

        def find(self, text, start=0):
            Counting.searched += len(self) - start
            return super().find(text, start)

    cut = literal_cut(b"prompt> ", End())
    for size in range(0, 1_000_000, 10_000):
        assert cut(Counting(size + 10_000), size) is None
    assert Counting.searched < 1_001_000


def test_ends_of_the_process_are_left_to_the_caller():
    cut = framed(Framing(until={"over": {"exit": 0}}))
    assert cut(b"anything\n\n", 0) is None
    mixed = framed(Framing(until=[{"over": {"exit": 0}}, "> "]))
    assert mixed(b"x> ", 0) == (3, End(1))


def test_special_characters_of_a_literal_mean_themselves():
    cut = framed(Framing(until=["(y/n)? ", "[1] > "]))
    assert cut(b"yn1 > (y/n)? ", 0) == (13, End(0))
    assert cut(b"[1] > ", 0) == (6, End(1))


def test_groups_within_a_pattern_do_not_change_which_end_it_was():
    cut = framed(Framing(until=["/(?:a|b)z/", "/(c)(d)/"]))
    assert cut(b"..cd", 0) == (4, End(1))


def test_quiet_alone_waits_and_with_questions_sees_those():
    assert framed(Framing(quiet=0.1))(b"anything\n", 0) is None
    assert framed(Framing(quiet=0.1), ["? "])(b"any? ", 0) == (5, End(answer=b"y\n"))


def test_counts():
    assert lines_cut(3)(b"1\n2\n3", 0) is None
    assert lines_cut(3)(b"1\n2\n3\n4\n", 0) == (6, End())
    assert bytes_cut(3)(b"12", 0) is None
    assert bytes_cut(3)(b"1234", 0) == (3, End())


@pytest.mark.parametrize(("keys", "text"), [
    ({}, "1 line"),
    ({"lines": 3}, "3 lines"),
    ({"bytes": 1}, "1 byte"),
    ({"bytes": 64}, "64 bytes"),
    ({"blank": True}, "a blank line"),
    ({"quiet": "50 ms"}, "quiet for 0.05 s"),
    ({"until": "Enter Power:\n"}, "`Enter Power:\\n`"),
    ({"until": ["> ", {"over": "BYE"}, "/x+y/", {"end": {"exit": [0, 3]}}]},
     "`> ` or over: `BYE` or `/x+y/` or end: exit code 0 or 3"),
])
def test_the_awaited_end_is_told_in_words(keys, text):
    assert awaited(Framing(**keys)) == text


def test_the_end_of_the_program_may_stand_beside_another_end():
    over = Framing(until={"over": {"exit": 0}}, lines=2)
    assert framed(over)(b"a\nb\nc\n", 0) == (4, End())
    assert awaited(over) == "2 lines or over: exit code 0"
