from __future__ import annotations

import gzip
import tracemalloc

import pytest

from filebridge.errors import MessageTooLarge, PeerClosed, ProtocolError
from filebridge.transports.http.client_answers import Answers

PLAIN = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nx=1\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nx=1\r\n2;a=b\r\n\r\n\r\n0\r\nTrailer: t\r\n\r\n"
WELL_FORMED = [
    (PLAIN, b"200 OK\nContent-Type: text/plain\n\nx=1\r\n"),
    (CHUNKED, b"200 OK\n\nx=1\r\n"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b"204 No Content\n\n"),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"204 No Content\n\n"),
    (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"200\n\n"),
    (b"HTTP/1.1 409 Not\xe9\r\nContent-Length: 1\r\nLocation: /a\r\n\r\n\n", b"409 Not\xe9\nLocation: /a\n\n\n"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" + PLAIN,
     b"200 OK\nContent-Type: text/plain\n\nx=1\r\n"),
    (b"HTTP/1.1 200 OK\nContent-Length: 9\n\na\r\n\r\nbbbb", b"200 OK\n\na\r\n\r\nbbbb"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: a\x01b\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
     b"200 OK\nContent-Type: a?b\n\nok"),
]


def fed(answers, *pieces):
    """Return what came of pieces of which only the last may make an answer whole."""
    for piece in pieces[:-1]:
        assert answers.feed(piece) is None
    return answers.feed(pieces[-1])


@pytest.mark.parametrize(("data", "envelope"), WELL_FORMED)
def test_an_answer_is_the_same_however_it_is_cut(data, envelope):
    once = Answers(1000)
    for at in range(1, len(data)):
        assert fed(Answers(1000), data[:at], data[at:]) == envelope
        # Its head is known by now, or was never seen in one piece.
        assert fed(once, data[:at], data[at:]) == envelope
        assert not once.over
    assert fed(once, *(data[at : at + 1] for at in range(len(data)))) == envelope


def test_a_head_that_is_known_is_not_read_again(monkeypatch):
    answers = Answers(1000)
    assert answers.feed(PLAIN) == WELL_FORMED[0][1]
    monkeypatch.setattr("h11.Connection", None)
    assert answers.feed(PLAIN) == WELL_FORMED[0][1]
    assert fed(answers, PLAIN[:-3], PLAIN[-3:]) == WELL_FORMED[0][1]
    assert fed(answers, PLAIN[:-5], PLAIN[-5:]) == WELL_FORMED[0][1]
    with pytest.raises(TypeError):
        answers.feed(PLAIN.replace(b"Server: s", b"Server: t"))


@pytest.mark.parametrize("end", [
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
])
def test_after_some_the_connection_is_over(end):
    answers = Answers(1000)
    for _ in range(3):
        assert answers.feed(end) == b"200 OK\n\nok"
        assert answers.over
        answers.reset()


def test_a_body_may_end_with_the_connection():
    answers = Answers(1000)
    assert fed(answers, b"HTTP/1.1 200 OK\r\n\r\n", b"x=", b"1", b"") == b"200 OK\n\nx=1"
    assert answers.over


def test_many_heads_do_not_fill_the_memory():
    answers = Answers(1000)
    for number in range(1000):
        answers.feed(PLAIN.replace(b"Server: s", b"Server: %d" % number))
    assert len(answers._known) <= 64


@pytest.mark.parametrize(("pieces", "found"), [
    ([PLAIN[:30]], "30 bytes of its answer"),
    ([PLAIN[:-2]], "3 bytes of the body of its answer"),
    ([CHUNKED[:-20]], "4 bytes of the body of its answer"),
])
@pytest.mark.parametrize("known", [False, True])
def test_one_that_is_cut_short_says_how_much_came(pieces, found, known):
    answers = Answers(1000)
    if known:
        answers.feed(PLAIN)
        found = found.replace("3 bytes of the body", "3 of 5 bytes of the body")
    with pytest.raises(PeerClosed) as caught:
        fed(answers, *pieces, b"")
    assert str(caught.value) == (
        f"the simulator closed its connection in the middle of an answer\n  found: {found}\n"
        "  cure: see its stderr; where it is right to close there, its Content-Length is wrong"
    )


LARGE = (
    "the simulator's answer is too large\n  found: {}\n"
    "  cure: a larger body is taken with `limits: {{output: ...}}`; a head may have 16 KiB in 64 lines"
)


@pytest.mark.parametrize(("data", "found"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "Content-Length: 1001"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n", "Content-Length: 9223372036854775808"),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "a body of more than 1000 bytes"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001, "a body of more than 1000 bytes"),
    (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20000, "a head of more than 16 KiB"),
    (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20000 + b"\r\n\r\n", "a head of 1 lines"),
    (b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 65 + b"\r\n", "a head of 65 lines"),
    (b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 3000, "a head of more than 16 KiB"),
    (b"HTTP/1.1 " + b"2" * 20000, "a head of more than 16 KiB"),
])
def test_what_is_too_large_is_told_before_it_is_taken(data, found):
    with pytest.raises(MessageTooLarge) as caught:
        Answers(1000).feed(data)
    assert str(caught.value) == LARGE.format(found)


def test_what_does_not_begin_as_http_is_told_at_once():
    for data in (b"SSH-2.0-OpenSSH_9.6\r\n", b"220 ready\r\n", b"x"):
        with pytest.raises(ProtocolError, match="is no HTTP that can be read") as caught:
            Answers(1000).feed(data)
        assert caught.value.found.startswith("it begins '" + data.decode().strip())
    assert Answers(1000).feed(b"HTT") is None


def flood(answers, data):
    for _ in range(1 << 20):
        assert answers.feed(data) is None


def test_so_is_what_is_large_around_a_small_body():
    answers = Answers(1 << 20)
    answers.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"1;" + b"e" * 10000 + b"\r\nx\r\n"
    tracemalloc.start()
    with pytest.raises(MessageTooLarge) as caught:
        flood(answers, chunk)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert str(caught.value) == LARGE.format(f"{47 + 845 * len(chunk)} bytes for a body of which 844 are there")


def test_so_is_a_flood_of_heads_before_the_answer():
    answers = Answers(1000)
    with pytest.raises(MessageTooLarge, match="bytes for a body of which 0 are there"):
        flood(answers, b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n")


@pytest.mark.parametrize(("data", "found"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
     "both Content-Length and Transfer-Encoding, which may disagree"),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "it begins 'HTTP/1.1 101 Switching"),
    (b"220 mail ready\r\n\r\n", "it begins '220 mail ready\\\\r\\\\n\\\\r\\\\n'"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "it begins 'HTTP/1.1 200 OK"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "conflicting Content-Length headers"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "it begins 'HTTP/1.1 200 OK"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "it begins 'HTTP/1.1 200 OK"),
    (b"\x15\x03\x01\x00\x02\x1b[31m\r\n\r\n", "it begins '\\\\x15\\\\x03\\\\x01\\\\x00\\\\x02\\\\x1b[31m"),
])
def test_what_is_no_http_is_told(data, found):
    with pytest.raises(ProtocolError) as caught:
        Answers(1000).feed(data)
    assert caught.value.what == "the simulator's answer is no HTTP that can be read"
    assert found in caught.value.found
    assert caught.value.cure == "see whether the `url` leads to an HTTP service, and says `https` where it is one"
    assert "\x1b" not in str(caught.value)


def test_what_is_compressed_is_not_unpacked():
    body = gzip.compress(bytes(1 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with pytest.raises(ProtocolError) as caught:
        Answers(1 << 20).feed(head + body)
    assert str(caught.value) == (
        "the simulator's answer is compressed, and is not unpacked\n  found: Content-Encoding: gzip\n"
        "  cure: let it answer as it is: it was asked for `Accept-Encoding: identity`"
    )
