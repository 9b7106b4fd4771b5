"""The machine: its cores, how busy they are, its memory; within the limits of a container, where it has some."""

from __future__ import annotations

import os

from filebridge.memory import GROUPS, rooms

__all__ = ["busy_seconds", "cores", "free_memory"]

_GROUPS = GROUPS
_BUSY = (0, 1, 2, 5, 6, 7)
"""Of the times of all processors: user, nice, system, irq, softirq, steal; without idle and iowait."""


def cores() -> float:
    """Return how many cores this process and its children may use: a part of one where a container says so."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return float(allowed) if quota is None else min(float(allowed), quota)


def busy_seconds() -> float | None:
    """Return the time that all processors together have been busy so far, whoever kept them so, in seconds.

    None where that is not known, or where this process may not use all of them: then it says nothing about ours.
    """
    if cores() != (os.cpu_count() or 1):
        return None
    try:
        with open("/proc/stat", "rb") as file:
            times = file.readline().split()[1:]
        return sum(int(times[place]) for place in _BUSY) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def free_memory() -> int | None:
    """Return how many bytes of memory can still be used; None where that is not known."""
    return min((free for free, _ in rooms(groups=_GROUPS)), default=None)


def _numbers(path: str) -> list[int]:
    """Return the whole numbers in a small file of the system; none where there is no such file, or "max"."""
    try:
        with open(path, "rb") as file:
            return [int(word) for word in file.read().split()]
    except (OSError, ValueError):
        return []


def _quota() -> float | None:
    """Return how many cores the container has; None for no limit."""
    found = _numbers(f"{_GROUPS}/cpu.max")
    if not found:
        older = (f"{_GROUPS}/cpu/cpu.cfs_{name}_us" for name in ("quota", "period"))
        found = [number for path in older for number in _numbers(path)]
    return found[0] / found[1] if len(found) == 2 and min(found) > 0 else None
