"""An HTTP request, and the answer to one, as a message: a head of lines, a blank line, the body as it is.

    POST /step?fast=1                  200 OK
    Content-Type: application/json     Content-Type: application/json

    {"move": 1}                        {"x": 0.5, "done": false}

It is made where texts are sent and opened where HTTP is spoken, and back again, so it lies beneath both. Recorded as
it is, it never holds what only the connection adds: Host, lengths, secrets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from filebridge.errors import ParseError, escaped

__all__ = ["Answer", "Request", "answer", "opened_answer", "opened_request", "request"]

_ODD = re.compile("[^\t -~\x80-\xff]")
_WORD = re.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile("[!-~]+")
_STATUS = re.compile("([1-9][0-9]{2})(?: (.*))?")
_SHOWN = 80


class Request(NamedTuple):
    """What is asked: ``target`` is the path and what follows ``?``, ``headers`` are pairs of name and value."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Answer(NamedTuple):
    """What was answered: ``type`` is the content type, ``location`` where a redirect points to; empty without one."""

    status: int
    reason: str
    type: str
    location: str
    body: bytes


def request(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Return a request as a message. Raises ValueError for what can stand in no head, a line end above all."""
    if not _WORD.fullmatch(method):
        raise ValueError(f"{method!r} is no HTTP method")
    if not _TARGET.fullmatch(target):
        raise ValueError(f"{target!r} is no target of a request: a space, a line end and the like are to be quoted")
    head = f"{method} {target}\n"
    for name, value in headers:
        if not _WORD.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header field")
        head += f"{name}: {_plain(value)}\n"
    return head.encode("latin-1") + b"\n" + body


def answer(status: int, reason: str, type: str, location: str, body: bytes) -> bytes:  # noqa: A002  # HTTP's word
    """Return an answer as a message. Raises ValueError for what can stand in no head, a line end above all."""
    if not 100 <= status <= 999:
        raise ValueError(f"{status!r} is no HTTP status")
    head = f"{status} {_plain(reason)}\n" if reason else f"{status}\n"
    if type:
        head += f"Content-Type: {_plain(type)}\n"
    if location:
        head += f"Location: {_plain(location)}\n"
    return head.encode("latin-1") + b"\n" + body


def opened_request(data: bytes) -> Request:
    """Return the request that ``request`` made a message of. Raises ParseError where it is none."""
    first, fields, body = _opened(data)
    method, _, target = first.partition(" ")
    if not (_WORD.fullmatch(method) and _TARGET.fullmatch(target)):
        raise _nonsense("no method and target in its first line", data)
    return Request(method, target, fields, body)


def opened_answer(data: bytes) -> Answer:
    """Return the answer that ``answer`` made a message of. Raises ParseError where it is none."""
    first, fields, body = _opened(data)
    status = _STATUS.fullmatch(first)
    if status is None:
        raise _nonsense("no status in its first line", data)
    kind = location = ""
    for name, value in fields:
        if name == "Content-Type":
            kind = value
        elif name == "Location":
            location = value
    return Answer(int(status[1]), status[2] or "", kind, location, body)


def _plain(value: str) -> str:
    odd = _ODD.search(value)
    if odd:
        raise ValueError(f"{odd[0]!r} can stand in no head of HTTP: {value[:_SHOWN]!r}")
    return value


def _opened(data: bytes) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    head, blank, body = data.partition(b"\n\n")
    if not blank:
        raise _nonsense("no blank line ends its head", data)
    first, *lines = head.decode("latin-1").split("\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(": ")
        if not (colon and _WORD.fullmatch(name)):
            raise _nonsense(f"its head has a line that is no header field, {escaped(line, _SHOWN)!r}", data)
        fields.append((name, value))
    return first, tuple(fields), body


def _nonsense(what: str, data: bytes) -> ParseError:
    return ParseError(
        f"the message is no HTTP request or answer in an envelope: {what}",
        found=f"{escaped(data[:_SHOWN])!r}" if data else "nothing",
        cure="it begins with `METHOD TARGET` or `STATUS REASON`, lines of header fields, and a blank line",
    )
