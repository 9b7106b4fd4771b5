"""One connection of the counter."""

from __future__ import annotations

import math
import socket
from contextlib import suppress

from filebridge.transports.http.intake import Entry, Intake
from filebridge.transports.sockets.table import far_end

__all__ = ["Visitor"]

_CHUNK = 65536
_QUICK = getattr(socket, "TCP_QUICKACK", None)


class Visitor:
    """A connection: what it said and is not dealt with, what it is still to be told; never waits.

    ``entry`` is the request that is to be answered. ``due`` is the monotonic time at which patience ends. ``stamp`` is
    the number of actions handed out when the first byte of the present request came. ``is_proven``: a request was
    admitted. ``is_ours``: it belongs to a process of the run, None until that was looked at. ``is_parting``: all is
    said, and only its end is awaited. ``is_ended``: it says no more. ``unsent`` is what it did not take yet. ``events``
    are those of ``selectors`` that are awaited on it.
    """

    __slots__ = (
        "address", "due", "entry", "events", "intake", "is_ended", "is_ours", "is_parting", "is_proven", "since",
        "socket", "stamp", "unsent",
    )  # fmt: skip

    def __init__(self, connection: socket.socket, intake: Intake, since: float, address: str) -> None:
        self.socket = connection
        self.intake = intake
        self.since = since
        self.address = address
        self.due = math.inf
        self.entry: Entry | None = None
        self.events = self.stamp = 0
        self.unsent = b""
        self.is_ended = self.is_parting = self.is_proven = False
        self.is_ours: bool | None = None

    def receive(self) -> bytes | None:
        """Return what has come, ``b""`` at the end or after a failure, None when there is nothing."""
        try:
            return self.socket.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def hasten(self) -> None:
        """Acknowledge at once: a client that sends a request in two writes may hold the second back until then."""
        if _QUICK is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    def send(self, data: bytes) -> bool:
        """Send ``data``, what does not fit later; return False where not a byte of it can ever arrive."""
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        self.unsent = data[sent:]
        return True

    def flush(self) -> bool:
        """Send more of what is unsent; return False where that is not possible any more."""
        return self.send(self.unsent)

    def is_gone(self) -> bool:
        """Tell whether nobody would read an answer: it has closed, not just ended what it says."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK) and far_end(self.socket) == 0
        except BlockingIOError:
            return False
        except OSError:
            return True

    def part(self) -> None:
        """End what we say; closed before the client has read it all, the connection could lose the end of it."""
        self.is_parting = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
