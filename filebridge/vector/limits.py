"""What so many simulators need of this process, known before the first of them is started."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from filebridge.errors import LimitReached
from filebridge.program import Program
from filebridge.program.seat import needs_seat

__all__ = ["check_descriptors", "room"]

SPARE = 32
"""Descriptors that are left for the trainer, the guardian and what starts."""


def room(program: Program, records: bool = False) -> int | None:
    """Return for how many simulators this process may open what they need; None where there is no limit."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    return max(0, (limit - _opened() - SPARE) // (_each(program) + records))


def check_descriptors(program: Program, count: int, records: bool) -> None:
    """Raise LimitReached where this process may not open what ``count`` simulators need.

    ``records``: a transcript is written of each.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return
    each = _each(program) + records
    needed = count * each + _opened() + SPARE
    if needed > limit:
        who = "a simulator needs" if count == 1 else f"{count} simulators need"
        raise LimitReached(
            f"{who} more descriptors than this process may open",
            found=f"{each} for each, {needed} with those that are open; the limit is {limit}",
            cure=f"raise it before the training: ulimit -n {1 << (needed - 1).bit_length()}; or num_envs="
            f"{max(1, room(program, records) or 1)}",
        )


def _each(program: Program) -> int:
    """Return how many descriptors a simulator takes: its streams, the watch on its end, and what else leads to it."""
    config = program.config
    transport = config.transport
    ways = [transport.files, transport.fifo, *transport.sockets.values()]
    return 4 + 2 * sum(way is not None for way in ways) + needs_seat(config, program.source)


def _opened() -> int:
    try:
        return len(os.listdir(Path("/dev/fd")))
    except OSError:
        return 16
