"""Linux's announcements of changed files: one inotify descriptor for all the watches of this process.

A user has 128 of these descriptors, and environments are many. So whoever reads hands to the others what is
theirs and rings their bell; each watch waits for the shared descriptor and for its own bell at once.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import threading
from collections.abc import Sequence
from struct import Struct

from filebridge.errors import BridgeError, LimitReached, TransportError, UsageError
from filebridge.transports.bell import Bell
from filebridge.transports.watch import ARRIVED, CHANGED, CLOSED, GONE, LOST, PATIENCE, Event, Folders, lost

__all__ = ["InotifyWatch", "NoInotify"]

_MODIFY, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x2, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED = 0x2000, 0x4000, 0x8000
_ONLYDIR, _EXCL_UNLINK = 0x1000000, 0x4000000
_KINDS = {
    _MODIFY: CHANGED, _CREATE: CHANGED, _CLOSE_WRITE: CLOSED, _MOVED_TO: ARRIVED, _MOVED_FROM: GONE, _DELETE: GONE,
}  # fmt: skip
_WANTED = sum(_KINDS) | _DELETE_SELF | _MOVE_SELF | _ONLYDIR | _EXCL_UNLINK
_ENDS = _DELETE_SELF | _MOVE_SELF | _UNMOUNT | _IGNORED
_HEAD = Struct("iIII")
_ROOM = 65536
_MANY = 16384
"""Announcements kept for a watch that nobody asks; as many as the kernel keeps."""

_NOTHING: tuple[Event, ...] = ()


class NoInotify(OSError):
    """There is no inotify on this machine, or none is left for this user; the number says why."""


class _Inotify:
    """The descriptor that all watches share, and who is told of which folder; used under ``_LOCK`` only."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._library = library
        self.watches: tuple[InotifyWatch, ...] = ()
        self.buffer = bytearray(_ROOM)
        self.buffers = (self.buffer,)
        self._told: dict[int, tuple[tuple[InotifyWatch, int], ...]] = {}
        try:
            self.descriptor = _result(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except AttributeError as exc:
            raise NoInotify(errno.ENOSYS, os.strerror(errno.ENOSYS)) from exc
        except OSError as exc:
            raise NoInotify(exc.errno, exc.strerror) from exc

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def tell(self, watch: InotifyWatch, index: int, path: str) -> None:
        """Announce to ``watch`` what happens in the folder at ``path``, its number ``index``; raises OSError."""
        key = _result(self._library.inotify_add_watch(self.descriptor, os.fsencode(path), ctypes.c_uint32(_WANTED)))
        self._told[key] = (*self._told.get(key, ()), (watch, index))

    def forget(self, watch: InotifyWatch, index: int) -> None:
        """Announce no more to ``watch`` what happens in its folder ``index``."""
        for key, told in list(self._told.items()):
            if (watch, index) in told:
                self._told[key] = left = tuple(pair for pair in told if pair != (watch, index))
                if not left:
                    self._drop(key)

    def _drop(self, key: int) -> tuple[tuple[InotifyWatch, int], ...]:
        # The kernel may have dropped it already, with the folder.
        self._library.inotify_rm_watch(self.descriptor, key)
        return self._told.pop(key, ())

    def lose(self) -> None:
        """Tell every watch that announcements were lost."""
        for watch in self.watches:
            watch.lose()

    def hand_out(self, size: int, reader: InotifyWatch) -> None:
        """Give the first ``size`` bytes of the buffer to those whom they concern; only ``reader`` needs no bell."""
        buffer, told, head = self.buffer, self._told, _HEAD.unpack_from
        offset = 0
        while offset < size:
            key, mask, _, length = head(buffer, offset)
            offset += 16 + length
            kind = _KINDS.get(mask)
            if kind is None:
                self._see_to(key, mask)
                continue
            name = buffer[offset - length : offset].rstrip(b"\0").decode("utf-8", "surrogateescape")
            for watch, index in told.get(key, ()):
                watch.events.append(Event(index, name, kind))
                if watch is not reader:
                    watch.called()

    def _see_to(self, key: int, mask: int) -> None:
        if mask & _OVERFLOW:
            self.lose()
        elif mask & _ENDS and key in self._told:
            for watch, index in self._drop(key):
                watch.folders.miss(index)
                watch.bell.ring()


class InotifyWatch:
    """The folders of one simulator, watched through the shared descriptor. See ``open_watch``.

    Raises NoInotify where it cannot be used, LimitReached when the user may watch no more folders, WatchLost
    for a folder that is missing.
    """

    patience = PATIENCE

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = Folders(folders)
        self.events: list[Event] = []
        self._closed = False
        with _LOCK:
            self._source = _shared()
            self._source.watches += (self,)
            self.bell = Bell()
            self._epoll = select.epoll()
            try:
                self._begin()
            except BaseException:
                self.close()
                raise

    def _begin(self) -> None:
        for descriptor in (self._source.descriptor, self.bell.fileno()):
            self._epoll.register(descriptor, select.EPOLLIN)
        for index in range(len(self.folders.paths)):
            self._watch(index)

    def _watch(self, index: int) -> None:
        path = self.folders.paths[index]
        try:
            self.folders.settle(index)
            self._source.tell(self, index, path)
        except OSError as exc:
            raise _refused(exc, path) from exc

    def fileno(self) -> int:
        """Return the descriptor that is readable when something was announced, to this watch or another."""
        return self._epoll.fileno()

    def take(self) -> Sequence[Event]:
        """Return what was announced since the last call; see ``Watch``."""
        source = self._source
        with _LOCK:
            try:
                source.hand_out(os.readv(source.descriptor, source.buffers), self)
            except BlockingIOError:
                pass
            except BaseException as exc:
                if source.descriptor < 0:
                    raise _foreign() from exc
                source.lose()
                raise
            folders = self.folders
            for index in folders.replaced():
                folders.miss(index)
            if folders.missing:
                self._watch_again()
            if self.bell.rung:
                self.bell.silence()
            if not self.events:
                return _NOTHING
            events, self.events = self.events, []
            return events

    def _watch_again(self) -> None:
        """Watch what stands now where a folder went away; whatever was written there meanwhile is to be looked at."""
        missing = self.folders.missing
        for index in [*missing]:
            self._source.forget(self, index)
            try:
                self._watch(index)
            except BridgeError:
                if self.folders.given_up(index):
                    raise
                continue
            del missing[index]
            self.events.append(Event(index, "", LOST))

    def called(self) -> None:
        """Wake whoever waits for this watch; what nobody fetches is not kept for ever."""
        self.bell.ring()
        if len(self.events) > _MANY:
            self.lose()

    def lose(self) -> None:
        """Put one word, that announcements were lost, in the place of all that were not fetched."""
        self.events = [Event(index, "", LOST) for index in range(len(self.folders.paths))]
        self.bell.ring()

    def close(self) -> None:
        """Stop watching; the shared descriptor is closed with the last watch."""
        with _LOCK:
            if self._closed:
                return
            self._closed = True
            self._epoll.close()
            self.bell.close()
            if self._source.descriptor >= 0:
                _leave(self._source, self)


_LOCK = threading.RLock()
_current: _Inotify | None = None


def _shared() -> _Inotify:
    global _current
    if _current is None:
        _current = _Inotify()
    return _current


def _leave(source: _Inotify, watch: InotifyWatch) -> None:
    global _current
    source.watches = tuple(other for other in source.watches if other is not watch)
    for index in range(len(watch.folders.paths)):
        source.forget(watch, index)
    if not source.watches:
        source.close()
        _current = None


def _leave_to_parent() -> None:
    """Give up, in a forked child, the descriptor that is the parent's: reading it would take the parent's events."""
    global _LOCK, _current
    _LOCK = threading.RLock()
    inherited, _current = _current, None
    if inherited is not None:
        inherited.close()


os.register_at_fork(after_in_child=_leave_to_parent)


def _result(value: int) -> int:
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


def _foreign() -> UsageError:
    return UsageError(
        "a watch of folders belongs to the process that opened it",
        found="it was used in a forked child",
        cure="make the environment in the process that uses it",
    )


def _refused(error: OSError, path: str) -> BridgeError:
    """Return what is raised for a folder that the kernel does not watch."""
    if error.errno == errno.ENOSPC:
        return LimitReached("no more folders can be watched", found=f"{path}: the limit of inotify watches is reached",
                            cure="raise it: sysctl fs.inotify.max_user_watches=1048576; or write `watch: poll`")
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        return LimitReached(f"{path} cannot be watched", found=error.strerror or "",
                            cure="raise the limit before the training: ulimit -n")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return lost(path, error)
    return TransportError(f"{path} cannot be watched", found=error.strerror or "",
                          cure="make the folder readable for this user, or write `watch: poll`")
