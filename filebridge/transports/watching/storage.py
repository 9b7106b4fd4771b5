"""What a folder lies on: whether changes in it are announced to this machine."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from filebridge.transports.watching.event import ARRIVED, Watch

__all__ = ["announced", "remote"]

_REMOTE = {
    0x6969: "NFS", 0x517B: "SMB", 0xFE534D42: "SMB", 0xFF534D42: "CIFS", 0x01021997: "9p", 0x65735546: "FUSE",
    0x5346414F: "AFS", 0x6B414653: "AFS", 0x73757245: "Coda", 0x00C36400: "Ceph", 0x0BD00BD0: "Lustre",
    0x47504653: "GPFS", 0x7461636F: "OCFS2", 0x01161970: "GFS2", 0x19830326: "BeeGFS", 0x786F4256: "vboxsf",
    0xBACBACBC: "HGFS", 0x564C: "NCP",
}  # fmt: skip
"""Storage that others may change without a word to this machine's kernel, by statfs(2)'s f_type."""

_ROOM = 512
_heard: dict[int, bool] = {}


def remote(path: str) -> str:
    """Return the kind of the storage beneath ``path`` if another machine may write to it, else ""."""
    if not sys.platform.startswith("linux"):
        return ""
    state = ctypes.create_string_buffer(_ROOM)
    if ctypes.CDLL(None).statfs(os.fsencode(path), state) != 0:
        return ""
    return _REMOTE.get(ctypes.c_ulong.from_buffer(state).value & 0xFFFFFFFF, "")


def announced(watch: Watch, folders: Sequence[str]) -> bool:
    """Tell whether ``watch`` hears of a file that is made and renamed in each of its ``folders``; once per storage.

    A folder that we may not write to is taken to be announced: the net of looks is beneath it.
    """
    return all(_hears(watch, index, path) for index, path in enumerate(folders))


def _hears(watch: Watch, index: int, path: str) -> bool:
    try:
        storage = os.stat(path).st_dev
    except OSError:
        # It went away this moment: the watch will say so.
        return True
    if storage not in _heard:
        name = f".filebridge-{os.urandom(6).hex()}"
        if not _made(os.path.join(path, name)):
            return True
        # The kernel announces before it returns, so there is nothing to wait for.
        _heard[storage] = any(event[:] == (index, name, ARRIVED) for event in watch.take())
    return _heard[storage]


def _made(path: str) -> bool:
    first = path + "-probe"
    try:
        os.close(os.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError:
        return False
    try:
        os.rename(first, path)
    except OSError:
        return False
    finally:
        for name in (first, path):
            with suppress(FileNotFoundError):
                os.unlink(name)
    return True
