"""Watching folders: which changes are announced, in what way, and what becomes of a folder that goes away.

A watch never waits: it has a descriptor that is readable when ``take`` has something to tell.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from time import monotonic
from typing import Literal, NamedTuple, Protocol

from filebridge.errors import WatchLost

__all__ = ["ARRIVED", "CHANGED", "CLOSED", "GONE", "LOST", "Event", "Watch", "WatchWarning", "open_watch"]

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

GRACE = 0.2
"""Seconds for which a folder may be missing; some simulators remove their folder and make it anew."""


class Event(NamedTuple):
    """What happened to the file ``name`` of the folder with the number ``folder``.

    ``kind`` is CHANGED, CLOSED, ARRIVED, GONE or LOST; for LOST the name is empty.
    """

    folder: int
    name: str
    kind: int


class Watch(Protocol):
    """Tells what happens in some folders; never waits.

    ``patience`` is the number of seconds after which to look although nothing was announced.
    """

    patience: float

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced."""

    def take(self) -> Sequence[Event]:
        """Return what was announced since the last call, in its order; empty when there is nothing.

        Call it after ``patience`` too: it then sees to folders that went away. Raises WatchLost when one of
        them is still missing after half a second.
        """

    def close(self) -> None:
        """Stop watching, twice is harmless."""


class WatchWarning(UserWarning):
    """Changes of files are noticed in a slower way than was hoped for."""


class Folders:
    """The folders of a watch: which of them stand where they stood, and which are missing for how long."""

    __slots__ = ("_check_at", "_known", "missing", "paths")

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(map(os.path.abspath, paths))
        self.missing: dict[int, float] = {}
        self._known: dict[int, tuple[int, int]] = {}
        self._check_at = 0.0

    def settle(self, index: int) -> None:
        """Take what stands at this path now for the folder; raises OSError if there is none."""
        state = os.stat(self.paths[index])
        self._known[index] = (state.st_dev, state.st_ino)

    def miss(self, index: int) -> None:
        """Note that the folder is not what is being watched any more."""
        self.missing.setdefault(index, monotonic())

    def replaced(self) -> list[int]:
        """Return the folders whose path leads elsewhere or nowhere now; looked for a few times a second at most."""
        now = monotonic()
        if now < self._check_at:
            return []
        self._check_at = now + GRACE
        return [index for index in self._known if index not in self.missing and self._strayed(index)]

    def _strayed(self, index: int) -> bool:
        try:
            state = os.stat(self.paths[index])
        except OSError:
            return True
        return (state.st_dev, state.st_ino) != self._known[index]

    def given_up(self, index: int) -> bool:
        """Tell whether the folder is missing for longer than the grace."""
        return monotonic() - self.missing[index] >= GRACE


def lost(path: str, error: OSError) -> WatchLost:
    """Return what is raised for a folder that cannot be watched any more, or not at all."""
    return WatchLost(
        "the folder in which results appear is gone",
        found=f"{path}: {error.strerror}",
        cure="see that neither the simulator nor anybody else removes, moves or unmounts it",
    )


_WARNED: set[str] = set()


def warn_once(text: str) -> None:
    """Warn of a slower way, once in a process for each text."""
    if text not in _WARNED:
        _WARNED.add(text)
        warnings.warn(text, WatchWarning, stacklevel=4)


def open_watch(
    folders: Sequence[str], mode: Literal["auto", "inotify", "watchdog", "poll"], interval: float
) -> Watch:
    """Watch ``folders``, which must exist; ``interval`` is the seconds between two looks where they are polled.

    Raises WatchLost for a folder that is missing, LimitReached when the machine has no more of what is needed.
    """
    from filebridge.transports.inotify import InotifyWatch
    return InotifyWatch(folders)
