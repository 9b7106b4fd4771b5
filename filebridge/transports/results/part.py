"""One result file: what was announced of it, and when that makes it a new answer; a class for each way to write."""

from __future__ import annotations

import os
import sys

from filebridge.errors import TransportError
from filebridge.transports.regular import Identity, identity, read_regular
from filebridge.transports.results.lease import is_closed
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE

__all__ = ["STYLES", "SURE", "ClosedPart", "LockedPart", "OpenPart", "Part", "RenamedPart"]

DOUBTFUL = 1
"""The file is new if it holds something else than what was given last: a date or a mode may be all that changed."""

LIKELY = 2
"""The file is new if it is another one than was given last, or in another state."""

SURE = 3
"""The file was written anew, even if it looks as before."""

_TRIES = range(3)

# Elsewhere than on Linux no system announces that a file was closed.
_CLOSES_ARE_TOLD = sys.platform == "linux"


class Part:
    """A file named ``name`` in the folder of the descriptor ``folder``; ``label`` is its name in the configuration.

    ``news`` is 0, DOUBTFUL, LIKELY or SURE. ``given`` is the identity of what was given last, or was there from the
    beginning. ``polled``: nothing is announced of it, so that its dates have to be believed. ``late``: what is
    announced may be of what was seen already.
    """

    __slots__ = (
        "before", "content", "folder", "given", "label", "late", "name", "news", "polled", "read_last", "seen", "told",
        "writing",
    )  # fmt: skip

    def __init__(self, label: str, folder: int, name: str) -> None:
        self.label = label
        self.folder = folder
        self.name = name
        self.news = 0
        self.writing = False
        self.told = False
        self.polled = False
        self.late = False
        self.content: bytes | None = None
        self.read_last = b""
        self.seen: Identity | None = None
        self.before: Identity | None = None
        self.given: Identity | None = None

    def note(self, kind: int) -> None:
        """Take note of an event of this file."""
        raise NotImplementedError

    def changed(self, now: Identity, final: bool) -> bool:
        """Tell whether the file, not the one ``given`` any more, is whole; ``final``: nobody writes any more."""
        raise NotImplementedError

    def inspect(self, final: bool) -> None:
        """Look at the file although nothing was announced of it."""
        if not self.news:
            now = identity(self.folder, self.name)
            if now is None or now == self.given:
                self.before = None
            elif self.changed(now, final):
                self.news = self._evidence(now)
            else:
                self.before = now

    def _evidence(self, now: Identity) -> int:
        """Return how likely a file of another identity is a new one."""
        given = self.given
        if given is None or now[0] != given[0]:
            return LIKELY
        return LIKELY if self.polled and (now[1], now[3]) != (given[1], given[3]) else DOUBTFUL

    def is_old(self, data: bytes) -> bool:
        """Tell whether what was just read, ``data`` of the identity ``seen``, was given already."""
        if self.news == LIKELY:
            return self.seen == self.given
        return self.news == DOUBTFUL and data == self.content

    def read(self, cap: int) -> bytes | None:
        """Return what the file holds; None if it is missing, being written, or was given already."""
        for _ in _TRIES:
            found = read_regular(self.folder, self.name, cap)
            if found is not None:
                break
        else:
            return None
        data, self.seen, nameless = found
        if (self.news != SURE and self.is_old(data)) or ((nameless or self.late) and self._was_given(data, nameless)):
            self.given = self.seen
            self.news = 0
            return None
        self.read_last = data
        return data

    def _was_given(self, data: bytes, nameless: bool) -> bool:
        """Tell whether ``data`` was given already, although a late announcement or another ctime speaks against it."""
        given, seen = self.given, self.seen
        if given is None or seen is None:
            return False
        if nameless:
            return (seen[0], seen[1], seen[3]) == (given[0], given[1], given[3])
        return seen == given and data == self.content

    def give(self) -> None:
        """Take note that what was read last is given away."""
        self.given = self.seen
        self.content = self.read_last
        self.before = None
        self.news = 0

    def expect(self) -> None:
        """Await the next answer from now on."""
        self.news = 0

    def adopt(self) -> None:
        """Take what stands there now for old."""
        self.given = identity(self.folder, self.name)

    def outlives(self) -> bool:
        """Tell whether the file is there as it was given, so that what was announced to be gone was an older one."""
        return self.late and self.given is not None and identity(self.folder, self.name) == self.given

    def lose(self) -> None:
        """Take note that a file of this name is gone."""
        if not self.outlives():
            self.forget()

    def forget(self) -> None:
        """Take the next file of this name for new, whatever it looks like: this one is gone."""
        self.news = 0
        self.writing = False
        self.before = self.given = None

    def remove(self) -> None:
        """Remove the file, if there is one. Raises TransportError when that is not possible."""
        try:
            os.unlink(self.name, dir_fd=self.folder)
        except FileNotFoundError:
            pass  # it was not written yet
        except OSError as exc:
            raise TransportError(
                f"{self.label} of an earlier step cannot be removed",
                found=str(exc.strerror),
                cure="let this user write to its folder, and let no folder have this name",
            ) from exc
        self.forget()


class RenamedPart(Part):
    """Written elsewhere and renamed into place."""

    __slots__ = ()

    def note(self, kind: int) -> None:
        """Take it for new when it arrives, and only then."""
        if kind == ARRIVED:
            self.news = LIKELY
        elif kind == GONE:
            self.lose()

    def changed(self, now: Identity, final: bool) -> bool:
        """Tell whether it is another file, and not the same one with another content."""
        return self.given is None or now[0] != self.given[0]


class ClosedPart(Part):
    """Written in place and then closed, or renamed into place."""

    __slots__ = ()

    def note(self, kind: int) -> None:
        """Take it for new once it is closed, until somebody writes again."""
        if kind == CHANGED:
            self.writing = _CLOSES_ARE_TOLD
            self.before = None
            self.news = 0
        elif kind == GONE:
            self.lose()
        elif kind == CLOSED and self.writing:
            self.news = SURE
            self.writing = False
        else:
            self.news = max(self.news, DOUBTFUL if kind == CLOSED else LIKELY)
            self.writing = False

    def changed(self, now: Identity, final: bool) -> bool:
        """Tell whether nobody has it open; where that is unknown, whether it stood still between two looks."""
        if final:
            return True
        closed = is_closed(self.folder, self.name)
        return now == self.before and not self.writing if closed is None else closed

    def read(self, cap: int) -> bytes | None:
        """Return what the file holds, None too if it was closed some time ago and is written to by now."""
        data = super().read(cap)
        if data is None or not self.late:
            return data
        stands = is_closed(self.folder, self.name) is not False and identity(self.folder, self.name) == self.seen
        return data if stands else None


class OpenPart(Part):
    """Written whenever the simulator likes; each different state of it is given once."""

    __slots__ = ()

    def note(self, kind: int) -> None:
        """Take any change for the one that may make the message whole."""
        if kind == GONE:
            self.lose()
        else:
            self.news = max(self.news, DOUBTFUL if kind == CLOSED else LIKELY)

    def changed(self, now: Identity, final: bool) -> bool:
        """Tell that it is: the message's own end decides."""
        return True

    def is_old(self, data: bytes) -> bool:
        """Tell whether this was given already: equal contents may still answer different actions."""
        return data == self.content and (self.news == DOUBTFUL or self.told or self.seen == self.given)

    def give(self) -> None:
        """Take note that what was read last is given away; it is not given again to this action."""
        super().give()
        self.told = True

    def expect(self) -> None:
        """Await the next answer, which may be equal to the last."""
        self.news = 0
        self.told = False


class LockedPart(Part):
    """Written in any way, with a lock file or a flag that says when it is whole."""

    __slots__ = ()

    def note(self, kind: int) -> None:
        """Take it for new when it is written; a close alone may come after the lock is gone."""
        if kind == CHANGED:
            self.news = SURE
        elif kind == GONE:
            self.lose()
        else:
            self.news = max(self.news, DOUBTFUL if kind == CLOSED else LIKELY)

    def changed(self, now: Identity, final: bool) -> bool:
        """Tell that it is: the lock or the flag decides."""
        return True


STYLES: dict[str, type[Part]] = {"renamed": RenamedPart, "closed": ClosedPart, "open": OpenPart}
"""The class for each way to write of ``Results.written`` that makes a snapshot."""
