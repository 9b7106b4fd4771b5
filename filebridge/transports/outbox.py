"""Files for the simulator, each put under its name only when it is whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

from filebridge.errors import LimitReached, StartError, TransportError
from filebridge.transports.regular import open_folder

__all__ = ["Outbox"]

_ROOM = ".filebridge-out"
_NO_NAMES = frozenset(("", ".", ".."))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SCARCE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM))
_CURES = {
    errno.ENOSPC: "make room on that storage",
    errno.EDQUOT: "make room: the quota of this user is used up",
    errno.EFBIG: "raise the limit on the size of files: ulimit -f",
    errno.EROFS: "let the simulator start in a folder that can be written to",
    errno.EACCES: "let this user write to that folder",
    errno.EPERM: "let this user write to that folder",
    errno.EISDIR: "a folder stands there: remove it, or choose another name",
    errno.ENOTEMPTY: "a folder stands there: remove it, or choose another name",
    errno.EXDEV: "another storage is mounted there: let the whole folder be on one",
    errno.EMFILE: "raise the limit: ulimit -n",
    errno.ELOOP: "a link stands there, which is not followed: remove it",
}


class Outbox:
    """Puts files into the folder ``directory`` that a simulator starts in, and beneath it.

    A file is written in a hidden folder and then renamed, so that the simulator finds the old one or the whole
    new one, and whoever watches the folder sees one thing happen. ``room`` is the folder that holds the hidden
    one, on the same storage; by default ``directory`` itself. ``durable``: the file is on the disk before it
    has its name, and the name when ``put`` returns. A file named ``lock`` is there while we write.

    Raises StartError, or LimitReached, when the folders cannot be opened or made.
    """

    __slots__ = ("_directory", "_durable", "_folder", "_lock", "_locked", "_owner", "_part", "_place", "_room")

    def __init__(self, directory: str, *, durable: bool = False, lock: str = "", room: str | None = None) -> None:
        self._directory = directory
        self._durable = durable
        self._lock = lock
        self._locked = False
        self._owner = os.getpid()
        # Copies may share a folder, and each has one file under way at a time.
        self._part = f"part-{os.urandom(6).hex()}"
        self._place = os.path.join(room or directory, _ROOM)
        self._folder = self._room = -1
        try:
            self._folder = os.open(directory, _FOLDER & ~os.O_NOFOLLOW)
            self._room = _private(self._place)
        except OSError as exc:
            self.close()
            kind = LimitReached if exc.errno in _SCARCE else StartError
            raise kind(f"no files can be put into {directory}", found=_reason(exc), cure=_cure(exc)) from exc

    def put(self, name: str, data: bytes) -> None:
        """Let the file ``name`` hold ``data``, 0600, in one step; missing sub-folders of it are made, 0700.

        A link of that name is replaced, not followed. Raises TransportError when that is not possible: what
        stood there is as it was, and nothing is left behind; ConfigSecurityError for a name that leaves the folder.
        """
        if self._lock and not self._locked:
            self.put_all(((name, data),))
            return
        if "/" in name or name in _NO_NAMES or "\0" in name:
            folder, last = open_folder(self._directory, name, make=True)
            try:
                self._write(folder, last, name, data)
            finally:
                os.close(folder)
        else:
            self._write(self._folder, name, name, data)

    def put_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Put several files, pairs of name and content, one after the other and under one lock; raises as ``put``."""
        self._hold()
        try:
            for name, data in files:
                self.put(name, data)
        finally:
            self._let_go()

    def remove(self, name: str) -> None:
        """Remove the file ``name``, or a link of that name; where there is none, only missing folders of it are made.

        Raises TransportError when it stays, or is a folder; ConfigSecurityError for a name that leaves the folder.
        """
        folder, last = open_folder(self._directory, name, make=True)
        try:
            os.unlink(last, dir_fd=folder)
        except FileNotFoundError:
            pass  # the simulator may have taken it away
        except OSError as exc:
            raise _failed(f"{name} cannot be removed", exc) from exc
        finally:
            os.close(folder)

    def close(self) -> None:
        """Close the descriptors and remove the hidden folder if it is empty; twice is harmless."""
        held, self._folder, self._room = (self._folder, self._room), -1, -1
        for descriptor in held:
            if descriptor >= 0:
                os.close(descriptor)
        if held[1] >= 0 and os.getpid() == self._owner:
            # Another copy may be using it; and the folder around it may be gone.
            with suppress(OSError):
                os.rmdir(self._place)

    def _write(self, folder: int, last: str, name: str, data: bytes) -> None:
        part = self._part
        try:
            descriptor = os.open(part, _NEW, 0o600, dir_fd=self._room)
        except OSError as exc:
            descriptor = self._again(name, exc)
        try:
            try:
                written = os.write(descriptor, data)
                if written != len(data) or self._durable:
                    self._complete(descriptor, data[written:])
            finally:
                os.close(descriptor)
            os.rename(part, last, src_dir_fd=self._room, dst_dir_fd=folder)
            if self._durable:
                os.fsync(folder)
        except OSError as exc:
            self._take_back(name, exc)

    def _again(self, name: str, exc: OSError) -> int:
        """Open our file once more after the simulator cleared its folder, or took a liking to our name."""
        try:
            if exc.errno == errno.ENOENT and self._room >= 0:
                fresh = _private(self._place)
                old, self._room = self._room, fresh
                os.close(old)
            elif exc.errno == errno.EEXIST:
                os.unlink(self._part, dir_fd=self._room)
            else:
                raise exc
            return os.open(self._part, _NEW, 0o600, dir_fd=self._room)
        except OSError as last:
            raise _failed(f"{name} cannot be written", last) from last

    def _complete(self, descriptor: int, rest: bytes) -> None:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if self._durable:
            os.fsync(descriptor)

    def _take_back(self, name: str, exc: OSError) -> NoReturn:
        with suppress(OSError):  # what was wrong before is what is told
            os.unlink(self._part, dir_fd=self._room)
        raise _failed(f"{name} cannot be written", exc) from exc

    def _hold(self) -> None:
        """Make the lock; one that is there already, left from an earlier run or by the simulator, becomes ours."""
        if not self._lock:
            return
        folder, last = open_folder(self._directory, self._lock, make=True)
        try:
            os.close(os.open(last, _LOCK, 0o600, dir_fd=folder))
            self._locked = True
        except OSError as exc:
            raise _failed(f"the lock {self._lock} cannot be made", exc) from exc
        finally:
            os.close(folder)

    def _let_go(self) -> None:
        if self._locked:
            self._locked = False
            self.remove(self._lock)


def _private(place: str) -> int:
    """Return a descriptor of our hidden folder, made if it is missing. Raises OSError for one of somebody else."""
    try:
        os.mkdir(place, 0o700)
    except FileExistsError:
        pass  # of an earlier run, or of a copy; seen when it is opened
    descriptor = os.open(place, _FOLDER)
    if os.fstat(descriptor).st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError(errno.EACCES, f"{_ROOM} there belongs to another user")
    return descriptor


def _failed(what: str, exc: OSError) -> TransportError:
    return TransportError(what, found=_reason(exc), cure=_cure(exc))


def _reason(exc: OSError) -> str:
    return f"{errno.errorcode.get(exc.errno or 0, 'an error')}: {exc.strerror}"


def _cure(exc: OSError) -> str:
    return _CURES.get(exc.errno or 0, "see that the folder the simulator starts in is there and can be written to")
