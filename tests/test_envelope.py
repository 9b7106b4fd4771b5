from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.envelope import Answer, Request, answer, opened_answer, opened_request, request
from filebridge.errors import ParseError

TEXTS = st.text(st.sampled_from("\t aZ09:;=,/\"'{}~\xa0\xff"), max_size=20)
WORDS = st.text(st.sampled_from("aZ09-_!~"), min_size=1, max_size=10)
TARGETS = st.text(st.sampled_from("/a?=&%20#:~"), min_size=1, max_size=20)


def test_a_request_is_a_head_of_lines_a_blank_line_and_the_body():
    data = request("POST", "/step?fast=1", [("Content-Type", "application/json")], b'{"move": 1}')
    assert data == b'POST /step?fast=1\nContent-Type: application/json\n\n{"move": 1}'
    kind = ("Content-Type", "application/json")
    assert opened_request(data) == Request("POST", "/step?fast=1", (kind,), b'{"move": 1}')


def test_an_answer_names_only_what_it_has():
    assert answer(200, "OK", "text/plain", "", b"x=1\n") == b"200 OK\nContent-Type: text/plain\n\nx=1\n"
    assert answer(302, "Found", "", "/there", b"") == b"302 Found\nLocation: /there\n\n"
    assert answer(204, "", "", "", b"") == b"204\n\n"
    assert opened_answer(b"204\n\n") == Answer(204, "", "", "", b"")


@given(WORDS, TARGETS, st.lists(st.tuples(WORDS, TEXTS), max_size=4), st.binary(max_size=50))
def test_what_was_asked_comes_out_as_it_went_in(method, target, headers, body):
    assert opened_request(request(method, target, headers, body)) == Request(method, target, tuple(headers), body)


@given(st.integers(100, 999), TEXTS, TEXTS, TEXTS, st.binary(max_size=50))
def test_what_was_answered_comes_out_as_it_went_in(status, reason, kind, location, body):
    assert opened_answer(answer(status, reason, kind, location, body)) == Answer(status, reason, kind, location, body)


def test_a_body_may_look_like_anything():
    body = b"\n\n\r\n\r\n200 OK\nLocation: /x\n\n\0\xff"
    assert opened_request(request("PUT", "/", [], body)).body == body
    assert opened_answer(answer(200, "OK", "", "", body)).body == body


@pytest.mark.parametrize(("make", "text"), [
    (lambda: request("GET", "/a\n/b", [], b""), r"'/a\n/b' is no target of a request"),
    (lambda: request("GET", "/a b", [], b""), r"'/a b' is no target of a request"),
    (lambda: request("GET", "", [], b""), r"'' is no target of a request"),
    (lambda: request("GET", "/\xe9", [], b""), r"'/é' is no target of a request"),
    (lambda: request("GET IT", "/", [], b""), r"'GET IT' is no HTTP method"),
    (lambda: request("", "/", [], b""), r"'' is no HTTP method"),
    (lambda: request("GET", "/", [("X", "a\r\nHost: b")], b""), r"'\r' can stand in no head of HTTP: 'a\r\nHost: b'"),
    (lambda: request("GET", "/", [("X", "a\nb")], b""), r"'\n' can stand in no head of HTTP: 'a\nb'"),
    (lambda: request("GET", "/", [("X", "a\0b")], b""), r"'\x00' can stand in no head of HTTP"),
    (lambda: request("GET", "/", [("X", "\u20ac")], b""), "'€' can stand in no head of HTTP"),
    (lambda: request("GET", "/", [("X:", "1")], b""), "'X:' is no name of a header field"),
    (lambda: request("GET", "/", [("X\n", "1")], b""), r"'X\n' is no name of a header field"),
    (lambda: answer(200, "O\nK", "", "", b""), r"'\n' can stand in no head of HTTP"),
    (lambda: answer(200, "OK", "a\nb", "", b""), r"'\n' can stand in no head of HTTP"),
    (lambda: answer(302, "Found", "", "/\r", b""), r"'\r' can stand in no head of HTTP"),
    (lambda: answer(99, "OK", "", "", b""), "99 is no HTTP status"),
])
def test_what_can_stand_in_no_head_is_refused(make, text):
    with pytest.raises(ValueError) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(("data", "what"), [
    (b"", "no blank line ends its head\n  found: nothing"),
    (b"GET /", "no blank line ends its head\n  found: 'GET /'"),
    (b"GET\n\n", "no method and target in its first line\n  found: 'GET\\\\n\\\\n'"),
    (b"GET /\nX\n\n", "its head has a line that is no header field, 'X'\n  found: 'GET /\\\\nX\\\\n\\\\n'"),
])
def test_the_error_says_what_is_no_request(data, what):
    with pytest.raises(ParseError) as caught:
        opened_request(data)
    assert str(caught.value) == (
        f"the message is no HTTP request or answer in an envelope: {what}\n"
        "  cure: it begins with `METHOD TARGET` or `STATUS REASON`, lines of header fields, and a blank line"
    )


@given(st.binary(max_size=40))
def test_nonsense_is_a_parse_error_and_nothing_else(data):
    for opened in (opened_request, opened_answer):
        try:
            opened(data)
        except ParseError:
            continue


@pytest.mark.parametrize("data", [b"\n\n", b"20\n\n", b"20x OK\n\n", b"GET /\n\n", b"2000 OK\n\n"])
def test_what_has_no_status_is_no_answer(data):
    with pytest.raises(ParseError, match="no status in its first line"):
        opened_answer(data)
