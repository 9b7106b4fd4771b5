"""Where a simulator runs: on the core of the trainer's thread, on cores that are named, or where the system likes.

Two that take turns lose more time by waking each other across cores than a second core could give them; but how much
depends on the machine and on what else runs there. So it is measured, for a simulator that is stepped by itself, and
measured again from time to time. Only simulators are moved, never the trainer.
"""

from __future__ import annotations

import ctypes
import os
import statistics
from collections.abc import Sequence
from time import monotonic

from filebridge.config.model import Config
from filebridge.errors import UsageError

__all__ = ["Placement", "placement_of"]

WINDOW = 48
"""Steps that are timed in one place before the other is tried."""

WINDOWS = 4
"""How often each of the two is tried, in turn."""

GAIN = 0.9
"""A step together must take less than this share of the time that it takes apart."""

LONGEST = 0.0005
"""Seconds of a step, above which a core changes nothing."""

AGAIN = 20.0
"""Seconds after which it is measured again."""


class Placement:
    """The place of the simulator of one seat.

    ``mode`` is "auto", "free", "together", or the numbers of the cores that seats take in turn. ``wants_times`` says
    whether ``took`` is to be told how long steps take. Raises UsageError for cores that this process may not use.
    """

    def __init__(self, mode: str | Sequence[int], seat: int) -> None:
        self._cores = () if isinstance(mode, str) else tuple(mode)
        self._mode = mode if isinstance(mode, str) else "cores"
        self._seat = seat
        self._together = self._mode == "together"
        self._pid = 0
        self._core = -1
        self._times: tuple[list[float], list[float]] = [], []
        self._decided_at = -AGAIN
        self.wants_times = False
        if mode not in ("auto", "free"):
            self._check()

    def place(self, pid: int) -> None:
        """Put the process ``pid`` where it is to run; called at the beginning of each episode."""
        moved, self._pid = pid != self._pid, pid
        if not pid:
            # For the system 0 is this very thread.
            self.wants_times = False
            return
        if moved:
            self._core = -1
        if self._mode == "cores":
            if moved:
                self._bind({self._cores[self._seat % len(self._cores)]})
            return
        self.follow()
        self.wants_times = self._mode == "auto" and _AFFINITY and monotonic() - self._decided_at > AGAIN

    def follow(self) -> None:
        """Move the simulator to the core on which this thread runs now, where they are to be together."""
        if self._together and self._pid:
            core = _current_core()
            if core != self._core and core >= 0:
                self._core = core
                self._bind({core})

    def took(self, seconds: float) -> None:
        """Take the time of one step; after enough of them it is decided where to be."""
        times = self._times[self._together]
        times.append(seconds)
        if len(times) % WINDOW:
            return
        if statistics.median(times) > LONGEST:
            self._decide(False)
        elif len(self._times[True]) >= WINDOW * WINDOWS:
            apart, together = map(statistics.median, self._times)
            self._decide(together < GAIN * apart)
        else:
            self._move(not self._together)

    def _decide(self, together: bool) -> None:
        self._decided_at, self.wants_times = monotonic(), False
        self._times[False].clear()
        self._times[True].clear()
        self._move(together)

    def _move(self, together: bool) -> None:
        if together == self._together:
            return
        self._together, self._core = together, -1
        if together:
            self.follow()
        else:
            self._bind(os.sched_getaffinity(0))

    def _bind(self, cores: set[int]) -> None:
        try:
            os.sched_setaffinity(self._pid, cores)
        except OSError:
            # It has ended, which whoever speaks to it finds out, or a container forbids it: then it stays.
            self._core = -1

    def _check(self) -> None:
        if not _AFFINITY:
            raise UsageError(
                "this system binds no process to a core", found="`placement`", cure="`placement: free`, or leave it out"
            )
        allowed = os.sched_getaffinity(0)
        wrong = [core for core in self._cores if core not in allowed]
        if wrong:
            raise UsageError(
                f"core {wrong[0]} of `placement` is not for this process",
                found="it may use " + ", ".join(map(str, sorted(allowed))),
                cure="name some of these",
            )


def placement_of(config: Config, seat: int, alone: bool) -> Placement | None:
    """Return where the simulator of ``seat`` is to run; None where that is left to the system.

    ``alone``: it is stepped by itself, and not one of many. Raises UsageError as ``Placement`` does.
    """
    simulator = config.simulator
    mode = simulator.placement
    if mode == "free" or not simulator.command or simulator.each == "step" or (mode == "auto" and not alone):
        return None
    return Placement(mode, seat)


_AFFINITY = hasattr(os, "sched_setaffinity")


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
        return library if hasattr(library, "sched_getcpu") else None
    except OSError:
        return None


_LIBRARY = _library() if _AFFINITY else None


def _current_core() -> int:
    """Return the number of the core on which this thread runs, -1 where that cannot be known."""
    return -1 if _LIBRARY is None else int(_LIBRARY.sched_getcpu())
