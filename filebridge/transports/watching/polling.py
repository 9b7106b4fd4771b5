"""Folders that nobody announces changes of: the owner of the watch looks at them again and again."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from filebridge.transports.watching.bell import Bell
from filebridge.transports.watching.event import Event
from filebridge.transports.watching.folders import Folders, refusal

__all__ = ["PollingWatch"]


class PollingWatch:
    """A watch that tells of no file by itself: only that a folder went away and is back.

    ``interval`` is the seconds between two looks. Raises WatchLost for a folder that is missing, LimitReached
    when no descriptor is left.
    """

    polls = True
    late = False

    def __init__(self, folders: Sequence[str], interval: float) -> None:
        self.patience = interval
        self._folders = Folders(folders)
        self._events: list[Event] = []
        for index in range(len(self._folders.paths)):
            self._folders.settle(index)
        try:
            self._bell = Bell()
        except OSError as exc:
            raise refusal(exc, self._folders.paths[0]) from exc

    def fileno(self) -> int:
        """Return a descriptor that is readable only ``again``."""
        return self._bell.fileno()

    def take(self) -> Sequence[Event]:
        """Return LOST for each folder that went away and is back; see ``Watch``."""
        folders = self._folders
        if self._events:
            self._bell.silence()
            events, self._events = self._events, []
            return events
        if monotonic() < folders.due_at:
            return ()
        folders.check()
        return folders.recover(folders.settle)

    def again(self, event: Event) -> None:
        """Announce ``event``; see ``Watch``."""
        self._events.append(event)
        self._bell.ring()

    def close(self) -> None:
        """Close the descriptor, twice is harmless."""
        self._bell.close()
