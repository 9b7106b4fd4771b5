"""Calling a simulator that listens, or will: again and again, with growing pauses, until it answers."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Sequence
from select import POLLOUT
from time import monotonic

from filebridge.transports.sockets.ports import no_socket

__all__ = ["Address", "Dialing"]

Address = tuple[socket.AddressFamily, tuple[str, int] | str]
"""A family of addresses, and what `connect` takes there."""

_PAUSE = 0.005
_LONGEST = 0.2
_UNDERWAY = frozenset((errno.EINPROGRESS, errno.EALREADY, errno.EINTR))
_ABORT = struct.pack("ii", 1, 0)
_REASONS = {
    errno.ECONNREFUSED: "where nobody listens",
    errno.ENOENT: "which is not there",
    errno.ENOTDIR: "which is not there",
    errno.EAGAIN: "where too many callers wait",
    errno.EPROTOTYPE: "which takes no connections, only datagrams",
    errno.ETIMEDOUT: "which does not answer",
}


class Dialing:
    """A connection to one of ``addresses`` that is being made; ``taken`` gets it, and owns it from then on.

    ``text`` is the address as it is written.
    """

    __slots__ = ("_addresses", "_due", "_pause", "_socket", "_taken", "_text", "_tries", "_why", "events", "patience")

    def __init__(self, addresses: Sequence[Address], text: str, taken: Callable[[socket.socket], None]) -> None:
        self._addresses, self._text, self._taken = addresses, text, taken
        self._socket: socket.socket | None = None
        self._why = "which was not called yet"
        self._tries = 0
        self._pause, self._due = _PAUSE, 0.0
        self.events, self.patience = POLLOUT, 0.0

    def fileno(self) -> int:
        """Return the descriptor of the call that is under way, -1 during a pause."""
        return -1 if self._socket is None else self._socket.fileno()

    def advance(self) -> bool:
        """Call, or see what became of the call; return whether the connection is there.

        Raises LimitReached when there are no descriptors left, StartError where sockets of this kind are not known.
        """
        if self._socket is None:
            self.patience = self._due - monotonic()
            if self.patience > 0:
                return False
            code = self._call()
        else:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or self._socket.connect_ex(self._where())
        assert self._socket is not None
        if code in _UNDERWAY:
            self._why, self.patience = "which does not answer", _LONGEST
            return False
        if code not in (0, errno.EISCONN):
            self._failed(_REASONS.get(code, f"which cannot be reached: {os.strerror(code)}"))
            return False
        if self._met_itself(self._socket):
            self._failed("where nobody listens: the call came back to itself")
            return False
        connection, self._socket = self._socket, None
        self._taken(connection)
        return True

    def awaited(self) -> str:
        """Return the address and what was met there last."""
        return f"a connection to {self._text}, {self._why}"

    def close(self) -> None:
        """Give up; twice is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _where(self) -> tuple[str, int] | str:
        return self._addresses[self._tries % len(self._addresses)][1]

    def _call(self) -> int:
        family = self._addresses[self._tries % len(self._addresses)][0]
        try:
            self._socket = socket.socket(family, socket.SOCK_STREAM)
        except OSError as exc:
            raise no_socket(exc) from exc
        self._socket.setblocking(False)
        return self._socket.connect_ex(self._where())

    def _failed(self, why: str) -> None:
        self.close()
        self._why = why
        self._tries += 1
        if self._tries % len(self._addresses) == 0:
            self.patience, self._pause = self._pause, min(2 * self._pause, _LONGEST)
        else:
            self.patience = 0.0
        self._due = monotonic() + self.patience

    @staticmethod
    def _met_itself(connection: socket.socket) -> bool:
        """Return whether a port of the kernel's choice happened to be the one that was called."""
        try:
            alone = connection.family != socket.AF_UNIX and connection.getsockname() == connection.getpeername()
        except OSError:
            return False  # closed by the other end already: the first read will tell
        if alone:
            # Without a farewell, which would keep the port from the simulator for a minute.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        return alone
