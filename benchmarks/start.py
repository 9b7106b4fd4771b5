"""What an episode costs before its first step, where each episode has a new process."""

from __future__ import annotations

import statistics
import time

from benchmarks.contestants import CONTESTANTS

__all__ = ["STARTERS", "start_time"]

STARTERS = ("bridge-pipe", "bridge-pty", "written-pipe", "written-pty", "pexpect-tuned")


def start_time(name: str, program: str, seconds: float) -> float:
    """Return the median time of a `reset`, in s: the old process ended, a new one started, its first answer read."""
    env = CONTESTANTS[name][0](program)
    times: list[float] = []
    try:
        env.reset()
        while len(times) < 3 or sum(times) < seconds:
            began = time.perf_counter()
            env.reset()
            times.append(time.perf_counter() - began)
    finally:
        env.close()
    return statistics.median(times)
