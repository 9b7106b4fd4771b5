"""Whether a simulator is about to end: the kernel closes the files of a killed one before it announces the end.

To whoever watches such a file it looks as if the simulator had closed it, whole.
"""

from __future__ import annotations

import os

from filebridge.transports.shutting import shut

__all__ = ["Life", "unseen"]


def unseen() -> bool:
    """Return False: of a simulator that cannot be seen it is not known that it ends."""
    return False


class Life:
    """The life of the process ``pid``, as its memory shows it: a process that ends loses it first.

    Where the system does not show it, the process is taken to live on.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, pid: int) -> None:
        try:
            self._descriptor = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1

    def fades(self) -> bool:
        """Return whether the process is ending, or has ended."""
        try:
            return self._descriptor >= 0 and os.pread(self._descriptor, 2, 0) == b"0 "
        except OSError:
            return True  # it was reaped

    def close(self) -> None:
        """Close the descriptor, twice is harmless."""
        shut(self, "_descriptor")
