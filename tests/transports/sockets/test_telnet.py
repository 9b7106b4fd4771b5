import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.transports.sockets.telnet import Telnet

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


@pytest.mark.parametrize(
    ("said", "text", "answers"),
    [
        (b"plain\r\n", b"plain\r\n", b""),
        (b"", b"", b""),
        (bytes((IAC, WILL, 1)) + b"login: ", b"login: ", bytes((IAC, DONT, 1))),
        (bytes((IAC, DO, 24)) + b"x", b"x", bytes((IAC, WONT, 24))),
        (bytes((IAC, DO, 24, IAC, DO, 24, IAC, WILL, 24)), b"", bytes((IAC, WONT, 24, IAC, DONT, 24))),
        (bytes((IAC, WONT, 1, IAC, DONT, 3)) + b"x", b"x", b""),
        (b"a" + bytes((IAC, IAC)) + b"b", b"a\xffb", b""),
        (b"a" + bytes((IAC, SB, 24, 1, IAC, IAC, 7, IAC, SE)) + b"b", b"ab", b""),
        (b"a" + bytes((IAC, 249)) + b"b" + bytes((IAC, 241)), b"ab", b""),
        (b"one\r\0two\rthree\0\r\n", b"one\rtwo\rthree\0\r\n", b""),
        (b"\r\0\0", b"\r\0", b""),
    ],
)
def test_only_the_text_remains_however_it_is_cut(said, text, answers):
    for cut in range(len(said) + 1):
        telnet = Telnet()
        assert telnet.stripped(said[:cut]) + telnet.stripped(said[cut:]) == text
        assert telnet.answers == answers
    telnet = Telnet()
    assert b"".join(telnet.stripped(said[at : at + 1]) for at in range(len(said))) == text
    assert telnet.answers == answers


@given(st.lists(st.sampled_from([b"\xff", b"\xff\xff", b"a", b"\r", b"\0"]), max_size=8).map(b"".join), st.data())
def test_every_byte_is_sent_once_however_little_is_taken_at_a_time(data, draw):
    telnet, sent, left = Telnet(), b"", data
    while left:
        doubled = telnet.doubled(left)
        piece = doubled[: draw.draw(st.integers(1, len(doubled)))]
        sent += piece
        left = left[telnet.taken(piece) :]
    assert telnet.half == 0
    assert sent == data.replace(b"\xff", b"\xff\xff")
    other = Telnet()
    assert other.stripped(sent) == data.replace(b"\r\0", b"\r")
    assert other.answers == b""


def test_half_of_a_pair_is_remembered():
    telnet = Telnet()
    assert telnet.taken(telnet.doubled(b"a\xffb")[:2]) == 1
    assert telnet.half == 1
    assert telnet.doubled(b"\xffb") == b"\xffb"
    assert telnet.taken(b"\xffb") == 2
    assert telnet.half == 0
