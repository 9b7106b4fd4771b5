"""Answers as they come over the wire, in pieces, and the envelopes that are made of them."""

from __future__ import annotations

import re
from typing import NoReturn

import h11

from filebridge.envelope import answer
from filebridge.errors import MessageTooLarge, PeerClosed, ProtocolError, escaped
from filebridge.redaction import HIDES_NOTHING, Redaction

__all__ = ["Answers"]

HEAD_BYTES = 16384
HEAD_LINES = 64
CHUNKS = 16384
"""Chunks that a body may come in, and one more for each 256 bytes: small ones cost more to take than their bytes."""

_REMEMBERED = 64
_ODD = re.compile("[^\t -~\x80-\xff]")
_PLAIN = b"HTTP/1.1 "
_SHOWN = 200
_BODILESS = frozenset((204, 304))
_ASKED = h11.Request(method="GET", target="/", headers=[("Host", "any")])


class Answers:
    """Takes the pieces of one answer after the other, and returns each as an envelope once it is whole.

    ``over`` says that the connection cannot be used after the last answer, ``begun`` that a part of one is there.
    A head that h11 has read once, and with which a connection stays open, is known again byte by byte and not read
    once more. ``cap`` is the largest body in bytes, ``redaction`` hides what errors must not show.
    """

    __slots__ = (
        "_body", "_cap", "_chunks", "_head", "_known", "_left", "_parser", "_pieces", "_raw", "_redaction", "_response",
        "_size", "over",
    )  # fmt: skip

    def __init__(self, cap: int, redaction: Redaction = HIDES_NOTHING) -> None:
        self._cap = cap
        self._redaction = redaction
        self._known: dict[bytes, tuple[bytes, int]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what came of an answer: the next piece is the first of one, on a connection that may be new."""
        self._parser: h11.Connection | None = None
        self._response: h11.Response | None = None
        self._pieces: list[bytes] = []
        self._left = 0
        self.over = False

    @property
    def begun(self) -> bool:
        """Return whether a part of an answer is there."""
        return self._parser is not None or self._left > 0

    def feed(self, data: bytes) -> bytes | None:
        """Take a piece, ``b""`` for the end of the connection; return an answer that is whole with it, else None.

        Raises:
            PeerClosed: the connection ended before the answer did.
            MessageTooLarge: its head, or its body, is larger than allowed.
            ProtocolError: it is no HTTP, or in a form that is not accepted.
        """
        if self._parser is not None:
            return self._parsed(data)
        if self._left:
            return self._completed(data)
        head, _, body = data.partition(b"\r\n\r\n")
        known = self._known.get(head)
        if known is None:
            return self._begun(data)
        start, size = known
        if len(body) == size:
            return start + body
        self._size = size
        self._pieces, self._left = [start], size
        return self._completed(body) if body else None

    def _completed(self, data: bytes) -> bytes | None:
        """Take a piece of a body behind a head that is known."""
        if not data:
            raise _cut_short(f"{self._size - self._left} of {self._size} bytes of the body of its answer")
        self._pieces.append(data[: self._left])
        extra = len(data) - self._left
        self._left = max(0, -extra)
        if self._left:
            return None
        whole = b"".join(self._pieces)
        self._pieces = []
        # What nobody asked for must not be taken for the next answer.
        self.over = extra > 0
        return whole

    def _begun(self, data: bytes) -> bytes | None:
        if not data:
            raise PeerClosed(
                "the simulator closed its connection instead of answering",
                cure="see its stderr, and what was asked last; where it closes after each answer it is to say so, with"
                " `Connection: close`",
            )
        if not _PLAIN[:5].startswith(data[:5]):
            # h11 would wait for the end of a head, which may never come.
            raise _no_http(f"it begins {self._shown(data)}")
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._parser.send(_ASKED)
        self._parser.send(h11.EndOfMessage())
        self._raw, self._chunks, self._response = 0, 0, None
        self._body = bytearray()
        head, blank, _ = data.partition(b"\r\n\r\n")
        # Else h11 may have seen the end of the head elsewhere, or another head before that of the answer.
        is_plain = blank and head.startswith(_PLAIN) and head.count(b"\n") == head.count(b"\r\n")
        self._head = head if is_plain else b""
        return self._parsed(data)

    def _parsed(self, data: bytes) -> bytes | None:
        """Let h11 read."""
        parser = self._parser
        assert parser is not None
        self._raw += len(data)
        if self._raw > 8 * self._cap + 4 * HEAD_BYTES:
            raise _too_large(f"{self._raw} bytes for a body of which {len(self._body)} are there")
        try:
            parser.receive_data(data)
            while True:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    return None
                if isinstance(event, h11.Data):
                    self._chunks += event.chunk_start
                    self._take(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    return self._finished()
                elif isinstance(event, h11.Response):
                    self._check(event)
                elif isinstance(event, h11.InformationalResponse):
                    self._head = b""
                else:
                    raise _no_http("the connection is over")
        except h11.RemoteProtocolError as exc:
            self._refuse(exc, data)

    def _take(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._cap:
            raise _too_large(f"a body of more than {self._cap} bytes")
        if self._chunks > CHUNKS + len(self._body) // 256:
            raise _too_large(f"{self._chunks} chunks for a body of which {len(self._body)} bytes are there")

    def _check(self, response: h11.Response) -> None:
        """Refuse an answer by its head, before any memory is taken for its body."""
        headers = response.headers
        if len(headers) > HEAD_LINES or sum(len(name) + len(value) + 4 for name, value in headers) > HEAD_BYTES:
            raise _too_large(f"a head of {len(headers)} lines")
        lengths = [value for name, value in headers if name == b"content-length"]
        if lengths and _named(response, b"transfer-encoding"):
            raise _no_http("both Content-Length and Transfer-Encoding, which may disagree")
        if lengths and int(lengths[0]) > self._cap:
            raise _too_large(f"Content-Length: {int(lengths[0])}")
        coding = _named(response, b"content-encoding")
        if coding.lower() not in ("", "identity"):
            raise ProtocolError(
                "the simulator's answer is compressed, and is not unpacked",
                found=f"Content-Encoding: {escaped(coding, _SHOWN)}",
                cure="let it answer as it is: it was asked for `Accept-Encoding: identity`",
            )
        if not lengths or response.status_code in _BODILESS:
            self._head = b""
        self._response = response

    def _finished(self) -> bytes:
        """Return the answer, and note its head where the same may come again."""
        parser, response = self._parser, self._response
        assert parser is not None
        assert response is not None
        self._parser, self._response = None, None
        is_kept = parser.our_state is h11.DONE and parser.their_state is h11.DONE
        self.over = not is_kept or any(parser.trailing_data)
        start = _envelope(response)
        if self._head and not self.over:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[self._head] = start, len(self._body)
        return start + self._body

    def _refuse(self, exc: h11.RemoteProtocolError, data: bytes) -> NoReturn:
        if not data:
            so_far = f"{len(self._body)} bytes of the body" if self._response else f"{self._raw} bytes"
            raise _cut_short(f"{so_far} of its answer") from exc
        if "too long" in str(exc) or exc.error_status_hint == 431:
            raise _too_large(f"a head of more than {HEAD_BYTES >> 10} KiB") from exc
        raise _no_http(f"{exc}; it begins {self._shown(data)}") from exc

    def _shown(self, data: bytes) -> str:
        return repr(escaped(self._redaction.cut(data)[:_SHOWN]))


def _envelope(response: h11.Response) -> bytes:
    reason = _plain(response.reason.decode("latin-1"))
    kind, location = (_plain(_named(response, name)) for name in (b"content-type", b"location"))
    return answer(response.status_code, reason, kind, location, b"")


def _named(response: h11.Response, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in response.headers if name == wanted), "")


def _plain(text: str) -> str:
    return _ODD.sub("?", text)


def _cut_short(found: str) -> PeerClosed:
    return PeerClosed(
        "the simulator closed its connection in the middle of an answer",
        found=found,
        cure="see its stderr; where it is right to close there, its Content-Length is wrong",
    )


def _too_large(found: str) -> MessageTooLarge:
    return MessageTooLarge(
        "the simulator's answer is too large",
        found=found,
        cure="a larger body is taken with `limits: {output: ...}`; a head may have 16 KiB in 64 lines",
    )


def _no_http(found: str) -> ProtocolError:
    return ProtocolError(
        "the simulator's answer is no HTTP that can be read",
        found=found,
        cure="see whether the `url` leads to an HTTP service, and says `https` where it is one",
    )
