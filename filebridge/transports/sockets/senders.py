"""Whose datagrams are heard: those of what we started, as the kernel's tables say, or anybody's."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from filebridge.transports.sockets.peer import is_sender
from filebridge.transports.sockets.table import Sight

__all__ = ["Senders"]

_FORGET = 1.0
"""Seconds for which a stranger stays one: the port may be given to a process of ours later."""

_MOST = 4096


class Senders:
    """Knows the senders of datagrams by their addresses; ``run`` is the token that ours carry.

    A sender whose socket is closed by the time that its datagram is read is nobody's, and a stranger.
    ``strangers`` counts the datagrams that were not let in.
    """

    __slots__ = ("_clock", "_is_ours", "_known", "_turned_away", "strangers")

    def __init__(
        self,
        run: str,
        is_ours: Callable[[tuple[Any, ...], str], bool] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        look = is_ours or _is_ours
        self._is_ours: Callable[[tuple[Any, ...]], bool] = lambda sender: look(sender, run)
        self._clock = clock
        self._known: set[tuple[Any, ...]] = set()
        self._turned_away: dict[tuple[Any, ...], float] = {}
        self.strangers = 0

    def admits(self, sender: tuple[Any, ...]) -> bool:
        """Return whether ``sender``, an address as ``recvfrom`` gives it, is one of ours; looked up once for each."""
        if sender in self._known:
            return True
        now = self._clock()
        if self._turned_away.get(sender, 0.0) <= now:
            if self._is_ours(sender):
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known.add(sender)
                return True
            if len(self._turned_away) >= _MOST:
                self._turned_away.clear()
            self._turned_away[sender] = now + _FORGET
        self.strangers += 1
        return False


def _is_ours(sender: tuple[Any, ...], run: str) -> bool:
    return is_sender((sender[0], sender[1]), Sight(run))
