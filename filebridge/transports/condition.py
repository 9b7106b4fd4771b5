"""What a process is doing right now, in plain words, as far as the kernel tells."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from filebridge.errors import escaped

__all__ = ["condition", "innermost"]

_STATES = {
    "R": "running (busy)",
    "S": "sleeping",
    "D": "waiting for the disk (cannot be interrupted)",
    "T": "stopped by a signal",
    "t": "stopped by a debugger",
    "Z": "zombie",
    "X": "zombie",
    "I": "sleeping",
}
_TIMED = "sleeping for a set time"
_READY = "sleeping, waiting for input or a timer"
_CHILD = "sleeping, waiting for a child of its own"
_SIGNAL = "sleeping, waiting for a signal"
_WHO = ", which is "
_DEEPEST = 8
# The same calls have other numbers on each kind of processor.
_CALLS = {
    "x86_64": {
        0: "read", 19: "read", 1: "write", 20: "write", 7: _READY, 23: _READY, 270: _READY, 271: _READY,
        232: _READY, 281: _READY, 35: _TIMED, 230: _TIMED, 61: _CHILD, 247: _CHILD, 34: _SIGNAL, 130: _SIGNAL,
    },
    "aarch64": {
        63: "read", 65: "read", 64: "write", 66: "write", 72: _READY, 73: _READY, 22: _READY,
        101: _TIMED, 115: _TIMED, 260: _CHILD, 95: _CHILD, 133: _SIGNAL,
    },
}.get(platform.machine(), {})


def condition(pid: int, depth: int = 0) -> str:
    """Return what the process is doing: "running (busy)", "sleeping, reading its pipe", "gone" and so on.

    A process with one busy thread is busy. Of one that waits for a child, a shell say, what the child is doing is told
    too; it is ``depth`` children below the first. Where the kernel does not let its calls be seen, a
    sleeping process is just "sleeping"; where there is no /proc, the answer is "not known".
    """
    if not Path("/proc/self/stat").exists():
        return "not known"
    letters = _letters(pid)
    if not letters:
        return "gone"
    letter = "R" if "R" in letters else letters[0]
    told = (_call(pid) if letter == "S" else "") or _STATES.get(letter, f"in state {letter}")
    child = _waited_for(pid) if told in (_CHILD, _SIGNAL) and depth < _DEEPEST else 0
    return f"waiting for its child {_name(child)}{_WHO}{condition(child, depth + 1)}" if child else told


def innermost(state: str) -> str:
    """Return what is done by the process for which all others wait, of what ``condition`` tells."""
    return state.rpartition(_WHO)[2]


def _waited_for(pid: int) -> int:
    """Return the child that works for ``pid``: the one that reads the same input, else the youngest; 0 for none."""
    children = [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == pid]
    same = [child for child in children if _input(child) and _input(child) == _input(pid)]
    return max(same or children, default=0)


def _stat(path: str) -> list[str]:
    # The name of a program may hold anything, also ") R": the last bracket is the true one.
    return _text(path).rpartition(")")[2].split()


def _parent(pid: str) -> int:
    words = _stat(f"/proc/{pid}/stat")
    return int(words[1]) if len(words) > 1 and words[0] not in "ZX" else -1


def _name(pid: int) -> str:
    return escaped(_text(f"/proc/{pid}/comm").strip())


def _input(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/0")
    except OSError:
        return ""


def _letters(pid: int) -> str:
    """Return the state letters of all threads, the main one first."""
    try:
        threads = sorted(map(int, os.listdir(f"/proc/{pid}/task")))
    except OSError:
        return ""
    return "".join(filter(None, (_letter(pid, thread) for thread in threads)))


def _letter(pid: int, thread: int) -> str:
    return "".join(_stat(f"/proc/{pid}/task/{thread}/stat")[:1])


def _call(pid: int) -> str:
    """Say in which system call the process sleeps, or nothing when that cannot be seen."""
    words = _text(f"/proc/{pid}/syscall").split()
    if len(words) < 2 or not words[0].isdigit():
        return _place(_text(f"/proc/{pid}/wchan"))
    call = _CALLS.get(int(words[0]), "")
    if call == "read":
        return f"sleeping, reading its {_object(pid, int(words[1], 16))}"
    if call == "write":
        return f"sleeping, writing to its {_object(pid, int(words[1], 16))}, which nobody empties"
    return call


def _place(name: str) -> str:
    """Say the same from the name of the kernel's function, which more users may read."""
    if "pipe_read" in name:
        return "sleeping, reading its pipe"
    if "tty_read" in name:
        return "sleeping, reading its terminal"
    if "pipe_write" in name:
        return "sleeping, writing to its pipe, which nobody empties"
    return ""


def _object(pid: int, descriptor: int) -> str:
    try:
        target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except OSError:
        return "input" if descriptor == 0 else "file"
    if target.startswith(("/dev/pts/", "/dev/tty")):
        return "terminal"
    return target.partition(":")[0] if target.startswith(("pipe:", "socket:")) else "file"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
