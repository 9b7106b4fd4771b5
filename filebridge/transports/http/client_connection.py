"""The connection to a service, which may be made anew while its descriptor keeps its number."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from contextlib import suppress
from select import POLLIN, poll

from filebridge.errors import PeerClosed, TransportError
from filebridge.transports.base import CHUNK
from filebridge.transports.http.client_tls import Tls
from filebridge.transports.sockets.ports import no_socket

__all__ = ["NO_SIGNAL", "QUICKACK", "Connection"]

NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
QUICKACK = getattr(socket, "TCP_QUICKACK", 0)
_TCP = socket.IPPROTO_TCP
_UNDERWAY = (BlockingIOError, InterruptedError)


class Connection:
    """A connection to ``host``, over TLS with a ``context``; ``name`` is the address as it is written.

    ``socket`` has one descriptor for life. While the connection is not ``up`` there is something else behind it that
    is never readable. ``unsent`` waits to be sent. ``is_quiet(0)`` is empty while there is nothing to be read.
    """

    __slots__ = (
        "_address", "_context", "_family", "_host", "_name", "_spare", "is_quiet", "socket", "tls", "unsent", "up",
    )  # fmt: skip

    def __init__(self, host: str, name: str, context: ssl.SSLContext | None) -> None:
        self._host, self._name, self._context = host, name, context
        self._family: int = socket.AF_INET
        self._address: tuple[object, ...] = ()
        self.tls: Tls | None = None
        self.unsent = b""
        self.up = False
        try:
            self._spare = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            except OSError:
                self._spare.close()
                raise
        except OSError as exc:
            raise no_socket(exc) from exc
        self.socket.setblocking(False)
        quiet = poll()
        quiet.register(self.socket, POLLIN)
        self.is_quiet = quiet.poll

    def take(self, made: socket.socket) -> None:
        """Be the connection ``made``, which never blocks, and is closed but for our descriptor."""
        self._family, self._address = made.family, made.getpeername()
        self._become(made)

    def call(self) -> None:
        """Begin a new connection to the same address; what is sent before it is there waits. Never waits itself."""
        if not self._address or self.socket.fileno() < 0:
            raise self.lost(OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN)))
        try:
            made = socket.socket(self._family, socket.SOCK_STREAM)
        except OSError as exc:
            raise no_socket(exc) from exc
        try:
            made.setblocking(False)
            with suppress(*_UNDERWAY):  # the first that is sent tells whether it came about
                made.connect(self._address)
        except OSError as exc:
            made.close()
            raise self.lost(exc) from exc
        self._become(made)

    def drop(self) -> None:
        """Close the connection; the descriptor stays."""
        if self.up:
            os.dup2(self._spare.fileno(), self.socket.fileno(), inheritable=False)
        self.up, self.tls, self.unsent = False, None, b""

    def close(self) -> None:
        """Close the descriptor too; twice is harmless."""
        self.up, self.tls = False, None
        self._spare.close()
        self.socket.close()

    def is_ready(self) -> bool:
        """Return whether plain bytes can be put in; goes on with the handshake of TLS as far as possible now."""
        tls = self.tls
        if tls is None:
            return True
        self.flush()
        while not tls.shaken:
            try:
                data = self.socket.recv(CHUNK)
            except _UNDERWAY:
                return False
            if not data:
                raise PeerClosed("the simulator closed its connection in the handshake of TLS", cure=_TLS)
            tls.shake(data)
            self.unsent += tls.output()
            self.flush()
        return True

    def put(self, data: bytes) -> None:
        """Let plain bytes be sent behind what waits; only when ready."""
        self.unsent += self.tls.sealed(data) if self.tls else data

    def flush(self) -> bool:
        """Send what waits as far as there is room; return whether all of it went. Raises OSError."""
        while self.unsent:
            try:
                sent = self.socket.send(self.unsent, NO_SIGNAL)
            except _UNDERWAY:
                return False
            self.unsent = self.unsent[sent:]
        return True

    def opened(self, data: bytes) -> bytes | None:
        """Return the plain bytes of what came, ``b""`` at the end, None where nothing is whole yet."""
        tls = self.tls
        if tls is None:
            return data
        if not data:
            if tls.ended:
                return b""
            raise PeerClosed("the simulator's TLS connection was cut", cure=_TLS)
        if not tls.shaken:
            tls.shake(data)
            self.unsent += tls.output()
            return None
        plain = tls.opened(data)
        self.unsent += tls.output()
        return plain or (b"" if tls.ended else None)

    def lost(self, exc: OSError) -> TransportError:
        """Return the error for what befell the connection."""
        found = f"{exc.strerror}, {self._name}"
        if not self._address or self.socket.fileno() < 0:
            found = "it was closed by us" if self._address else "none was made so far"
            return TransportError(f"there is no connection to {self._name}", found=found)
        if isinstance(exc, ConnectionRefusedError):
            return PeerClosed(
                "the simulator closed its connection and takes no new one",
                found=found,
                cure="see its stderr; a server of one request wants to listen on before it closes",
            )
        if isinstance(exc, ConnectionError):
            return PeerClosed(
                "the simulator has reset its connection", found=found, cure="see its stderr, and what was asked last"
            )
        what = f"the connection to {self._name} failed"
        return TransportError(what, found=str(exc.strerror), cure="see whether this machine reaches it")

    def _become(self, made: socket.socket) -> None:
        made.setsockopt(_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        os.dup2(made.fileno(), self.socket.fileno(), inheritable=False)
        made.close()
        self.up, self.unsent, self.tls = True, b"", None
        if self._context is not None:
            self.tls = Tls(self._context, self._host)
            self.unsent = self.tls.output()


_TLS = "see the log of the service, and whether it speaks `https`"
