"""What an episode costs before its first step, where each episode has a new process."""

from __future__ import annotations

import statistics
import time

from benchmarks.measurement import Runner
from benchmarks.programs import Programs

__all__ = ["STARTERS", "start_time"]

STARTERS = (
    "bridge-pipe", "bridge-pty", "written-pipe", "written-pty", "pexpect-tuned", "bridge-fifo", "written-fifo",
    "bridge-file", "inotify-file", "watchdog-file",
)  # fmt: skip


def start_time(name: str, programs: Programs, seconds: float) -> float:
    """Return the median time of a `reset`, in s: the old process ended, a new one started, its first answer read."""
    runner = Runner(name, "", programs)
    times: list[float] = []
    try:
        while len(times) < 3 or sum(times) < seconds:
            began = time.perf_counter()
            runner.reset()
            times.append(time.perf_counter() - began)
    finally:
        runner.env.close()
    return statistics.median(times)
