"""Watching folders: which changes are announced, in what way, and what becomes of a folder that goes away.

A watch never waits: it has a descriptor that is readable when ``take`` has something to tell.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from filebridge.errors import BridgeError, LimitReached, TransportError, WatchLost

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

class Event(NamedTuple):
    """What happened to the file ``name`` of the folder with the number ``folder``.

    ``kind`` is CHANGED, CLOSED, ARRIVED, GONE or LOST; for LOST the name is empty.
    """

    folder: int
    name: str
    kind: int


class Watch(Protocol):
    """Tells what happens in some folders; never waits.

    ``patience`` is the number of seconds after which to look although nothing was announced. ``polls`` says
    that nothing ever is.
    """

    patience: float
    polls: bool

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


def open_watch(folders: Sequence[str], mode: Literal["auto", "inotify", "watchdog", "poll"], interval: float) -> Watch:
    """Watch ``folders``, which must exist; ``interval`` is the seconds between two looks where they are polled.

    "auto" takes what works best here, and warns with WatchWarning, once in a process, where that is not inotify.

    Raises WatchLost for a folder that is missing, LimitReached when the machine has no more of what the way
    that was asked for needs, TransportError where this way does not exist.
    """
    if mode == "poll":
        return _polling(folders, interval)
    if mode == "watchdog":
        return _observing(folders)
    from filebridge.transports.inotify import InotifyWatch
    from filebridge.transports.inotify_source import NoInotify
    if mode == "inotify":
        try:
            return InotifyWatch(folders)
        except NoInotify as exc:
            raise _missing(exc) from exc
    return _best(folders, interval)


def _best(folders: Sequence[str], interval: float) -> Watch:
    from filebridge.transports.inotify import InotifyWatch
    from filebridge.transports.inotify_source import NoInotify
    from filebridge.transports.storage import announced, remote
    kind = next(filter(None, map(remote, folders)), "")
    if kind:
        return _polling(folders, interval, f"{kind} storage announces nothing that another machine does")
    try:
        watch = InotifyWatch(folders)
    except NoInotify as exc:
        if exc.errno != errno.ENOSYS:
            return _polling(folders, interval, _missing(exc).found)
        return _portable(folders, interval)
    try:
        if announced(watch, folders):
            return watch
    except BaseException:
        watch.close()
        raise
    watch.close()
    return _polling(folders, interval, "the storage announces nothing")


def _portable(folders: Sequence[str], interval: float) -> Watch:
    _warn("there is no inotify on this system: files are watched through watchdog, which is slower")
    try:
        return _observing(folders)
    except WatchLost:
        raise
    except BridgeError as error:
        return _polling(folders, interval, f"watchdog cannot be used: {error.found}")


def _observing(folders: Sequence[str]) -> Watch:
    from filebridge.transports.observing import ObserverWatch
    return ObserverWatch(folders)


def _polling(folders: Sequence[str], interval: float, reason: str = "") -> Watch:
    from filebridge.transports.polling import PollingWatch
    watch = PollingWatch(folders, interval)
    if reason:
        _warn(f"{reason}: files are looked at every {interval:g} s instead")
    return watch


def _missing(error: OSError) -> BridgeError:
    """Return what is raised where inotify was asked for by name."""
    if error.errno == errno.ENOSYS:
        return TransportError("there is no inotify on this system", found=error.strerror or "",
                              cure="write `watch: auto`")
    if error.errno == errno.EMFILE:
        return LimitReached("files cannot be watched", found="this user's limit of inotify instances is reached",
                            cure="raise it, sysctl fs.inotify.max_user_instances=1024, or write `watch: auto`")
    return LimitReached("files cannot be watched", found=f"inotify: {error.strerror}",
                        cure="end what uses so many files or so much memory, or write `watch: poll`")


_warned: set[str] = set()


def _warn(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, WatchWarning, stacklevel=5)
