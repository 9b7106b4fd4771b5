"""A simulator on pipes: its stdin, stdout and stderr. The fastest console, for programs that flush."""

from __future__ import annotations

import os
from contextlib import ExitStack

from filebridge.errors import TransportError
from filebridge.transports.base import CHUNK, Launch, Transport
from filebridge.transports.birth import abandon, checked, output_pipe, start_errors, started
from filebridge.transports.process import Process, exec_path
from filebridge.transports.shutting import shut

__all__ = ["PipeTransport"]


class PipeTransport(Transport):
    """Starts the simulator at once with a pipe for each of its streams.

    Raises ExecFailed when the program cannot be executed, LimitReached when descriptors, processes
    or memory have run out; nothing is left behind then.
    """

    __slots__ = ("_input", "_output")

    def __init__(self, launch: Launch) -> None:
        checked(launch)
        path = exec_path(launch)
        with start_errors(launch, path), ExitStack() as theirs, ExitStack() as ours:
            stdin, self._input = os.pipe()
            theirs.callback(os.close, stdin)
            ours.callback(os.close, self._input)
            self._output, stdout = output_pipe(theirs, ours)
            tail, stderr = (-1, stdout) if launch.merge_stderr else output_pipe(theirs, ours)
            os.set_blocking(self._input, False)
            pid = started(launch, path, (stdin, stdout, stderr))
            ours.callback(abandon, pid)
            self.process = Process(pid, tail)
            ours.pop_all()

    def fileno(self) -> int:
        """Return our end of stdout; -1 once closed."""
        return self._output

    def write_fileno(self) -> int:
        """Return our end of stdin; -1 after the end of the input."""
        return self._input

    def write(self, data: bytes) -> int:
        """Return how many of the bytes the pipe took, 0 when it is full.

        Raises TransportError when the simulator has closed its stdin or has ended.
        """
        try:
            return os.write(self._input, data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise TransportError(
                "the simulator takes no more input",
                found=str(exc.strerror) if self._input >= 0 else "its stdin was ended by us",
                cure="see whether it runs; it may have read a command to quit",
            ) from exc

    def read(self) -> bytes | None:
        """Return up to 64 KiB of stdout, ``b""`` at its end, None when there is nothing now."""
        try:
            return os.read(self._output, CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            raise TransportError("the simulator's stdout cannot be read", found=str(exc.strerror)) from exc

    def end_input(self) -> None:
        """Close stdin: the simulator reads the end of its input."""
        shut(self, "_input")

    def close(self) -> None:
        """Close our ends of the pipes and the descriptors of the process; twice is harmless."""
        self.end_input()
        shut(self, "_output")
        self.process.close()
