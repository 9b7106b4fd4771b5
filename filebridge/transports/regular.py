"""Reading a file that somebody else writes: never through a link, never from a device, never half of it."""

from __future__ import annotations

import errno
import os
import stat

from filebridge.errors import ConfigSecurityError, MessageTooLarge, PeerRejected, TransportError

__all__ = ["Identity", "identity", "kind_of", "open_folder", "open_regular", "read_regular"]

Identity = tuple[int, int, int, int]
"""Which file it is and in what state: its inode, mtime and ctime in nanoseconds, its size in bytes.

Two states of a file differ in it unless both were written within one tick of the clock of the file system.
The ctime is of that clock, whatever mtime the writer has set.
"""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KIND = 0o170000
_REGULAR = 0o100000
_MISSING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ESTALE))
_CURE = "let the simulator write a regular file there"


def read_regular(dir_fd: int, name: str, cap: int) -> tuple[bytes, Identity, bool] | None:
    """Return all that the file ``name`` in the folder ``dir_fd`` holds, and its identity then; never blocks.

    The third says whether it has a name no more: it was removed or replaced meanwhile, which changes its ctime.
    None when there is no such file, or when it changed while it was read. Raises PeerRejected for anything but
    a regular file, MessageTooLarge for one of more than ``cap`` bytes, of which nothing is read, and
    TransportError when the file cannot be read.
    """
    try:
        # Not open_regular: this is done at each step.
        descriptor = os.open(name, _READ, dir_fd=dir_fd)
    except OSError as exc:
        if exc.errno in _MISSING:
            return None
        raise _refused(dir_fd, name, exc) from exc
    try:
        before = os.fstat(descriptor)
        size = before.st_size
        if before.st_mode & _KIND != _REGULAR:
            raise _rejected(name, before.st_mode)
        if size > cap:
            raise _too_large(name, size, cap)
        data = os.read(descriptor, size + 1)
        if len(data) != size:
            data = _remainder(descriptor, data, size)
        after = os.fstat(descriptor)
    except TransportError:
        raise
    except OSError as exc:
        raise _unreadable(name, exc) from exc
    finally:
        os.close(descriptor)
    changed = after.st_ctime_ns
    if changed != before.st_ctime_ns or after.st_size != size or len(data) != size:
        return None
    return data, (after.st_ino, after.st_mtime_ns, changed, size), after.st_nlink == 0


def open_regular(dir_fd: int, name: str) -> int | None:
    """Return a descriptor to read the file ``name`` in the folder ``dir_fd``, None when there is none; never blocks.

    Raises PeerRejected for anything but a regular file, TransportError when it cannot be opened.
    """
    try:
        descriptor = os.open(name, _READ, dir_fd=dir_fd)
    except OSError as exc:
        if exc.errno in _MISSING:
            return None
        raise _refused(dir_fd, name, exc) from exc
    mode = os.fstat(descriptor).st_mode
    if mode & _KIND == _REGULAR:
        return descriptor
    os.close(descriptor)
    raise _rejected(name, mode)


def identity(dir_fd: int, name: str) -> Identity | None:
    """Return the identity of what stands under ``name``, of whatever kind, a link not followed; None for nothing.

    Raises TransportError when it cannot be seen.
    """
    try:
        found = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except OSError as exc:
        if exc.errno in _MISSING:
            return None
        raise _unreadable(name, exc) from exc
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def open_folder(directory: str, name: str, *, make: bool = False) -> tuple[int, str]:
    """Return a descriptor of the folder in which ``name`` lies, seen from ``directory``, and the last part of the name.

    It is reached step by step, never through a link; a missing one is made if ``make`` says so, for this user
    alone. Raises ConfigSecurityError for a name that leads out of ``directory``, PeerRejected where a link or
    a file stands in the way, TransportError when the folder is missing or cannot be entered.
    """
    *parents, last = name.split("/")
    if {"", ".", ".."}.intersection((*parents, last)) or "\0" in name:
        raise ConfigSecurityError(
            f"{name!r} is no name of a file beneath the folder that the simulator starts in",
            cure="write it relative to that folder, without `..` and without a slash at its begin or end",
        )
    try:
        folder = os.open(directory, _FOLDER & ~os.O_NOFOLLOW)
    except OSError as exc:
        raise _closed(directory, exc) from exc
    for part in parents:
        folder = _enter(folder, part, name, make)
    return folder, last


def _enter(folder: int, part: str, name: str, make: bool) -> int:
    """Return a descriptor of the folder ``part`` in ``folder``, which is closed."""
    try:
        if make:
            try:
                os.mkdir(part, 0o700, dir_fd=folder)
            except FileExistsError:
                pass  # what stands there is seen when it is opened
        return os.open(part, _FOLDER, dir_fd=folder)
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENOTDIR):
            raise PeerRejected(
                f"{part} on the way to {name} is no folder", found="a link or a file", cure="let a folder stand there"
            ) from exc
        raise _closed(f"{part} on the way to {name}", exc) from exc
    finally:
        os.close(folder)


def _remainder(descriptor: int, data: bytes, size: int) -> bytes:
    """Return ``data`` with what follows: more than 2 GiB, or some network file systems, come in pieces."""
    pieces = [data]
    got = len(data)
    while pieces[-1] and got < size:
        pieces.append(os.read(descriptor, size - got))
        got += len(pieces[-1])
    return b"".join(pieces)


def _refused(dir_fd: int, name: str, exc: OSError) -> TransportError:
    """Say why ``name`` could not be opened: links and sockets cannot be, as they are no files."""
    try:
        mode = os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode
    except OSError:
        return _unreadable(name, exc)
    return _unreadable(name, exc) if stat.S_ISREG(mode) else _rejected(name, mode)


def _rejected(name: str, mode: int) -> PeerRejected:
    return PeerRejected(f"{name} is no regular file", found=kind_of(mode), cure=_CURE)


def kind_of(mode: int) -> str:
    """Return in words what stands in a folder with this mode: "a link", "a folder", ..."""
    return _KINDS.get(stat.S_IFMT(mode), "a file")


_KINDS = {
    stat.S_IFLNK: "a symbolic link, which is not followed",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _too_large(name: str, size: int, cap: int) -> MessageTooLarge:
    return MessageTooLarge(
        f"{name} is larger than a message may be",
        found=f"{size} bytes, of which none was read; the limit is {cap}",
        cure="raise `limits: {output: ...}` if messages are that large",
    )


def _unreadable(name: str, exc: OSError) -> TransportError:
    return TransportError(
        f"{name} cannot be read",
        found=str(exc.strerror),
        cure="let the simulator write it so that this user may read it",
    )


def _closed(what: str, exc: OSError) -> TransportError:
    return TransportError(
        f"the folder {what} cannot be opened",
        found=str(exc.strerror),
        cure="see that it exists and that this user may enter it",
    )
