"""The connections to a simulator: awaited before anything is said, while its process is watched."""

from __future__ import annotations

from time import monotonic

from filebridge import diagnosis
from filebridge.conversation import Talk
from filebridge.link import Link

__all__ = ["establish"]


def establish(link: Link, seconds: float) -> Talk[float]:
    """Wait until all the connections of ``link`` are there, at most ``seconds``; return what is left of these.

    Raises:
        ReadyTimeout: one was not there in time. StartCrashed, SimulatorExited: the simulator ended before.
        TransportError, PeerRejected, StartError: one can never be.
    """
    if not link.transport.openings:
        return seconds
    link.begun, link.deadline = monotonic(), seconds
    link.attach()
    process = link.process
    for opening in link.transport.openings:
        while not opening.advance():
            remaining = link.begun + seconds - monotonic()
            if remaining <= 0:
                raise diagnosis.unconnected(link, opening)
            awaited = ((opening.fileno(), opening.events),)
            events = yield link, monotonic() + min(remaining, opening.patience), awaited
            announced = {descriptor for descriptor, _ in events}
            if process.stderr_fd in announced:
                link.drain_stderr()
            if (process.pidfd in announced or process.pidfd < 0) and process.exit() is not None:
                link.drain_stderr()
                raise diagnosis.died(link, link.dialogue.phase_name)
    link.transport.opened()
    link.attach()
    return max(0.0, round(link.begun + seconds - monotonic(), 1 if seconds >= 5 else 3))
