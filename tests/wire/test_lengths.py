"""Messages with their length in front: cut, headed, and refused before they are there where the length lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.framing import Length
from filebridge.errors import ActionError, Desync, MessageTooLarge
from filebridge.wire.lengths import heading, length_cut

CAP = 1000
FORMS = [
    Length(size=size, order=order, offset=offset, counts=counts, keep=keep)
    for size in (1, 3, 4, 8)
    for order in ("big", "little")
    for offset in (0, 5)
    for counts in ("rest", "message")
    for keep in (False, True)
]


def framed(length, text):
    """Return ``text`` with a head, made here by hand."""
    head = length.offset + length.size
    number = len(text) + (head if length.counts == "message" else 0)
    return b"#" * length.offset + number.to_bytes(length.size, length.order) + text


@pytest.mark.parametrize("length", FORMS, ids=str)
def test_the_message_is_what_the_length_says_wherever_the_bytes_are_cut(length):
    cut = length_cut(length, CAP)
    first, second = framed(length, b"a\r\n\0b"), framed(length, b"next")
    for end in range(len(first)):
        assert cut(first[:end], 0) is None
    for end in range(len(first), len(first + second) + 1):
        at, which = cut((first + second)[:end], end)
        assert at == len(first)
        assert which.text(first + second, at) == (first if length.keep else b"a\r\n\0b")


@given(st.binary(max_size=200), st.sampled_from(FORMS))
def test_what_is_headed_is_cut_again(text, length):
    head = heading(length)
    if length.keep:
        assert head is None
        return
    sent = head(text)
    assert sent == framed(length, text).replace(b"#" * length.offset, bytes(length.offset), 1)
    end, which = length_cut(length, CAP)(sent, 0)
    assert (end, which.text(sent, end)) == (len(sent), text)


def test_an_empty_message_is_one():
    end, which = length_cut(Length(size=2), CAP)(b"\0\0", 0)
    assert (end, which.text(b"\0\0", end)) == (2, b"")


def test_a_length_above_the_limit_is_refused_at_its_last_byte():
    cut = length_cut(Length(size=4), CAP)
    assert cut(b"\x7f\xff\xff", 0) is None
    with pytest.raises(MessageTooLarge) as caught:
        cut(b"\x7f\xff\xff\xff", 3)
    assert caught.value.what == "a message of 2147483651 bytes is announced, and 1000 are the most"
    assert caught.value.found == "the length in front of the message, 7f ff ff ff, says 2147483647 bytes"
    assert caught.value.cure == (
        "correct `length` (size, order, offset) if that is no length, or raise `limits: {output: ...}`"
    )


def test_a_message_of_just_the_limit_is_taken():
    cut = length_cut(Length(size=2), CAP)
    sent = framed(Length(size=2), b"x" * (CAP - 2))
    assert cut(sent, 0)[0] == CAP
    with pytest.raises(MessageTooLarge):
        cut(framed(Length(size=2), b"x" * (CAP - 1)), 0)


def test_a_length_below_that_of_its_own_head_is_refused():
    with pytest.raises(Desync) as caught:
        length_cut(Length(size=2, offset=4, counts="message"), CAP)(b"HEAD\0\5more", 0)
    assert caught.value.what == "the length in front of a message is less than that of its head"
    assert caught.value.found == "the length in front of the message, 00 05, says 5 bytes; the head itself has 6"


def test_what_is_too_long_for_its_length_is_an_action_that_cannot_be_sent():
    head = heading(Length(size=1))
    assert head(b"x" * 255)[:2] == b"\xffx"
    with pytest.raises(ActionError) as caught:
        head(b"x" * 256)
    assert caught.value.what == "what is sent is longer than the 1 byte of its length can say"
    assert caught.value.cure == "send less, or `length: {size: 2}` if that is what the program reads"


def test_the_text_of_a_message_passes_what_cleans_it():
    end, which = length_cut(Length(size=1), CAP, lambda text: text.replace(b"\r\n", b"\n"))(b"\x03a\r\n", 0)
    assert which.text(b"\x03a\r\n", end) == b"a\n"
