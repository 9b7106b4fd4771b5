"""Numbered results: each answer is a file of its own, and the next one has a higher number."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from heapq import heappop, heappush

from filebridge.errors import ConfigError, PeerRejected, TransportError
from filebridge.transports.base import Results
from filebridge.transports.regular import Identity, identity, open_folder
from filebridge.transports.results.life import unseen
from filebridge.transports.results.part import STYLES, ClosedPart, Part
from filebridge.transports.runs.wakeup import Wakeup
from filebridge.transports.shutting import shut
from filebridge.transports.watching.event import GONE, LOST, PATIENCE, Event
from filebridge.transports.watching.watch import open_watch

__all__ = ["NumberedReceiver"]

# The last run of digits counts: run2_0007.txt is the seventh.
_NUMBER = re.compile(r"([0-9]{1,18})[^0-9]*\Z")

_FEW = 16
"""Results that are remembered although they are over: to look for them at each answer would take long in a burst."""


class NumberedReceiver:
    """Gives one snapshot for each file that matches the name with its star, in the order of their numbers.

    A file counts if its number is above the last one, or if the numbers begin again: at the first one or below
    it. What is there when this is made is of an earlier run, and is never given. ``final`` and ``fades`` are those of
    ``ResultsReceiver``. Raises ConfigError for a name with another star, or with a flag or a lock beside it;
    for the rest see ``ResultsReceiver``.
    """

    __slots__ = (
        "_cap", "_directory", "_first", "_folder", "_given", "_label", "_last", "_old", "_parts", "_polls", "_ready",
        "_removes", "_shape", "_style", "_take", "_wakeup", "_watch", "fades", "final", "patience",
    )  # fmt: skip

    def __init__(self, directory: str, results: Results) -> None:
        _refuse(results)
        self.final = False
        self.fades: Callable[[], bool] = unseen
        self._directory, self._label = directory, results.names[0]
        self._cap, self._removes, self._style = results.cap, results.remove, STYLES[results.written]
        self._first = self._last = -1
        self._parts: dict[str, Part] = {}
        self._ready: list[tuple[int, str]] = []
        self._given: list[Part] = []
        self._old: dict[str, Identity | None] = {}
        with ExitStack() as undo:
            self._folder, name = open_folder(directory, self._label, make=True)
            undo.callback(self._leave)
            before, _, after = name.partition("*")
            self._shape = re.compile(f"{re.escape(before)}(.*){re.escape(after)}", re.DOTALL)
            folder = os.path.join(directory, os.path.dirname(self._label))
            self._watch = open_watch([folder], results.watch, results.interval)
            undo.callback(self._watch.close)
            self._take = self._watch.take
            self._polls = results.watch == "poll" or self._watch.patience != PATIENCE
            self.patience = self._watch.patience if self._polls else PATIENCE / 2
            self._wakeup = Wakeup()
            undo.callback(self._wakeup.close)
            self._wakeup.add(self._watch.fileno())
            self._adopt()
            undo.pop_all()

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced, or more results are there."""
        return self._wakeup.fileno() if self._wakeup.sees else self._watch.fileno()

    def expect(self) -> None:
        """Await the answer to the next action; results that were not read by now are no answer to it."""
        for part in [part for part in self._parts.values() if part.news]:
            if self._number(part.name) is not None:
                self._settle(part)
            else:
                self._parts.pop(part.name, None)
        self._ready.clear()
        self._wakeup.hush()
        if self._removes:
            for part in self._given:
                part.remove()
            self._given.clear()
        if self._polls:
            self._adopt()

    def read(self) -> bytes | None:
        """Return the next result that is whole, None while there is none."""
        events = self._take()
        if events:
            self._note(events)
        return self._next() if self._ready else None

    def look(self) -> bytes | None:
        """Return the next result that is whole, announced or not, None while there is none."""
        events = self._take()
        if events:
            self._note(events)
        self._inspect()
        return self._next()

    def known(self) -> dict[str, Identity | None]:
        """Return the files that were given, or are of an earlier run, each in the state that it had then."""
        folder, given = os.path.dirname(self._label), {name: part.given for name, part in self._parts.items()}
        return {os.path.join(folder, name): state for name, state in (self._old | given).items()}

    def close(self) -> None:
        """Close the descriptors, twice is harmless; files stay where they are."""
        self._wakeup.close()
        self._watch.close()
        self._leave()

    def _leave(self) -> None:
        shut(self, "_folder")

    def _number(self, name: str) -> int | None:
        """Return the number of a result, None for a file that is none or is over."""
        match = self._shape.fullmatch(name)
        found = _NUMBER.search(match[1]) if match else None
        if found is None:
            return None
        number = int(found[1])
        return number if number >= self._last or number <= self._first else None

    def _part(self, name: str) -> Part:
        part = self._parts.get(name)
        if part is None:
            label = os.path.join(os.path.dirname(self._label), name)
            part = self._parts[name] = self._style(label, self._folder, name)
            part.given = self._old.pop(name, None)
            part.polled, part.late = self._polls, self._watch.late
        return part

    def _note(self, events: Sequence[Event]) -> None:
        for _, name, kind in events:
            if kind == LOST:
                self._enter_again()
                self._inspect()
            elif kind == GONE:
                self._old.pop(name, None)
                if name in self._parts and not self._parts[name].outlives():
                    del self._parts[name]
            else:
                number = self._number(name)
                if number is not None:
                    part = self._part(name)
                    known = part.news
                    part.note(kind)
                    if part.news and not known:
                        heappush(self._ready, (number, name))

    def _inspect(self) -> None:
        """Look at all files in the folder that may be results."""
        for name in self._names():
            number = self._number(name)
            if number is not None:
                part = self._part(name)
                known = part.news
                part.inspect(self.final)
                if part.news and not known:
                    heappush(self._ready, (number, name))

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)
        except OSError as exc:
            raise TransportError(
                f"the folder of {self._label} cannot be listed",
                found=str(exc.strerror),
                cure="let this user read it",
            ) from exc

    def _adopt(self) -> None:
        """Take what stands there now for old, or remove it where old results are to be removed."""
        if self._removes:
            for name in self._names():
                if self._number(name) is not None:
                    self._style(name, self._folder, name).remove()
        for part in self._parts.values():
            part.adopt()
        self._note_old()

    def _enter_again(self) -> None:
        """Open the folder anew: it may be another one by now."""
        try:
            folder, _ = open_folder(self._directory, self._label)
        except PeerRejected:
            raise
        except TransportError:
            return  # it is gone once more, of which the watch will tell
        # Forgotten before it is closed: an interrupt comes behind a call, and its number is soon another's.
        old, self._folder = self._folder, folder
        os.close(old)
        for part in self._parts.values():
            part.folder = folder
            part.writing = False

    def _next(self) -> bytes | None:
        """Return the result with the lowest number of those that are whole, and wake the loop for the others."""
        data, unread = None, []
        while self._ready and not data:
            entry = heappop(self._ready)
            part = self._parts.get(entry[1])
            if part is None or not part.news:
                continue
            if self._number(part.name) is None:
                del self._parts[part.name]
                continue
            data = part.read(self._cap)
            if data and self._style is ClosedPart and not self.final and self.fades():
                data = None
            if data:
                part.give()
                self._settle(part)
            elif part.news:
                unread.append(entry)
        if data and self._ready:
            self._wakeup.ring()
        else:
            self._wakeup.hush()
        for entry in unread:
            heappush(self._ready, entry)
        return data or None

    def _settle(self, part: Part) -> None:
        """Make this result the last one; those that are over by that may be forgotten."""
        number = self._number(part.name) or 0
        if number < self._last:
            # They begin again, and the files of the last round are still there.
            self._forget()
            self._note_old()
        if self._first < 0 or number <= self._first:
            self._first = number
        self._last = number
        part.news = 0
        if self._removes:
            self._given.append(part)
        if len(self._parts) - len(self._ready) > _FEW:
            self._forget()

    def _forget(self) -> None:
        """Forget the results that are over."""
        for name in [name for name in self._parts if self._number(name) is None]:
            del self._parts[name]

    def _note_old(self) -> None:
        """Take what nothing was told of for old."""
        for name in self._names():
            if name not in self._parts and self._shape.fullmatch(name):
                self._old[name] = identity(self._folder, name)


def _refuse(results: Results) -> None:
    name = results.names[0]
    if len(results.names) > 1 or name.count("*") > 1 or "*" in os.path.dirname(name):
        raise ConfigError(
            "numbered results have one name with one star, in its last part",
            found=", ".join(results.names),
            cure="write it as out/*.txt",
        )
    if results.flag or results.lock:
        raise ConfigError(
            "numbered results are each whole by themselves",
            found="a flag or a lock beside them",
            cure="leave it out, and say how each of them is `written`",
        )
