"""Answers in files: a file counts when it is whole by its own evidence and newer than what was given before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from filebridge.errors import PeerRejected, TransportError
from filebridge.parcel import pack
from filebridge.transports.base import Receiver, Results
from filebridge.transports.regular import Identity, identity, open_folder
from filebridge.transports.results.life import unseen
from filebridge.transports.results.part import STYLES, SURE, ClosedPart, LockedPart, OpenPart, Part
from filebridge.transports.watching.event import LOST, PATIENCE, Event
from filebridge.transports.watching.watch import open_watch

__all__ = ["ResultsReceiver", "open_results"]

_ATTEMPTS = range(8)

PAUSE = PATIENCE / 2
"""Seconds between two looks at files of which nothing is announced: two of them show that one stands still."""


def open_results(directory: str, results: Results) -> Receiver:
    """Return the receiver for these ``results``: of files, of numbered files, or of a file that grows.

    ``directory`` is the folder in which the simulator starts. Raises what its class raises.
    """
    from filebridge.transports.results.appended import AppendedReceiver
    from filebridge.transports.results.numbered import NumberedReceiver

    if results.written == "appended":
        return AppendedReceiver(directory, results)
    if "*" in results.names[0]:
        return NumberedReceiver(directory, results)
    return ResultsReceiver(directory, results)


class ResultsReceiver:
    """Gives a snapshot of the result files each time that they are new and whole; several make one parcel.

    What is there when it is made is of an earlier run, and is never given. A single file without content is no
    answer. Folders that are missing are made. ``final`` is to be set once nobody writes any more. ``fades`` tells
    whether the simulator is ending, so that the kernel may have closed its files in the middle of a write.

    Raises ConfigSecurityError for a name that leads out of ``directory``, PeerRejected for a link in the way,
    WatchLost, LimitReached or TransportError where the folders cannot be watched. ``read`` and ``look`` raise
    PeerRejected and MessageTooLarge for what is no result, TransportError for what cannot be read, WatchLost.
    """

    __slots__ = (
        "_awaited", "_cap", "_careful", "_directory", "_due", "_flag", "_folders", "_lock", "_parts", "_polls",
        "_removes", "_single", "_take", "_watch", "fades", "final", "patience",
    )  # fmt: skip

    def __init__(self, directory: str, results: Results) -> None:
        self.final = False
        self.fades: Callable[[], bool] = unseen
        self._directory = directory
        self._cap = results.cap
        self._removes = results.remove
        self._due = True
        self._folders: dict[str, int] = {}
        self._awaited: dict[tuple[int, str], Part] = {}
        with ExitStack() as undo:
            undo.callback(self._leave)
            self._place(results)
            self._watch = open_watch([os.path.join(directory, name) for name in self._folders],
                                     results.watch, results.interval)
            undo.callback(self._watch.close)
            self._take = self._watch.take
            self._polls = results.watch == "poll" or self._watch.patience != PATIENCE
            self.patience = self._watch.patience if self._polls else PAUSE
            for part in self._parts:
                part.polled, part.late = self._polls, self._watch.late
                (part.remove if self._removes else part.adopt)()
            if self._flag:
                self._flag.remove()
            undo.pop_all()

    def _place(self, results: Results) -> None:
        """Open the folders of all the files, and note what makes each of them new."""
        style = LockedPart if results.lock or results.flag else STYLES[results.written]
        self._parts = [self._part(name, style) for name in results.names]
        self._single = self._parts[0] if len(self._parts) == 1 else None
        self._flag = self._part(results.flag, OpenPart) if results.flag else None
        self._lock = self._part(results.lock, OpenPart) if results.lock else None
        # Only what was written in place can be written on while it is read.
        self._careful = style is ClosedPart or bool(results.lock)

    def _part(self, label: str, style: type[Part]) -> Part:
        descriptor, name = open_folder(self._directory, label, make=True)
        parent = os.path.dirname(label)
        if parent in self._folders:
            os.close(descriptor)
        else:
            self._folders[parent] = descriptor
        part = style(label, self._folders[parent], name)
        self._awaited[[*self._folders].index(parent), name] = part
        return part

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced."""
        return self._watch.fileno()

    def expect(self) -> None:
        """Await the answer to the next action; once for each action, before the simulator can know of it."""
        for part in self._parts:
            part.expect()
            if self._removes:
                part.remove()
            elif self._polls:
                part.adopt()
        if self._flag:
            self._due = True
            self._flag.remove()

    def read(self) -> bytes | None:
        """Return the results if what was announced makes them new and whole, else None."""
        events = self._take()
        if events and self._note(events):
            return self._answer()
        return None

    def look(self) -> bytes | None:
        """Return the results if they are new and whole, announced or not, else None."""
        events = self._take()
        if events:
            self._note(events)
        for part in self._parts:
            part.inspect(self.final)
        return self._answer()

    def known(self) -> dict[str, Identity | None]:
        """Return the files that were given last, or are of an earlier run, each in the state that it had then."""
        return {part.label: part.given for part in self._parts}

    def close(self) -> None:
        """Close the descriptors, twice is harmless; files stay where they are."""
        self._watch.close()
        self._leave()

    def _leave(self) -> None:
        for descriptor in self._folders.values():
            os.close(descriptor)
        self._folders = {}

    def _note(self, events: Sequence[Event]) -> bool:
        """Take note of ``events``; tell whether any concerns the results."""
        concerned = False
        for event in events:
            part = self._awaited.get(event[:2])
            if part is not None:
                part.note(event[2])
                concerned = True
            elif event[2] == LOST:
                self._revisit(event[0])
                concerned = True
        return concerned

    def _revisit(self, number: int) -> None:
        """Look at all the files of a folder, which may be another one by now."""
        parent = [*self._folders][number]
        old = self._folders[parent]
        try:
            self._folders[parent] = open_folder(self._directory, os.path.join(parent, "any"))[0]
        except PeerRejected:
            raise
        except TransportError:
            return  # it is gone once more, of which the watch will tell
        os.close(old)
        for part in self._awaited.values():
            if part.folder == old:
                part.folder = self._folders[parent]
                part.writing = False
                part.inspect(self.final)

    def _answer(self) -> bytes | None:
        """Return the results if each is new and whole; what is written on meanwhile is read once more."""
        for _ in _ATTEMPTS:
            data = self._content()
            if not data:
                return None
            if not self._careful:
                break
            events = self._take()
            if not events or not self._note(events):
                break
        else:
            return None
        if self._careful and not self.final and self.fades():
            return None
        for part in self._parts:
            part.give()
        self._due = False
        return data

    def _content(self) -> bytes | None:
        """Return what the results hold, None unless all of them are whole and new."""
        if self._flag:
            if not self._due or identity(self._flag.folder, self._flag.name) is None:
                return None
            for part in self._parts:
                part.news = SURE
        for part in self._parts:
            if not part.news:
                return None
        if self._lock and identity(self._lock.folder, self._lock.name) is not None:
            return None
        if self._single:
            return self._single.read(self._cap)
        contents = []
        for part in self._parts:
            data = part.read(self._cap)
            if data is None:
                return None
            contents.append((part.label, data))
        return pack(contents)
