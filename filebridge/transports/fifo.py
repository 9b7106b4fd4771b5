"""FIFOs: named pipes that are made before the simulator starts, and that it opens when it likes."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from filebridge.errors import LimitReached, PeerRejected, StartError, TransportError
from filebridge.transports.regular import kind_of, open_folder
from filebridge.transports.streams import PipeReceiver, PipeSender

__all__ = ["FifoReceiver", "FifoSender"]

# Both directions at once: whoever opens first is not held up, and since we hold the other end too, the
# simulator may close and open again without an end of file for anyone and without a wait that spins.
_BOTH = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_SCARCE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM))


class FifoSender(PipeSender):
    """The way to a simulator through a FIFO that it reads, made here under ``name`` beneath ``directory``.

    Up to 64 KiB wait in it for a simulator that opens it late; the end of the input is seen only by one that has it
    open. Raises PeerRejected where something else than a FIFO of this user stands under that name, StartError or
    LimitReached when none can be made, ConfigSecurityError for a name that leaves ``directory``.
    """

    __slots__ = ("_made",)

    def __init__(self, directory: str, name: str) -> None:
        self._made = _Made(directory, name)
        super().__init__(self._made.opened)

    def close(self) -> None:
        """Close the descriptor and remove the FIFO; twice is harmless."""
        super().close()
        self._made.remove()


class FifoReceiver(PipeReceiver):
    """The way back from a simulator through a FIFO that it writes; made, and raising, as that of FifoSender.

    It has no end: a simulator that closes it may open it again. Its death is seen by its process.
    """

    __slots__ = ("_made",)

    def __init__(self, directory: str, name: str) -> None:
        self._made = _Made(directory, name)
        super().__init__(self._made.opened)

    def close(self) -> None:
        """Close the descriptor and remove the FIFO; twice is harmless."""
        super().close()
        self._made.remove()


class _Made:
    """A FIFO of ours: made, ``opened`` in both directions, and removed by the process that made it."""

    __slots__ = ("_directory", "_identity", "_name", "_owner", "opened")

    def __init__(self, directory: str, name: str) -> None:
        self._directory, self._name, self._owner = directory, name, os.getpid()
        folder, last = open_folder(directory, name, make=True)
        try:
            _clear(folder, last, name)
            os.mkfifo(last, 0o600, dir_fd=folder)
            self.opened = _opened(folder, last)
        except PeerRejected:
            raise
        except OSError as exc:
            kind = LimitReached if exc.errno in _SCARCE else StartError
            raise kind(
                f"the FIFO {name} cannot be made in {directory}",
                found=str(exc.strerror),
                cure="let the simulator start in a folder where this user may make FIFOs",
            ) from exc
        finally:
            os.close(folder)
        state = os.fstat(self.opened)
        self._identity = state.st_dev, state.st_ino
        if not stat.S_ISFIFO(state.st_mode):
            os.close(self.opened)
            raise _stranger(name, state.st_mode)

    def remove(self) -> None:
        if self._owner != os.getpid():
            return  # a forked copy of the trainer: the simulator belongs to the parent
        self._owner = 0
        # The folder may be gone, or the name be another's by now; a FIFO that is left is replaced by the next start.
        with suppress(OSError, TransportError):
            folder, last = open_folder(self._directory, self._name)
            try:
                state = os.stat(last, dir_fd=folder, follow_symlinks=False)
                if (state.st_dev, state.st_ino) == self._identity:
                    os.unlink(last, dir_fd=folder)
            finally:
                os.close(folder)


def _clear(folder: int, last: str, name: str) -> None:
    """Remove a FIFO that an earlier run left; refuse anything else that stands there."""
    try:
        state = os.stat(last, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISFIFO(state.st_mode) or state.st_uid != os.geteuid():
        raise _stranger(name, state.st_mode)
    os.unlink(last, dir_fd=folder)


def _opened(folder: int, last: str) -> int:
    try:
        return os.open(last, _BOTH, dir_fd=folder)
    except OSError:
        os.unlink(last, dir_fd=folder)
        raise


def _stranger(name: str, mode: int) -> PeerRejected:
    return PeerRejected(
        f"a FIFO is to be made under the name {name}",
        found=f"{kind_of(mode)} stands there" + (", of another user" if stat.S_ISFIFO(mode) else ""),
        cure="remove it, or choose another name",
    )
