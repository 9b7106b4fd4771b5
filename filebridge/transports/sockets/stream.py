"""A TCP connection or a Unix socket that leads to a simulator and back."""

from __future__ import annotations

import errno
import math
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from filebridge.errors import PeerClosed, TransportError
from filebridge.transports.base import CHUNK
from filebridge.transports.sockets.accepting import Accepting
from filebridge.transports.sockets.address import is_loopback, parse, resolved, unix_path
from filebridge.transports.sockets.dialing import Address, Dialing
from filebridge.transports.sockets.doorway import Doorway
from filebridge.transports.sockets.endpoint import Endpoint
from filebridge.transports.sockets.table import latest_pid
from filebridge.transports.sockets.telnet import Telnet

__all__ = ["StreamSocket"]

_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_TCP = socket.IPPROTO_TCP
_QUICKACK = getattr(socket, "TCP_QUICKACK", 0)
_TRIAL = 32
"""Replies that are acknowledged at once until it is known that the simulator says each in one piece."""

_ALWAYS = 1 << 62
_ALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4))
_UNHEARD = 30_000
"""Milliseconds in which another machine acknowledges what was sent to it."""

_CLOSED = "see whether it runs and what it says on stderr; where it wants a new call each time write `each: episode`"
_LOST = {
    errno.ECONNRESET: ("the simulator has reset its connection", _CLOSED),
    errno.EPIPE: ("the simulator has closed its connection", _CLOSED),
    errno.ETIMEDOUT: ("the simulator's machine no longer answers", "see whether it runs and is reached from here"),
    errno.EHOSTUNREACH: ("the simulator's machine is no longer reached", "see whether it runs, and the network"),
}


class _Write(Protocol):
    def __call__(self, data: bytes) -> int: ...


class StreamSocket:
    """The connection of ``endpoint``, paths seen from ``directory``; listens from now on where that is asked for.

    ``read`` returns up to 64 KiB, ``b""`` at the end, None when there is nothing now; ``look`` is the same. ``write``
    returns how many bytes were taken, 0 when there is no room. Both raise PeerClosed when the connection was reset,
    TransportError when it was closed by us. The constructor raises ConfigError for a wrong address, StartError and
    EndpointInUse where it cannot be used; see Doorway.
    """

    __slots__ = (
        "_addresses", "_at_once", "_doorway", "_endpoint", "_fd", "_first_pid", "_heard", "_input_ended", "_listener",
        "_opening", "_receive", "_send", "_set", "_socket", "_telnet", "_text", "look", "read", "write",
    )  # fmt: skip

    patience: float = math.inf
    snapshots: bool = False
    read: Callable[[], bytes | None]
    look: Callable[[], bytes | None]
    write: _Write

    def __init__(self, endpoint: Endpoint, directory: str) -> None:
        self._endpoint, self._text = endpoint, endpoint.connect or endpoint.listen
        self._doorway: Doorway | None = None
        self._listener = endpoint.bound
        self._addresses: Sequence[Address] = ()
        if endpoint.kind == "unix" and endpoint.listen:
            self._doorway = Doorway(directory, endpoint.listen)
            self._listener = self._doorway.listener
        elif endpoint.kind == "unix":
            self._addresses = ((socket.AF_UNIX, unix_path(directory, endpoint.connect)),)
        elif endpoint.connect:
            self._addresses = resolved(*parse(endpoint.connect), "tcp")
        self._first_pid = latest_pid() if self._listener is not None else 0
        self._opening: Accepting | Dialing | None = None
        self._telnet = Telnet()
        self._socket: socket.socket | None = None
        self._receive: Callable[[int], bytes] = _unread
        self._send: Callable[[bytes, int], int] = _unsent
        self._fd: int = -1
        self._input_ended: bool = True
        self._bind()
        self._hang_up()

    def fileno(self) -> int:
        """Return the descriptor of the connection, -1 without one."""
        return self._fd

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when there is room; -1 after the end of the input."""
        return -1 if self._input_ended else self._fd

    def expect(self) -> None:
        """Do nothing: what was said before is read before anything is sent."""

    def open(self) -> Accepting | Dialing:
        """Close the connection that there is, and begin a new one."""
        self._hang_up()
        if self._listener is not None:
            self._opening = Accepting(self._listener, self._endpoint, self._text, self._first_pid, self._accepted)
        else:
            self._opening = Dialing(self._addresses, self._text, self._taken)
        return self._opening

    def end_input(self) -> None:
        """Let the simulator read the end of its input; what it says can still be read."""
        if self._socket is not None and not self._input_ended:
            with suppress(OSError):  # it may have gone already
                self._socket.shutdown(socket.SHUT_WR)
        self._input_ended = True

    def close(self) -> None:
        """Close the connection, listen no more, and remove the file of a Unix socket of ours; twice is harmless."""
        self._hang_up()
        self._stop_listening()

    def _bind(self) -> None:
        """Choose what reads and writes, so that no step asks for the kind of the connection."""
        self.write = self._write
        if self._endpoint.telnet:
            self.read, self.write = self._read_telnet, self._write_telnet
        elif self._endpoint.kind == "tcp" and _QUICKACK:
            self.read = self._read_tcp
        else:
            self.read = self._read
        self.look = self.read

    def _accepted(self, connection: socket.socket) -> None:
        if not self._endpoint.each_episode:
            self._stop_listening()
        self._taken(connection)

    def _taken(self, connection: socket.socket) -> None:
        self._opening = None
        self._telnet = Telnet()
        if self._endpoint.kind == "tcp":
            _tune(connection)
        self._socket, self._fd = connection, connection.fileno()
        self._receive, self._send, self._set = connection.recv, connection.send, connection.setsockopt
        self._at_once, self._heard, self._input_ended = _TRIAL, False, False

    def _hang_up(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.close()
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()
        self._fd, self._input_ended = -1, True
        self._receive, self._send = _unread, _unsent

    def _stop_listening(self) -> None:
        if self._doorway is not None:
            self._doorway.close()
        elif self._listener is not None:
            self._listener.close()
        self._doorway = self._listener = None

    def _write(self, data: bytes) -> int:
        self._heard = False
        try:
            return self._send(data, _NO_SIGNAL)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise self._lost(exc) from exc

    def _read(self) -> bytes | None:
        try:
            return self._receive(CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise self._lost(exc) from exc

    def _read_tcp(self) -> bytes | None:
        try:
            data = self._receive(CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise self._lost(exc) from exc
        # A simulator that writes a reply in two pieces may hold the second back until the first is acknowledged, which
        # the kernel does after 40 ms, or with our next command. To do it at once costs a packet each time.
        if self._at_once:
            self._set(_TCP, _QUICKACK, 1)
            self._at_once = _ALWAYS if self._heard else self._at_once - 1
        elif self._heard:
            self._at_once = _ALWAYS
        self._heard = True
        return data

    def _read_telnet(self) -> bytes | None:
        data = self._read_tcp() if _QUICKACK else self._read()
        if not data:
            return data
        text = self._telnet.stripped(data)
        # What was said comes first: that nobody takes an answer any more is told by the next read.
        with suppress(PeerClosed):
            self._answer()
        return text or None

    def _write_telnet(self, data: bytes) -> int:
        self._answer()
        if self._telnet.answers and not self._telnet.half:
            return 0
        doubled = self._telnet.doubled(data)
        return self._telnet.taken(doubled[: self._write(doubled)])

    def _answer(self) -> None:
        """Send the refusals of telnet as far as there is room."""
        if self._telnet.answers and not self._telnet.half:
            heard = self._heard
            self._telnet.answers = self._telnet.answers[self._write(self._telnet.answers) :]
            self._heard = heard

    def _lost(self, exc: OSError) -> TransportError:
        if self._socket is None:
            return TransportError(f"there is no connection to {self._text}", found="it was closed by us")
        if exc.errno == errno.EPIPE and self._input_ended:
            return TransportError("the simulator takes no more input", found="its input was ended by us")
        what, cure = _LOST.get(exc.errno or 0, ("", ""))
        if not what:
            return TransportError(f"the connection to {self._text} failed", found=str(exc.strerror), cure=_CLOSED)
        return PeerClosed(what, found=f"{exc.strerror}, {self._text}", cure=cure)


def _tune(connection: socket.socket) -> None:
    """Send at once what is written, and notice when another machine has vanished."""
    connection.setsockopt(_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE:
        if hasattr(socket, name):
            connection.setsockopt(_TCP, getattr(socket, name), value)
    # Within a machine none vanishes, and a simulator that is long busy must not be taken for one that has.
    if hasattr(socket, "TCP_USER_TIMEOUT") and not is_loopback(connection.getsockname()[0]):
        connection.setsockopt(_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD)


def _unread(size: int) -> bytes:
    raise OSError(errno.ENOTCONN, "not connected")


def _unsent(data: bytes, flags: int) -> int:
    raise OSError(errno.ENOTCONN, "not connected")
