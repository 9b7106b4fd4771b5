"""What the kernel tells of sockets: which one is at the other end of a connection, and which process holds it.

Linux alone tells it, in /proc; elsewhere nothing is known, and the answers say so.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import struct
from collections.abc import Iterator

from filebridge import sweep
from filebridge.transports.sockets.diagnostics import UNKNOWN, inode_of

__all__ = ["Sight", "far_end", "holder", "latest_pid", "listening", "listening_path", "owner"]

_LISTENS = b"0A"
_TABLES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
_MAPPED = ipaddress.IPv6Address("::ffff:0:0").packed[:12]
_WILD = ("00000000", "0" * 32)
_INODE = 9
"""The column of /proc/net/tcp and /proc/net/udp that holds the inode."""


class Sight:
    """One look at the processes of a run: those that carry ``run`` in their environment, and what they started.

    ``first_pid`` is a pid below which none of them can be, see ``latest_pid``; it makes the look short. Made anew
    for each look, and only where it is needed; ``unsure`` says that a process was just being loaded.
    """

    __slots__ = ("_first_pid", "_held", "_pids", "_run", "unsure")

    def __init__(self, run: str, first_pid: int = 0) -> None:
        self._run, self._first_pid = run, first_pid
        self._pids: frozenset[int] | None = None
        self._held: frozenset[int] | None = None
        self.unsure = False

    def pids(self) -> frozenset[int]:
        """Return the processes of the run, never this one."""
        if self._pids is None:
            self._pids = self._looked() if self._run else frozenset()
        return self._pids

    def holds(self, inode: int) -> bool:
        """Return whether a process of the run has the socket ``inode`` open."""
        if self._held is None:
            self._held = frozenset(inode for pid in self.pids() for inode in _sockets(pid))
        return inode in self._held

    def _looked(self) -> frozenset[int]:
        # The marks are those that the guardian goes by, so that who is let in is who will be ended.
        mark, found, others = sweep._mark(self._run), set(), {}
        for pid in sweep._pids(self._first_pid):
            carries = sweep._carries(pid, mark)
            self.unsure |= carries is None
            if carries:
                found.add(pid)
            else:
                others[pid] = _parent(pid)
        # A descendant may have been given another environment.
        while found and (more := {pid for pid, parent in others.items() if parent in found} - found):
            found |= more
        return frozenset(found)


def latest_pid() -> int:
    """Return the last pid that was given away; a process started from now on has a greater one, or 1 comes again."""
    data = sweep._read("/proc/loadavg")
    return int(data.split()[-1]) if data else 0


def far_end(connection: socket.socket) -> int:
    """Return the inode of the socket at the other end of a TCP connection within this machine; 0 if it is not seen."""
    here, there = connection.getsockname()[:2], connection.getpeername()[:2]
    inode = inode_of(there, here)
    if inode != UNKNOWN:
        return inode
    for name in _TABLES["tcp"]:
        data = _table(name)
        for far, near in zip(_spelt(*there), _spelt(*here), strict=True):
            at = data.find(b" %s %s " % (far, near))
            if at >= 0:
                return int(data[data.rindex(b"\n", 0, at) :].split(None, _INODE + 1)[_INODE])
    return 0


def listening(kind: str, host: str, port: int) -> list[int]:
    """Return the inodes of the sockets that take what is sent to an address, of the ``kind`` "tcp" or "udp".

    Those that listen on all addresses are among them.
    """
    wanted = {*_spelt(host, port), *(f"{wild}:{port:04X}".encode() for wild in _WILD)}
    found = []
    for name in _TABLES[kind]:
        for line in _table(name).splitlines()[1:]:
            words = line.split()
            if words[1] in wanted and (kind == "udp" or words[3] == _LISTENS):
                found.append(int(words[_INODE]))
    return found


def listening_path(path: str) -> list[int]:
    """Return the inodes of the Unix sockets that were bound to ``path``."""
    rows = (line.split(None, 7) for line in _table("unix").splitlines()[1:])
    return [int(row[6]) for row in rows if len(row) > 7 and row[7] == os.fsencode(path)]


def holder(inodes: list[int]) -> int:
    """Return a process that has one of the sockets open; 0 where none is visible to this user."""
    wanted = frozenset(inodes)
    if not wanted or not os.path.isdir("/proc/self/fd"):
        return 0
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return next((pid for pid in pids if not wanted.isdisjoint(_sockets(pid))), 0)


def owner(inodes: list[int]) -> str:
    """Return who has one of the sockets open, in words: ``python3 (pid 123)``."""
    pid = holder(inodes)
    name = (sweep._read(f"/proc/{pid}/comm") or b"").decode("utf-8", "backslashreplace").strip() if pid else ""
    if pid == os.getpid():
        return f"this process (pid {pid})"
    return f"{name} (pid {pid})" if name else "a program that this user cannot see"


def _spelt(host: str, port: int) -> tuple[bytes, bytes]:
    """Return an address as /proc/net spells it, as one of IPv4 where that can be, and as one of IPv6."""
    packed = ipaddress.ip_address(host.partition("%")[0]).packed
    if packed.startswith(_MAPPED) and len(packed) == 16:
        packed = packed[12:]
    long = packed if len(packed) == 16 else _MAPPED + packed
    short, wide = (
        b"".join(b"%08X" % word for word in struct.unpack(f"={len(each) // 4}I", each)) for each in (packed, long)
    )
    return b"%s:%04X" % (short, port), b"%s:%04X" % (wide, port)


def _table(name: str) -> bytes:
    return sweep._read(f"/proc/net/{name}") or b"\n"


def _parent(pid: int) -> int:
    status = sweep._status(pid)
    return int(status[1]) if status else 0


_SOCKET = re.compile(r"socket:\[(\d+)\]")


def _sockets(pid: int) -> Iterator[int]:
    """Yield the inodes of the sockets that ``pid`` has open; none where it is gone or another user's."""
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")
        except OSError:
            continue  # closed meanwhile
        found = _SOCKET.fullmatch(target)
        if found:
            yield int(found[1])
