"""Folders for simulators that talk through files: one in memory, one on a disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["folder_on", "mount_type", "working_in"]

WORKDIR = "FILEBRIDGE_WORKDIR"
MEMORY = frozenset(("tmpfs", "ramfs"))


def folder_on(storage: str) -> str | None:
    """Return a folder that can be written to whose storage is "memory" or "disk", None where there is none.

    The folder of the variable FILEBRIDGE_WORKDIR comes first, as far as it is on that storage.
    """
    usual = ["/dev/shm"] if storage == "memory" else [tempfile.gettempdir(), "/var/tmp", str(Path.home()), "."]
    wanted = MEMORY if storage == "memory" else _disk_types()
    places: list[str] = [os.environ.get(WORKDIR, ""), *usual]
    for folder in places:
        if folder and os.access(folder, os.W_OK | os.X_OK) and mount_type(folder) in wanted:
            return os.path.abspath(folder)
    return None


def mount_type(folder: str) -> str:
    """Return the type of the file system that ``folder`` is on, "" where the system does not tell."""
    path, found, longest = os.path.realpath(folder), "", 0
    for line in _lines("/proc/mounts"):
        _, point, kind = line.split()[:3]
        point = point.replace("\\040", " ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two that are mounted at one place the later one is seen.
        if inside and len(point) >= longest:
            found, longest = kind, len(point)
    return found


def _disk_types() -> set[str]:
    """Return the types that want a block device, and two that have one beneath them nearly always."""
    known = [line.split() for line in _lines("/proc/filesystems")]
    return {words[0] for words in known if len(words) == 1} | {"overlay", "zfs"}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


@contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Let whoever starts a simulator meanwhile, the bridge or another contestant, make its folder in ``folder``."""
    before = os.environ.get(WORKDIR)
    os.environ[WORKDIR] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ[WORKDIR]
        else:
            os.environ[WORKDIR] = before
