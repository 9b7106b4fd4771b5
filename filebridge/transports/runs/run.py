"""A process for each exchange: input in, start, end, results out. For solvers that read a deck and write a listing."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from filebridge.errors import MessageTooLarge, ProtocolError, TransportError
from filebridge.interrupt import unbroken
from filebridge.transports.base import CHUNK, Launch, Run, Transport
from filebridge.transports.birth import abandon, output_pipe
from filebridge.transports.runs.process import RunProcess, Start
from filebridge.transports.runs.remembered import Remembered
from filebridge.transports.runs.results import RunResults
from filebridge.transports.runs.wakeup import Wakeup
from filebridge.transports.shutting import shut

__all__ = ["RunTransport"]

CAP = 1 << 20
"""Bytes of stdout that a message may have where the launch names no limit."""

_READS = 32

PATIENCE = 0.002
"""Seconds between two looks where the end of a process cannot be announced."""


class RunTransport(Transport):
    """Starts the simulator anew for each ``deliver``; the message is there once it has ended.

    The message is the result files, or stdout where the launch names none. An input that is remembered starts
    nothing. Raises ExecFailed when the program cannot be executed, ConfigSecurityError for results outside the
    folder that it starts in, PeerRejected for a link on the way to them, LimitReached when descriptors have run
    out; nothing is left behind then.
    """

    __slots__ = (
        "_cap", "_key", "_merged", "_message", "_null", "_output", "_remembered", "_results", "_said", "_start",
        "_tail_entry", "_wakeup", "patience",
    )  # fmt: skip

    process: RunProcess
    snapshots = True

    def __init__(self, launch: Launch) -> None:
        run = launch.run or Run()
        results = launch.ways.results if launch.ways else None
        self.outbox = None
        self._start = Start(launch)
        self._remembered = Remembered(run.remembered, launch.argv) if run.remembered else None
        self._cap = results.cap if results else CAP
        self._merged = launch.merge_stderr
        self._output = -1
        self._said = bytearray()
        self._key = b""
        self._message: bytes | None = None
        with ExitStack() as undo:
            self._results = RunResults(launch.directory, results) if results and results.names else None
            if self._results:
                undo.callback(self._results.close)
            with self._start.errors():
                self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
                undo.callback(os.close, self._null)
                # Both ends stay with us, so that this one serves all runs.
                tail, self._tail_entry = output_pipe(undo, undo)
                self._wakeup = Wakeup()
            self.process = RunProcess(run.exit_ok, tail)
            undo.pop_all()
        self.patience = math.inf if self._wakeup.sees and _ends_are_announced() else PATIENCE

    def deliver(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Put ``files`` in place and start a run with ``data`` as its stdin; return ``b""``, for it has it all.

        Results of earlier runs are removed before. Raises TransportError when a file cannot be written or removed,
        or a run is still under way; ExecFailed, LimitReached when the program cannot be started.
        """
        if self.process.busy:
            raise TransportError(
                "the next run cannot begin while the last one has not ended", cure="await a reply in each exchange"
            )
        self._wakeup.hush()
        self._message = None
        if self._remembered is not None:
            self._key = self._remembered.key(files, data)
            self._message = self._remembered.get(self._key)
            if self._message is not None:
                self._wakeup.ring()
                return b""
        with self._start.unhindered():
            unbroken(lambda: self._run(files, data))
        return b""

    def fileno(self) -> int:
        """Return the descriptor that is readable when a run has ended, has said something, or needs not be made."""
        return self._wakeup.fileno()

    def write_fileno(self) -> int:
        """Return -1: the input is whole before the process starts."""
        return -1

    def write(self, data: bytes) -> int:
        """Start a run with ``data`` as its stdin and no files; raises what ``deliver`` does."""
        self.deliver((), data)
        return len(data)

    def read(self) -> bytes | None:
        """Return the message once the run has ended well, None before, and after an end that ``process.exit`` tells.

        Raises ProtocolError when the run ended well without a result, MessageTooLarge for more than is allowed.
        """
        process = self.process
        if process.busy:
            if process.over():
                return self._ended()
            if self._output >= 0:
                self._collect()
            return None
        message = self._message
        if message is not None:
            self._message = None
            self._wakeup.hush()
        return message

    def end_input(self) -> None:
        """Do nothing: the input of a run has its end."""

    def close(self) -> None:
        """Close all descriptors; twice is harmless."""
        self._close_output()
        shut(self, "_null", "_tail_entry")
        if self._results is not None:
            self._results.close()
        self._wakeup.close()
        self.process.close()

    def _run(self, files: Sequence[tuple[str, bytes]], data: bytes) -> None:
        if self._results is not None:
            self._results.remove()
        if files:
            super().deliver(files, b"")
        with self._start.errors():
            self._begin(data)

    def _begin(self, data: bytes) -> None:
        process, wakeup = self.process, self._wakeup
        process.drain_stderr()
        self._said.clear()
        with ExitStack() as theirs, ExitStack() as ours:
            output, stdout, stderr = -1, self._tail_entry, self._tail_entry
            if self._results is None:
                output, stdout = output_pipe(theirs, ours)
                stderr = stdout if self._merged else stderr
            stdin = _input(data, theirs) if data else self._null
            pid = self._start.process(stdin, stdout, stderr)
            ours.callback(abandon, pid)
            process.begin(pid)
            if process.pidfd >= 0:
                wakeup.add(process.pidfd)
            if output >= 0:
                wakeup.add(output)
            self._output = output
            ours.pop_all()

    def _ended(self) -> bytes | None:
        process = self.process
        if process.pidfd >= 0:
            self._wakeup.drop(process.pidfd)
        well = process.settle()
        if self._output >= 0:
            self._collect()
            self._drop_output()
        if not well:
            # Whoever waits must be woken again and again, until the failure is asked for.
            self._wakeup.ring()
            return None
        message = self._results.message() if self._results is not None else bytes(self._said)
        if not message:
            # Nothing at all is what a stream gives at its end.
            raise self._empty()
        if self._remembered is not None:
            self._remembered.put(self._key, message)
        return message

    def _empty(self) -> ProtocolError:
        place = self._results.names[0] if self._results is not None else "its stdout"
        return ProtocolError(
            f"the run ended well but wrote nothing to {place}",
            cure="name the file that it answers in, `files: {read: ...}`; its stderr may say more",
        )

    def _collect(self) -> None:
        """Take what stdout holds now, so that the program is never held up."""
        for _ in range(_READS):
            try:
                chunk = os.read(self._output, CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._drop_output()
                return
            self._said += chunk
            if len(self._said) > self._cap:
                raise MessageTooLarge(
                    "the output of the run is larger than a message may be",
                    found=f"more than {self._cap} bytes",
                    cure="raise `limits: {output: ...}` if messages are that large",
                )

    def _drop_output(self) -> None:
        if self._output >= 0:
            self._wakeup.drop(self._output)
            self._close_output()

    def _close_output(self) -> None:
        shut(self, "_output")


def _input(data: bytes, theirs: ExitStack) -> int:
    """Return a descriptor from which ``data`` can be read, and then its end; nobody has to feed it."""
    descriptor = os.memfd_create("input") if hasattr(os, "memfd_create") else _unnamed()
    theirs.callback(os.close, descriptor)
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], written)
    return descriptor


def _unnamed() -> int:
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor


def _ends_are_announced() -> bool:
    """Return whether the system has a descriptor for the end of a process."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True
