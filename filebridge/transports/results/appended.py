"""A result file that grows, as a stream: read on from where it ended, through rotation and truncation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack

from filebridge.errors import PeerRejected, TransportError
from filebridge.transports.base import CHUNK, Results
from filebridge.transports.regular import Identity, open_folder, open_regular
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, LOST, Event
from filebridge.transports.watching.watch import open_watch

__all__ = ["AppendedReceiver"]

_OVERLAP = 64
"""Bytes before the place to read on from that must still stand there; else the file was begun anew."""

_CHUNKS = range(64)


class AppendedReceiver:
    """Gives what is appended to the file, a piece at a time.

    What is there when it is made is of an earlier run: it is removed where ``results.remove`` says so, else
    passed over. Renamed away, a file is read to its end before the one that follows it; truncated, it is read
    from its begin. Raises what ``ResultsReceiver`` does, and so do ``read`` and ``look``.
    """

    __slots__ = (
        "_adrift", "_descriptor", "_directory", "_folder", "_full", "_label", "_name", "_offset", "_stale", "_tail",
        "_take", "_watch", "final", "patience",
    )  # fmt: skip

    def __init__(self, directory: str, results: Results) -> None:
        self.final = False
        self._directory = directory
        self._label = results.names[0]
        self._descriptor = -1
        self._adrift = self._full = False
        with ExitStack() as undo:
            self._folder, self._name = open_folder(directory, self._label, make=True)
            undo.callback(self._leave)
            folder = os.path.join(directory, os.path.dirname(self._label))
            self._watch = open_watch([folder], results.watch, results.interval)
            undo.callback(self._watch.close)
            self._take = self._watch.take
            self.patience = self._watch.patience
            self._begin(None)
            if results.remove:
                self._remove()
            self._pass_over()
            undo.pop_all()

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced."""
        return self._watch.fileno()

    def expect(self) -> None:
        """Do nothing: what was appended before the next action was read before it."""

    def read(self) -> bytes | None:
        """Return what was appended, None when nothing was announced."""
        events = self._take()
        if not events:
            return None
        concerned = self._concerned(events)
        return self._more(concerned > 1) if concerned else None

    def look(self) -> bytes | None:
        """Return what was appended, announced or not, None when there is nothing new."""
        events = self._take()
        if events:
            self._concerned(events)
        return self._more(True)

    def known(self) -> dict[str, Identity | None]:
        """Return nothing: what was read of a file that grows says nothing about what it holds now."""
        return {}

    def close(self) -> None:
        """Close the descriptors, twice is harmless; the file stays where it is."""
        self._watch.close()
        self._leave()

    def _concerned(self, events: Sequence[Event]) -> int:
        """Return 0 if ``events`` do not concern the file, 1 if it may have grown, 2 if it may be another one."""
        concerned = 0
        for _, name, kind in events:
            if name == self._name:
                concerned = max(concerned, 1 if kind in (CHANGED, CLOSED) else 2)
            elif kind == LOST:
                self._enter_again()
                concerned = 2
            elif self._adrift:
                # It goes on growing under another name until the simulator opens the next one.
                concerned = 2
        return concerned

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

    def _more(self, doubtful: bool) -> bytes | None:
        """Return what the file has grown by; ``doubtful``: it may have been replaced."""
        data = self._grown()
        if self._full:
            return data
        if doubtful or not data:
            following = open_regular(self._folder, self._name)
            if following is None:
                self._adrift = True
            elif self._descriptor >= 0 and os.path.sameopenfile(following, self._descriptor):
                self._adrift = False
                os.close(following)
            else:
                # What was written to the old one was written before the new one was made, but perhaps after our look.
                data += self._grown()
                if self._full:
                    os.close(following)
                    return data
                self._begin(following)
                data += self._grown()
        return data or None

    def _begin(self, descriptor: int | None) -> None:
        """Read the file of this descriptor from its begin."""
        old, self._descriptor = self._descriptor, -1 if descriptor is None else descriptor
        if old >= 0:
            os.close(old)
        self._adrift = False
        self._rewind()

    def _rewind(self) -> None:
        self._offset = 0
        self._tail = b""
        self._stale: int | None = None

    def _grown(self) -> bytes:
        """Return what stands behind the place up to which the file was read, or all if it was begun anew."""
        if self._descriptor < 0:
            return b""
        pieces = []
        self._full = False
        try:
            for _ in _CHUNKS:
                data = os.pread(self._descriptor, CHUNK, self._offset - len(self._tail))
                if not data.startswith(self._tail) or self._rewritten(len(data)):
                    self._rewind()
                    continue
                piece = data[len(self._tail) :]
                if not piece:
                    break
                pieces.append(piece)
                self._stale = None
                self._offset += len(piece)
                self._tail = data[-_OVERLAP:]
                if len(data) < CHUNK:
                    break
            else:
                # Another file is looked for only behind the end of this one.
                self._full = True
                self._watch.again(Event(0, self._name, ARRIVED))
        except OSError as exc:
            raise _unreadable(self._label, exc) from exc
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _rewritten(self, size: int) -> bool:
        """Tell whether the file of an earlier run was replaced by the very same bytes, as equal runs begin equally."""
        if self._stale is None or size != len(self._tail):
            return False
        return os.fstat(self._descriptor).st_mtime_ns != self._stale

    def _pass_over(self) -> None:
        """Begin at the end of the file that is there, if there is one."""
        descriptor = open_regular(self._folder, self._name)
        if descriptor is None:
            return
        self._begin(descriptor)
        status = os.fstat(descriptor)
        self._offset = status.st_size
        self._stale = status.st_mtime_ns
        self._tail = os.pread(descriptor, _OVERLAP, max(0, self._offset - _OVERLAP))

    def _remove(self) -> None:
        try:
            os.unlink(self._name, dir_fd=self._folder)
        except FileNotFoundError:
            pass  # there was no earlier run
        except OSError as exc:
            raise TransportError(
                f"{self._label} of an earlier run cannot be removed",
                found=str(exc.strerror),
                cure="let this user write to its folder, and let no folder have this name",
            ) from exc

    def _leave(self) -> None:
        for descriptor in (self._descriptor, self._folder):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._folder = -1


def _unreadable(label: str, exc: OSError) -> TransportError:
    return TransportError(
        f"{label} cannot be read on", found=str(exc.strerror), cure="see what became of the storage that it lies on"
    )
