"""One process of a simulator: finding its program, watching it, signalling it, and how it ended."""

from __future__ import annotations

import errno
import glob
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filebridge.errors import ExecFailed, StartError
from filebridge.redaction import HIDES_NOTHING, Redaction
from filebridge.transports.condition import condition
from filebridge.transports.shutting import shut

if TYPE_CHECKING:
    from filebridge.transports.base import Launch

__all__ = ["Exit", "Process", "exec_path"]

COMMON_PLACES = (
    "/usr/games", "/usr/local/games", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/opt/bin",
)  # fmt: skip
"""Folders in which a program is looked for to name them in an error; it is never started from there unasked."""

TAIL = 8192
DRAIN = 1 << 20
_CHUNK = 65536
# From Linux 6.9 on a pidfd reaches the whole group, and then no number can have passed to a stranger.
_GROUP = 4
_NUMBER_IS_OURS = 1.0


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: by a code, by a signal, or (both None) in a way that somebody else was told."""

    code: int | None
    signal: int | None

    @classmethod
    def of(cls, status: int) -> Exit:
        """Return the exit that a wait status of the kernel stands for."""
        code = os.waitstatus_to_exitcode(status)
        return cls(None, -code) if code < 0 else cls(code, None)

    def __str__(self) -> str:
        if self.code is not None:
            return f"exit code {self.code}"
        if self.signal is None:
            return "ended, exit status unknown (another part of this program took it)"
        try:
            return f"killed by {signal.Signals(self.signal).name} (signal {self.signal})"
        except ValueError:
            return f"killed by signal {self.signal}"


class Process:
    """A child of this process that leads its own group; it is reaped here and nowhere else.

    ``pidfd`` is readable once the process has ended, -1 where the system has none. ``stderr_fd`` is
    the end of its stderr that wants draining, -1 when that goes elsewhere or has ended. ``started``
    is a monotonic time in seconds. ``ended`` is set once ``exit`` has seen the end. ``heard`` gets all that is drained
    of stderr, at most the last 1 MiB, for somebody who takes it from there; None where nobody does. ``redaction``
    hides what of its stderr must not be shown.
    """

    __slots__ = ("_exit", "_reaped", "_tail", "ended", "heard", "pid", "pidfd", "redaction", "started", "stderr_fd")

    def __init__(self, pid: int, stderr_fd: int = -1) -> None:
        self.pid = pid
        self.pidfd = _pidfd(pid)
        self.stderr_fd = stderr_fd
        self.started = time.monotonic()
        self.ended = False
        self.heard: bytearray | None = None
        self.redaction: Redaction = HIDES_NOTHING
        self._tail = b""
        self._exit: Exit | None = None
        self._reaped = 0.0

    def drain_stderr(self) -> None:
        """Take what stderr holds now, at most 1 MiB at a time; the last 8 KiB are kept."""
        if self.stderr_fd < 0:
            return
        for _ in range(DRAIN // _CHUNK):
            try:
                chunk = os.read(self.stderr_fd, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                shut(self, "stderr_fd")
                return
            self._tail = self.redaction(self._tail + chunk)[-TAIL:]
            if self.heard is not None:
                self.heard += chunk
                del self.heard[:-DRAIN]
            if len(chunk) < _CHUNK:
                return

    def stderr_tail(self) -> bytes:
        """Return the last bytes of stderr that were drained, at most 8 KiB."""
        return self.redaction.cut(self._tail)

    def exit(self) -> Exit | None:
        """Return how the process ended, None while it lives; does not wait, and reaps this process only."""
        if not self.ended:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                found = Exit.of(status) if pid else None
            except ChildProcessError:
                # A trainer that ignores SIGCHLD, or waits for any child, took the status before us.
                found = Exit(None, None)
            if found is not None:
                self._exit, self._reaped, self.ended = found, time.monotonic(), True
        return self._exit

    def state(self) -> str:
        """Return in plain words what the process does now: "running (busy)", "sleeping, reading its pipe", ..."""
        return "gone" if self.ended else condition(self.pid)

    def signal(self, number: int) -> None:
        """Send a signal to this process and never to another; nothing happens once it has ended."""
        try:
            if self.pidfd >= 0:
                signal.pidfd_send_signal(self.pidfd, number)
            elif self.exit() is None:
                os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):
            # Gone, or it has become another user (setuid): ``exit`` tells the difference.
            return

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and to what it started in its group, also shortly after its own end."""
        try:
            if self.pidfd >= 0 and _signal_group_of(self.pidfd, number):
                return
            if self.exit() is None or time.monotonic() - self._reaped < _NUMBER_IS_OURS:
                os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def close(self) -> None:
        """Close the descriptors and take the exit status if there is one; twice is harmless."""
        self.exit()
        shut(self, "pidfd", "stderr_fd")


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, ProcessLookupError):
        return -1
    except OSError as exc:
        if exc.errno in (errno.ENOSYS, errno.EPERM):
            return -1
        raise


def _signal_group_of(pidfd: int, number: int) -> bool:
    """Signal the group through the pidfd of its leader; False where the kernel cannot."""
    try:
        signal.pidfd_send_signal(pidfd, number, None, _GROUP)
    except (ProcessLookupError, PermissionError):
        raise
    except OSError:
        return False
    return True


def exec_path(launch: Launch) -> str:
    """Return the absolute path of the program of ``launch``; links in it are not resolved.

    Raises ExecFailed when there is no such program or it may not be executed, StartError when
    the folder to start it in does not exist.
    """
    if not os.path.isdir(launch.directory):
        raise StartError(
            f"the simulator cannot be started in {launch.directory}",
            found="no such folder",
            cure="correct the directory, or create it",
        )
    name = launch.argv[0]
    places = _places(launch)
    candidates = [os.path.join(place, name) for place in places]
    present = [path for path in candidates if os.path.exists(path)]
    for path in present:
        if _is_program(path):
            return path
    if present:
        raise _unusable(present[0])
    where = "" if os.path.isabs(name) else f" in {', '.join(places) or 'any folder: PATH is empty'}"
    raise ExecFailed(
        f"{name} cannot be started: No such file or directory",
        found=f"no {name}{where}",
        cure=_cure(launch),
    )


def _places(launch: Launch) -> list[str]:
    if os.sep in launch.argv[0]:
        return [launch.directory]
    inherited = launch.environment.get("PATH", os.defpath).split(os.pathsep)
    # An empty or relative entry would let the folder of a run decide what is executed.
    return list(dict.fromkeys(place for place in (*launch.search, *inherited) if os.path.isabs(place)))


def _unusable(path: str) -> ExecFailed:
    if os.path.isdir(path):
        return ExecFailed(f"{path} cannot be started: Is a directory", found="a folder", cure="name the program in it")
    return ExecFailed(
        f"{path} cannot be started: Permission denied",
        found="a file that this user may not execute",
        cure=f"chmod +x {path}",
    )


def _cure(launch: Launch) -> str:
    name = launch.argv[0]
    if name.startswith("~"):
        return "write the whole path: no shell is asked what `~` stands for"
    if os.sep not in name:
        found = next((place for place in _common_places() if _is_program(os.path.join(place, name))), None)
        if found is not None:
            return f"it is in {found}: add `path: [{found}]`"
    if launch.install:
        return f"install with: {launch.install}"
    if os.sep in name:
        return "correct the path in the command"
    return "install the program, or name the folder that holds it under path:"


def _common_places() -> list[str]:
    """Return the folders in which programs often stand although PATH lacks them."""
    return [*COMMON_PLACES, *sorted(glob.glob("/opt/*/bin")), os.path.expanduser("~/.local/bin")]


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
