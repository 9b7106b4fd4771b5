"""What every transport offers to the loop, and what it is told when it starts a simulator."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from filebridge.transports.outbox import Outbox
    from filebridge.transports.process import Process
    from filebridge.transports.results.sight import Sight
    from filebridge.transports.sockets.endpoint import Endpoints

__all__ = [
    "CHUNK", "Launch", "Limits", "Opening", "Receiver", "Results", "Run", "Sender", "Socket", "Terminal", "Transport",
    "Ways",
]  # fmt: skip

CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """What a simulator may use at most; None means that nothing is limited.

    ``memory`` is its address space in bytes, ``cpu`` its processor time in seconds, ``files`` the
    number of its open files, ``file_size`` the largest file that it may write in bytes,
    ``processes`` the number of processes of its user.
    """

    memory: int | None = None
    cpu: int | None = None
    files: int | None = None
    file_size: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Terminal:
    """How a pseudo-terminal is set up: its size in characters, and what it does to the bytes.

    A ``raw`` terminal passes every byte as it is. One that is not raw collects lines of at most
    4095 bytes and obeys control characters. ``echo`` shows the input again in the output.
    """

    rows: int = 24
    columns: int = 80
    raw: bool = True
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """The files that a simulator answers in, and how it is known that they are whole.

    ``names`` are seen from the folder that the simulator starts in; several make one message. A single one
    with a star, ``out/*.txt``, stands for numbered results. ``written`` says how the simulator writes:
    "renamed" into place; "closed" after writing, or renamed; left "open", so that only the message's own end
    counts; "appended", so that it is read on from where it ended before. With ``flag`` the results are whole
    once this file is there (we remove it before each action), with ``lock`` once this one is gone.
    ``remove``: the results are removed before each action. ``watch`` is how changes are noticed, ``interval``
    the seconds between two looks where they are looked for. ``cap`` is the largest file in bytes.
    """

    names: tuple[str, ...]
    written: Literal["renamed", "closed", "open", "appended"] = "closed"
    flag: str = ""
    lock: str = ""
    remove: bool = False
    watch: Literal["auto", "inotify", "watchdog", "poll"] = "auto"
    interval: float = 0.001
    cap: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Ways:
    """What leads to the simulator and back where the console alone does not.

    ``fifo_to`` and ``fifo_from`` are names of FIFOs, seen from the folder that the simulator starts in; the
    results are read from files; ``sockets`` carry what they say. ``console`` lends its stdin, or its stdout, to the
    direction that has nothing else; without it stdin is empty, and stdout is kept for diagnosis, as stderr is.
    """

    fifo_to: str = ""
    fifo_from: str = ""
    results: Results | None = None
    console: bool = False
    sockets: Endpoints = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A process for each step: the ends that are no failure, and how many results are remembered (0: none).

    ``exit_ok`` holds exit codes, and numbers of signals with a minus in front.
    """

    exit_ok: tuple[int, ...] = (0,)
    remembered: int = 0


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that is needed to start one simulator.

    ``argv[0]`` is an absolute path, a path seen from ``directory``, or a name that is looked for in
    the folders of ``search`` and then of PATH in ``environment``. The ``environment`` is complete:
    nothing else is inherited. ``install`` is the line that installs the program, for the error.
    ``ways`` is given where not everything goes through the console, ``run`` for a process at each step.
    """

    argv: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    search: tuple[str, ...] = ()
    limits: Limits = Limits()
    terminal: Terminal | None = None
    merge_stderr: bool = False
    install: str = ""
    ways: Ways | None = None
    run: Run | None = None


class Sender(Protocol):
    """The way to a simulator; never waits."""

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when the simulator takes input; -1 after the end of the input."""

    def write(self, data: bytes) -> int:
        """Return how many of the bytes were accepted, 0 when it would block; raises TransportError."""

    def end_input(self) -> None:
        """Tell the simulator that no more input comes."""

    def close(self) -> None:
        """Close the descriptors, twice is harmless."""


class Receiver(Protocol):
    """The way back from a simulator; never waits.

    ``patience`` is the number of seconds after which ``look`` is to be called although nothing was announced;
    infinite where every change is announced.
    """

    patience: float

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is output, or its end."""

    def expect(self) -> None:
        """Take note that the next action is about to be sent: what was there before is no answer to it."""

    def read(self) -> bytes | None:
        """Return output that was announced, ``b""`` at its end, None when there is nothing now."""

    def look(self) -> bytes | None:
        """Return output, announced or not; after ``patience``, and when the process has ended and writes no more."""

    def close(self) -> None:
        """Close the descriptors, twice is harmless."""


class Opening(Protocol):
    """A connection that is being made; never waits.

    ``events`` are those of ``select.poll`` that are awaited on ``fileno()``, which is -1 where there are none and may
    change with each ``advance``. ``patience`` is the number of seconds after which ``advance`` is to be called although
    nothing was announced. It may have a ``hint``: what to do about what was met, where that tells more than silence.
    """

    events: int
    patience: float

    def fileno(self) -> int:
        """Return the descriptor to watch, -1 for none."""

    def advance(self) -> bool:
        """Go on as far as possible now; return whether the connection is there.

        Raises TransportError, PeerRejected, StartError where it never can be.
        """

    def awaited(self) -> str:
        """Return in words what is awaited and what was met so far, for an error: `... where nobody listens`."""


class Socket(Sender, Receiver, Protocol):
    """A socket that leads to a simulator and back; made, and listening where it is to listen, before that is started.

    ``snapshots`` says that each chunk read is a whole message, a datagram or a body.
    """

    snapshots: bool

    def open(self) -> Opening | None:
        """Begin a connection, after the simulator was started, and for each episode where that is asked for.

        Closes the one before. None where nothing has to be awaited. Until the opening is done nothing is sent or read;
        from then on ``fileno()`` stays the same.
        """


class Transport(ABC):
    """Moves bytes to and from one simulator; never waits.

    ``process`` is the simulator's process. ``line_limit`` is the longest line in bytes, without its
    end, that reaches the simulator whole; 0 where there is no such limit. ``snapshots`` says that each
    chunk read is all that there is, and replaces the one before. ``patience`` is that of the Receiver.
    ``renews`` says that what is written may change what stands behind a descriptor, whose number stays.
    ``outbox`` puts files into the folder that the simulator starts in, where the configuration writes any.
    ``openings`` are the connections that have to be made before anything is sent or read, by ``advance``.
    """

    __slots__ = ("outbox", "process")

    process: Process
    outbox: Outbox | None
    line_limit: int = 0
    snapshots: bool = False
    patience: float = math.inf
    renews: bool = False
    openings: Sequence[Opening] = ()

    def opened(self) -> None:  # noqa: B027  # most have no openings
        """Take note that all ``openings`` are done: output is read, and input written, from now on."""

    def reopen(self) -> None:  # noqa: B027
        """Begin a new connection where each episode has its own; ``openings`` are those to be awaited."""

    def deliver(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Put ``files``, pairs of name and content, where the simulator finds them; return what is still to be written.

        A transport with a process for each step starts it here, with ``data`` as its input, and returns ``b""``.
        Raises TransportError when a file cannot be written; one of that name stays as it was.
        """
        assert self.outbox is not None
        self.outbox.put_all(files)
        return data

    @abstractmethod
    def fileno(self) -> int:
        """Return the descriptor that is readable when there is output, or its end."""

    @abstractmethod
    def write_fileno(self) -> int:
        """Return the descriptor that is writable when the simulator takes input; -1 after the end of the input."""

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Return how many of the bytes were accepted, 0 when it would block.

        Raises TransportError when the simulator has closed its input.
        """

    @abstractmethod
    def read(self) -> bytes | None:
        """Return up to 64 KiB of output, ``b""`` at its end, None when there is nothing now."""

    def look(self) -> bytes | None:
        """Return output, announced or not; called after ``patience``, and once the process has ended."""
        return self.read()

    def standing(self, seconds: float) -> Sight | None:
        """Return what is seen of the files and FIFOs that lead to a reply, for an error; None where there are none.

        What changed within the last ``seconds`` is new.
        """
        return None

    def waits_for_keys(self) -> bool:
        """Return whether the simulator is known to have read all that was written, and to wait for more.

        What it wrote before can be read then, and nothing more will come. False where that cannot be known.
        """
        return False

    def met(self) -> str:
        """Return in words whom the sockets turned away and what else they met, for an error; empty for nothing."""
        return ""

    @abstractmethod
    def end_input(self) -> None:
        """Tell the simulator that no more input comes; output can still be read."""

    @abstractmethod
    def close(self) -> None:
        """Close the descriptors, twice is harmless; the process is ended by ``stopping.stop`` before this."""
