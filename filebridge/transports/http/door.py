"""Where connections to the counter come in."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from filebridge.errors import LimitReached, TransportError

__all__ = ["Door"]

BACKLOG = 1024
"""Connections that the kernel keeps while nobody looks: the real one may be the last of them."""

ACCEPTS = 32

_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class Door:
    """The listening socket ``bound``, which belongs to this object from now on."""

    __slots__ = ("_bound", "fileno")

    def __init__(self, bound: socket.socket) -> None:
        bound.listen(BACKLOG)
        bound.setblocking(False)
        # What is accepted inherits it: an answer is never held back until the one before is acknowledged.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bound = bound
        self.fileno = bound.fileno

    def come(self, make_room: Callable[[], bool]) -> list[socket.socket]:
        """Return the connections that have come, some of them at a time.

        Without descriptors ``make_room`` is to close a connection and tell whether there was any; LimitReached is
        raised where there is none.
        """
        come: list[socket.socket] = []
        while len(come) < ACCEPTS:
            try:
                connection, _ = self._bound.accept()
            except BlockingIOError:
                break
            except ConnectionAbortedError:
                continue
            except OSError as exc:
                if exc.errno not in _SCARCE:
                    raise TransportError("the HTTP counter takes no more connections", found=str(exc.strerror)) from exc
                if come:
                    break
                if not make_room():
                    raise _without_descriptors(exc) from exc
                continue
            connection.setblocking(False)
            come.append(connection)
        return come

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._bound.close()


def _without_descriptors(exc: OSError) -> LimitReached:
    return LimitReached(
        "the HTTP counter cannot take a connection",
        found=str(exc.strerror),
        cure="raise the limit before the training: ulimit -n",
    )
