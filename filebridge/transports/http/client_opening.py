"""The way to the first request: the service is called until it listens, and asked until it is ready."""

from __future__ import annotations

import math
from collections.abc import Callable
from select import POLLIN, POLLOUT
from time import monotonic
from typing import Protocol

from filebridge.envelope import opened_answer, request
from filebridge.errors import PeerClosed, ProtocolError, TransportError, escaped
from filebridge.transports.http.client_connection import Connection
from filebridge.transports.sockets.dialing import Dialing

__all__ = ["Calling"]

_PAUSE = 0.005
_LONGEST = 0.2
_SHOWN = 80
_LAST = "the last answer was"
_BODY = 200  # bytes of the body of an answer in an error
_KEY = "it wants a key: correct `secrets`, which name the variable that holds it, `secrets: {Authorization: MY_KEY}`"
_CURES = {401: _KEY, 403: _KEY, 404: "correct `ready`, or the `url` before it"}


class _Client(Protocol):
    def write(self, data: bytes) -> int: ...

    def read(self) -> bytes | None: ...

    def hang_up(self) -> None: ...


class Calling:
    """Dials, shakes hands where that is TLS, and asks for the path ``ready`` until it is answered with 2xx.

    ``dial`` returns a new Dialing, which hands what it makes to ``connection``; ``client`` asks over that. ``hint`` is
    what to do about the last answer, empty where it does not say.
    """

    __slots__ = (
        "_asked", "_client", "_connection", "_dial", "_dialing", "_due", "_hint", "_met", "_pause", "_question",
        "_ready", "events", "patience",
    )  # fmt: skip

    def __init__(self, client: _Client, connection: Connection, dial: Callable[[], Dialing], ready: str) -> None:
        self._client, self._connection, self._dial, self._ready = client, connection, dial, ready
        self._question = request("GET", ready, (), b"") if ready else b""
        self._dialing: Dialing | None = dial()
        self._asked = False
        self._met, self._hint = "was not asked yet", ""
        self._pause, self._due = _PAUSE, 0.0
        self.events, self.patience = POLLOUT, 0.0

    def fileno(self) -> int:
        """Return the descriptor to watch, -1 during a pause."""
        if self._dialing is not None:
            return self._dialing.fileno()
        return -1 if self._due else self._connection.socket.fileno()

    def advance(self) -> bool:
        """Go on as far as possible now; return whether requests can be sent.

        Raises PeerRejected for a certificate that is not trusted, TransportError for a service without TLS.
        """
        if self._due:
            self.patience = self._due - monotonic()
            if self.patience > 0:
                return False
            self._due = 0.0
            if not self._connection.up:
                self._dialing = self._dial()
        try:
            return self._is_connected() and (not self._ready or self._is_answered())
        except (PeerClosed, ProtocolError) as exc:
            self._met, self._hint = exc.what, ""
        except TransportError:
            raise
        except OSError as exc:
            self._met, self._hint = f"the connection broke: {exc.strerror}", ""
        self._client.hang_up()
        self._rest()
        return False

    def awaited(self) -> str:
        """Return in words what is awaited and what was met last."""
        if self._dialing is not None:
            return self._dialing.awaited()
        if self._ready:
            return f"an answer of 2xx to GET {self._ready}; {self._met}"
        return f"a connection that stays; {self._met}"

    @property
    def hint(self) -> str:
        """Return what to do about the answer that is told."""
        return "" if self._dialing is not None else self._hint

    def close(self) -> None:
        """Give up; twice is harmless."""
        if self._dialing is not None:
            self._dialing.close()

    def _is_connected(self) -> bool:
        dialing = self._dialing
        if dialing is not None:
            if not dialing.advance():
                self.events, self.patience = dialing.events, dialing.patience
                return False
            self._dialing, self._asked = None, False
        if not self._connection.is_ready():
            self._met = "it does not go on with the handshake of TLS"
            self._watch(POLLIN | (POLLOUT if self._connection.unsent else 0))
            return False
        return True

    def _is_answered(self) -> bool:
        if not self._asked:
            if not self._client.write(self._question):
                self._watch(POLLOUT)
                return False
            self._asked = True
            # What it answered last stays worth more than that this one is not answered yet.
            if not self._met.startswith(_LAST):
                self._met = "it does not answer"
        data = self._client.read()
        if data is None:
            self._watch(POLLIN)
            return False
        self._asked = False
        answer = opened_answer(data)
        if 200 <= answer.status < 300:
            return True
        body = escaped(answer.body.strip()[:_BODY])
        self._met = f"{_LAST} {answer.status} {escaped(answer.reason, _SHOWN)}".rstrip()
        self._met += f": {body}" if body else ""
        self._hint = _CURES.get(answer.status, "")
        self._rest()
        return False

    def _watch(self, events: int) -> None:
        self.events, self.patience = events, math.inf

    def _rest(self) -> None:
        """Pause before the next try, longer each time."""
        self._asked = False
        self.patience, self._pause = self._pause, min(2 * self._pause, _LONGEST)
        self._due = monotonic() + self.patience
