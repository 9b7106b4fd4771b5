"""The folders of a watch: whether they stand where they stood, and what is said of one that does not."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from time import monotonic

from filebridge.errors import BridgeError, LimitReached, TransportError, WatchLost
from filebridge.transports.watching.event import LOST, Event

__all__ = ["Folders", "refusal"]

GRACE = 0.2
"""Seconds for which a folder may be missing: some simulators remove their folder and make it anew."""

_CHECK = 0.2
_CHECK_MISSING = 0.02
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Folders:
    """Folders by number, each known by its path and by its place on the storage.

    ``missing`` are those that went away, each with the time when that was noticed. ``due_at`` is the
    monotonic time from which ``check`` has something to do; whoever asks often compares it first.
    """

    __slots__ = ("_known", "due_at", "missing", "paths")

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(map(os.path.abspath, paths))
        self.missing: dict[int, float] = {}
        self.due_at = 0.0
        self._known: dict[int, tuple[int, int]] = {}

    def settle(self, index: int) -> None:
        """Take what stands at this path now for the folder; raises WatchLost and its kin if that is none."""
        try:
            # The point makes sure that it is a folder, and one that may be entered.
            state = os.stat(self.paths[index] + "/.")
        except OSError as exc:
            raise refusal(exc, self.paths[index]) from exc
        self._known[index] = (state.st_dev, state.st_ino)

    def miss(self, index: int) -> None:
        """Note that the folder is not what is being watched any more."""
        self.missing.setdefault(index, monotonic())
        self.due_at = 0.0

    def check(self) -> None:
        """Miss every folder whose path leads elsewhere or nowhere by now, as that of one whose parent was moved."""
        for index, known in self._known.items():
            if index not in self.missing and _identity(self.paths[index]) != known:
                self.miss(index)
        self.due_at = monotonic() + (_CHECK_MISSING if self.missing else _CHECK)

    def recover(self, watch: Callable[[int], None]) -> list[Event]:
        """Watch anew, each by ``watch``, the folders that are missing; return LOST for each that is there again.

        Raises what ``watch`` raises when the folder is missing for longer than the grace.
        """
        found = []
        for index, since in [*self.missing.items()]:
            try:
                watch(index)
            except BridgeError:
                if monotonic() - since >= GRACE:
                    raise
                continue
            del self.missing[index]
            found.append(Event(index, "", LOST))
        return found


def _identity(path: str) -> tuple[int, int] | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino


def refusal(error: OSError, path: str) -> BridgeError:
    """Return what is raised when the folder at ``path`` cannot be watched: LimitReached, WatchLost, TransportError."""
    reason = f"{path}: {error.strerror}"
    if error.errno == errno.ENOSPC:
        return LimitReached(
            "no more folders can be watched",
            found=f"{path}: this user's limit of inotify watches is reached",
            cure="raise it, sysctl fs.inotify.max_user_watches=1048576, or write `watch: poll`",
        )
    if error.errno in _SHORT:
        return LimitReached(
            "a folder cannot be watched", found=reason, cure="raise the limit before the training: ulimit -n"
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return WatchLost(
            "the folder in which results appear is gone",
            found=reason,
            cure="see that neither the simulator nor anybody else removes, moves or unmounts it",
        )
    return TransportError(
        "a folder cannot be watched", found=reason, cure="make it readable for this user, or write `watch: poll`"
    )
