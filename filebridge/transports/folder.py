"""The private folder of a running simulator, and the files that are placed in it.

What happens in the folder is the simulator's doing, so nothing in it is trusted: a name is opened step
by step beneath the folder and never through a link, and a file appears under its name only when whole.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filebridge import sweep
from filebridge.errors import CleanupError, ConfigSecurityError, LimitReached, StartError
from filebridge.rendering import render

__all__ = ["PlacedFile", "RunFolder"]

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the folder made in it is private
_ROOM = 64 << 20  # bytes
_LIMITS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class PlacedFile:
    """A file that a simulator finds in its folder under ``name``, which may have sub-folders.

    ``source`` is the absolute path of the file to copy, link to or render; with ``way`` "text" it is the
    template itself.
    """

    name: str
    way: Literal["copy", "link", "template", "text"]
    source: str


@dataclass(frozen=True)
class RunFolder:
    """A folder that only this user may enter; ``path`` is absolute."""

    path: Path

    @classmethod
    def make(cls, label: str, *, executable: bool = False) -> RunFolder:
        """Make a new folder whose name shows ``label``; on memory-backed storage where there is some.

        ``executable``: programs will be started from it, which some machines forbid on shared memory.
        ``FILEBRIDGE_WORKDIR`` names another place. Raises StartError, or LimitReached if there is no room.
        """
        place = os.environ.get("FILEBRIDGE_WORKDIR") or _storage(executable)
        with _failing(f"make a folder in {place}", "set FILEBRIDGE_WORKDIR to a folder that you may write to"):
            prefix = "-".join(["filebridge", *re.findall(r"[A-Za-z0-9_]+", label)])[:40]
            return cls(Path(tempfile.mkdtemp(prefix=prefix + "-", dir=os.path.abspath(place))))

    def place(self, files: Sequence[PlacedFile], values: Mapping[str, object]) -> None:
        """Put ``files`` into the folder; templates are rendered with ``values``.

        Raises ConfigError for a template that is wrong, ConfigSecurityError for a name that leaves the folder
        or a template without end, StartError or LimitReached if the machine refuses.
        """
        for file in files:
            *parents, name = _parts(file.name)
            with _failing(f"place {file.name} in {self.path}", "make room on that storage, or set FILEBRIDGE_WORKDIR"):
                folder = os.open(self.path, _FOLDER)
                try:
                    for part in parents:
                        folder = _enter(folder, part, file.name)
                    _put(file, folder, name, values)
                finally:
                    os.close(folder)

    def clear(self) -> None:
        """Remove all that is in the folder. Raises CleanupError if something is left."""
        _removed(sweep.empty_folder(self.path))

    def remove(self) -> None:
        """Remove the folder and all in it; again does no harm. Raises CleanupError likewise."""
        _removed(sweep.remove_folder(self.path))


def _removed(left: list[str]) -> None:
    if left:
        error = CleanupError("the simulator's folder could not be removed", found="left: " + ", ".join(left[:5]),
                             cure="end what still uses it, then remove it by hand")
        error.left = tuple(left)
        raise error


def _storage(executable: bool) -> str:
    with suppress(OSError):
        state = os.statvfs(_SHARED_MEMORY)
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
        roomy = state.f_bavail * state.f_frsize >= _ROOM and not (executable and state.f_flag & os.ST_NOEXEC)
        if roomy and f" {_SHARED_MEMORY} tmpfs " in mounts and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK):
            return _SHARED_MEMORY
    return tempfile.gettempdir()


@contextmanager
def _failing(doing: str, cure: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        kind = LimitReached if exc.errno in _LIMITS else StartError
        raise kind(f"could not {doing}", found=f"{errno.errorcode.get(exc.errno or 0, '')} {exc}", cure=cure) from exc


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ConfigSecurityError("the name of a placed file leaves the simulator's folder", found=repr(name),
                                  cure="write a relative name without '..', as in data/plant.cir")
    return parts


def _enter(folder: int, part: str, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=folder)
    try:
        inner = os.open(part, _FOLDER, dir_fd=folder)
    except OSError as exc:
        if exc.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        raise ConfigSecurityError(f"cannot place {name}: {part} is a link or a file, not a folder", found=str(exc),
                                  cure="clear the folder first, or choose another name") from exc
    os.close(folder)
    return inner


def _put(file: PlacedFile, folder: int, name: str, values: Mapping[str, object]) -> None:
    """Make the file under a name of its own, then give it the right one in one step."""
    if file.way != "text":
        with _failing(f"read {file.source}", f"correct the path given for {file.name} under files:"):
            os.stat(file.source)
    part = f".filebridge-{os.urandom(6).hex()}"
    try:
        if file.way == "link":
            os.symlink(file.source, part, dir_fd=folder)
        else:
            _fill(file, os.open(part, _NEW, 0o600, dir_fd=folder), values)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)


def _fill(file: PlacedFile, descriptor: int, values: Mapping[str, object]) -> None:
    with open(descriptor, "wb") as target:
        if file.way != "copy":
            target.write(_rendered(file, values))
            return
        with open(file.source, "rb") as source:
            shutil.copyfileobj(source, target)
            os.fchmod(descriptor, 0o600 | os.fstat(source.fileno()).st_mode & 0o100)


def _rendered(file: PlacedFile, values: Mapping[str, object]) -> bytes:
    if file.way == "text":
        return render(file.source, file.name, values)
    # Bytes that are no UTF-8, as in old decks, pass through unchanged.
    return render(Path(file.source).read_bytes().decode("utf-8", "surrogateescape"), file.source, values)
