"""What the start of a simulator has in common whatever leads to it: clean signals, limits, errors."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from filebridge.errors import BridgeError, ExecFailed, LimitReached, StartError
from filebridge.transports.base import Launch, Limits

__all__ = [
    "abandon",
    "admit",
    "apart",
    "checked",
    "default_signals",
    "limited_before",
    "nothing_ignored",
    "output_pipe",
    "quiet_fork",
    "start_errors",
    "started",
    "unclean_signals",
]

_RESTORED = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)}
_SIGNALS = sorted(signal.valid_signals() - _RESTORED)
_SCARCE = {
    errno.EMFILE: ("this process may open no more files", "raise the limit before the training: ulimit -n"),
    errno.ENFILE: ("this machine can open no more files", "raise fs.file-max, or start fewer simulators"),
    errno.EAGAIN: ("no more processes can be started", "raise the limit: ulimit -u, or pids.max of the container"),
    errno.ENOMEM: ("there is no memory left for another process", "start fewer simulators, or free memory"),
    errno.ENOSPC: ("there are no pseudo-terminals left", "raise kernel.pty.max, or use pipes"),
}


@contextmanager
def start_errors(launch: Launch, path: str) -> Iterator[None]:
    """Turn what the system says about a start into LimitReached or ExecFailed."""
    try:
        yield
    except BridgeError:
        raise  # said already; those of a transport are OSErrors too
    except OSError as exc:
        raise _failure(launch, path, exc) from exc
    except subprocess.SubprocessError as exc:
        raise StartError(f"{path} cannot be started: its limits or signals could not be set", found=str(exc)) from exc


def _failure(launch: Launch, path: str, exc: OSError) -> StartError:
    reason = os.strerror(exc.errno) if exc.errno else str(exc)
    if exc.errno in _SCARCE:
        what, cure = _SCARCE[exc.errno]
        return LimitReached(f"{path} cannot be started: {what}", found=_level(exc.errno, reason), cure=cure)
    what = f"{path} cannot be started: {reason}"
    if exc.errno == errno.ENOEXEC:
        return ExecFailed(
            what,
            found="neither a binary of this machine nor a script",
            cure="begin a script with a line such as #!/bin/sh, or name its interpreter first in the command",
        )
    if exc.errno == errno.ENOENT and os.path.exists(path):
        return ExecFailed(what, found=_interpreter(path), cure="install what is missing")
    if exc.errno == errno.E2BIG:
        size = sum(map(len, launch.argv)) + sum(len(name) + len(value) for name, value in launch.environment.items())
        return ExecFailed(what, found=f"{size} characters of command and environment", cure="put long data in a file")
    return ExecFailed(what, found=f"command {' '.join(launch.argv)}", cure="start it by hand to see what it needs")


def _level(number: int | None, reason: str) -> str:
    if number == errno.EMFILE:
        return f"{reason} (limit {resource.getrlimit(resource.RLIMIT_NOFILE)[0]})"
    return reason


def _interpreter(path: str) -> str:
    with open(path, "rb") as file:
        first = file.readline(200)
    if first.startswith(b"#!"):
        return f"its first line asks for {first[2:].strip().decode(errors='backslashreplace')}"
    return "the loader that the binary asks for is not installed"


def checked(launch: Launch) -> None:
    """Refuse what no exec can take, before anything is forked. Raises ExecFailed."""
    for text in (*launch.argv, *launch.environment, *launch.environment.values()):
        if "\0" in text:
            raise ExecFailed("a NUL character cannot be passed to a program", found=ascii(text[:80]))
    for name in launch.environment:
        if not name or "=" in name:
            raise ExecFailed("this is no name for an environment variable", found=ascii(name))


def apart() -> dict[str, Any]:
    """Return how a new process is kept apart from the trainer's, as arguments of Popen: it leads a group of its own.

    It leads a session too where it would otherwise see the trainer's terminal, and only there: Linux may give each
    session a share of its own of the processors, and then waking a process of another one costs several times as much.
    """
    grouped = sys.version_info >= (3, 11) and not _on_terminal()
    return {"process_group": 0} if grouped else {"start_new_session": True}


def _on_terminal() -> bool:
    """Return whether this process, and what it starts in its session, has a terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@contextmanager
def nothing_ignored() -> Iterator[None]:
    """Ignore no signal meanwhile: what was ignored is handled, by doing nothing.

    A new process inherits what is ignored, as under nohup, but no handlers, and needs no hook then. Only the main
    thread can do so; in others nothing is changed. Nor is SIGCHLD: where it is ignored the system reaps the children.
    """
    is_main = threading.current_thread() is threading.main_thread()
    ignored = [number for number in _ignored() if number != signal.SIGCHLD] if is_main else []
    try:
        for number in ignored:
            signal.signal(number, _do_nothing)
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def _ignored() -> list[int]:
    return [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_IGN]


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Handle a signal that the trainer ignores."""


def unclean_signals() -> bool:
    """Tell whether a new process would inherit ignored or blocked signals that subprocess does not restore."""
    return bool(_ignored() or signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def default_signals() -> None:
    """Give every signal its default meaning; called in the new process, before its exec."""
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def limited_before(path: str) -> bool:
    """Tell whether limits must be set before the exec: without prlimit, or on a program that changes its user."""
    return not hasattr(resource, "prlimit") or bool(os.stat(path).st_mode & (stat.S_ISUID | stat.S_ISGID))


def admit(pid: int, limits: Limits) -> None:
    """Set the limits of a process, 0 for this one; a limit that is lower already stays. Core files are off."""
    for kind, soft, hard in _wanted(limits):
        old_soft, old_hard = _limit(pid, kind, None)
        if old_hard != resource.RLIM_INFINITY:
            hard = min(hard, old_hard)
        if old_soft != resource.RLIM_INFINITY:
            soft = min(soft, old_soft)
        _limit(pid, kind, (min(soft, hard), hard))


def _wanted(limits: Limits) -> Iterator[tuple[int, int, int]]:
    yield resource.RLIMIT_CORE, 0, 0
    if limits.cpu is not None:
        # One second later the kernel kills; the soft limit leaves a signal that says why.
        yield resource.RLIMIT_CPU, limits.cpu, limits.cpu + 1
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NPROC, limits.processes),
    ):
        if value is not None:
            yield kind, value, value


def _limit(pid: int, kind: int, values: tuple[int, int] | None) -> tuple[int, int]:
    if pid == 0:
        if values is not None:
            resource.setrlimit(kind, values)
        return resource.getrlimit(kind)
    try:
        return resource.prlimit(pid, kind, values) if values else resource.prlimit(pid, kind)
    except ProcessLookupError:
        # It has ended already and is beyond every limit; the loop will say how.
        return (0, 0)


def output_pipe(theirs: ExitStack, ours: ExitStack) -> tuple[int, int]:
    """Return our reading end of a new pipe, which never blocks, and the end that the simulator writes.

    The stacks close them: ``theirs`` once the simulator has its copies, ``ours`` when its start fails.
    """
    reading, writing = os.pipe()
    theirs.callback(os.close, writing)
    ours.callback(os.close, reading)
    os.set_blocking(reading, False)
    return reading, writing


def started(launch: Launch, path: str, streams: tuple[int, int, int]) -> int:
    """Start the program at ``path`` with these descriptors as stdin, stdout and stderr; return its process number.

    It leads a group of its own, has its limits and clean signals. Raises what ``start_errors`` translates;
    nothing runs then.
    """
    before = limited_before(path)

    def prepare() -> None:
        default_signals()
        if before:
            admit(0, launch.limits)

    with quiet_fork():
        child = subprocess.Popen(
            [path, *launch.argv[1:]],
            bufsize=0,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            cwd=launch.directory,
            env=dict(launch.environment),
            **apart(),
            # A hook costs a real fork of the trainer instead of a vfork, so only where it is needed.
            preexec_fn=prepare if before or unclean_signals() else None,
        )
    # Popen is done with its part: Process reaps, and Popen must neither wait nor warn.
    child.returncode = 0
    if not before:
        _admit_new(child.pid, launch.limits)
    return child.pid


def _admit_new(pid: int, limits: Limits) -> None:
    try:
        admit(pid, limits)
    except BaseException:
        abandon(pid)
        raise


@contextmanager
def quiet_fork() -> Iterator[None]:
    """Silence the warning that a trainer with threads forks: the new process only sets itself up for its exec."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"This process .* is multi-threaded", DeprecationWarning)
        yield


def abandon(pid: int) -> None:
    """Kill and reap a process whose start could not be completed; the wait is that for a SIGKILL."""
    try:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        # A trainer that ignores SIGCHLD has had it reaped by the kernel.
        return
