"""The memory that is left: of the machine, and of the containers that this process is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

__all__ = ["has_room", "rooms"]

PROC = "/proc"
GROUPS = "/sys/fs/cgroup"

_NEWER = "memory.max", "memory.current", "inactive_file"
_OLDER = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"


def has_room(share: float, proc: str = PROC, groups: str = GROUPS) -> bool:
    """Return whether more than this ``share`` is free of all that limits the memory; where nothing is known it is."""
    return all(free > share * whole for free, whole in rooms(proc, groups))


def rooms(proc: str = PROC, groups: str = GROUPS) -> list[tuple[int, int]]:
    """Return (free, whole) in bytes, of the machine first and then of each container around this process.

    Nothing where the memory of the machine is not known. ``proc`` and ``groups`` are where the kernel tells.
    """
    sizes = _table(f"{proc}/meminfo")
    try:
        machine = sizes["MemAvailable"] * 1024, sizes["MemTotal"] * 1024
    except KeyError:
        return []
    return [machine, *_containers(proc, groups)]


def _containers(proc: str, groups: str) -> Iterator[tuple[int, int]]:
    """Yield (free, whole) of each container that has a limit; an outer one may have less than those in it."""
    newer, older = _paths(proc)
    for folder, path, (most, used, cached) in ((groups, newer, _NEWER), (f"{groups}/memory", older, _OLDER)):
        # In a container the path may be the one that the machine sees, which is not there: its root is then.
        for group in (path, *path.parents):
            place = f"{folder}{group}".rstrip("/")
            limit, usage = _number(f"{place}/{most}"), _number(f"{place}/{used}")
            if limit is not None and usage is not None:
                # What was read from files and not used lately is given back as soon as somebody wants it.
                yield limit - usage + _table(f"{place}/memory.stat").get(cached, 0), limit


def _paths(proc: str) -> tuple[PurePosixPath, PurePosixPath]:
    """Return where this process is in the tree of containers, in the newer one and in the older one of memory."""
    newer = older = PurePosixPath("/")
    for line in _text(f"{proc}/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if ".." in path.split("/"):
            continue
        if number == "0" and not kinds:
            newer = PurePosixPath("/", path)
        elif "memory" in kinds.split(","):
            older = PurePosixPath("/", path)
    return newer, older


def _table(path: str) -> Mapping[str, int]:
    """Return the numbers of a file with a name and a number in each line."""
    words = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in words if len(row) > 1 and row[1].isdecimal()}


def _number(path: str) -> int | None:
    """Return the number in a file; None where there is no such file, or "max"."""
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
