"""What of one simulator is watched: its output, its stderr, its end; by itself, or in a crowd besides."""

from __future__ import annotations

import math
import select
from collections.abc import Callable, Sequence
from select import POLLIN
from time import monotonic
from typing import Protocol

from filebridge.transports.base import Transport
from filebridge.transports.process import Process

__all__ = ["EOF_GRACE", "Attention", "Enrolment"]

EOF_GRACE = 0.2
"""Seconds in which the end of the output is expected to be followed by the end of the process."""


class Enrolment(Protocol):
    """The place of a link in a crowd; ``current`` as long as the crowd watches just what is to be watched."""

    current: bool

    def leave(self) -> None:
        """Have nothing of the link watched any more; twice is harmless."""


class Attention:
    """The descriptors of a ``transport`` and its ``process``.

    ``poll(milliseconds)`` waits for output, stderr or the end of the process, ``readable`` is what it returns when
    there is output and nothing else, ``read`` and ``write`` are those of the transport. ``output_ended`` is set once no
    more will come, until ``eof_deadline`` the process is to end then. ``enrolment`` is the place in a crowd that
    watches all of it too, None without.
    """

    __slots__ = (
        "_poller", "_seen", "enrolment", "eof_deadline", "output_ended", "poll", "process", "read", "readable",
        "transport", "write",
    )  # fmt: skip

    transport: Transport
    process: Process
    poll: Callable[[float], list[tuple[int, int]]]
    read: Callable[[], bytes | None]
    write: Callable[[bytes], int]
    enrolment: Enrolment | None

    def attach(self) -> None:
        """Watch the transport as it is connected now, with nothing read of it so far."""
        transport = self.transport
        self.read, self.write = transport.read, transport.write
        self.output_ended = False
        self._poller = select.poll()
        self.register(self._poller)
        self.poll = self._poller.poll
        self._seen: bytes | None = None
        if transport.patience < math.inf:
            self.poll, self.read = self._poll_patiently, self._read_seen
        self.readable = [(transport.fileno(), POLLIN)]
        self.eof_deadline = math.inf
        self._changed()

    def _changed(self) -> None:
        """Let whoever else watches this know that other descriptors are to be watched from now on."""
        if self.enrolment is not None:
            self.enrolment.current = False

    def watched(self, further: Sequence[tuple[int, int]] = ()) -> dict[int, int]:
        """Return what is to be watched, and for what: output, stderr, the end, and ``further`` descriptors."""
        events = {self.transport.fileno(): 0 if self.output_ended else POLLIN}
        for descriptor in (self.process.pidfd, self.process.stderr_fd):
            events[descriptor] = POLLIN
        # On a terminal both ways are one descriptor.
        for descriptor, mask in further:
            events[descriptor] = events.get(descriptor, 0) | mask
        return {descriptor: mask for descriptor, mask in events.items() if descriptor >= 0 and mask}

    def register(self, poller: select.poll, further: Sequence[tuple[int, int]] = ()) -> None:
        """Register everything that is to be watched with ``poller``, which is new."""
        for descriptor, mask in self.watched(further).items():
            poller.register(descriptor, mask)

    def forget(self, descriptor: int) -> None:
        """Stop watching ``descriptor``."""
        self._poller.unregister(descriptor)
        self._changed()

    def drain_stderr(self) -> None:
        """Take what stderr holds now, and watch it no longer once it has ended."""
        process, descriptor = self.process, self.process.stderr_fd
        process.drain_stderr()
        if descriptor >= 0 and process.stderr_fd < 0:
            self.forget(descriptor)

    def end_output(self) -> None:
        """Note that no more output will come, so that no wait is longer than the grace for the process's own end."""
        if self.output_ended:
            return
        self.output_ended = True
        self.forget(self.transport.fileno())
        self.eof_deadline = monotonic() + EOF_GRACE
        self.poll = self._poll_briefly

    def _poll_briefly(self, milliseconds: float) -> list[tuple[int, int]]:
        return self._poller.poll(min(milliseconds, max(0.0, self.eof_deadline - monotonic()) * 1000.0))

    def _poll_patiently(self, milliseconds: float) -> list[tuple[int, int]]:
        """Wait as ``poll`` does; where nothing was announced for long, look whether there is something all the same."""
        patience = self.transport.patience * 1000.0
        events = self._poller.poll(min(milliseconds, patience))
        return events if events or patience > milliseconds else self.glance()

    def glance(self) -> list[tuple[int, int]]:
        """Look whether there is output although nothing was announced; return what ``poll`` would."""
        self._seen = self.transport.look()
        return [] if self._seen is None else self.readable

    def _read_seen(self) -> bytes | None:
        seen, self._seen = self._seen, None
        return self.transport.read() if seen is None else seen

    def await_exit(self, seconds: float) -> bool:
        """Wait until the process has ended, at most ``seconds``; return whether it has."""
        until = monotonic() + seconds
        while self.process.exit() is None and monotonic() < until:
            waiter = select.poll()
            if self.process.pidfd >= 0:
                waiter.register(self.process.pidfd, POLLIN)
            waiter.poll(seconds * 1000.0 if self.process.pidfd >= 0 else 5)
        return self.process.exit() is not None
