"""What a watch tells: which file of which folder, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

__all__ = ["ARRIVED", "CHANGED", "CLOSED", "GONE", "LOST", "PATIENCE", "Event", "Watch"]

CHANGED = 1
"""A file was made, or written to."""

CLOSED = 2
"""A file was closed by somebody who could write to it."""

ARRIVED = 3
"""A file was renamed into place, whole."""

GONE = 4
"""A file was removed or renamed away."""

LOST = 5
"""Announcements were lost: look at everything in the folder again."""

PATIENCE = 0.25
"""Seconds after which a look is due although nothing was announced: a net for what no system announces."""


class Event(NamedTuple):
    """What happened to the file ``name`` of the folder with the number ``folder``.

    ``kind`` is CHANGED, CLOSED, ARRIVED, GONE or LOST; for LOST the name is empty.
    """

    folder: int
    name: str
    kind: int


class Watch(Protocol):
    """Tells what happens in some folders; never waits.

    ``patience`` is the number of seconds after which to look although nothing was announced. ``polls`` says
    that nothing ever is, ``late`` that a look may see what is announced only afterwards.
    """

    patience: float
    polls: bool
    late: bool

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced."""

    def take(self) -> Sequence[Event]:
        """Return what was announced since the last call, in its order; empty when there is nothing.

        Call it after ``patience`` too: it then sees to folders that went away. Raises WatchLost when one of
        them is still missing after half a second.
        """

    def again(self, event: Event) -> None:
        """Announce ``event``, so that who waits comes back: there was more than could be taken at a time."""

    def close(self) -> None:
        """Stop watching, twice is harmless."""
