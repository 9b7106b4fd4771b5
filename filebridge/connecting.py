"""The connections to a simulator: awaited before anything is said, while its process is watched."""

from __future__ import annotations

import math
from select import poll
from time import monotonic

from filebridge import diagnosis
from filebridge.link import Link
from filebridge.transports.base import Opening

__all__ = ["establish"]


def establish(link: Link, seconds: float) -> float:
    """Wait until all the connections of ``link`` are there, at most ``seconds``; return what is left of these.

    Raises:
        ReadyTimeout: one was not there in time. StartCrashed, SimulatorExited: the simulator ended before.
        TransportError, PeerRejected, StartError: one can never be.
    """
    begun = monotonic()
    if not link.transport.openings:
        return seconds
    link.begun, link.deadline = begun, seconds
    link.attach()
    for opening in link.transport.openings:
        while not opening.advance():
            remaining = begun + seconds - monotonic()
            if remaining <= 0:
                raise diagnosis.unconnected(link, opening)
            _wait(link, opening, min(remaining, opening.patience))
    link.transport.opened()
    link.attach()
    return max(0.0, round(begun + seconds - monotonic(), 1 if seconds >= 5 else 3))


def _wait(link: Link, opening: Opening, seconds: float) -> None:
    process, poller = link.process, poll()
    link.register(poller)
    if opening.fileno() >= 0:
        poller.register(opening.fileno(), opening.events)
    announced = {descriptor for descriptor, _ in poller.poll(math.ceil(seconds * 1000.0))}
    if process.stderr_fd in announced:
        link.drain_stderr()
    if (process.pidfd in announced or process.pidfd < 0) and process.exit() is not None:
        link.drain_stderr()
        raise diagnosis.died(link, link.dialogue.phase_name)
