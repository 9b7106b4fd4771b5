"""A running simulator with ways of its own in and back: files, FIFOs, sockets, and the console for what remains."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, cast

from filebridge import registry
from filebridge.errors import ConfigError, TransportError
from filebridge.transports.base import Launch, Opening, Receiver, Sender, Socket, Transport, Ways
from filebridge.transports.birth import abandon, checked, output_pipe, start_errors, started
from filebridge.transports.elsewhere import Elsewhere
from filebridge.transports.process import Process, exec_path
from filebridge.transports.results.life import Life
from filebridge.transports.streams import PipeReceiver, PipeSender

__all__ = ["Assembly"]

if TYPE_CHECKING:
    from filebridge.transports.results.sight import Known, Sight
    from filebridge.transports.sockets.endpoint import Counter, Endpoint, Endpoints, Service


class _Write(Protocol):
    def __call__(self, data: bytes) -> int: ...


class _Files(Receiver, Protocol):
    """A receiver of files, which is to be told once nobody writes them any more, and how to see that it comes."""

    final: bool
    fades: Callable[[], bool]

    def known(self) -> Known: ...


class Assembly(Transport):
    """Starts the simulator with what ``launch.ways`` names made before: FIFOs, watched files, sockets, pipes.

    ``fileno``, ``read`` and ``write_fileno`` are those of the way they belong to, and so is ``write`` but where
    each chunk read is a whole message: a new command is then announced to its receiver first. What no way uses of
    stdout goes where stderr goes. Without a command nothing is started: the sockets lead to what runs already. Raises
    ConfigError for a terminal; ExecFailed, StartError, LimitReached, PeerRejected when the start fails, and nothing is
    left behind then.
    """

    __slots__ = (
        "_announced", "_expect", "_files", "_life", "_places", "_receiver", "_send", "_sender", "_sockets", "fileno",
        "openings", "patience", "read", "renews", "snapshots", "write", "write_fileno",
    )  # fmt: skip

    fileno: Callable[[], int]
    read: Callable[[], bytes | None]
    write: _Write
    write_fileno: Callable[[], int]
    _sender: Sender | None
    _receiver: Receiver

    def __init__(self, launch: Launch) -> None:
        ways = launch.ways or Ways(console=True)
        _refuse_terminal(launch)
        self._files: _Files | None = None
        self._places = launch.directory, ways
        self._life: Life | None = None
        self._announced = False
        self.outbox = None
        self.snapshots = self.renews = False
        with ExitStack() as ours:
            self._sockets = _Sockets(ways.sockets, launch.directory, ours)
            if launch.argv:
                self._start(launch, ways, ours)
            else:
                self._sender, self._receiver = self._sockets.sender, cast("Receiver", self._sockets.receiver)
                self.process = Elsewhere()
            self.openings = self._sockets.open(again=False)
            ours.pop_all()
        if self.openings:
            self._wait()
        else:
            self.opened()

    def _start(self, launch: Launch, ways: Ways, ours: ExitStack) -> None:
        checked(launch)
        path = exec_path(launch)
        with start_errors(launch, path), ExitStack() as theirs:
            stdin = self._way_in(launch, ways, theirs, ours)
            stdout, stderr, tail = self._way_back(launch, ways, theirs, ours)
            pid = started(launch, path, (stdin, stdout, stderr))
            ours.callback(abandon, pid)
            self.process = Process(pid, tail)
            if self._files is not None and self.snapshots:
                self._life = Life(pid)
                self._files.fades = self._life.fades

    def opened(self) -> None:
        """Take over the methods of the two ways, so that a step costs no call more than they do."""
        receiver, sender = self._receiver, self._sender
        self.openings = ()
        self.fileno, self.read, self._expect = receiver.fileno, receiver.read, receiver.expect
        self.patience, self.renews = receiver.patience, getattr(receiver, "renews", False)
        self._send = sender.write if sender else _no_way_in
        is_whole = self.snapshots or getattr(receiver, "snapshots", False)
        self.write = self._write_anew if is_whole else self._send
        self.write_fileno = sender.write_fileno if sender else _nowhere

    def reopen(self) -> None:
        """Begin a new connection for each socket that has one for each episode."""
        self.openings = self._sockets.open(again=True)
        if self.openings:
            self._wait()
        else:
            self.opened()

    def _wait(self) -> None:
        """Be a transport that nothing comes from, until all is connected."""
        self.fileno, self.read, self.write_fileno = _nowhere, _nothing, _nowhere
        self.write, self._expect, self.patience = _no_room, _done, math.inf

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

    def met(self) -> str:
        """Return whom the sockets turned away, and the connections that are being made."""
        return self._sockets.met(self.openings)

    def end_input(self) -> None:
        """Tell the simulator that no more input comes; where only files lead to it there is nothing to end."""
        if self._sender is not None:
            self._sender.end_input()

    def close(self) -> None:
        """Close all that leads to the simulator and back, remove its FIFOs; twice is harmless."""
        if self._sender is not None:
            self._sender.close()
        self._receiver.close()
        self._sockets.close()
        self.fileno, self.read = _nowhere, _closed
        if self.outbox is not None:
            self.outbox.close()
        if self._life is not None:
            self._life.close()
        self.process.close()

    def _way_in(self, launch: Launch, ways: Ways, theirs: ExitStack, ours: ExitStack) -> int:
        """Make the sender; return the simulator's stdin."""
        self._sender = self._sockets.sender
        if ways.console and not ways.fifo_to and self._sender is None:
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
            self._receiver = PipeReceiver(output)
            tail, stderr = (-1, stdout) if launch.merge_stderr else output_pipe(theirs, ours)
            return stdout, stderr, tail
        self._receiver = elsewhere
        ours.callback(elsewhere.close)
        tail, stderr = output_pipe(theirs, ours)
        return stderr, stderr, tail

    def _far_receiver(self, launch: Launch, ways: Ways) -> Receiver | None:
        """Return a receiver that does not need the console, None where stdout is the way back."""
        if self._sockets.receiver is not None:
            return self._sockets.receiver
        if ways.fifo_from:
            from filebridge.transports.fifo import FifoReceiver

            return FifoReceiver(launch.directory, ways.fifo_from)
        if ways.results is None:
            return None
        from filebridge.transports.results.receiver import open_results

        self._files = cast("_Files", open_results(launch.directory, ways.results))
        self.snapshots = ways.results.written != "appended"
        return self._files

    def _write_anew(self, data: bytes) -> int:
        """Write, and say before the first piece of a command that what the result files hold by now is old."""
        if not self._announced:
            self._expect()
        accepted = self._send(data)
        self._announced = accepted < len(data)
        return accepted


class _Sockets:
    """The sockets of a simulator: made in their order, closed when ``ours`` is; which of them carries what."""

    __slots__ = ("_made", "receiver", "sender")

    def __init__(self, endpoints: Endpoints, directory: str, ours: ExitStack) -> None:
        self._made: list[tuple[Endpoint | Service | Counter, Socket]] = []
        self.sender: Sender | None = None
        self.receiver: Receiver | None = None
        for endpoint in endpoints:
            made: Socket = registry.load("sockets", endpoint.kind)(endpoint, directory)
            ours.callback(made.close)
            self._made.append((endpoint, made))
            if endpoint.carries != "replies":
                self.sender = made
            if endpoint.carries != "actions":
                self.receiver = made

    def open(self, again: bool) -> Sequence[Opening]:
        """Begin the connections, ``again`` only of those that each episode has its own of; return what is awaited."""
        begun = [made.open() for endpoint, made in self._made if endpoint.each_episode or not again]
        return [opening for opening in begun if opening is not None]

    def met(self, openings: Sequence[Opening]) -> str:
        """Return what they tell, and ``openings``, as far as they have anything to tell."""
        tellers = [*openings, *(made for _, made in self._made)]
        told = [one.met() for one in tellers if hasattr(one, "met")]
        return "; ".join(filter(None, told))

    def close(self) -> None:
        """Close them all; twice is harmless."""
        for _, made in self._made:
            made.close()


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


def _nothing() -> bytes | None:
    return None


def _no_room(data: bytes) -> int:
    return 0


def _done() -> None:
    return None


def _closed() -> bytes | None:
    raise TransportError("the simulator's output cannot be read", found="it was closed by us")
