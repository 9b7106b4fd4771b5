"""A descriptor that one thread makes readable for another."""

from __future__ import annotations

import os

__all__ = ["Bell"]


class Bell:
    """Rung, its descriptor is readable until it is silenced; an eventfd where there is one, else a pipe."""

    __slots__ = ("_ends", "rung")

    def __init__(self) -> None:
        self.rung = False
        self._ends: tuple[int, ...]
        if hasattr(os, "eventfd"):
            self._ends = (os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK),)
        else:
            self._ends = os.pipe()

    def fileno(self) -> int:
        """Return the descriptor that is readable while the bell is rung."""
        return self._ends[0]

    def ring(self) -> None:
        """Make the descriptor readable; the caller holds the lock that guards ``rung``."""
        if not self.rung and self._ends:
            self.rung = True
            os.write(self._ends[-1], b"\1\0\0\0\0\0\0\0")

    def silence(self) -> None:
        """Make it unreadable again."""
        if self.rung and self._ends:
            self.rung = False
            os.read(self._ends[0], 8)

    def close(self) -> None:
        """Close the descriptors, twice is harmless."""
        ends, self._ends = self._ends, ()
        for descriptor in ends:
            os.close(descriptor)
