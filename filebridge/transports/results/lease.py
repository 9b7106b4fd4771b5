"""Whether anybody has a file open for writing, asked of the system by a lease, which it grants only if nobody has."""

from __future__ import annotations

import fcntl
import os
import signal

from filebridge.transports.regular import open_regular

__all__ = ["is_closed"]

_SET_LEASE: int = getattr(fcntl, "F_SETLEASE", 0)
_SET_SIGNAL: int = getattr(fcntl, "F_SETSIG", 0)


def is_closed(folder: int, name: str) -> bool | None:
    """Tell whether nobody has the file ``name`` open for writing; None where the system does not say.

    Raises PeerRejected and TransportError as ``open_regular`` does.
    """
    descriptor = open_regular(folder, name) if _SET_LEASE else None
    if descriptor is None:
        return None
    granted = _granted(descriptor)
    if granted is False and not _means_something(folder):
        return None
    return granted


def _granted(descriptor: int) -> bool | None:
    """Ask for a lease and give it back, together with the descriptor."""
    try:
        # Who opens the file just now waits until we have closed it, and we are told by a signal: one without effect.
        fcntl.fcntl(descriptor, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(descriptor, _SET_LEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return False
    except OSError:
        return None  # another user's file, or a storage without leases
    finally:
        os.close(descriptor)
    return True


def _means_something(folder: int) -> bool:
    """Tell whether a refusal means that somebody writes: some network storages refuse whatever is asked."""
    device = os.fstat(folder).st_dev
    if device not in _TRIED:
        _TRIED[device] = _tried(folder)
    return _TRIED[device]


_TRIED: dict[int, bool] = {}


def _tried(folder: int) -> bool:
    name = f".filebridge-lease-{os.urandom(6).hex()}"
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder))
    except OSError:
        return False  # where no file can be made nothing can be tried
    try:
        return bool(_granted(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)))
    finally:
        os.unlink(name, dir_fd=folder)
