"""A simulator on pipes: its stdin, stdout and stderr. The fastest console, for programs that flush."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack

from filebridge.errors import TransportError
from filebridge.transports.base import CHUNK, Launch, Transport
from filebridge.transports.birth import (
    abandon,
    admit,
    checked,
    default_signals,
    limited_before,
    quiet_fork,
    start_errors,
    unclean_signals,
)
from filebridge.transports.process import Process, exec_path

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
            self._output, stdout = _output_pipe(theirs, ours)
            tail, stderr = (-1, stdout) if launch.merge_stderr else _output_pipe(theirs, ours)
            os.set_blocking(self._input, False)
            pid = _start(launch, path, (stdin, stdout, stderr))
            ours.callback(abandon, pid)
            if not limited_before(path):
                admit(pid, launch.limits)
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
        if self._input >= 0:
            os.close(self._input)
            self._input = -1

    def close(self) -> None:
        """Close our ends of the pipes and the descriptors of the process; twice is harmless."""
        self.end_input()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self.process.close()


def _output_pipe(theirs: ExitStack, ours: ExitStack) -> tuple[int, int]:
    """Return our reading end, which never blocks, and the end that the simulator writes."""
    reading, writing = os.pipe()
    theirs.callback(os.close, writing)
    ours.callback(os.close, reading)
    os.set_blocking(reading, False)
    return reading, writing


def _start(launch: Launch, path: str, streams: tuple[int, int, int]) -> int:
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
            start_new_session=True,
            # A hook costs a real fork of the trainer instead of a vfork, so only where it is needed.
            preexec_fn=prepare if before or unclean_signals() else None,
        )
    # Popen is done with its part: Process reaps, and Popen must neither wait nor warn.
    child.returncode = 0
    return child.pid
