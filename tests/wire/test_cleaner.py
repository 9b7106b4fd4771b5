import codecs
import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filebridge.config.simulator import Text
from filebridge.errors import DecodeError
from filebridge.wire.cleaner import Cleaner, clean_encoding, known_encoding

TITLE = b"\x1b]0;" + b"t" * 4094


def cleaned(*chunks: bytes, text: Text | None = None) -> bytes:
    cleaner = Cleaner(text or Text())
    return b"".join([cleaner.clean(chunk) for chunk in chunks]) + cleaner.finish()


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[first:last] for first, last in itertools.pairwise(ends)]


CASES = [
    pytest.param(b"1.5 2.5\n", b"1.5 2.5\n", id="plain"),
    pytest.param(b"\x1b[1;31mALT\x1b[0m 7\x1b[K\n", b"ALT 7\n", id="colour"),
    pytest.param(b"\x1b[?25l\x1b[2J\x1b[H\x1b[!p\x1b[ q7", b"7", id="cursor"),
    pytest.param(b"\x1b]0;title\x07a\x1b]2;title\x1b\\b", b"ab", id="title"),
    pytest.param(b"\x1bP1$r0m\x1b\\a\x1b_x\x07b\x1b^x\x1b\\c\x1bXx\x07d", b"abcd", id="command strings"),
    pytest.param(b"\x1b(B\x1b)0a\x1b#8b\x1b%G", b"ab", id="charset"),
    pytest.param(b"\x1b7\x1b8a\x1b=\x1b>\x1bM\x1bcb\x1bOc", b"abc", id="single"),
    pytest.param(b"\x07a\x00b\x07", b"ab", id="bell and NUL"),
    pytest.param(b"1\r\n2\r\r\n3\r\r\r\n\r\n4", b"1\n2\n3\n\n4", id="line ends"),
    pytest.param(b" 10%\r 20%\r\n", b" 10%\n 20%\n", id="progress bar"),
    pytest.param(b"a\r\x1b[K\nb\r\x00\nc", b"a\nb\nc", id="escape within a line end"),
    pytest.param(b"a\n\rb", b"a\n\nb", id="LF before CR"),
    pytest.param(b"\x1b\x1b[0ma\x1b\nb", b"a\nb", id="ESC alone"),
    pytest.param(b"\x1b[12\n3", b"[12\n3", id="CSI cut short by the line"),
    pytest.param(b"\x1b]0;never\nends\x07", b"]0;never\nends", id="title cut short by the line"),
    pytest.param(b"x\x1b[1", b"x[1", id="CSI unfinished at the end"),
    pytest.param(b"1\x081 x\b", b"1\x081 x\b", id="backspace stays"),
    pytest.param(codecs.BOM_UTF8 + b"a" + codecs.BOM_UTF8, b"a" + codecs.BOM_UTF8, id="mark"),
    pytest.param(codecs.BOM_UTF8[:2] + b"a", codecs.BOM_UTF8[:2] + b"a", id="half a mark"),
    pytest.param("¹é\x9b漢".encode(), "¹é\x9b漢".encode(), id="not ASCII"),
    pytest.param(TITLE + b"\x07a", b"a", id="longest title"),
    pytest.param(TITLE + b"t\x07a", TITLE[1:] + b"ta", id="too long a title"),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_text_comes_out_clean(data, expected):
    assert cleaned(data) == expected


@pytest.mark.parametrize(("data", "expected"), [case for case in CASES if len(case.values[0]) < 100])
def test_text_is_the_same_however_it_is_cut(data, expected):
    for cut in range(len(data) + 1):
        assert cleaned(data[:cut], data[cut:]) == expected
    assert cleaned(*[data[index : index + 1] for index in range(len(data))]) == expected


PARTS = (
    *(bytes([byte]) for byte in b"\x1b[]P(0;m \\\x07\x00\r\n\b7\x9b\xef\xbb\xbf"),
    *(b"\xc3\xa9", b"text", b"\x1b[0m", b"\x1b]0;x\x07", b"]" + b"t" * 4090, b"9" * 250),
)
STREAM = st.lists(st.sampled_from(PARTS) | st.binary(max_size=3), max_size=25).map(b"".join)
WIDE = ["utf-16", "utf-16-be", "utf-32", "shift_jis", "cp037", "utf-7", "gb18030"]


@given(STREAM, st.lists(st.integers(0, 9999), max_size=12), st.sampled_from(["strip", "keep"]))
@example(b"\xef\xbb\xbf\x1b[0m\r\r\n", [1, 2, 3, 4, 5, 6, 7, 8, 9], "strip")
def test_cuts_never_change_the_text(data, cuts, ansi):
    text = Text(ansi=ansi)
    assert cleaned(*pieces(data, cuts), text=text) == cleaned(data, text=text)


@given(STREAM)
def test_clean_text_has_no_escapes_and_no_returns(data):
    assert not re.search(rb"[\x1b\r\x00\x07]", cleaned(data))


@given(st.text(max_size=30), st.sampled_from(WIDE), st.data())
def test_translated_text_is_that_of_the_decoder(words, encoding, data):
    words = words.encode(encoding, "ignore").decode(encoding)
    raw = words.encode(encoding)
    chunks = pieces(raw, data.draw(st.lists(st.integers(0, 200), max_size=10)))
    assert cleaned(*chunks, text=Text(encoding=encoding)) == cleaned(words.encode())


def test_what_needs_no_cleaning_is_the_same_object():
    cleaner = Cleaner(Text())
    cleaner.clean(b"start\n")
    chunk = b"ALT= 12.0 VEL= -3.5\n"
    assert cleaner.clean(chunk) is chunk


def test_a_line_that_ends_in_a_return_is_not_held_back():
    cleaner = Cleaner(Text())
    chunks = (b"50%\r", b"\r", b"\n", b"\n", b"x")
    assert [cleaner.clean(chunk) for chunk in chunks] == [b"50%\n", b"", b"", b"\n", b"x"]


def test_only_the_escape_is_held_back():
    cleaner = Cleaner(Text())
    assert [cleaner.clean(chunk) for chunk in (b"BURN? \x1b", b"[0", b"m7")] == [b"BURN? ", b"", b"7"]


def test_a_title_without_an_end_is_given_up_after_4_kib():
    cleaner = Cleaner(Text())
    assert cleaner.clean(b"\x1b]0;" + b"t" * 4094) == b""
    assert cleaner.clean(b"tt") == b"]0;" + b"t" * 4096


def test_escapes_are_kept_on_demand_but_line_ends_are_not():
    assert cleaned(b"\x1b[1mx\x07\x00\r\n", text=Text(ansi="keep")) == b"\x1b[1mx\x07\x00\n"


def test_reset_forgets_what_was_held():
    cleaner = Cleaner(Text())
    cleaner.clean(b"x\x1b[1")
    cleaner.reset()
    assert cleaner.clean(codecs.BOM_UTF8 + b"m\r") == b"m\n"
    cleaner.reset()
    assert cleaner.clean(b"\n") == b"\n"


def test_a_mark_is_a_mark_in_utf_8_alone():
    assert cleaned(b"\xef\xbb\xbfx", text=Text(encoding="latin-1")) == b"\xef\xbb\xbfx"
    assert Cleaner(Text(encoding="latin-1")).clean(b"\xef") == b"\xef"
    assert cleaned("\ufeffx".encode("utf-16-le"), text=Text(encoding="utf-16-le")) == b"x"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DecodeError) as caught:
        cleaned(b"x\x00\x00\xd8y\x00", text=Text(encoding="utf-16-le"))
    assert str(caught.value) == (
        "output that is no text in utf-16-le: illegal UTF-16 surrogate\n"
        "  found: x\\x00\\x00\\xd8y\\x00\n"
        "  cure: set `text: {encoding: ...}` to what the program writes, or `text: {errors: replace}`"
    )
    assert cleaned(b"\x00\xd8y\x00", text=Text(encoding="utf-16-le", errors="replace")) == "\ufffdy".encode()


def test_a_stream_that_ends_within_a_character_is_refused():
    cleaner = Cleaner(Text(encoding="utf-16-le"))
    assert cleaner.clean(b"x\x00y") == b"x"
    with pytest.raises(DecodeError, match="truncated data"):
        cleaner.finish()


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "latin-1", "cp437", "utf-16", "shift_jis", "cp037", "utf-8-sig"])
def test_encodings_of_text_are_known(name):
    assert known_encoding(name)


@pytest.mark.parametrize("name", ["hex", "base64", "rot13", "idna", "punycode", "undefined", "utf-9", "", "a\0b"])
def test_other_names_are_not(name):
    assert not known_encoding(name)


def test_the_encoding_behind_the_cleaner():
    names = ["UTF8", "utf-8-sig", "latin-1", "ascii", "utf-16", "shift_jis", "cp037", "iso2022_jp"]
    assert [clean_encoding(name) for name in names] == ["utf-8", "utf-8", "latin-1", "ascii", *["utf-8"] * 4]
