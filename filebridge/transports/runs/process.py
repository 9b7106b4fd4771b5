"""The processes of a simulator that is started anew for each exchange: one start, made often, and its children."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext

from filebridge.redaction import HIDES_NOTHING, Redaction
from filebridge.transports.base import Launch
from filebridge.transports.birth import (
    abandon,
    admit,
    apart,
    checked,
    default_signals,
    limited_before,
    nothing_ignored,
    quiet_fork,
    start_errors,
    unclean_signals,
)
from filebridge.transports.process import Exit, Process, exec_path
from filebridge.transports.shutting import shut

__all__ = ["RunProcess", "Start"]

_ENDING = frozenset((signal.SIGTERM, signal.SIGKILL))


class Start:
    """The start of one program again and again; what can be known of it beforehand is found out once.

    Raises ExecFailed when the program cannot be executed.
    """

    __slots__ = ("_apart", "_argv", "_before", "_environment", "_launch", "_unclean", "path")

    def __init__(self, launch: Launch) -> None:
        checked(launch)
        self._launch = launch
        self.path = exec_path(launch)
        self._argv = [self.path, *launch.argv[1:]]
        self._environment = dict(launch.environment)
        self._before = limited_before(self.path)
        # Who ignores signals does so before the training; which ones are blocked may differ from thread to thread.
        self._unclean = unclean_signals()
        self._apart = apart()

    def process(self, stdin: int, stdout: int, stderr: int) -> int:
        """Start it with these descriptors; return the number of a process that leads a group of its own.

        Raises OSError and what else ``birth.start_errors`` translates; nothing runs then.
        """
        with ExitStack() as copies:
            unclean = unclean_signals() if self._unclean else signal.pthread_sigmask(signal.SIG_BLOCK, ())
            hooked = self._before or bool(unclean)
            if hooked:
                copies.enter_context(quiet_fork())
            # A real fork lets go, in the child, of all that is the trainer's: these descriptors too.
            streams = [_copy(stream, copies) if hooked else stream for stream in (stdin, stdout, stderr)]
            child = subprocess.Popen(
                self._argv,
                bufsize=0,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                cwd=self._launch.directory,
                env=self._environment,
                **self._apart,
                # A hook costs a real fork of the trainer instead of a vfork, so only where it is needed.
                preexec_fn=self._prepare if hooked else None,
            )
        # Popen is done with its part: Process reaps, and Popen must neither wait nor warn.
        child.returncode = 0
        if not self._before:
            self._admit(child.pid)
        return child.pid

    def unhindered(self) -> AbstractContextManager[None]:
        """Return a context in which signals that the trainer ignores cost no fork, where this is the main thread."""
        return nothing_ignored() if self._unclean else nullcontext()

    def errors(self) -> AbstractContextManager[None]:
        """Return a context in which what the system says about a start becomes LimitReached or ExecFailed."""
        return start_errors(self._launch, self.path)

    def _prepare(self) -> None:
        default_signals()
        if self._before:
            admit(0, self._launch.limits)

    def _admit(self, pid: int) -> None:
        try:
            admit(pid, self._launch.limits)
        except BaseException:
            abandon(pid)
            raise


def _copy(descriptor: int, copies: ExitStack) -> int:
    copy = os.dup(descriptor)
    copies.callback(os.close, copy)
    return copy


class RunProcess(Process):
    """The process of the run that is under way; between two runs that of a simulator which lives and does nothing.

    ``exit`` tells only an end that is a failure: an exit code or a signal that is not among ``fine``, where the
    number of a signal is negative, or any end after it was told to end. Between two runs ``pid`` is 0 and ``pidfd`` -1;
    after a failure the number stays.
    ``stderr_fd`` is that of all runs, ``busy`` says that a run is under way or has failed.
    """

    __slots__ = ("_fine", "_settled", "_told", "busy")

    def __init__(self, fine: tuple[int, ...], stderr_fd: int) -> None:
        self.pid = 0
        self.pidfd = -1
        self.stderr_fd = stderr_fd
        self.started = time.monotonic()
        self.ended = self.busy = False
        self.heard = None
        self._tail = b""
        self.redaction: Redaction = HIDES_NOTHING
        self._exit = None
        self._reaped = 0.0
        self._fine = frozenset(fine)
        self._settled = self._told = False

    def begin(self, pid: int) -> None:
        """Be the process ``pid``, just started; what was said on stderr before is forgotten."""
        heard, redaction = self.heard, self.redaction
        super().__init__(pid, self.stderr_fd)
        self.heard, self.redaction = heard, redaction
        self._settled = self._told = False
        self.busy = True

    def over(self) -> bool:
        """Return whether no run is under way any more, well or not; one failing system call while one is."""
        if self.ended or not self.busy:
            return True
        return super().exit() is not None

    def settle(self) -> bool:
        """After its end: end what it started, be ready for the next run; return whether it went well."""
        if self._settled:
            return False
        super().signal_group(signal.SIGKILL)
        self._settled = True
        shut(self, "pidfd")
        if self.exit() is not None:
            return False
        self.pid, self._exit, self.ended, self.busy = 0, None, False, False
        return True

    def exit(self) -> Exit | None:
        """Return how a run failed, None while they go well; does not wait."""
        end = super().exit() if self.busy else self._exit
        if end is None or self._told:
            return end
        number = end.code if end.signal is None else -end.signal
        return None if number in self._fine else end

    def state(self) -> str:
        """Return in plain words what the run does now, or that there is none."""
        return super().state() if self.busy or self.ended else "not running, as between two runs"

    def signal(self, number: int) -> None:
        """Send a signal to the run under way; between two runs one that ends a process ends them all."""
        if self.busy and not self._settled:
            self._told = self._told or number in _ENDING
            super().signal(number)
        elif number in _ENDING:
            self._end(number)

    def signal_group(self, number: int) -> None:
        """Send a signal to the run under way and to what it started; between two runs as ``signal``."""
        if self.busy and not self._settled:
            self._told = self._told or number in _ENDING
            super().signal_group(number)
        elif number in _ENDING:
            self._end(number)

    def _end(self, number: int) -> None:
        # Also of one whose settling was interrupted: its own end was none that is told.
        self._told = True
        if not self.ended:
            self._exit, self.ended = Exit(None, number), True
