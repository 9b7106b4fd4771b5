import json

import pytest

from filebridge.cli.marking import marked
from filebridge.cli.spans import Span, unread
from filebridge.cli.texts import as_json, count, duration, line, lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (6.2e-5, "62 us"), (0.00214, "2.1 ms"), (0.9, "900 ms"), (3.42, "3.4 s"), (90, "90 s"), (1800, "30 min"),
        (15480, "4.3 h"), (1036800, "12 days"),
    ],
)  # fmt: skip
def test_times_have_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


def test_counts_are_grouped_and_in_the_right_number():
    assert [count(1, "step"), count(0, "step"), count(1_000_000, "step")] == ["1 step", "0 steps", "1 000 000 steps"]


@pytest.mark.parametrize("char", ["\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\r", "\u2028", "\n"])
def test_a_line_can_do_nothing_to_a_terminal(char):
    shown = line(f"a{char}b")
    assert char not in shown
    assert shown.isprintable()


def test_letters_of_all_languages_stay():
    assert lines("Größe °C\n水 \x1b[0m") == "Größe °C\n水 \\x1b[0m"


def test_json_has_no_numbers_that_json_lacks():
    assert json.loads(as_json({"a": float("inf"), 1: (float("nan"), 2)})) == {"a": "inf", "1": ["nan", 2]}


def test_names_that_would_overlap_go_below():
    spans = [Span(0, 2, "position"), Span(3, 5, "speed"), Span(3, 4, "inner")]
    assert list(marked(b"12 34\n", 0, spans)) == [
        "12 34\\n",
        "~~",
        "position",
        "   ~~",
        "   speed",
        "   ~",
        "   inner",
    ]


def test_marks_follow_the_width_of_escapes():
    assert list(marked(b"\x1b\x00x", 10, [Span(12, 13, "x")])) == ["\\x1b\\x00x", "        ~", "        x"]


def test_long_lines_go_on_and_long_texts_are_cut():
    rows = list(marked(b"a" * 100, 0, []))
    assert [len(row) for row in rows] == [96, 4]
    rows = list(marked(b"b\n" * 100, 0, []))
    assert rows[0] == "... 120 bytes before this"
    assert len(rows) == 41


def test_what_no_span_covers_is_not_read():
    assert unread(b"a bc\n\n d\n", [Span(2, 3, "b")]) == [b"a", b"c", b"d"]
