"""Watching folders through inotify, Linux's announcements of changed files.

Each watch waits for the descriptor that all of them share and for a bell of its own at once: whichever thread
reads first hands to the others what is theirs.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from time import monotonic

from filebridge.errors import UsageError
from filebridge.transports.watching.bell import Bell
from filebridge.transports.watching.event import LOST, PATIENCE, Event
from filebridge.transports.watching.folders import Folders, refusal
from filebridge.transports.watching.inotify_source import PARENT, NoInotify, join

__all__ = ["InotifyWatch"]

_MANY = 16384
"""Announcements kept for a watch that nobody asks; as many as the kernel keeps."""

_NOTHING: tuple[Event, ...] = ()


class InotifyWatch:
    """The folders of one simulator, watched through the shared descriptor. See ``open_watch``.

    Raises NoInotify where it cannot be used, LimitReached when the user may watch no more folders, WatchLost
    for a folder that is missing.
    """

    patience = PATIENCE
    polls = False
    late = False

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = Folders(folders)
        self.events: list[Event] = []
        self._rung = False
        self._held = ExitStack()
        try:
            self._open()
        except BaseException:
            self._held.close()
            raise

    def _open(self) -> None:
        if not hasattr(select, "epoll"):
            raise NoInotify(errno.ENOSYS, os.strerror(errno.ENOSYS))
        try:
            self._bell = Bell()
            self._held.callback(self._bell.close)
            self._epoll = select.epoll()
            self._held.callback(self._epoll.close)
            # From here on other threads may ring the bell; what is entered last leaves first.
            self._source = join(self)
            self._held.callback(self._source.leave, self)
            for descriptor in (self._source.descriptor, self._bell.fileno()):
                self._epoll.register(descriptor, select.EPOLLIN)
        except NoInotify:
            raise
        except OSError as exc:
            raise refusal(exc, self.folders.paths[0]) from exc
        self._pending: Callable[[float, int], object] = self._epoll.poll
        with self._source.lock:
            for index in range(len(self.folders.paths)):
                self._watch(index)
        self.folders.check()

    def _watch(self, index: int) -> None:
        path = self.folders.paths[index]
        self.folders.settle(index)
        try:
            self._source.tell(self, index, path)
        except OSError as exc:
            raise refusal(exc, path) from exc

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced, to this watch or to another."""
        return self._epoll.fileno()

    def take(self) -> Sequence[Event]:
        """Return what was announced since the last call; see ``Watch``."""
        # A third of what a read costs that fails.
        if not self._pending(0, 1) and monotonic() < self.folders.due_at:
            return _NOTHING
        with self._source.lock:
            if self._source.foreign:
                raise _foreign()
            self._source.read(self)
            if monotonic() >= self.folders.due_at:
                self._see_to_folders()
            if self._rung:
                self._rung = False
                self._bell.silence()
            events, self.events = self.events, []
            return events

    def _see_to_folders(self) -> None:
        folders = self.folders
        folders.check()
        if not folders.missing:
            return
        for index in folders.missing:
            self._source.forget(self, index)
            # Its new folder is announced around it; where that is gone as well, the next look finds out.
            with suppress(OSError):
                self._source.tell(self, PARENT, os.path.dirname(folders.paths[index]))
        self.events += folders.recover(self._watch)
        if not folders.missing:
            self._source.forget(self, PARENT)
            folders.check()

    def called(self) -> None:
        """Wake whoever waits for this watch; what nobody fetches is not kept for ever."""
        if not self._rung:
            self._rung = True
            self._bell.ring()
        if len(self.events) > _MANY:
            self.lose()

    def again(self, event: Event) -> None:
        """Announce ``event``; see ``Watch``."""
        with self._source.lock:
            self.events.append(event)
            self.called()

    def lose(self) -> None:
        """Put one word, that announcements were lost, in the place of all that were not fetched."""
        self.events = [Event(index, "", LOST) for index in range(len(self.folders.paths))]
        self.called()

    def close(self) -> None:
        """Stop watching; twice is harmless."""
        with self._source.lock:
            self._pending = _closed
            self._held.close()


def _closed(_seconds: float, _events: int) -> object:
    raise _foreign()


def _foreign() -> UsageError:
    return UsageError(
        "a watch of folders belongs to the process that opened it",
        found="it was used in a forked child, or after its close",
        cure="make the environment in the process that uses it",
    )
