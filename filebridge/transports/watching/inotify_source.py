"""The one inotify descriptor of this process, and who is told what is read from it.

A user has 128 of these descriptors, and environments are many. So whoever reads hands to the others what is
theirs and rings their bell.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from _thread import start_new_thread
from struct import Struct
from typing import Protocol

from filebridge.transports.forking import begin_child
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE, Event
from filebridge.transports.watching.folders import Folders

__all__ = ["PARENT", "Inotify", "Listener", "NoInotify", "join"]

PARENT = -1
"""The number under which the folder around a missing one is heeded; nobody is told of what happens there."""

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
_NAMES = 4096
_new = tuple.__new__


class NoInotify(OSError):
    """There is no inotify on this machine, or none is left for this user; the number says why."""


class Listener(Protocol):
    """A watch, as the shared descriptor sees it: all of this is used under the lock only."""

    folders: Folders
    events: list[Event]

    def called(self) -> None:
        """Wake whoever waits for the watch: it has events, or a folder of it is missing."""

    def lose(self) -> None:
        """Replace all events by the word that announcements were lost."""


class Inotify:
    """The descriptor that all watches share; what is not private is called with ``lock`` held, but for ``leave``."""

    def __init__(self) -> None:
        self.lock = _LOCK
        self._library = library = ctypes.CDLL(None, use_errno=True)
        self._watches: tuple[Listener, ...] = ()
        self._told: dict[int, tuple[tuple[Listener, int], ...]] = {}
        self._names: dict[bytes, str] = {}
        try:
            self.descriptor = _opened(library)
        except AttributeError as exc:
            raise NoInotify(errno.ENOSYS, os.strerror(errno.ENOSYS)) from exc
        except OSError as exc:
            # The number for too many instances is that for too many open files as well: this raises for the latter.
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            raise NoInotify(exc.errno, exc.strerror) from exc

    @property
    def foreign(self) -> bool:
        """Whether the descriptor is no longer ours: in a forked child it is the parent's."""
        return self.descriptor < 0

    def enter(self, watch: Listener) -> None:
        """Count ``watch`` among those who are told."""
        self._watches += (watch,)

    def leave(self, watch: Listener) -> None:
        """Tell ``watch`` nothing any more; the descriptor is closed with the last one."""
        with self.lock:
            if self.foreign:
                return
            self._watches = tuple(other for other in self._watches if other is not watch)
            for index in range(PARENT, len(watch.folders.paths)):
                self.forget(watch, index)
            if not self._watches:
                _close_aside(self.descriptor)
                self.descriptor = -1

    def disown(self) -> None:
        """Close a forked child's copy; to read from it would be to take the parent's events."""
        self.lock = _LOCK
        if not self.foreign:
            os.close(self.descriptor)
            self.descriptor = -1

    def tell(self, watch: Listener, index: int, path: str) -> None:
        """Announce to ``watch`` what happens in the folder at ``path``, its number ``index``; raises OSError."""
        key = _added(self._library, self.descriptor, path)
        told = self._told.get(key, ())
        if (watch, index) not in told:
            self._told[key] = (*told, (watch, index))

    def forget(self, watch: Listener, index: int) -> None:
        """Announce no more to ``watch`` what happens in its folder ``index``."""
        for key, told in list(self._told.items()):
            if (watch, index) in told:
                self._told[key] = left = tuple(pair for pair in told if pair != (watch, index))
                if not left:
                    self._drop(key)

    def read(self, reader: Listener) -> None:
        """Hand out what waits; an interrupt in the middle of it makes it lost, which all are told.

        Only the ``reader`` needs no bell.
        """
        try:
            self._hand_out(os.read(self.descriptor, _ROOM), reader)
        except BlockingIOError:
            return
        except BaseException:
            self._lose()
            raise

    def _drop(self, key: int) -> tuple[tuple[Listener, int], ...]:
        # The kernel has dropped it already where the folder is gone.
        self._library.inotify_rm_watch(self.descriptor, key)
        return self._told.pop(key, ())

    def _hand_out(self, data: bytes, reader: Listener) -> None:
        """Give what was read to those whom it concerns; only ``reader`` needs no bell."""
        told, names, head = self._told, self._names, _HEAD.unpack_from
        offset, size = 0, len(data)
        while offset < size:
            key, mask, _, length = head(data, offset)
            start = offset + 16
            offset = start + length
            kind = _KINDS.get(mask)
            if kind is None:
                self._see_to(key, mask)
                continue
            padded = data[start:offset]
            name = names.get(padded)
            if name is None:
                name = self._name(padded)
            for watch, index in told.get(key, ()):
                if index >= 0:
                    watch.events.append(_new(Event, (index, name, kind)))
                    if watch is not reader:
                        watch.called()

    def _name(self, padded: bytes) -> str:
        if len(self._names) >= _NAMES:
            self._names.clear()
        name = self._names[padded] = os.fsdecode(padded.rstrip(b"\0"))
        return name

    def _lose(self) -> None:
        for watch in self._watches:
            watch.lose()

    def _see_to(self, key: int, mask: int) -> None:
        """See to what concerns folders rather than files."""
        if mask & _OVERFLOW:
            self._lose()
        elif mask & _ENDS:
            for watch, index in self._drop(key) if key in self._told else ():
                if index != PARENT:
                    watch.folders.miss(index)
                    watch.called()
        else:
            # A folder was made, moved or removed: it matters to those who wait for a missing one.
            for watch, index in self._told.get(key, ()):
                if index == PARENT:
                    watch.folders.due_at = 0.0
                    watch.called()


def _close_aside(descriptor: int) -> None:
    """Close the descriptor in a thread: the kernel takes 20 ms for it, which would be felt at each reset."""
    try:
        start_new_thread(os.close, (descriptor,))
    except RuntimeError:
        # No more threads, or the interpreter is ending.
        os.close(descriptor)


def _opened(library: ctypes.CDLL) -> int:
    return _result(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))


def _added(library: ctypes.CDLL, descriptor: int, path: str) -> int:
    return _result(library.inotify_add_watch(descriptor, os.fsencode(path), ctypes.c_uint32(_WANTED)))


def _result(value: int) -> int:
    if value < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return value


_LOCK = threading.RLock()
_current: Inotify | None = None


def join(watch: Listener) -> Inotify:
    """Return the shared descriptor, opened if there is none, with ``watch`` among those who are told.

    Raises NoInotify, or OSError when this process may open no more files.
    """
    global _current
    with _LOCK:
        if _current is None or _current.foreign:
            _current = Inotify()
        _current.enter(watch)
        return _current


def _leave_to_parent() -> None:
    global _LOCK, _current
    # Another thread of the parent may have held it, which does not exist here.
    _LOCK = threading.RLock()
    inherited, _current = _current, None
    if inherited is not None:
        inherited.disown()


begin_child(_leave_to_parent)
