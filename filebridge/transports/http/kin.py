"""Whether the other end of a connection belongs to a process of the run."""

from __future__ import annotations

from filebridge.transports.http.visitor import Visitor
from filebridge.transports.sockets.table import Sight, far_end, latest_pid

__all__ = ["Kin"]

_LOOKS = 2
"""A socket may be handed on from one process to another during the first."""


class Kin:
    """The processes that carry ``run`` in their environment, or were started by one that does, later than this is made.

    A look at all processes takes long: it serves for all connections until ``forget``, which is to be called when new
    ones have come.
    """

    __slots__ = ("_first_pid", "_run", "_sights")

    def __init__(self, run: str) -> None:
        self._run = run
        self._first_pid = latest_pid()
        self._sights: list[Sight] = []

    def forget(self) -> None:
        """Look anew when next asked."""
        self._sights.clear()

    def knows(self, visitor: Visitor) -> bool:
        """Tell whether a process of the run has the other end, and remember that with ``visitor``."""
        if visitor.is_ours is None:
            inode = far_end(visitor.socket)
            visitor.is_ours = inode > 0 and any(self._sight(number).holds(inode) for number in range(_LOOKS))
        return visitor.is_ours

    def _sight(self, number: int) -> Sight:
        while len(self._sights) <= number:
            self._sights.append(Sight(self._run, self._first_pid))
        return self._sights[number]
