"""The two directions of a stream, each on a descriptor of its own: our ends of pipes and FIFOs."""

from __future__ import annotations

import math
import os

from filebridge.errors import TransportError
from filebridge.transports.base import CHUNK
from filebridge.transports.shutting import shut

__all__ = ["PipeReceiver", "PipeSender"]


class PipeSender:
    """The way to a simulator through the descriptor ``fd``, which never blocks and belongs to this object."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when there is room; -1 after the end of the input."""
        return self._fd

    def write(self, data: bytes) -> int:
        """Return how many of the bytes were taken, 0 when there is no room.

        Raises TransportError when the simulator has closed its end of a pipe or has ended.
        """
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise TransportError(
                "the simulator takes no more input",
                found=str(exc.strerror) if self._fd >= 0 else "its input was ended by us",
                cure="see whether it runs; it may have read a command to quit",
            ) from exc

    def end_input(self) -> None:
        """Close our end: the simulator reads the end of its input after what was sent."""
        shut(self, "_fd")

    def close(self) -> None:
        """Close the descriptor; twice is harmless."""
        self.end_input()


class PipeReceiver:
    """The way back from a simulator through the descriptor ``fd``, which never blocks and belongs to this object."""

    __slots__ = ("_fd", "patience")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.patience = math.inf

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is output, or its end; -1 once closed."""
        return self._fd

    def expect(self) -> None:
        """Do nothing: what was said before is read before anything is sent."""

    def read(self) -> bytes | None:
        """Return up to 64 KiB of output, ``b""`` at the end of a pipe, None when there is nothing now."""
        try:
            return os.read(self._fd, CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise TransportError("the simulator's output cannot be read", found=str(exc.strerror)) from exc

    def look(self) -> bytes | None:
        """Return the same as ``read``: everything is announced."""
        return self.read()

    def close(self) -> None:
        """Close the descriptor; twice is harmless."""
        shut(self, "_fd")
