"""The trainer's side of the guardian: one small process that outlives the trainer and ends what it left.

The guardian (the program in ``sweep.py``) is told of each simulator and each folder over a socket. When
the trainer ends, by whatever means, the kernel closes the socket, and that is the guardian's signal.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from filebridge import sweep
from filebridge.errors import LimitReached, StartError
from filebridge.sweep import ENVIRONMENT_NAME

__all__ = ["ENVIRONMENT_NAME", "alive", "link_token", "pid", "release", "run_token", "shut_down", "watch"]

_ENVIRONMENT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH")
_PATIENCE = 1.0  # seconds that the guardian has to read a record, or to end
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)


class _Guardian:
    """The guardian of this process: its pid, our end of its socket, and all that it must know."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.child = 0
        self.channel = -1
        self.forget()

    def forget(self) -> None:
        """Begin a run in which nothing is registered."""
        self.run = uuid.uuid4().hex
        self.links = itertools.count(1)
        self.folders: set[str] = set()
        self.simulators: dict[int, dict[str, object]] = {}

    def forked(self) -> None:
        """Let go, in a forked child, of all that is the parent's; the end of this process must end nothing of it."""
        self.hang_up()
        self.child = 0
        self.forget()
        self.lock.release()

    def hang_up(self) -> None:
        """Close our end of the socket."""
        channel, self.channel = self.channel, -1
        if channel >= 0:
            os.close(channel)

    def lives(self) -> bool:
        """Whether the guardian runs; one that has ended is reaped."""
        if self.child:
            try:
                ended, _ = os.waitpid(self.child, os.WNOHANG)
            except ChildProcessError:
                ended = self.child
            self.child = 0 if ended else self.child
        return bool(self.child)

    def tell(self, record: dict[str, object]) -> None:
        """Send one record; a guardian that is gone or does not listen is replaced by one that is told everything."""
        if self.lives():
            try:
                self.send(_line(record))
            except OSError:
                self.dismiss()
            else:
                return
        if self.folders or self.simulators:
            self.start()

    def send(self, data: bytes) -> None:
        """Write to the guardian within a second; on a socket, so that SIGPIPE cannot hit a trainer that restored it."""
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=self.channel)
        try:
            channel.settimeout(_PATIENCE)
            channel.sendall(data, _NO_SIGNAL)
        finally:
            channel.detach()

    def dismiss(self) -> None:
        """End the guardian before it hears that the socket closed, which it would take for the trainer's death."""
        if self.lives():
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
            self.child = 0
        self.hang_up()

    def start(self) -> None:
        """Start a guardian and tell it all that is registered; it reads that when it has come up."""
        self.hang_up()
        try:
            ours, theirs = socket.socketpair()
            self.channel = ours.detach()
            with theirs:
                self.child = _spawn(theirs)
            records: list[dict[str, object]] = [{"token": self.run}, *self.simulators.values()]
            records += [{"folder": folder} for folder in self.folders]
            self.send(b"".join(_line({"add": record}) for record in records))
        except OSError as exc:
            self.dismiss()
            raise _start_error(exc) from exc


def _line(record: dict[str, object]) -> bytes:
    # The newline in front ends a record that was cut short, by Ctrl-C say, so that only that one is lost.
    return b"\n" + json.dumps(record).encode() + b"\n"


def _spawn(stdin: socket.socket) -> int:
    # Only what Python needs to come up: the trainer's own environment may carry the token of a run around it.
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = subprocess.Popen([sys.executable, "-I", "-S", os.path.abspath(sweep.__file__)], stdin=stdin.fileno(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=environment,
                               start_new_session=True)
    # Popen would warn at the interpreter's exit that its process still runs, which is just what is wanted.
    process.returncode = 0
    return process.pid


def _start_error(exc: OSError) -> StartError:
    kind = LimitReached if exc.errno in (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM) else StartError
    return kind("the guardian, which ends the simulators if this process dies, could not be started", found=str(exc),
                cure=f"let this user start {sys.executable or 'a Python interpreter'}; see ulimit -n and ulimit -u")


_GUARDIAN = _Guardian()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_GUARDIAN.lock.acquire, after_in_parent=_GUARDIAN.lock.release,
                        after_in_child=_GUARDIAN.forked)


def run_token() -> str:
    """Return the token of this process's run, 32 hexadecimal digits; a forked child has one of its own."""
    return _GUARDIAN.run


def link_token() -> str:
    """Return a new token ``<run>.<number>``, the value of ``FILEBRIDGE_RUN`` for one simulator."""
    with _GUARDIAN.lock:
        return f"{_GUARDIAN.run}.{next(_GUARDIAN.links)}"


def watch(folder: Path | None = None, pid: int = 0, token: str = "") -> None:
    """Have ``folder`` removed and the process ``pid``, its group and its ``token`` ended if this process dies.

    Call it with the folder, or with nothing, before the simulator is started, so that no instant is left
    in which neither knows of it, and with the pid afterwards, before the process is reaped. A guardian that
    was killed is replaced. Raises StartError if none can be started.
    """
    with _GUARDIAN.lock:
        record: dict[str, object] = {"token": token or _GUARDIAN.run}
        if folder is not None:
            record["folder"] = str(folder.absolute())
            _GUARDIAN.folders.add(str(folder.absolute()))
        if pid:
            record |= {"pid": pid, "start": sweep.start_time(pid)}
            _GUARDIAN.simulators[pid] = {key: value for key, value in record.items() if key != "folder"}
        _GUARDIAN.tell({"add": record})
        if not _GUARDIAN.child:
            _GUARDIAN.start()


def release(folder: Path | None = None, pid: int = 0) -> None:
    """Take back ``watch``: the folder is removed, or the process and its group have ended."""
    with _GUARDIAN.lock:
        path = str(folder.absolute()) if folder is not None else ""
        _GUARDIAN.folders.discard(path)
        _GUARDIAN.simulators.pop(pid, None)
        _GUARDIAN.tell({"drop": {"folder": path, "pid": pid}})


def alive() -> bool:
    """Whether this process has a living guardian."""
    with _GUARDIAN.lock:
        return _GUARDIAN.lives()


def pid() -> int:
    """Return the guardian's process id, 0 if there is none."""
    with _GUARDIAN.lock:
        return _GUARDIAN.child if _GUARDIAN.lives() else 0


def shut_down() -> None:
    """End the run now: the guardian ends all that carries its token, removes the folders and is gone within 1 s."""
    with _GUARDIAN.lock:
        _GUARDIAN.hang_up()
        limit = time.monotonic() + _PATIENCE
        while _GUARDIAN.lives() and time.monotonic() < limit:
            time.sleep(0.002)
        _GUARDIAN.dismiss()
        _GUARDIAN.forget()
