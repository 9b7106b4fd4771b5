"""What every transport offers to the loop, and what it is told when it starts a simulator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filebridge.transports.process import Process

__all__ = ["CHUNK", "Launch", "Limits", "Terminal", "Transport"]

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
class Launch:
    """Everything that is needed to start one simulator.

    ``argv[0]`` is an absolute path, a path seen from ``directory``, or a name that is looked for in
    the folders of ``search`` and then of PATH in ``environment``. The ``environment`` is complete:
    nothing else is inherited. ``install`` is the line that installs the program, for the error.
    """

    argv: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    search: tuple[str, ...] = ()
    limits: Limits = Limits()
    terminal: Terminal | None = None
    merge_stderr: bool = False
    install: str = ""


class Transport(ABC):
    """Moves bytes to and from one simulator; never waits.

    ``process`` is the simulator's process. ``line_limit`` is the longest line in bytes, without its
    end, that reaches the simulator whole; 0 where there is no such limit.
    """

    __slots__ = ("process",)

    process: Process
    line_limit: int = 0

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

    @abstractmethod
    def end_input(self) -> None:
        """Tell the simulator that no more input comes; output can still be read."""

    @abstractmethod
    def close(self) -> None:
        """Close the descriptors, twice is harmless; the process is ended by ``stopping.stop`` before this."""
