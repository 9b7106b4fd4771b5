"""What the processes that this one has started use: time of processors, memory; and theirs, as far as they are seen."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass

__all__ = ["processor_seconds", "resident_bytes"]

_PROC = "/proc"
_PARENT, _PAGES = 1, 21
_TIMES = slice(11, 15)


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    ticks: int
    pages: int


def processor_seconds() -> float | None:
    """Return the seconds of processor time that all processes started by this one have used so far.

    Those that have ended are in it, as are the processes that they have started and waited for. None where the system
    has no /proc: what a living process has used is not known there.
    """
    living = _descendants()
    if living is None:
        return None
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(one.ticks for one in living) / os.sysconf("SC_CLK_TCK")


def resident_bytes() -> int | None:
    """Return the memory that the living processes started by this one hold, in bytes; None without a /proc.

    Pages that several of them share count for each.
    """
    living = _descendants()
    return None if living is None else sum(one.pages for one in living) * os.sysconf("SC_PAGE_SIZE")


def _descendants() -> list[_Process] | None:
    if not os.path.isdir(f"{_PROC}/self"):
        return None
    found = {int(name): _process(int(name)) for name in os.listdir(_PROC) if name.isdigit()}
    children: dict[int, list[int]] = {}
    for pid, process in found.items():
        if process is not None:
            children.setdefault(process.parent, []).append(pid)
    ours: list[_Process] = []
    left = [*children.get(os.getpid(), ())]
    while left:
        pid = left.pop()
        left += children.get(pid, ())
        process = found[pid]
        assert process is not None
        ours.append(process)
    return ours


def _process(pid: int) -> _Process | None:
    """Return what the system says about ``pid``, None where it has gone."""
    try:
        with open(f"{_PROC}/{pid}/stat", "rb", buffering=0) as file:
            data = file.read(4096)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The program's name may hold spaces and brackets, so counting begins behind the last bracket.
    fields = data[data.rindex(b")") + 1 :].split()
    return _Process(int(fields[_PARENT]), sum(map(int, fields[_TIMES])), int(fields[_PAGES]))
