"""Whether the programs on a terminal have read every key and wait for the next one: a proof from what the kernel tells.

Nothing is guessed from times. Where one link of the proof is missing the answer is no.
"""

from __future__ import annotations

import fcntl
import os
import platform
import select
import signal
import termios
from collections.abc import Iterator
from pathlib import Path

__all__ = ["keys_awaited"]

_READ, _WAIT = {"x86_64": (0, {61, 247}), "aarch64": (63, {260, 95})}.get(platform.machine(), (-1, set[int]()))
"""The numbers of the calls `read`, and `wait4` and `waitid`."""

_PEER = 0x5441
"""The request TIOCGPTPEER: a descriptor of the other side of our terminal, wherever its name is mounted."""

_CONTROLLING = os.makedev(5, 0)
"""The device /dev/tty, which is a process's own terminal by another name."""

_EXPECTED = {
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGPIPE", "SIGTERM",
    "SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGXCPU", "SIGXFSZ", "SIGWINCH", "SIGPWR", "SIGSYS",
}  # fmt: skip
_HARMLESS = sum(1 << (getattr(signal, name) - 1) for name in _EXPECTED if hasattr(signal, name))
"""The signals that a program may catch without being woken by a timer or by another program."""

_Sleeps = dict[int, int]
"""How often each of some processes went to sleep, by their numbers."""


def keys_awaited(terminal: int, pid: int) -> bool:
    """Return whether all keys typed into our side of ``terminal`` were read, and the next one is waited for.

    That is so where no key is left in the terminal; all processes of ``pid``, which leads their session, sleep in a
    plain read of it, or wait for a child that does; none has several threads, or catches signals by which timers and
    other programs act; and none has moved meanwhile. What they wrote before can be read afterwards. A read with a time
    limit proves nothing, nor does `poll`, as either may go on by itself. Takes some milliseconds.
    Not seen is a helper that has left the session, the terminal and its parents, and draws all the same.
    """
    try:
        device = _emptied(terminal)
        if device is None:
            return False
        first = _asleep(_session(pid, device), device)
        if first is None:
            return False
        # Whoever moved before the first look may have changed the modes, or started others, after they were looked at.
        return _emptied(terminal) == device and first == _asleep(_session(pid, device), device)
    except (OSError, ValueError, LookupError, termios.error):
        return False


def _emptied(terminal: int) -> int | None:
    """Return the device that programs see, None where keys are left, or where a read of them ends by a time."""
    modes = termios.tcgetattr(terminal)
    if modes[3] & termios.ICANON or not _number(modes[6][termios.VMIN]) or _number(modes[6][termios.VTIME]):
        return None
    peer = fcntl.ioctl(terminal, _PEER, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        # Unlike FIONREAD it waits for what the kernel has still to hand over from our side.
        poller = select.poll()
        poller.register(peer, select.POLLIN)
        return None if poller.poll(0) else os.fstat(peer).st_rdev
    finally:
        os.close(peer)


def _number(character: int | bytes) -> int:
    """Return a time or a count, which `tcgetattr` gives as a character where the terminal takes lines."""
    return character if isinstance(character, int) else character[0]


def _session(pid: int, device: int) -> set[int]:
    """Return the processes that may draw: those of the session, those on the terminal, and what they started."""
    parents, found = dict[int, int](), {pid}
    for number, words in _table():
        parents[number] = int(words[1])
        if int(words[3]) == pid or _device(int(words[4])) == device:
            found.add(number)
    grown = True
    while grown:
        more = {number for number, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def _table() -> Iterator[tuple[int, list[str]]]:
    """Yield each process with the words of its `stat` from its state on."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield int(name), _stat(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue


def _stat(pid: int) -> list[str]:
    # The name of a program may hold anything, also ") R": the last bracket is the true one.
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _device(number: int) -> int:
    """Return the device of a `tty_nr`, which keeps it in 32 bits."""
    return os.makedev(number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00)


def _asleep(pids: set[int], device: int) -> _Sleeps | None:
    """Return how often each process went to sleep, None where one may go on without a key, or none reads."""
    sleeps, readers = _Sleeps(), 0
    for pid in pids:
        words = _stat(pid)
        if words[0] == "Z":
            continue
        told = _status(pid)
        call, *given = Path(f"/proc/{pid}/syscall").read_text().split()
        if words[0] != "S" or told["Threads"] != "1" or int(told["SigCgt"], 16) & ~_HARMLESS:
            return None
        reads = int(call) == _READ
        if reads and os.stat(f"/proc/{pid}/fd/{int(given[0], 16)}").st_rdev not in (device, _CONTROLLING):
            return None
        if not reads and int(call) not in _WAIT:
            return None
        readers += reads
        sleeps[pid] = int(told["voluntary_ctxt_switches"])
    return sleeps if readers else None


def _status(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text(errors="replace")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
