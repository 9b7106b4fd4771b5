import curses
import os
import sys

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.wire.screens.keys import NAMED, KeyProblem, keys


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("", b""),
        ("hjkl", b"hjkl"),
        ("a > b", b"a > b"),
        ("{x}\\n", b"{x}\\n"),
        ("é", "é".encode()),
        ("<esc>:q!<enter>", b"\x1b:q!\r"),
        ("<ESC><Enter><Tab><space><backspace>", b"\x1b\r\t \x7f"),
        ("<up><down><left><right>", b"\x1bOA\x1bOB\x1bOD\x1bOC"),
        ("<home><end>", b"\x1bOH\x1bOF"),
        ("<pageup><pagedown><insert><delete>", b"\x1b[5~\x1b[6~\x1b[2~\x1b[3~"),
        ("<f1><f2><f3><f4>", b"\x1bOP\x1bOQ\x1bOR\x1bOS"),
        ("<f5><f6><f7><f8>", b"\x1b[15~\x1b[17~\x1b[18~\x1b[19~"),
        ("<f9><f10><f11><f12>", b"\x1b[20~\x1b[21~\x1b[23~\x1b[24~"),
        ("<ctrl-l><^L><^l><Ctrl-L>", b"\x0c" * 4),
        ("<ctrl-a><ctrl-z><^[><^]><^@><^_><^?>", b"\x01\x1a\x1b\x1d\x00\x1f\x7f"),
        ("<alt-x><Alt-X><alt-<><alt->>", b"\x1bx\x1bX\x1b<\x1b>"),
        ("<lt>up>", b"<up>"),
        ("a<lt>b<up>c", b"a<b\x1bOAc"),
    ],
)
def test_what_keys_send(text, sent):
    assert keys(text) == sent


def test_keys_in_another_encoding():
    assert keys("é<enter>", "latin-1") == b"\xe9\r"


@pytest.mark.parametrize(
    ("text", "what", "found", "near", "offset"),
    [
        ("ab<upp>c", "no key has this name", "<upp>", "<up>", 2),
        ("<Escape>", "no key has this name", "<Escape>", "<esc>", 0),
        ("<return>", "no key has this name", "<return>", "<enter>", 0),
        ("<pgdn>", "no key has this name", "<pgdn>", "<pagedown>", 0),
        ("<page-up>", "no key has this name", "<page-up>", "<pageup>", 0),
        ("<f13>", "no key has this name", "<f13>", "<f3>", 0),
        ("<control-c>", "no key has this name", "<control-c>", "<ctrl-l>", 0),
        ("<ctrl-1>", "no key has this name", "<ctrl-1>", "<ctrl-l>", 0),
        ("<^é>", "no key has this name", "<^é>", "", 0),
        ("<<>", "no key has this name", "<<>", "<lt>", 0),
        ("x<\x1b>", "no key has this name", "<\\x1b>", "", 1),
        ("a < b", "a `<` that no `>` closes", "<", "", 2),
        ("<up", "a `<` that no `>` closes", "<", "", 0),
        ("<>", "a `<` that no `>` closes", "<", "", 0),
        ("<a<up>", "a `<` that no `>` closes", "<", "", 0),
    ],
)
def test_keys_that_there_are_not(text, what, found, near, offset):
    with pytest.raises(KeyProblem) as caught:
        keys(text)
    problem = caught.value
    assert (problem.what, problem.found, problem.near, problem.offset) == (what, found, near, offset)
    assert text[offset : offset + problem.length].startswith("<")


def test_the_text_of_a_problem():
    with pytest.raises(KeyProblem) as caught:
        keys("<upp>")
    assert str(caught.value) == (
        "no key has this name\n  found: <upp>\n  expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`,"
        " `<alt-x>` or the like, and `<lt>` for `<` itself\n  near: <up>"
    )


def test_a_character_that_the_encoding_lacks():
    with pytest.raises(KeyProblem, match="a character that ascii does not have"):
        keys("é", "ascii")


@given(st.text())
def test_every_text_can_be_typed(text):
    assert keys(text.encode("utf-8", "replace").decode().replace("<", "<lt>")) == text.encode("utf-8", "replace")


@given(st.text(alphabet="<>^-abcltrup 1é", max_size=12))
def test_whatever_is_written_is_pressed_or_refused(text):
    assert span(text) in (None, *((first, last) for last in range(len(text) + 1) for first in range(last)))


def span(text):
    """Return where a problem of ``text`` begins and ends, or None where there is none."""
    try:
        keys(text)
    except KeyProblem as problem:
        return problem.offset, problem.offset + problem.length
    return None


CURSES = {
    "up": curses.KEY_UP, "down": curses.KEY_DOWN, "left": curses.KEY_LEFT, "right": curses.KEY_RIGHT,
    "home": curses.KEY_HOME, "end": curses.KEY_END, "insert": curses.KEY_IC, "delete": curses.KEY_DC,
    "pageup": curses.KEY_PPAGE, "pagedown": curses.KEY_NPAGE, "backspace": curses.KEY_BACKSPACE,
    **{f"f{number}": curses.KEY_F0 + number for number in range(1, 13)},
}  # fmt: skip
SHOW = "import curses; curses.wrapper(lambda screen: [print(f'<{screen.getch()}>', flush=True) for _ in range(COUNT)])"


def test_curses_knows_the_keys_of_an_xterm(tmp_path):
    script = SHOW.replace("COUNT", str(len(CURSES)))
    environment = {**os.environ, "TERM": "xterm", "ESCDELAY": "100"}
    program = pexpect.spawn(sys.executable, ["-c", script], env=environment, cwd=str(tmp_path), timeout=20)
    try:
        program.expect_exact("\x1b[?1h")
        program.send(keys("".join(f"<{name}>" for name in CURSES)))
        for name, code in CURSES.items():
            program.expect(r"<(\d+)>")
            assert int(program.match[1]) == code, name
    finally:
        program.close(force=True)


def test_every_name_is_a_key():
    assert all(keys(f"<{name}>") == sent.encode() for name, sent in NAMED.items())
