"""A running simulator with another way in than the way back: files, FIFOs, and the console for what remains."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, cast

from filebridge.errors import ConfigError, TransportError
from filebridge.transports.base import Launch, Receiver, Sender, Transport, Ways
from filebridge.transports.birth import abandon, checked, output_pipe, start_errors, started
from filebridge.transports.process import Process, exec_path
from filebridge.transports.results.life import Life
from filebridge.transports.streams import PipeReceiver, PipeSender

__all__ = ["Assembly"]

if TYPE_CHECKING:
    from filebridge.transports.results.sight import Known, Sight


class _Write(Protocol):
    def __call__(self, data: bytes) -> int: ...


class _Files(Receiver, Protocol):
    """A receiver of files, which is to be told once nobody writes them any more, and how to see that it comes."""

    final: bool
    fades: Callable[[], bool]

    def known(self) -> Known: ...


class Assembly(Transport):
    """Starts the simulator with what ``launch.ways`` names made before: FIFOs, watched files, pipes for its console.

    ``fileno``, ``read`` and ``write_fileno`` are those of the way they belong to, and so is ``write`` but where
    results are files: a new command is then announced to them first. What no way uses of stdout goes where
    stderr goes. Raises ConfigError for a terminal; ExecFailed, StartError, LimitReached, PeerRejected when the
    start fails, and nothing is left behind then.
    """

    __slots__ = (
        "_announced", "_expect", "_files", "_life", "_places", "_receiver", "_send", "_sender", "fileno", "patience",
        "read", "snapshots", "write", "write_fileno",
    )  # fmt: skip

    fileno: Callable[[], int]
    read: Callable[[], bytes | None]
    write: _Write
    write_fileno: Callable[[], int]

    def __init__(self, launch: Launch) -> None:
        ways = launch.ways or Ways(console=True)
        _refuse_terminal(launch)
        checked(launch)
        path = exec_path(launch)
        self._files: _Files | None = None
        self._places = launch.directory, ways
        self._life: Life | None = None
        self.snapshots = False
        with start_errors(launch, path), ExitStack() as theirs, ExitStack() as ours:
            stdin = self._way_in(launch, ways, theirs, ours)
            stdout, stderr, tail = self._way_back(launch, ways, theirs, ours)
            pid = started(launch, path, (stdin, stdout, stderr))
            ours.callback(abandon, pid)
            self.process = Process(pid, tail)
            if self._files is not None and self.snapshots:
                self._life = Life(pid)
                self._files.fades = self._life.fades
            ours.pop_all()
        self.outbox = None
        self._announced = False
        self._bind()

    def deliver(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Put ``files`` where the simulator finds them, after what was there is known to be old; return ``data``."""
        self._expect()
        if files:
            assert self.outbox is not None
            self.outbox.put_all(files)
        self._announced = bool(data)
        return data

    def look(self) -> bytes | None:
        """Return output, announced or not; after the end of the process nobody is in the middle of a write."""
        if self._files is not None and self.process.ended:
            self._files.final = True
        return self._receiver.look()

    def standing(self, seconds: float) -> Sight | None:
        """Return what is seen of the files and FIFOs of the simulator."""
        from filebridge.transports.results.sight import sight

        known = self._files.known() if self._files is not None else {}
        return sight(*self._places, known, self.process.pid, seconds)

    def end_input(self) -> None:
        """Tell the simulator that no more input comes; where only files lead to it there is nothing to end."""
        if self._sender is not None:
            self._sender.end_input()

    def close(self) -> None:
        """Close all that leads to the simulator and back, remove its FIFOs; twice is harmless."""
        if self._sender is not None:
            self._sender.close()
        self._receiver.close()
        self.fileno, self.read = _nowhere, _closed
        if self.outbox is not None:
            self.outbox.close()
        if self._life is not None:
            self._life.close()
        self.process.close()

    def _way_in(self, launch: Launch, ways: Ways, theirs: ExitStack, ours: ExitStack) -> int:
        """Make the sender; return the simulator's stdin."""
        self._sender: Sender | None = None
        if ways.console and not ways.fifo_to:
            stdin, writing = os.pipe()
            theirs.callback(os.close, stdin)
            os.set_blocking(writing, False)
            self._sender = PipeSender(writing)
        else:
            stdin = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            theirs.callback(os.close, stdin)
            if ways.fifo_to:
                from filebridge.transports.fifo import FifoSender

                self._sender = FifoSender(launch.directory, ways.fifo_to)
        if self._sender is not None:
            ours.callback(self._sender.close)
        return stdin

    def _way_back(self, launch: Launch, ways: Ways, theirs: ExitStack, ours: ExitStack) -> tuple[int, int, int]:
        """Make the receiver; return the simulator's stdout and stderr, and our end of what is only kept for errors."""
        elsewhere = self._far_receiver(launch, ways)
        if elsewhere is None:
            output, stdout = output_pipe(theirs, ours)
            self._receiver: Receiver = PipeReceiver(output)
            tail, stderr = (-1, stdout) if launch.merge_stderr else output_pipe(theirs, ours)
            return stdout, stderr, tail
        self._receiver = elsewhere
        ours.callback(elsewhere.close)
        tail, stderr = output_pipe(theirs, ours)
        return stderr, stderr, tail

    def _far_receiver(self, launch: Launch, ways: Ways) -> Receiver | None:
        """Return a receiver that does not need the console, None where stdout is the way back."""
        if ways.fifo_from:
            from filebridge.transports.fifo import FifoReceiver

            return FifoReceiver(launch.directory, ways.fifo_from)
        if ways.results is None:
            return None
        from filebridge.transports.results.receiver import open_results

        self._files = cast("_Files", open_results(launch.directory, ways.results))
        self.snapshots = ways.results.written != "appended"
        return self._files

    def _bind(self) -> None:
        """Take over the methods of the two ways, so that a step costs no call more than they do."""
        receiver, sender = self._receiver, self._sender
        self.fileno, self.read, self._expect = receiver.fileno, receiver.read, receiver.expect
        self.patience = receiver.patience
        self._send = sender.write if sender else _no_way_in
        self.write = self._write_anew if self.snapshots else self._send
        self.write_fileno = sender.write_fileno if sender else _nowhere

    def _write_anew(self, data: bytes) -> int:
        """Write, and say before the first piece of a command that what the result files hold by now is old."""
        if not self._announced:
            self._expect()
        accepted = self._send(data)
        self._announced = accepted < len(data)
        return accepted


def _refuse_terminal(launch: Launch) -> None:
    if launch.terminal is not None:
        raise ConfigError(
            "a terminal cannot be combined with files or FIFOs",
            found="`terminal` beside `files` or `fifo`",
            cure="leave `terminal` out, or let everything go through the console",
        )


def _no_way_in(data: bytes) -> int:
    raise TransportError(
        "nothing that was to be sent can reach the simulator",
        found="only files lead to it",
        cure="add `console: {}` or `fifo: {write: NAME}` under transport:, or `write:` a file instead of `send:`",
    )


def _nowhere() -> int:
    return -1


def _closed() -> bytes | None:
    raise TransportError("the simulator's output cannot be read", found="it was closed by us")
