"""What is seen of files and FIFOs through which a reply was awaited in vain: facts, looked up for an error."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from filebridge.errors import TransportError
from filebridge.transports.base import Ways
from filebridge.transports.regular import Identity, identity, open_folder
from filebridge.transports.results.lease import is_closed

__all__ = ["Known", "Seen", "Sight", "sight"]

MARGIN = 0.01
"""Seconds by which the clock of a file system may be late."""

MOST = 10_000
"""Entries of a folder that are looked at."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file: its ``name`` seen from the start folder, whether it is there and new, its ``size`` in bytes and ``age``.

    "old": written before the action; "open": new, and somebody has it open for writing. ``age`` is in seconds.
    """

    name: str
    state: Literal["missing", "old", "open", "new"] = "missing"
    size: int = 0
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Sight:
    """The ``files`` that are awaited, their ``flag`` or ``lock``, ``others`` that are new, FIFOs that nobody opened.

    ``answers_in_fifo``: the reply comes through one.
    """

    files: tuple[Seen, ...] = ()
    flag: Seen | None = None
    lock: Seen | None = None
    others: tuple[Seen, ...] = ()
    unopened: tuple[str, ...] = ()
    answers_in_fifo: bool = False


Known = Mapping[str, Identity | None]
"""Files that were given away or passed over, each in the state that it had then."""


def sight(directory: str, ways: Ways, known: Known, group: int, seconds: float) -> Sight:
    """Return what is seen from ``directory`` of ``ways`` to the processes of a session or a ``group``.

    New is what changed within the last ``seconds``, and is not as it is ``known``. What cannot be looked at is missing.
    """
    results, fifos = ways.results, [name for name in (ways.fifo_to, ways.fifo_from) if name]
    look = _Look(directory, known, seconds)
    unopened = tuple(name for name in fifos if not _is_opened(os.path.join(directory, name), group))
    if results is None:
        return Sight(unopened=unopened, answers_in_fifo=bool(ways.fifo_from))
    files = tuple(found for name in results.names for found in look.matching(name))
    flag, lock = (next(look.matching(name)) if name else None for name in (results.flag, results.lock))
    awaited = {*results.names, results.flag, results.lock, *fifos, *(file.name for file in files)}
    folders = dict.fromkeys(["", *(os.path.dirname(name) for name in results.names)])
    beside = [found for folder in folders for found in look.listed(os.path.join(folder, "*"))]
    others = sorted((one for one in beside if one.state != "old" and one.name not in awaited), key=lambda one: one.age)
    return Sight(files, flag, lock, tuple(others), unopened)


class _Look:
    """A look at files beneath ``directory``, now."""

    def __init__(self, directory: str, known: Known, seconds: float) -> None:
        self._directory = directory
        self._known = known
        # At once: what is looked at later, on a busy machine much later, is no older for it.
        self._since = time.time() - seconds - MARGIN

    def matching(self, name: str) -> Iterator[Seen]:
        """Yield the file of this name, or the new ones of a name with a star; one that is missing if there is none."""
        if "*" not in name:
            yield self._seen(name) or Seen(name)
            return
        found = [one for one in self.listed(name) if one.state != "old"]
        yield from found or [Seen(name)]

    def listed(self, pattern: str) -> Iterator[Seen]:
        """Yield the regular files whose names match ``pattern`` in its last part; hidden ones are ours."""
        folder, shape = os.path.split(pattern)
        try:
            names = sorted(os.listdir(os.path.join(self._directory, folder)))[:MOST]
        except OSError:
            return
        for name in names:
            if fnmatchcase(name, shape) and not name.startswith("."):
                found = self._seen(os.path.join(folder, name))
                if found is not None:
                    yield found

    def _seen(self, name: str) -> Seen | None:
        try:
            folder, last = open_folder(self._directory, name)
        except TransportError:
            return None
        try:
            status = os.stat(last, dir_fd=folder, follow_symlinks=False)
            # Whatever date the program gives it, this one is the system's.
            age = max(0.0, time.time() - status.st_ctime)
            is_taken = name in self._known and identity(folder, last) == self._known[name]
            is_old = is_taken or status.st_ctime < self._since
            is_open = not is_old and is_closed(folder, last) is False
        except (OSError, TransportError):
            return None
        finally:
            os.close(folder)
        if not stat.S_ISREG(status.st_mode):
            return None
        state: Literal["old", "open", "new"] = "old" if is_old else "open" if is_open else "new"
        return Seen(name, state, status.st_size, age)


def _is_opened(path: str, group: int) -> bool:
    """Return whether a process of the session or ``group`` has the FIFO open; True where that cannot be seen."""
    try:
        wanted = os.stat(path, follow_symlinks=False)
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return True
    for number in numbers:
        with suppress(OSError):
            if group in (os.getsid(number), os.getpgid(number)) and _holds(number, (wanted.st_dev, wanted.st_ino)):
                return True
    return False


def _holds(number: int, wanted: tuple[int, int]) -> bool:
    for descriptor in os.listdir(f"/proc/{number}/fd"):
        with suppress(OSError):
            found = os.stat(f"/proc/{number}/fd/{descriptor}")
            if (found.st_dev, found.st_ino) == wanted:
                return True
    return False
