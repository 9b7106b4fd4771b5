"""One descriptor that wakes the loop, whatever there is to wait for at the time."""

from __future__ import annotations

import select
from typing import Any

from filebridge.transports.watching.bell import Bell

__all__ = ["Wakeup"]

# Systems other than Linux have no descriptor that stands for others; there the loop has to look now and then.
_EPOLL: Any = getattr(select, "epoll", None)


class Wakeup:
    """A descriptor that is readable while one of those that were added is, or while its bell is rung.

    ``sees`` is False where it stands for its bell alone, because the system has nothing better. Raises OSError
    when no descriptor is left.
    """

    __slots__ = ("_bell", "_epoll", "_rung", "sees")

    def __init__(self) -> None:
        self._bell = Bell()
        self._rung = False
        self._epoll = None
        self.sees = _EPOLL is not None
        if self.sees:
            try:
                self._epoll = _EPOLL()
                self._epoll.register(self._bell.fileno(), select.POLLIN)
            except BaseException:
                self.close()
                raise

    def fileno(self) -> int:
        """Return the descriptor to wait for; -1 once closed."""
        return self._bell.fileno() if self._epoll is None else int(self._epoll.fileno())

    def add(self, descriptor: int) -> None:
        """Wake when ``descriptor`` is readable, until it is dropped."""
        if self._epoll is not None:
            self._epoll.register(descriptor, select.POLLIN)

    def drop(self, descriptor: int) -> None:
        """Wake for ``descriptor`` no more; before it is closed, since a forked process may hold a copy of it."""
        if self._epoll is not None:
            self._epoll.unregister(descriptor)

    def ring(self) -> None:
        """Be readable until ``hush``."""
        if not self._rung:
            self._bell.ring()
            self._rung = True

    def hush(self) -> None:
        """Take back ``ring``; costs nothing where it was not rung."""
        if self._rung:
            self._bell.silence()
            self._rung = False

    def close(self) -> None:
        """Close the descriptors; twice is harmless."""
        self._bell.close()
        if self._epoll is not None:
            # What was added stays so for others who share it after a fork.
            self._epoll.close()
            self._epoll = None
