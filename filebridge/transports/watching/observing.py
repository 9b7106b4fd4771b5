"""Announcements through watchdog, for systems that have other ways than inotify.

Its observer calls us in a thread of its own, with locks held: all that is done there is to queue and to ring.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from filebridge.errors import TransportError
from filebridge.transports.forking import begin_child
from filebridge.transports.watching.bell import Bell
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE, LOST, PATIENCE, Event
from filebridge.transports.watching.folders import Folders, refusal

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver, ObservedWatch

__all__ = ["ObserverWatch"]

_KINDS = {"created": CHANGED, "modified": CHANGED, "closed": CLOSED, "deleted": GONE}
_MANY = 16384
_VANISHED = 0
"""The kind of event that says that the folder itself is gone; nobody is told of it."""


class _Ear:
    """What watchdog calls for one folder of one watch, in its own thread."""

    def __init__(self, watch: ObserverWatch, index: int, path: str) -> None:
        # A link to the folder would be watched itself.
        self.path = os.path.realpath(path)
        self._watch = watch
        self._index = index
        self._places = {path, self.path}

    def dispatch(self, event: FileSystemEvent) -> None:
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        if event.is_directory:
            if source in self._places and event.event_type in ("deleted", "moved"):
                self._watch.put(self._index, "", _VANISHED)
        elif event.event_type == "moved":
            self._tell(source, GONE)
            self._tell(target, ARRIVED)
        elif event.event_type in _KINDS:
            self._tell(source, _KINDS[event.event_type])

    def _tell(self, path: str, kind: int) -> None:
        folder, name = os.path.split(path)
        if folder in self._places:
            self._watch.put(self._index, name, kind)


class _Observer:
    """The observer that all watches share, and what it calls for which path; used under ``_LOCK`` only."""

    def __init__(self) -> None:
        try:
            from watchdog.observers import Observer
        except ImportError as exc:
            raise _unusable(str(exc)) from exc
        if _forked:
            raise _unusable("its threads did not come along into this forked process")
        self._observer: BaseObserver = Observer()
        self._ears: dict[str, tuple[ObservedWatch, set[_Ear]]] = {}
        self._observer.start()

    def listen(self, ear: _Ear) -> None:
        """Call ``ear`` for what happens in its folder, as it stands now; raises OSError."""
        ears = {*self._forget(ear.path), ear}
        for each in ears:
            self._ears[ear.path] = self._schedule(each), ears

    def drop(self, ear: _Ear) -> None:
        """Call ``ear`` no more."""
        for left in self._forget(ear.path) - {ear}:
            self.listen(left)

    def ended(self) -> bool:
        """End the observer if nobody listens any more; return whether that was so."""
        if not self._ears:
            self._observer.stop()
            self._observer.join()
        return not self._ears

    def _schedule(self, ear: _Ear) -> ObservedWatch:
        from watchdog import events
        wanted: list[type[FileSystemEvent]] = [
            events.FileCreatedEvent, events.FileModifiedEvent, events.FileClosedEvent, events.FileMovedEvent,
            events.FileDeletedEvent, events.DirDeletedEvent, events.DirMovedEvent,
        ]  # fmt: skip
        return self._observer.schedule(ear, ear.path, event_filter=wanted)  # type: ignore[arg-type]

    def _forget(self, path: str) -> set[_Ear]:
        scheduled, ears = self._ears.pop(path, (None, set()))
        if scheduled is not None:
            self._observer.unschedule(scheduled)
        return ears


class ObserverWatch:
    """The folders of one simulator, watched through watchdog. See ``open_watch``.

    Raises WatchLost for a folder that is missing, LimitReached when the user may watch no more.
    """

    patience = PATIENCE
    polls = False
    late = True

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = Folders(folders)
        self._queue: deque[Event] = deque()
        self._rung = False
        self._ears: dict[int, _Ear] = {}
        try:
            self._bell = Bell()
        except OSError as exc:
            raise refusal(exc, self._folders.paths[0]) from exc
        try:
            for index in range(len(self._folders.paths)):
                self._watch(index)
        except BaseException:
            self.close()
            raise

    def _watch(self, index: int) -> None:
        global _current
        path = self._folders.paths[index]
        self._folders.settle(index)
        with _LOCK:
            self._source = _current = _current or _Observer()
            before, self._ears[index] = self._ears.get(index), _Ear(self, index, path)
            try:
                if before is not None:
                    _current.drop(before)
                _current.listen(self._ears[index])
            except OSError as exc:
                raise refusal(exc, path) from exc

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced."""
        return self._bell.fileno()

    def put(self, index: int, name: str, kind: int) -> None:
        """Queue what happened and wake whoever waits; called in the observer's thread."""
        if len(self._queue) >= _MANY:
            self._queue.clear()
            self._queue.extend(Event(each, "", LOST) for each in range(len(self._folders.paths)))
        self._queue.append(Event(index, name, kind))
        self._bell.ring()
        self._rung = True

    def again(self, event: Event) -> None:
        """Announce ``event``; see ``Watch``."""
        self.put(*event)

    def take(self) -> Sequence[Event]:
        """Return what was announced since the last call; see ``Watch``."""
        queue, folders = self._queue, self._folders
        if not queue and not self._rung and monotonic() < folders.due_at:
            return ()
        # In this order a ring may come in vain, but nothing is queued without one.
        self._rung = False
        self._bell.silence()
        events = []
        while queue:
            event = queue.popleft()
            if event.kind == _VANISHED:
                folders.miss(event.folder)
            else:
                events.append(event)
        if monotonic() >= folders.due_at:
            folders.check()
            events += folders.recover(self._watch)
        return events

    def close(self) -> None:
        """Stop watching, twice is harmless; the observer is ended with the last watch."""
        global _current
        with _LOCK:
            ears, self._ears = [*self._ears.values()], {}
            if ears and self._source is _current:
                for ear in ears:
                    self._source.drop(ear)
                if self._source.ended():
                    _current = None
        self._bell.close()


def _unusable(found: str) -> TransportError:
    return TransportError("files cannot be watched through watchdog", found=found,
                          cure="install watchdog, make the environment in the process that uses it, or `watch: poll`")


_LOCK = threading.RLock()
_current: _Observer | None = None
_forked = False


def _leave_to_parent() -> None:
    """Give up, in a forked child, an observer whose threads did not come along."""
    global _LOCK, _current, _forked
    _LOCK = threading.RLock()
    _forked = _forked or _current is not None
    _current = None


begin_child(_leave_to_parent)
