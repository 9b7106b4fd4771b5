"""Ends every process of a run and removes its folders; run as a program, this file is the guardian.

A simulator carries ``FILEBRIDGE_RUN=<run>.<link>`` in its environment and hands it down to whatever it starts, so its
descendants are found even after they have left its session. Standard library only: the guardian is started by path.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import sys
import time

__all__ = ["ENVIRONMENT_NAME", "empty_folder", "end", "group_members", "holders", "main", "remove_folder", "start_time"]

ENVIRONMENT_NAME = "FILEBRIDGE_RUN"

_PROC = os.path.isdir("/proc/self")
_GONE = (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM)
_PROCESS_GROUP = 4  # PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNSURE_ROUNDS, _SEQUEL_ROUNDS = 20, 2
_EMPTYING = 5.0  # seconds


def _read(path: str) -> bytes | None:
    """Return a file of /proc, b"" if the process has let go of it, None if it is gone or another user's."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except OSError as exc:
        if exc.errno in _GONE:
            return b"" if exc.errno == errno.ESRCH else None
        raise


def _status(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat from the state on; none if the process is gone."""
    data = _read(f"/proc/{pid}/stat") or b")"
    # The program's name may hold spaces and brackets, so counting begins behind the last bracket.
    return data[data.rindex(b")") + 1 :].split()


def start_time(pid: int) -> int:
    """Return when ``pid`` was started, in clock ticks since boot; 0 if it is gone or cannot be known."""
    status = _status(pid) if _PROC else []
    return int(status[19]) if status else 0


def _forks() -> int:
    return int((_read("/proc/stat") or b"").partition(b"\nprocesses ")[2].split()[0])


_FORKS = _forks() if _PROC else 0


def _pids(first_pid: int) -> list[int]:
    if first_pid:
        # Only while the pid counter has surely not come round: after half a round nothing is certain.
        last, limit = (int((_read(name) or b"0").split()[-1]) for name in ("/proc/loadavg", "/proc/sys/kernel/pid_max"))
        first_pid = first_pid if last >= first_pid and _forks() - _FORKS < limit // 2 else 0
    pids = map(int, filter(str.isdigit, os.listdir("/proc")))
    return [pid for pid in pids if pid >= first_pid and pid != os.getpid()]


def _mark(token: str) -> bytes:
    return b"\0%s=%s%s" % (ENVIRONMENT_NAME.encode(), token.encode(), b"\0" if "." in token else b".")


def _environment(pid: int) -> bytes | None:
    data = _read(f"/proc/{pid}/environ")
    if data != b"":
        return data
    # A process whose main thread has ended lives on in the others, and only they still show the environment.
    try:
        if os.getpgid(pid) == 0:  # one of the kernel's own
            return None
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return None
    shown = (_read(f"/proc/{pid}/task/{thread}/environ") for thread in threads if thread != str(pid))
    return next(filter(None, shown), data)


def _carries(pid: int, mark: bytes, ended: set[int] | None = None) -> bool | None:
    """Whether ``pid`` carries the mark; None if it is in passing and shows none. One that is gone joins ``ended``."""
    data = _environment(pid)
    if data:
        return mark in b"\0" + data + b"\0"
    status = _status(pid) if data is not None or ended is not None else []
    if status and status[0] not in b"ZX":
        return None if data is not None and status[48] == b"0" else False
    if ended is not None:
        ended.add(pid)
    return False


def _belongs(pid: int, groups: dict[int, int]) -> bool:
    """Whether ``pid`` is in one of the registered groups, none of whose ids has been given away since."""
    try:
        sessions = {pid, os.getpgid(pid), os.getsid(pid)} & groups.keys()
    except OSError as exc:
        if exc.errno in _GONE:
            return False
        raise
    status = _status(pid) if sessions else []
    if not status or (status[0] in b"ZX" and status[17] == b"1"):
        return False
    # An id is free again only after its last member has gone: a leader with another start time is a stranger.
    return any(0 < groups[session] <= int(status[19]) and start_time(session) in (0, groups[session])
               for session in sessions)


def holders(token: str, first_pid: int = 0) -> list[int]:
    """Return the processes that carry ``token``: a whole ``<run>.<link>``, or ``<run>`` for all links of a run.

    Only processes that this user may inspect are seen; never this one. Pids below ``first_pid`` are skipped
    as long as the pid counter has surely not come round since this module was loaded.
    """
    return [pid for pid in _pids(first_pid) if _carries(pid, _mark(token))] if _PROC and token else []


def group_members(session: int, started: int) -> list[int]:
    """Return the living processes in the session or group of ``session``, a simulator with this ``start_time``."""
    return [pid for pid in _pids(0) if _belongs(pid, {session: started})] if _PROC else []


def _targets(mark: bytes, groups: dict[int, int], first_pid: int, ended: set[int] | None) -> tuple[list[int], bool]:
    carries = {pid: bool(mark) and _carries(pid, mark, ended) for pid in _pids(first_pid)}
    found = [pid for pid, carrying in carries.items() if carrying or (groups and _belongs(pid, groups))]
    return found, None in carries.values()


def _kill(pid: int, mark: bytes, groups: dict[int, int]) -> None:
    """Send SIGKILL to ``pid`` if it is ours; the descriptor is taken first, so that a reused pid is never hit."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        descriptor = -1
    try:
        if not ((mark and _carries(pid, mark)) or _belongs(pid, groups)):
            return
        if descriptor < 0:
            os.kill(pid, signal.SIGKILL)
            return
        # The whole group in one call, or a process that forks and ends without pause stays ahead of the walk.
        for flags in (0, _PROCESS_GROUP) if pid in groups else (0,):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL, None, flags)
    except OSError as exc:
        if exc.errno not in (*_GONE, errno.EINVAL):
            raise
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def end(
    token: str, deadline: float, groups: dict[int, int] | None = None, first_pid: int = 0, sequels: bool = True
) -> list[int]:
    """End with SIGKILL all that carry ``token`` and all members of ``groups``, until no new one is seen.

    ``deadline`` is a time of ``time.monotonic()``; ``groups`` maps a simulator's pid to its ``start_time``.
    With ``sequels`` a child of one that ends meanwhile is looked for too. Returns the pids still alive at the deadline.
    Without a /proc only the groups are ended, and none is known.
    """
    groups = groups or {}
    if not _PROC:
        for pid in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        return []
    mark, rounds, ended = _mark(token) if token else b"", 0, set[int]() if sequels else None
    while True:
        known = len(ended or ())
        found, unsure = _targets(mark, groups, first_pid, ended)
        for pid in found:
            _kill(pid, mark, groups)
        # One that has ended since they were listed may have left a child that was not.
        if not found and rounds >= (_UNSURE_ROUNDS if unsure else _SEQUEL_ROUNDS if len(ended or ()) > known else 0):
            return []
        if time.monotonic() >= deadline:
            return found
        rounds = 0 if found else rounds + 1
        time.sleep(0.001)


def _open_folder(name: str, parent: int | None = None) -> int:
    """Open a folder, never through a link, and make it writable for its owner."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        # The permission bits are set through a handle, since a name could be swapped for a link meanwhile.
        handle = os.open(name, _FOLDER | os.O_PATH, dir_fd=parent)
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
        os.close(handle)
        descriptor = os.open(name, _FOLDER, dir_fd=parent)
    if os.fstat(descriptor).st_mode & 0o700 != 0o700:
        os.fchmod(descriptor, 0o700)
    return descriptor


def _drop(root: int, name: str) -> None:
    if not stat.S_ISDIR(os.lstat(name, dir_fd=root).st_mode):
        os.unlink(name, dir_fd=root)
        return
    folder = _open_folder(name, root)
    try:
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                # A folder within is moved up rather than entered, so that no depth uses up stack or descriptors.
                os.close(_open_folder(entry.name, folder))
                os.rename(entry.name, f".left-{os.urandom(8).hex()}", src_dir_fd=folder, dst_dir_fd=root)
            else:
                os.unlink(entry.name, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=root)


def _is_stuck(root: int, name: str) -> bool:
    try:
        _drop(root, name)
    except OSError as exc:
        return exc.errno != errno.ENOENT
    return False


def empty_folder(path: str | os.PathLike[str]) -> list[str]:
    """Remove all that is in the folder ``path``, following no link; return the paths of what is left."""
    try:
        root = _open_folder(os.fspath(path))
    except OSError as exc:
        return [] if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) else [os.fspath(path)]
    stuck, give_up = set[str](), time.monotonic() + _EMPTYING
    while names := [name for name in os.listdir(root) if name not in stuck]:
        late = time.monotonic() > give_up
        stuck.update(name for name in names if late or _is_stuck(root, name))
    os.close(root)
    return sorted(os.path.join(path, name) for name in stuck)


def remove_folder(path: str | os.PathLike[str]) -> list[str]:
    """Remove the folder ``path`` and all in it, following no link; return the paths of what is left."""
    left = empty_folder(path)
    try:
        (os.unlink if os.path.islink(path) else os.rmdir)(path)
    except OSError as exc:
        return [] if exc.errno == errno.ENOENT else left or [os.fspath(path)]
    return []


class Ledger:
    """What the guardian has been told: the runs, the simulators with their start times, the folders."""

    def __init__(self) -> None:
        self.runs, self.folders = set[str](), set[str]()
        self.groups: dict[int, int] = {}

    def note(self, line: bytes) -> None:
        """Take in one record; half a record, written by a trainer as it died, changes nothing."""
        try:
            record = json.loads(line)
        except ValueError:
            return
        added, dropped = record.get("add", {}), record.get("drop", {})
        if added.get("token"):
            self.runs.add(added["token"].partition(".")[0])
        if added.get("pid"):
            self.groups[added["pid"]] = added["start"]
        if added.get("folder"):
            self.folders.add(added["folder"])
        self.groups.pop(dropped.get("pid"), None)
        self.folders.discard(dropped.get("folder"))

    def settle(self) -> None:
        """End and remove everything, twice: a child forked just before the trainer died carries no token yet."""
        deadline = time.monotonic() + 0.7
        for pause in (0.0, 0.02):
            time.sleep(pause)
            for run in self.runs or {""}:
                end(run, deadline, self.groups)
            self.folders = {folder for folder in self.folders if remove_folder(folder)}


def main() -> None:
    """Be the guardian: read records from descriptor 0 until the trainer is gone, then end what it left."""
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    ledger = Ledger()
    for line in sys.stdin.buffer:
        ledger.note(line)
    ledger.settle()


if __name__ == "__main__":
    main()
