"""The ladder that ends simulators: SIGTERM, a grace, SIGKILL; all in parallel; and what cleaning up needs."""

from __future__ import annotations

import math
import os
import select
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from filebridge.errors import LimitReached
from filebridge.transports.process import Process

__all__ = ["reserved", "stop"]

RESERVE = 4
"""Descriptors that the removal of a folder and a look at all processes need at most."""

_STEP = 0.005


def stop(processes: Sequence[Process], grace: float, deadline: float) -> list[Process]:
    """End the processes and their groups; return those that could not be ended.

    All get SIGTERM (and SIGCONT, for a stopped process cannot obey) and ``grace`` seconds together,
    then SIGKILL. What a dead leader left in its group is killed at once. ``deadline`` is an absolute
    monotonic time. Beside the loop this is the only place that waits; it neither reads nor closes
    anything, since SIGKILL also ends a process that is blocked in a write.
    """
    for process in processes:
        process.signal_group(signal.SIGTERM)
        process.signal_group(signal.SIGCONT)
    left = _await(processes, min(time.monotonic() + grace, deadline))
    for process in left:
        process.signal_group(signal.SIGKILL)
    return _await(left, deadline)


def _await(processes: Iterable[Process], until: float) -> list[Process]:
    """Wait for the ends of the processes together; return those that live on at ``until``."""
    left = _reap(processes)
    while left:
        remaining = until - time.monotonic()
        if remaining <= 0:
            break
        _doze(left, remaining)
        left = _reap(left)
    return left


def _reap(processes: Iterable[Process]) -> list[Process]:
    left = []
    for process in processes:
        if process.exit() is None:
            left.append(process)
        else:
            process.signal_group(signal.SIGKILL)
    return left


def _doze(processes: Iterable[Process], limit: float) -> None:
    """Sleep until one of the processes ends, or for ``limit`` seconds, or a moment where ends cannot be awaited."""
    poller = select.poll()
    for process in processes:
        if process.pidfd >= 0:
            poller.register(process.pidfd, select.POLLIN)
        else:
            limit = min(limit, _STEP)
    poller.poll(math.ceil(limit * 1000))


def reserved() -> ExitStack:
    """Hold the descriptors that cleaning up needs, so that it is possible when a start has run out of them."""
    with ExitStack() as held:
        try:
            for _ in range(RESERVE):
                held.callback(os.close, os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as exc:
            raise LimitReached(
                "no simulator can be started: this process may open no more files",
                found=str(exc.strerror),
                cure="raise the limit before the training: ulimit -n",
            ) from exc
        return held.pop_all()
