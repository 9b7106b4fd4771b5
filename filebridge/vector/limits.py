"""What so many simulators need, of this process and of each other, known before the first of them is started."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

from filebridge.config.sharing import shared_address
from filebridge.errors import LimitReached, UsageError
from filebridge.program import Program
from filebridge.vector.descriptors import each, starting
from filebridge.vector.seats import AT_ONCE

__all__ = ["check_addresses", "check_descriptors", "room", "room_for_spares"]

SPARE = 32
"""Descriptors that are left for the trainer, the guardian and what starts."""


def check_addresses(program: Program, count: int) -> None:
    """Raise UsageError where ``count`` copies of the program would listen at one address."""
    shared = shared_address(program.config) if count > 1 else None
    if shared is None:
        return
    (_, way, key), address = shared
    mine = "a path in the folder that it starts in, `plant.sock` say" if way == "unix" else f"`{_apart(address)}`"
    raise UsageError(
        f"{count} simulators would have one and the same address",
        found=f"`{way}: {{{key}: {address}}}`; each seat starts a program of its own, and only one can have it",
        cure=f"{mine} instead, and the program told so in its `command`; or num_envs=1",
    )


def _apart(address: str) -> str:
    """Return ``address`` with a free port in place of its own."""
    return re.sub(r"^([^/]*//)?(\[[^]]*\]|[^:/]*)(:[^/]*)?", r"\1\2:${port}", address)


def room(program: Program, records: bool = False) -> int | None:
    """Return for how many simulators this process may open what they need; None where there is no limit."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    free, lasting, at_first = limit - _opened() - SPARE, each(program) + records, starting(program)
    few = free // (lasting + at_first)
    return max(0, few if few <= AT_ONCE else (free - AT_ONCE * at_first) // lasting)


def room_for_spares(program: Program, count: int, records: bool, wanted: int) -> int:
    """Return how many of the simulators that are ``wanted`` ahead find room beside ``count`` of them."""
    most = room(program, records)
    return wanted if most is None else max(0, min(wanted, most - count))


def check_descriptors(program: Program, count: int, records: bool) -> None:
    """Raise LimitReached where this process may not open what ``count`` simulators need.

    ``records``: a transcript is written of each.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return
    lasting = each(program) + records
    needed = count * lasting + min(count, AT_ONCE) * starting(program) + _opened() + SPARE
    if needed > limit:
        who = "a simulator needs" if count == 1 else f"{count} simulators need"
        raise LimitReached(
            f"{who} more descriptors than this process may open",
            found=f"{lasting} for each, {needed} with those that are open or spare; the limit is {limit}",
            cure=f"raise it before the training: ulimit -n {1 << (needed - 1).bit_length()}; or num_envs="
            f"{max(1, room(program, records) or 1)}",
        )


def _opened() -> int:
    try:
        return len(os.listdir(Path("/dev/fd")))
    except OSError:
        return 16
