"""Watching folders: which changes are announced, in what way, and what becomes of a folder that goes away.

A watch never waits: it has a descriptor that is readable when ``take`` has something to tell.
"""

from __future__ import annotations

import errno
import warnings
from collections.abc import Sequence
from typing import Literal

from filebridge.errors import BridgeError, LimitReached, TransportError, WatchLost
from filebridge.transports.watching.event import Watch

__all__ = ["WatchWarning", "open_watch"]

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
    from filebridge.transports.watching.inotify import InotifyWatch
    from filebridge.transports.watching.inotify_source import NoInotify
    if mode == "inotify":
        try:
            return InotifyWatch(folders)
        except NoInotify as exc:
            raise _missing(exc) from exc
    return _best(folders, interval)


def _best(folders: Sequence[str], interval: float) -> Watch:
    from filebridge.transports.watching.inotify import InotifyWatch
    from filebridge.transports.watching.inotify_source import NoInotify
    from filebridge.transports.watching.storage import announced, remote
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
    from filebridge.transports.watching.observing import ObserverWatch
    return ObserverWatch(folders)


def _polling(folders: Sequence[str], interval: float, reason: str = "") -> Watch:
    from filebridge.transports.watching.polling import PollingWatch
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
