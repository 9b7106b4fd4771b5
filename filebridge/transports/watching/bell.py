"""A descriptor that one thread makes readable for another."""

from __future__ import annotations

import os
from contextlib import suppress

__all__ = ["Bell"]

_ONE = (1).to_bytes(8, "little")


class Bell:
    """Rung, its descriptor is readable until it is silenced; any thread may ring it.

    Raises OSError when no descriptor is left.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: tuple[int, ...]
        if hasattr(os, "eventfd"):
            self._ends = (os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK),)
            return
        self._ends = os.pipe()
        for end in self._ends:
            os.set_blocking(end, False)

    def fileno(self) -> int:
        """Return the descriptor that is readable while the bell is rung; -1 once closed."""
        return self._ends[0] if self._ends else -1

    def ring(self) -> None:
        """Make the descriptor readable."""
        # A pipe that takes no more is readable anyway; a watch that was closed meanwhile needs no bell.
        with suppress(BlockingIOError, IndexError):
            os.write(self._ends[-1], _ONE)

    def silence(self) -> None:
        """Make the descriptor unreadable; what is done before the next look at it need not be announced."""
        with suppress(BlockingIOError):
            os.read(self._ends[0], 4096)

    def close(self) -> None:
        """Close the descriptors, twice is harmless."""
        ends, self._ends = self._ends, ()
        for end in ends:
            os.close(end)
