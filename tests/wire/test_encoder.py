"""Templates of what is sent: every printf form, and nothing that could become a second command."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ActionError, BridgeError, ExpressionError, ParseError
from filebridge.wire.encoder import compile_template
from filebridge.wire.expression import ExpressionProblem, Kind, Slot

NAMES = {
    "action": Slot(0, Kind.NUMBER),
    "n": Slot(1, Kind.INTEGER),
    "word": Slot(2, Kind.TEXT),
    "action.name": Slot(3, Kind.TEXT),
    "v": Slot(4, Kind.VECTOR, 3),
    "flag": Slot(5, Kind.FLAG),
}
ROW = [1.5, 7, "up", "left", [1.0, 2.5, -3.0], True]


def encoded(text, row=ROW, line_end="\n", encoding="utf-8"):
    return compile_template(text, NAMES, line_end, encoding).encode(row, row)


@pytest.mark.parametrize(("template", "sent"), [
    ("go", b"go\n"),
    ("100% {{sure}}", b"100% {sure}\n"),
    ("{action}", b"1.5\n"),
    ("{action:.2f}", b"1.50\n"),
    ("{action:%.2f}%", b"1.50%\n"),
    ("{action:08.3f}", b"0001.500\n"),
    ("{action:.3e}", b"1.500e+00\n"),
    ("{action:.3D}", b"1.500D+00\n"),
    ("{action:g}", b"1.5\n"),
    ("{action:.0f}", b"2\n"),
    ("{action:+.1f} {action: .1f}", b"+1.5  1.5\n"),
    ("{n}", b"7\n"),
    ("{n:04d}", b"0007\n"),
    ("{n:x}", b"7\n"),
    ("{n:.1f}", b"7.0\n"),
    ("{n:-4d}|", b"7   |\n"),
    ("{word}", b"up\n"),
    ("{word:6s}|{word:<6s}|{word:>6s}|", b"    up|up    |    up|\n"),
    ("{v}", b"1.0 2.5 -3.0\n"),
    ("{v:.1f}", b"1.0 2.5 -3.0\n"),
    ("{v[1]:.2f}", b"2.50\n"),
    ("{action * 2 + n:.1f}", b"10.0\n"),
    ("{flag:d}", b"1\n"),
    ("{action.name} {n}", b"left 7\n"),
    ("{prev.n}", b"7\n"),
    ("", b"\n"),
])
def test_forms(template, sent):
    assert encoded(template) == sent


def test_the_end_of_a_line_is_what_the_configuration_says():
    assert encoded("{n}", line_end="\r\n") == b"7\r\n"
    assert encoded("{n}%", line_end="") == b"7%"


def test_texts_are_encoded():
    row = [*ROW[:2], "\u00fcber", *ROW[3:]]
    assert encoded("\u00e9 {word}", row, encoding="latin-1") == b"\xe9 \xfcber\n"
    with pytest.raises(ActionError) as caught:
        encoded("{word}", row, encoding="ascii")
    assert str(caught.value) == (
        "`word` has a character that ascii lacks\n  found: \\xc3\\xbcber\n  cure: change `text: {encoding: ...}`"
    )


@given(st.text(max_size=40))
def test_a_text_is_one_line_or_refused(text):
    row = [*ROW[:3], text, *ROW[4:]]
    try:
        sent = encoded("say {action.name}", row)
    except ActionError:
        assert not text.isprintable()
    else:
        assert sent == b"say " + text.encode() + b"\n"
        assert len((sent.decode() + ".").splitlines()) == 2
        assert not any(byte < 32 or byte == 127 for byte in sent[:-1])


def test_who_is_to_blame_for_a_control_character():
    row = [1.5, 7, "a\x03", "b\n", *ROW[4:]]
    with pytest.raises(ActionError, match=r"^`action.name` holds a character that cannot be sent\n  found: b\\n\n"):
        encoded("{action.name}", row)
    with pytest.raises(ParseError, match=r"^`word` holds a character that cannot be sent\n  found: a\\x03\n"):
        encoded("{word}", row)


def test_a_value_that_is_not_there_yet():
    with pytest.raises(ParseError) as caught:
        encoded("{n:d}", [1.5, None, *ROW[2:]])
    assert caught.value.what == "`n` cannot be sent"
    assert caught.value.cure == "it may have no value yet: give the field a `default`"
    with pytest.raises(BridgeError):
        encoded("{n} {word}", [1.5, None, *ROW[2:]])


@pytest.mark.parametrize("template", ["{1 / (n - 7):.1f}", "{1 / (n - 7)} {word}", "{n} {1 / (n - 7):.1D}"])
def test_an_expression_that_fails_points_at_itself(template):
    with pytest.raises(ExpressionError) as caught:
        encoded(template)
    assert "1 / (n - 7)" in str(caught.value)
    assert "^" in str(caught.value)


def test_infinity_is_no_whole_number():
    with pytest.raises(BridgeError):
        encoded("{n:d}", [1.5, math.inf, *ROW[2:]])


@pytest.mark.parametrize(("template", "what", "offset"), [
    ("set {n", "a hole is not closed", 4),
    ("set n}", "a `}` without its `{`", 5),
    ("{action:d}", "`d` prints whole numbers only, this is a number", 8),
    ("{word:.2f}", "`f` does not print text", 6),
    ("{n:s}", "`s` does not print a whole number", 3),
    ("{n:q}", "`q` is no format", 3),
    ("{n:1000000000d}", "not a format", 3),
    ("{n:.99999f}", "not a format", 3),
    ("{n:{n}}", None, None),
    ("{nn}", None, 1),
    ("a {action.__class__}", None, None),
    ("{}", None, None),
])
def test_mistakes_are_found_when_the_template_is_compiled(template, what, offset):
    with pytest.raises(ExpressionProblem) as caught:
        compile_template(template, NAMES, "\n", "utf-8")
    assert what is None or caught.value.what == what
    assert offset is None or caught.value.offset == offset


def test_what_a_template_reads_is_known():
    template = compile_template("{action} {prev.n} {v[n]}", NAMES, "\n", "utf-8")
    assert (set(template.uses), set(template.uses_previous)) == ({"action", "v", "n"}, {"n"})


def test_a_long_template_is_compiled_in_no_time():
    assert encoded("{n}" + "x" * 1_000_000 + "{{") == b"7" + b"x" * 1_000_000 + b"{\n"
