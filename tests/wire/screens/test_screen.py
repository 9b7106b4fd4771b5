import contextlib
import re
import sys
import time
import timeit

import pexpect
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ConfigError
from filebridge.wire.screens.screen import Screen

ROBOTS = "/usr/games/robots"


def lines(*chunks, columns=8, rows=3, encoding="utf-8"):
    """Return the lines of the last snapshot, the cursor's with them."""
    screen = Screen(columns, rows, encoding)
    snapshot = [screen.clean(chunk) for chunk in chunks][-1]
    return snapshot.decode().split("\n")


def text(*chunks, **size):
    return [line.rstrip() for line in lines(*chunks, **size)[:-1]]


def test_a_new_screen_is_blank():
    assert Screen(4, 2).snapshot() == b"    \n    \n\x1b[1;1H"


def test_a_snapshot_is_every_line_and_the_cursor():
    screen = Screen(8, 3)
    assert screen.clean(b"ab\r\n c") == b"ab      \n c      \n        \n\x1b[2;3H"
    assert screen.clean(b"\x1b[1;2Hx") == b"ax      \n c      \n        \n\x1b[1;3H"
    assert screen.snapshot() == screen.clean(b"")


CASES = [
    pytest.param(b"\x1b[2;3Hx\x1b[1Ay\x1b[2Cz", ["   y  z", "  x", ""], id="cursor"),
    pytest.param(b"abc\x1b[2J\x1b[Hd", ["d", "", ""], id="erase display"),
    pytest.param(b"abcd\r\nefgh\r\nijkl\x1b[2;3H\x1b[J", ["abcd", "ef", ""], id="erase below"),
    pytest.param(b"abcd\r\nefgh\r\nijkl\x1b[2;3H\x1b[1J", ["", "   h", "ijkl"], id="erase above"),
    pytest.param(b"abcd\x1b[2D\x1b[K", ["ab", "", ""], id="erase line"),
    pytest.param(b"\x1b[2J\x1b[31;1mred\x1b[m!", ["red!", "", ""], id="colour"),
    pytest.param(b"a\r\nb\r\nc\r\nd", ["b", "c", "d"], id="scroll"),
    pytest.param(b"a\r\nb\r\nc\x1b[H\x1bM", ["", "a", "b"], id="scroll back"),
    pytest.param(b"a\r\nb\r\nc\x1b[2;3r\x1b[3;1H\nd", ["a", "c", "d"], id="scroll a region"),
    pytest.param(b"a\r\nb\r\nc\x1b[S\x1b[1;2Hx", ["bx", "c", ""], id="scroll up"),
    pytest.param(b"a\r\nb\r\nc\x1b[2T", ["", "", "a"], id="scroll down"),
    pytest.param(b"a\r\nb\r\nc\x1b[2;1H\x1b[L", ["a", "", "b"], id="insert line"),
    pytest.param(b"a\r\nb\r\nc\x1b[2;1H\x1b[M", ["a", "c", ""], id="delete line"),
    pytest.param(b"abcd\x1b[1;2H\x1b[@", ["a bcd", "", ""], id="insert character"),
    pytest.param(b"abcd\x1b[1;2H\x1b[2P", ["ad", "", ""], id="delete characters"),
    pytest.param(b"abcd\x1b[1;2H\x1b[4hxy\x1b[4lz", ["axyzcd", "", ""], id="insert mode"),
    pytest.param(b"abcdefghij", ["abcdefgh", "ij", ""], id="wrap"),
    pytest.param(b"\x1b[?7labcdefghij", ["abcdefgj", "", ""], id="no wrap"),
    pytest.param(b"ab\x1b[3bc", ["abbbbc", "", ""], id="repeat"),
    pytest.param(b"\x1b[5bc", ["c", "", ""], id="repeat nothing"),
    pytest.param(b"\x1b[2;2H\x1b7\x1b[Ha\x1b8b\x1b[s\x1b[Hc\x1b[ud", ["c", " bd", ""], id="saved cursor"),
    pytest.param(b"a\tb", ["a      b", "", ""], id="tab"),
    pytest.param(b"\x1b)0\x0elqk\x0fl\x1b(0x\x1b(Bx", ["┌─┐l│x", "", ""], id="line drawing"),
    pytest.param(b"\x1b#8\x1b[2;1H\x1b[2K", ["E" * 8, "", "E" * 8], id="alignment"),
    pytest.param(b"\x1b[?1049h\x1b[22;0;0tab\x1b[?25l\x1b[?1000h", ["ab", "", ""], id="xterm's modes"),
    pytest.param(b"\x1b]0;title\x07a\x1b]2;title\x1b\\b\x1bktitle\x1b\\c", ["abc", "", ""], id="titles"),
    pytest.param(b"\x1bP1$r0m\x1b\\a\x1b_x\x1b\\b\x1b^x\x1b\\c\x1bXx\x1b\\d", ["abcd", "", ""], id="command strings"),
    pytest.param(b"\x1b[!pa\x1b[2 qb\x1b[<uc\x1b[>4;1md\x1b[38:2:1:2:3me\x1b[?1$pf", ["abcdef", "", ""], id="new ones"),
    pytest.param(b"\x1b*Ba\x1b Fb\x1b%Gc\x1b=\x1b>d", ["abcd", "", ""], id="charsets and keypads"),
    pytest.param(b"\x1b\x1b[2;1Ha\x1b[3\x1b[2;3Hb\x1b[1\x18c", ["", "a bc", ""], id="aborted"),
    pytest.param(b"\x1b[1;2;3;4;5Ha\x1b[?1;2rb\x1b[7Jc\x1b[9Kd", ["abcd", "", ""], id="no such parameters"),
    pytest.param(b"\x1b[?6h\x1b[9dx", ["", "", "x"], id="origin without margins"),
    pytest.param(b"a\x00\x01\x05b\x7fc\x07", ["abc", "", ""], id="control characters"),
    pytest.param("\x9b2;2Hx\x9d0;title\x9cy".encode(), ["", " xy", ""], id="8-bit controls"),
    pytest.param("Zürich ✓".encode(), ["Zürich ✓", "", ""], id="not ASCII"),
    pytest.param("漢字x".encode(), ["漢 字 x", "", ""], id="wide"),
    pytest.param("1234567漢x".encode(), ["1234567", "漢 x", ""], id="wide at the edge"),
    pytest.param("漢x\x1b[1;2Hy\x1b[1;1Hz".encode(), ["zyx", "", ""], id="over a wide one"),
    pytest.param("e\u0301\u200b\u200e\u0301\ufe0fx".encode(), ["éx", "", ""], id="zero width"),
    pytest.param("漢\u0301\u0301x".encode(), ["漢 x", "", ""], id="mark on a wide one"),
    pytest.param(b"abc\x1bcd", ["d", "", ""], id="reset"),
    pytest.param(b"ab\x1b[?3hcd\x1b[?5he", ["abcde", "", ""], id="neither resized nor reversed"),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_what_a_program_draws_is_on_the_screen(data, expected):
    assert text(data) == expected


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_the_screen_is_the_same_however_the_bytes_are_cut(data, expected):
    whole = lines(data)
    for cut in range(len(data) + 1):
        assert lines(data[:cut], data[cut:]) == whole
    assert lines(*[bytes([byte]) for byte in data]) == whole


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_every_snapshot_has_the_same_size(data, expected):
    *rows, cursor = lines(data)
    assert [len(row) for row in rows] == [8, 8, 8]
    assert re.fullmatch(r"\x1b\[[1-3];[1-8]H", cursor)


@pytest.mark.parametrize(
    ("data", "cursor"),
    [
        (b"", "1;1"),
        (b"abc", "1;4"),
        (b"abcdefgh", "1;8"),
        (b"\x1b[9;99H", "3;8"),
        (b"\x1b[3;8H\x1b[99D\x1b[99A", "1;1"),
    ],
)
def test_the_cursor_counts_from_one_and_stays_on_the_screen(data, cursor):
    assert lines(data)[-1] == f"\x1b[{cursor}H"


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("latin-1", b"\xe9\xa3x"), ("cp437", b"\x82\x9cx"), ("utf-16-le", "é£x".encode("utf-16-le"))],
)
def test_other_encodings(encoding, data):
    assert text(data, encoding=encoding)[0] == "é£x"
    assert text(*[bytes([byte]) for byte in data], encoding=encoding)[0] == "é£x"


def test_bytes_that_are_no_text_are_shown_as_such():
    assert text(b"a\xffb")[0] == "a\ufffdb"


def test_a_tall_screen_knows_which_lines_changed():
    screen = Screen(5, 50)
    for row in range(50):
        screen.clean(b"\x1b[%d;1H%d" % (row + 1, row))
    assert screen.snapshot().decode().split("\n")[:-1] == [f"{row:<5}" for row in range(50)]


def test_what_a_terminal_answers_is_collected():
    screen = Screen(8, 3)
    screen.clean(b"ab\x1b[6n\x1b[5n")
    assert screen.answers == b"\x1b[1;3R\x1b[0n"
    screen.answers.clear()
    screen.clean(b"\x1b[c\x1b[?6n")
    assert screen.answers == b"\x1b[?6c"


def test_the_end_of_the_stream_drops_half_an_escape():
    screen = Screen(8, 1)
    screen.clean(b"ab\x1b[2\xc3")
    assert screen.finish() == b""
    assert screen.clean(b"c") == b"abc     \n\x1b[1;4H"


@pytest.mark.parametrize(
    "endless",
    [
        b"\x1b[6n", b"\x1b7", b"\x1b[s", "e\u0301".encode(), "\u0301".encode(), b"\x1bH", b"\x1b[?999h",
        b"\x1b[4h\x1b[9999bx",
    ],
)  # fmt: skip
def test_nothing_grows_with_what_is_drawn(endless):
    screen = Screen(80, 24)
    screen.clean(b"x" + endless * 500)
    terminal = screen._terminal
    before = [len(screen.answers) // 5000, len(terminal.savepoints), len(terminal.tabstops), len(terminal.mode)]
    screen.clean(endless * 5000)
    assert before == [len(screen.answers) // 5000, len(terminal.savepoints), len(terminal.tabstops), len(terminal.mode)]
    assert {len(cell.data) for line in terminal.buffer.values() for cell in line.values()} <= {0, 1}
    assert len(terminal.buffer) <= 24
    assert len(screen.answers) < 5000


@pytest.mark.parametrize("endless", [b"\x1b[" + b"1" * 999, b"\x1b]0;", b"\x1bPq", b"\x1b[1;"])
def test_an_escape_that_never_ends_takes_no_room(endless):
    screen = Screen(8, 1)
    screen.clean(b"ab" + endless)
    for _ in range(300):
        screen.clean(b"1" * 1000)
    assert sys.getsizeof(screen._held) < 1000
    screen.clean(b"\x1b\\\x1b[1;3Hc")
    assert screen.snapshot().startswith(b"abc ")


@pytest.mark.parametrize(
    "worst",
    [
        b"\x1b#8", b"\x1b[2J", b"\x1b[9999L", b"\x1b[9999M", b"\x1b[9999@", b"\x1b[P", b"\x1b[9999b", b"\x1b[9999S",
        b"\x1b[?5h", b"\x1b[?5l", b"\n", b"\x1bM", "\u0301".encode(), b"\x1b[9999X", b"\x1b" * 3, b"\x1b[", b"\x1b]",
        b"\x1b[" + b"9" * 60 + b";1H", b"\x9b" * 2,
    ],
)  # fmt: skip
def test_no_output_holds_the_loop_for_long(worst):
    screen = Screen(80, 24)
    begin = time.process_time()
    screen.clean(b"x" + worst * (16_384 // len(worst)))
    assert time.process_time() - begin < 3


def test_a_line_that_is_removed_gives_way_to_an_empty_one():
    assert Screen(3, 2).clean(b"ab\x1b[M") == b"   \n   \n\x1b[1;1H"


@given(st.lists(st.one_of(
    st.binary(max_size=20),
    st.builds(lambda numbers, end: f"\x1b[{';'.join(map(str, numbers))}{end}".encode(),
              st.lists(st.integers(0, 10_000), max_size=4), st.characters(min_codepoint=32, max_codepoint=126)),
    st.text(alphabet="ab漢é\u0301\u200b\x1b[]P\n\r\t\x9b\x9d", max_size=12).map(str.encode),
), max_size=12))  # fmt: skip
def test_whatever_comes_a_snapshot_is_a_whole_screen(chunks):
    screen, at_once = Screen(7, 3), Screen(7, 3)
    for chunk in chunks:
        *rows, cursor = screen.clean(chunk).decode().split("\n")
        assert [len(row) for row in rows] == [7, 7, 7]
        assert re.fullmatch(r"\x1b\[[1-3];[1-7]H", cursor)
    assert screen.snapshot() == at_once.clean(b"".join(chunks))


@given(st.lists(st.one_of(
    st.sampled_from(["\x1b[H", "\x1b[J", "\x1b[1K", "\x1b[2;2H", "\n", "\r", "\b", "\x1bM", "\x1b[2L", "\x1b[2P",
                     "\x1b[3@", "\x1b[2;3r", "\x1b[4h", "\x1b[4l", "\x1b[2X", "\x1b[7m", "\t", "\x1b[?7l", "\x1b[?7h"]),
    st.text(alphabet="abcxyz é─", max_size=12),
), max_size=30))  # fmt: skip
def test_the_screen_is_the_one_that_pyte_shows(parts):
    known = pyte.Screen(9, 4)
    pyte.Stream(known).feed("".join(parts))
    assert lines("".join(parts).encode(), columns=9, rows=4)[:-1] == known.display


REDRAWN = [b"".join(b"\x1b[%d;%dH%c" % (row % 24 + 1, row * step % 60 + 1, 43) + b"\x1b[1B\x08 " for row in range(20))
           for step in range(1, 9)]  # fmt: skip


def by_pyte_alone():
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    for chunk in REDRAWN:
        stream.feed(chunk)
        for row in screen.dirty:
            line = screen.buffer[row]
            "".join([line[column].data for column in range(80)])
        screen.dirty.clear()


def by_screen():
    screen = Screen(80, 24)
    for chunk in REDRAWN:
        screen.clean(chunk)


def test_a_snapshot_costs_little_more_than_pyte_alone():
    ways = (by_pyte_alone, by_screen)
    alone, ours = (min(timeit.repeat(way, timer=time.process_time, repeat=9, number=3)) for way in ways)
    assert ours < 1.3 * alone


def test_without_pyte_the_cure_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "filebridge.wire.screens.terminal", raising=False)
    monkeypatch.setitem(sys.modules, "pyte", None)
    with pytest.raises(ConfigError) as caught:
        Screen(80, 24)
    assert caught.value.what == "a full screen needs pyte, which is not installed"
    assert caught.value.cure == "pip install 'filebridge[screen]'"


def drawn(robots, columns=80, rows=24):
    """Return the lines of a new screen, once all that ``robots`` shows stands on it and the cursor on the player."""
    screen, until = Screen(columns, rows), time.monotonic() + 20
    shown = screen.snapshot().decode().split("\n")
    while "Score: 0" not in shown[21] or shown[-1] != "\x1b[{};{}H".format(*player(shown)):
        assert time.monotonic() < until, shown
        with contextlib.suppress(pexpect.TIMEOUT):
            shown = screen.clean(robots.read_nonblocking(4096, timeout=0.1)).decode().split("\n")
    return shown


def player(shown):
    """Return the row and the column of the player within the box, counted from 1, or zeros."""
    found = ((number, line.find("@", 1, 60) + 1) for number, line in enumerate(shown[:23], 1))
    return next((place for place in found if place[1]), (0, 0))


def test_robots_on_a_full_screen(tmp_path):
    environment = {"TERM": "vt100", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    robots = pexpect.spawn(ROBOTS, env=environment, dimensions=(24, 80))
    try:
        shown, border = drawn(robots), "+" + "-" * 59 + "+"
        assert shown[0] == f"{border} Directions:       "
        assert shown[23].rstrip() == border
        assert {line[0] + line[60] for line in shown[1:23]} == {"||"}
        assert shown[21][61:].rstrip() == " Score: 0"
        assert [line[61:].rstrip() for line in shown[2:7]] == [" y k u", "  \\|/", " h- -l", "  /|\\", " b j n"]
        # A program that is asked to draw everything again draws the same on a new screen.
        robots.send("\x0c")
        assert drawn(robots) == shown
    finally:
        robots.close(force=True)
