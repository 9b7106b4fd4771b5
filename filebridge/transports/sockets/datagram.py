"""UDP: each datagram is a whole message, which may come late, twice, or never."""

from __future__ import annotations

import errno
import math
import os
import socket
from collections.abc import Callable
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any, Protocol

from filebridge.errors import ActionError, LimitReached, StartError, TransportError
from filebridge.transports.base import CHUNK
from filebridge.transports.sockets.address import is_loopback, parse, resolved
from filebridge.transports.sockets.binding import Binding
from filebridge.transports.sockets.senders import Senders

if TYPE_CHECKING:
    from filebridge.transports.sockets.endpoint import Endpoint

__all__ = ["DatagramSocket"]

LONGEST = 65507
"""Bytes that fit into one datagram, of IPv4."""

_ROOM = 4 << 20
_MOST_OLD = 100_000
_TABLE = "/proc/net/udp"
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class _Write(Protocol):
    def __call__(self, data: bytes) -> int: ...


class DatagramSocket:
    """Datagrams to and from ``endpoint``: from ``listen`` whatever comes from those let in, else only the answers.

    With ``connect`` all is sent there, without it to whoever was heard last. A datagram that nobody receives is lost,
    as it may be anywhere on its way. An empty one is no message and is dropped, since ``b""`` is the end of a
    stream. ``strangers`` counts the datagrams of those not let in, ``refusals`` how often nobody received. Raises
    StartError or LimitReached where there can be no socket for this address.
    """

    __slots__ = (
        "_announced", "_endpoint", "_fd", "_heard", "_recv", "_recvfrom", "_send", "_senders", "_sendto", "_socket",
        "_target", "patience", "read", "refusals", "snapshots", "write",
    )  # fmt: skip

    read: Callable[[], bytes | None]
    write: _Write

    def __init__(self, endpoint: Endpoint, directory: str) -> None:
        self._endpoint = endpoint
        self.snapshots = True
        self.patience = math.inf
        self.refusals = 0
        self._heard: tuple[Any, ...] | None = None
        self._target: tuple[str, int] | None = None
        self._senders = Senders(endpoint.run) if endpoint.peer == "process" else None
        self._socket = endpoint.bound or self._connected()
        self._socket.setblocking(False)
        # The kernel gives as much of it as it has for anyone; a burst beyond that is lost.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        self._fd = self._socket.fileno()
        announced = poll()
        announced.register(self._fd, POLLIN)
        self._announced = announced.poll
        self._recv, self._recvfrom = self._socket.recv, self._socket.recvfrom
        self._send, self._sendto = self._socket.send, self._socket.sendto
        self.read, self.write = self._read_answer, self._write_there
        if endpoint.bound:
            self.read, self.write = self._read_heard, self._write_back
            if endpoint.connect:
                self._target = self._there(self._socket.family)

    @property
    def strangers(self) -> int:
        """Return how many datagrams came from senders that are not let in."""
        return self._senders.strangers if self._senders else 0

    def met(self) -> str:
        """Return how many datagrams were not heard, or found nobody, empty where there were none."""
        heard = f"datagrams of strangers, not heard (peer: process): {self.strangers}" if self.strangers else ""
        lost = f"datagrams that nobody received: {self.refusals}" if self.refusals else ""
        return "; ".join(filter(None, (heard, lost)))

    def open(self) -> Binding | None:
        """Return what waits until the simulator receives, where this machine can tell; else None."""
        host = parse(self._endpoint.connect)[0] if self._endpoint.connect else ""
        if not (host and is_loopback(host) and os.path.exists(_TABLE)):
            return None
        assert self._target is not None
        return Binding(self._target, self._endpoint.connect)

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is a datagram; -1 once closed."""
        return self._socket.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when there is room; -1 after the end of the input."""
        return self._fd

    def look(self) -> bytes | None:
        """Return the same as ``read``: everything is announced."""
        return self.read()

    def expect(self) -> None:
        """Drop all datagrams that are there: they answer nothing that is sent from now on."""
        # A third of what a call costs that finds nothing.
        if not self._announced(0):
            return
        for _ in range(_MOST_OLD):
            try:
                _, sender = self._recvfrom(CHUNK)
            except BlockingIOError:
                return
            except OSError as exc:
                self._unread(exc)
                continue
            # Old as it is, it tells who is to be answered.
            if sender != self._heard and self._admits(sender):
                self._heard = sender

    def end_input(self) -> None:
        """Send nothing more; nobody is told, there is no end of datagrams."""
        self._fd = -1

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._fd = -1
        self._socket.close()

    def _connected(self) -> socket.socket:
        """Make a socket that sends to where the simulator receives, and hears nobody else."""
        host, port = parse(self._endpoint.connect)
        # A name that means both is nearly always bound as IPv4: `localhost`.
        family, self._target = min(resolved(host, port, "udp"), key=lambda found: found[0] != socket.AF_INET)
        made: list[socket.socket] = []
        try:
            while True:
                made.append(socket.socket(family, socket.SOCK_DGRAM))
                made[-1].connect(self._target)
                # Among the ports that the kernel gives away may be this very one, where the simulator is to be.
                if made[-1].getsockname()[:2] != self._target:
                    return made.pop()
        except OSError as exc:
            raise _no_socket(self._endpoint.connect, exc) from exc
        finally:
            for each in made:
                each.close()

    def _there(self, family: int) -> tuple[str, int]:
        """Return where the simulator receives, as an address of the ``family`` of our socket."""
        host, port = parse(self._endpoint.connect)
        found = [address for kind, address in resolved(host, port, "udp") if kind == family]
        if not found:
            raise StartError(
                f"{self._endpoint.connect} cannot be reached from {self._endpoint.listen}",
                found="one is an address of IPv4, the other of IPv6",
                cure="let `connect` and `listen` of `udp` name addresses of the same kind",
            )
        return found[0]

    def _admits(self, sender: tuple[Any, ...]) -> bool:
        return self._senders is None or self._senders.admits(sender)

    def _read_answer(self) -> bytes | None:
        """Return a datagram, None when there is none now."""
        try:
            return self._recv(CHUNK) or None
        except BlockingIOError:
            return None
        except OSError as exc:
            self._unread(exc)
            return None

    def _read_heard(self) -> bytes | None:
        """Return a datagram of one who is let in, and note who it was; None when there is none now."""
        try:
            data, sender = self._recvfrom(CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            self._unread(exc)
            return None
        if sender != self._heard:
            if not self._admits(sender):
                return None
            self._heard = sender
        return data or None

    def _write_there(self, data: bytes) -> int:
        """Send ``data`` as one datagram; return its size, 0 when there is no room now."""
        try:
            return self._send(data)
        except BlockingIOError:
            return 0
        except ConnectionRefusedError:
            # What is told here befell the datagram before this one.
            self.refusals += 1
        except OSError as exc:
            raise _unsent(data, exc) from exc
        try:
            return self._send(data)
        except (BlockingIOError, ConnectionRefusedError):
            return len(data)
        except OSError as exc:
            raise _unsent(data, exc) from exc

    def _write_back(self, data: bytes) -> int:
        """Send ``data`` as one datagram to ``connect``, or to whoever was heard last."""
        there = self._target or self._heard
        if there is None:
            raise TransportError(
                "nobody is known to whom a datagram could be sent",
                found="none has come from the simulator so far" + self._turned_away(),
                cure="await one first, with an exchange in `start:` that sends nothing, or say with `connect:` beside"
                " `listen:` where the simulator receives",
            )
        try:
            return self._sendto(data, there)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise _unsent(data, exc) from exc

    def _turned_away(self) -> str:
        return f", and {self.strangers} from strangers, who are not heard" if self.strangers else ""

    def _unread(self, exc: OSError) -> None:
        if isinstance(exc, ConnectionRefusedError):
            self.refusals += 1
            return
        found = str(exc.strerror) if self.fileno() >= 0 else "the socket was closed by us"
        raise TransportError("no datagram can be received", found=found) from exc


def _unsent(data: bytes, exc: OSError) -> ActionError | TransportError:
    if exc.errno == errno.EMSGSIZE:
        return ActionError(
            "what is to be sent does not fit into a datagram",
            found=f"{len(data)} bytes",
            cure=f"send at most {LONGEST} bytes at once, in several exchanges, or use `tcp`",
        )
    return TransportError(
        "the datagram cannot be sent",
        found=str(exc.strerror),
        cure="see whether this machine reaches the address under `connect:`",
    )


def _no_socket(address: str, exc: OSError) -> StartError:
    kind = LimitReached if exc.errno in _SCARCE else StartError
    return kind(
        f"no datagrams can be sent to {address}",
        found=str(exc.strerror),
        cure="see whether this machine reaches that address",
    )
