"""The bytes of one connection become requests; sans-IO, and limited before memory is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import h11

from filebridge.transports.http.answers import Refusal

__all__ = ["Entry", "Head", "Intake", "Route"]

HEAD_BYTES = 16384
HEAD_LINES = 64

CHUNKS = 16384
"""Pieces that a chunked body may have: each costs more to take than its bytes."""

SLICE = 8192
"""Bytes of such a body that are looked at before others have their turn."""

KNOWN = 256
KNOWN_BYTES = 2048
"""Heads that are remembered, and the largest: a client says nearly the same in each request."""

_END = re.compile(rb"\n\r?\n")
_BLANK = b"\r\n"


class Route(Enum):
    """What a request is for: an action, an observation, both in turn, or a person's look at them."""

    ACTION = "action"
    OBSERVATION = "observation"
    BOTH = "both"
    PAGE = "page"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request. ``length`` of its body is -1 where that comes in chunks, -2 where nothing is said of it.

    ``headers`` have lower-case names, in their order.
    """

    method: bytes
    target: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    length: int

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of all header fields of this lower-case name."""
        return [value for key, value in self.headers if key == name]

    def words(self, name: bytes) -> set[bytes]:
        """Return the words, in lower case, of a header field that holds a list of them."""
        return {word.strip().lower() for value in self.all(name) for word in value.split(b",")} - {b""}


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that is served: where it leads, the ``length`` of its body, -1 for chunks, whether it is a POST or PUT.

    ``ending`` is what its answer's head says of the connection, ``keeps`` whether that goes on. With ``expects``
    the body comes only after a word of ours.
    """

    route: Route
    length: int
    posts: bool
    ending: bytes
    keeps: bool
    expects: bool


class Intake:
    """Cuts what one connection says into requests.

    ``admit`` decides on each head, ``cap`` is the largest body in bytes. ``known`` holds the heads that were admitted
    before, with what was decided: the same bytes are not parsed again.
    """

    __slots__ = ("_body", "_cap", "_entry", "_is_told", "_known", "_scanned", "held")

    def __init__(self, cap: int, known: dict[bytes, Entry]) -> None:
        self.held = bytearray()
        self._cap = cap
        self._known = known
        self._entry: Entry | None = None
        self._body: _Chunks | None = None
        self._is_told = False
        self._scanned = 0

    @property
    def awaits_body(self) -> bool:
        """Whether the head of a request is there, and its body is not yet."""
        return self._entry is not None

    @property
    def is_behind(self) -> bool:
        """Whether more of a body that comes in chunks is held than was looked at: ``next`` is to be called again."""
        return self._body is not None and bool(self.held)

    def next(self, admit: Callable[[Head], Entry]) -> tuple[Entry, bytes] | None:
        """Return the next whole request and its body, None while more must come.

        Raises Refusal for what is no request, too large, or not admitted; nothing more is to be taken then.
        """
        entry = self._entry
        if entry is None:
            entry = self._begun(admit)
            if entry is None:
                return None
        if self._body is not None:
            return self._chunked(entry, self._body)
        held = self.held
        if len(held) < entry.length:
            return None
        body = bytes(held[: entry.length])
        del held[: entry.length]
        self._entry = None
        return entry, body

    def due_word(self) -> bool:
        """Tell, once, whether the client waits for a word of ours before it sends its body."""
        due = self._entry is not None and self._entry.expects and not self._is_told and not self.held
        self._is_told |= due
        return due

    def _begun(self, admit: Callable[[Head], Entry]) -> Entry | None:
        head = self._head()
        if head is None:
            return None
        entry = self._known.get(head)
        if entry is None:
            entry = admit(_parsed(head))
            if 0 <= self._cap < entry.length:
                raise Refusal(413, f"the body has {entry.length} bytes, {self._cap} are the most that is taken")
            if len(self._known) >= KNOWN:
                self._known.clear()
            if len(head) <= KNOWN_BYTES:
                self._known[head] = entry
        if entry.length < 0:
            self._body = _Chunks(head, self._cap)
        self._entry, self._is_told = entry, False
        return entry

    def _head(self) -> bytes | None:
        """Cut off the next head, with the blank line that ends it."""
        held = self.held
        # Old clients end a body by a line end that belongs to nothing.
        while held and held[0] in _BLANK and not self._scanned:
            del held[0]
        if held and held[0] < 33:
            raise Refusal(400, "this is no HTTP request (plain http:// is spoken here, not https://)")
        found = _END.search(held, max(0, self._scanned - 3))
        end = found.end() if found else len(held)
        if end > HEAD_BYTES or held.count(b"\n", 0, end) > HEAD_LINES + 2:
            raise Refusal(431, f"the head is larger than {HEAD_BYTES} bytes or {HEAD_LINES} lines")
        if found is None:
            self._scanned = end
            return None
        self._scanned = 0
        head = bytes(held[:end])
        del held[:end]
        return head

    def _chunked(self, entry: Entry, body: _Chunks) -> tuple[Entry, bytes] | None:
        whole = body.take(bytes(self.held[:SLICE]))
        del self.held[:SLICE]
        if whole is None:
            return None
        self.held[:0] = body.rest()
        self._entry = self._body = None
        return entry, whole


class _Chunks:
    """A body that comes in chunks, behind a ``head`` that was parsed before."""

    __slots__ = ("_cap", "_connection", "_count", "_parts", "_size")

    def __init__(self, head: bytes, cap: int) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._connection.receive_data(head)
        self._connection.next_event()
        self._cap = cap
        self._parts: list[bytes] = []
        self._count = self._size = 0

    def take(self, data: bytes) -> bytes | None:
        """Take what came; return the body once it is whole."""
        if data:
            self._connection.receive_data(data)
        while True:
            event = _event(self._connection)
            if isinstance(event, h11.EndOfMessage):
                return b"".join(self._parts)
            if not isinstance(event, h11.Data):
                return None
            self._parts.append(bytes(event.data))
            self._size += len(event.data)
            self._count += 1
            if self._size > self._cap:
                raise Refusal(413, f"the body is larger than {self._cap} bytes")
            if self._count > CHUNKS:
                raise Refusal(413, f"the body comes in more than {CHUNKS} chunks")

    def rest(self) -> bytes:
        """Return what came behind the body."""
        return self._connection.trailing_data[0]


def _event(connection: h11.Connection) -> object:
    try:
        return connection.next_event()
    except h11.RemoteProtocolError as exc:
        status = exc.error_status_hint if exc.error_status_hint in (400, 431, 501) else 400
        raise Refusal(status, "this is no HTTP request", detail=str(exc)) from exc


def _parsed(head: bytes) -> Head:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    connection.receive_data(head)
    event = _event(connection)
    if not isinstance(event, h11.Request):
        raise Refusal(400, "this is no HTTP request")
    if event.http_version[:2] != b"1.":
        raise Refusal(505, "HTTP/1.1 and HTTP/1.0 are spoken here")
    names = {name for name, _ in event.headers}
    chunked = b"transfer-encoding" in names
    if chunked and b"content-length" in names:
        raise Refusal(400, "Content-Length and Transfer-Encoding are both there: how long is the body?")
    if chunked and event.http_version < b"1.1":
        raise Refusal(400, "HTTP/1.0 knows no Transfer-Encoding")
    headers = tuple((bytes(name), bytes(value)) for name, value in event.headers)
    stated = next((int(value) for name, value in headers if name == b"content-length"), -2)
    return Head(event.method, event.target, event.http_version, headers, -1 if chunked else stated)
