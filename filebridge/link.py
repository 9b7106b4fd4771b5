"""One running simulator: its process and transport, its dialogue, its private folder, its place under the guardian."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from select import POLLIN, POLLOUT, poll
from time import monotonic
from typing import Any

from filebridge import guardian, registry, sweep
from filebridge.config import substitution
from filebridge.config.model import Config
from filebridge.errors import BridgeError, CleanupError
from filebridge.program import Program
from filebridge.transports.base import Launch, Limits, Terminal, Transport
from filebridge.transports.folder import PlacedFile, RunFolder
from filebridge.transports.recording import Recorder, Transcript
from filebridge.transports.stopping import stop

__all__ = ["Link"]

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME")
"""Environment variables that a simulator gets from the trainer; the rest could hold secrets."""

GRACE = 2.0
"""Seconds between the polite and the impolite end."""


class Link:
    """A simulator that runs; made by starting it, ended by ``close``.

    ``poll(milliseconds)`` waits for output, stderr or the end of the process, ``readable`` is what it
    returns when there is output and nothing else. ``eagerness`` says
    how the loop waits: above 0 it looks for the reply a few times before it blocks.
    """

    __slots__ = (
        "_poller", "_token", "begun", "deadline", "dialogue", "eof_deadline", "first_step", "folder", "output_ended",
        "poll", "process", "program", "read", "readable", "seat", "eagerness", "transcript", "transport", "writable", "write",
    )  # fmt: skip

    def __init__(self, program: Program, seat: int, values: Mapping[str, object], transcripts: Path | None = None) -> None:
        """Start the simulator in a fresh folder; raises StartError and its kin, with nothing left behind.

        A transcript of all that is said goes into the folder ``transcripts``.
        """
        self.program = program
        self.seat = seat
        self.dialogue = program.dialogue()
        self.folder = RunFolder.make(program.config.name)
        self._token = guardian.link_token()
        guardian.watch(folder=self.folder.path)
        try:
            self.folder.place(_files(program), values)
            known = {**values, "workdir": self.folder.path, "config": program.source.folder or Path.cwd(), "python": sys.executable}
            launch = _launch(program.config, known, self._token)
            self.transcript: Transcript | None = None
            if transcripts is not None:
                self.transcript = Transcript.create(transcripts, program.config.name, seat, _episode(values), launch.argv)
            transport = _transport(launch, self.transcript)
        except BaseException:
            self.folder.remove()
            guardian.release(folder=self.folder.path)
            raise
        guardian.watch(pid=transport.process.pid, token=self._token)
        self._connect(transport)

    def _connect(self, transport: Transport) -> None:
        self.transport = transport
        self.process = transport.process
        self.read = transport.read
        self.write = transport.write
        self.output_ended = False
        self._poller = poll()
        self.register(self._poller)
        self.poll = self._poller.poll
        self.readable = [(transport.fileno(), POLLIN)]
        self.writable = POLLOUT
        self.eagerness = 8
        self.eof_deadline = 0.0
        self.begun = self.deadline = 0.0
        self.first_step = True

    def register(self, poller: poll) -> None:
        """Register everything that is to be watched with ``poller``."""
        if not self.output_ended:
            poller.register(self.transport.fileno(), POLLIN)
        for descriptor in (self.process.pidfd, self.process.stderr_fd):
            if descriptor >= 0:
                poller.register(descriptor, POLLIN)

    def forget(self, descriptor: int) -> None:
        """Stop watching ``descriptor``."""
        self._poller.unregister(descriptor)

    def await_exit(self, seconds: float) -> bool:
        """Wait until the process has ended, at most ``seconds``; return whether it has."""
        until = monotonic() + seconds
        while self.process.exit() is None and monotonic() < until:
            waiter = poll()
            if self.process.pidfd >= 0:
                waiter.register(self.process.pidfd, POLLIN)
            waiter.poll(seconds * 1000.0 if self.process.pidfd >= 0 else 5)
        return self.process.exit() is not None

    @property
    def alive(self) -> bool:
        """Whether the process runs and its output is open."""
        return self.process.exit() is None and not self.output_ended

    def close(self, deadline: float, grace: float = GRACE) -> None:
        """End the process and all that it started, remove its folder; raises CleanupError for what remains.

        ``deadline`` is an absolute monotonic time, ``grace`` the seconds between SIGTERM and SIGKILL.
        """
        pid = self.process.pid
        left = [f"process {process.pid}" for process in stop([self.process], grace, deadline)]
        left += [f"process {pid}" for pid in sweep.end(self._token, deadline, first_pid=pid)]
        self.transport.close()
        left += [f"folder {name}" for name in self.folder.remove() or ()]
        guardian.release(folder=self.folder.path, pid=pid)
        if left:
            error = CleanupError("the simulator left something behind", found=", ".join(left), cure="remove it by hand")
            error.left = tuple(left)
            raise error

    def disown(self) -> None:
        """Close this process's copies of the descriptors after a fork; the simulator belongs to the parent."""
        self.transport.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _transport(launch: Launch, transcript: Transcript | None) -> Transport:
    transport: Callable[[Launch], Transport] = registry.load("transports", "pty" if launch.terminal else "pipes")
    if transcript is None:
        return transport(launch)
    try:
        return Recorder(transport(launch), transcript)
    except BaseException:
        transcript.close()
        raise


def _episode(values: Mapping[str, object]) -> int:
    episode = values.get("episode")
    return episode if isinstance(episode, int) else 0


def _files(program: Program) -> list[PlacedFile]:
    folder = program.source.folder or Path.cwd()
    placed = []
    for name, file in program.config.simulator.files.items():
        if file.text is not None:
            placed.append(PlacedFile(name, "text", file.text))
            continue
        way, source = next((w, s) for w, s in (("copy", file.copy_of), ("link", file.link), ("template", file.template)) if s)
        placed.append(PlacedFile(name, way, str(folder / source)))  # type: ignore[arg-type]
    return placed


def _launch(config: Config, values: Mapping[str, Any], token: str) -> Launch:
    simulator, console, limits = config.simulator, config.transport.console, config.limits
    assert console is not None
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    if substitution.uses(simulator.command, "python") and "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    environment["TERM"] = "dumb"
    environment |= {name: substitution.fill(text, values) for name, text in simulator.environment.items()}
    environment[guardian.ENVIRONMENT_NAME] = token
    columns, rows = console.size
    return Launch(
        argv=tuple(substitution.fill(word, values) for word in simulator.command),
        directory=substitution.fill(simulator.directory, values),
        environment=environment,
        search=tuple(substitution.fill(folder, values) for folder in simulator.path),
        limits=Limits(limits.memory, limits.cpu, limits.files, limits.file_size, limits.processes),
        terminal=None if console.terminal == "none" else Terminal(rows, columns, raw=console.terminal == "raw"),
        merge_stderr=console.stderr == "merged",
        install=simulator.install,
    )


def close_quietly(link: Link, deadline: float, grace: float) -> BridgeError | None:
    """Close ``link`` and return what could not be removed as an error instead of raising it."""
    try:
        link.close(deadline, grace)
    except BridgeError as error:
        return error
    return None
