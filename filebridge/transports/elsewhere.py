"""The process of a simulator that somebody else started: nothing is known of it, and nothing done to it."""

from __future__ import annotations

import time

from filebridge.redaction import HIDES_NOTHING
from filebridge.transports.process import Exit, Process

__all__ = ["Elsewhere"]


class Elsewhere(Process):
    """A process that runs somewhere, on another machine perhaps; it never ends as far as can be seen from here."""

    __slots__ = ()

    def __init__(self) -> None:
        self.pid = 0
        self.pidfd = self.stderr_fd = -1
        self.started = time.monotonic()
        self.ended = False
        self._exit = None
        self.heard = None
        self._tail = b""
        self.redaction = HIDES_NOTHING

    def exit(self) -> Exit | None:
        """Return None: its end cannot be seen."""
        return None

    def state(self) -> str:
        """Return nothing: what it does cannot be seen."""
        return ""

    def signal(self, number: int) -> None:
        """Do nothing: it is not ours."""

    def signal_group(self, number: int) -> None:
        """Do nothing: it is not ours."""

    def close(self) -> None:
        """Do nothing: nothing is held."""
