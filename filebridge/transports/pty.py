"""A simulator on a pseudo-terminal: for programs that talk, flush or draw only when they see one."""

from __future__ import annotations

import errno
import os
import select
import signal
import termios
import traceback
from contextlib import ExitStack
from typing import Any

from filebridge.errors import SendBlocked, TransportError
from filebridge.transports.base import CHUNK, Launch, Terminal, Transport
from filebridge.transports.birth import (
    abandon,
    admit,
    checked,
    default_signals,
    limited_before,
    quiet_fork,
    start_errors,
)
from filebridge.transports.idle import keys_awaited
from filebridge.transports.process import Process, exec_path
from filebridge.transports.shutting import shut

__all__ = ["PtyTransport"]

# The kernel's buffer for one line is 4096 bytes, its end included; what is longer is cut without a word.
_COOKED_LINE = 4095
_INPUT_MODES = (
    termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
    | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON | termios.IXOFF
)


class PtyTransport(Transport):
    """Starts the simulator at once on a terminal of its own; stderr arrives with stdout.

    pexpect gives birth; reading and writing are ours. Raises ExecFailed when the program cannot be
    executed, LimitReached when terminals, descriptors or processes have run out.
    """

    __slots__ = ("_fd", "line_limit")

    def __init__(self, launch: Launch) -> None:
        terminal = launch.terminal or Terminal()
        self.line_limit = 0 if terminal.raw else _COOKED_LINE
        checked(launch)
        path = exec_path(launch)
        with start_errors(launch, path), ExitStack() as ours:
            pid, self._fd = _birth(launch, path, terminal)
            ours.callback(os.close, self._fd)
            ours.callback(abandon, pid)
            os.set_blocking(self._fd, False)
            if not limited_before(path):
                admit(pid, launch.limits)
            self.process = Process(pid)
            ours.pop_all()

    def fileno(self) -> int:
        """Return our side of the terminal; -1 once closed."""
        return self._fd

    def write_fileno(self) -> int:
        """Return our side of the terminal; -1 once closed."""
        return self._fd

    def write(self, data: bytes) -> int:
        """Return how many of the bytes the terminal took, 0 when it is full.

        Raises TransportError when the simulator is known to have ended, or nobody holds the terminal and it is full.
        """
        try:
            # Linux lets us type into a terminal that nobody holds, so the kernel will not tell.
            if self.process.ended:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return os.write(self._fd, data)
        except BlockingIOError:
            if _hung_up(self._fd):
                self.process.exit()
                raise TransportError("the simulator takes no more input", found="nobody holds its terminal") from None
            return 0
        except OSError as exc:
            raise TransportError(
                "the simulator takes no more input",
                found=str(exc.strerror) if self._fd >= 0 else "its terminal was closed by us",
                cure="see whether it runs; it may have read a command to quit",
            ) from exc

    def read(self) -> bytes | None:
        """Return up to 64 KiB of output, ``b""`` at its end, None when there is nothing now."""
        try:
            return os.read(self._fd, CHUNK)
        except BlockingIOError:
            return None
        except OSError as exc:
            # This is how Linux says that nobody holds the other side of a terminal any more.
            if exc.errno == errno.EIO:
                return b""
            raise TransportError("the simulator's terminal cannot be read", found=str(exc.strerror)) from exc

    def waits_for_keys(self) -> bool:
        """Return whether the simulator has read all that was typed and waits for more, as ``idle`` proves it."""
        return not self.process.ended and keys_awaited(self._fd, self.process.pid)

    def end_input(self) -> None:
        """Let the simulator find the end of its input once it has read what was sent.

        Raises SendBlocked when the terminal is full, TransportError when it is closed.
        """
        try:
            modes = termios.tcgetattr(self._fd)
            if not modes[3] & termios.ICANON:
                self._end_raw(modes)
                return
        except (termios.error, ValueError) as exc:
            raise TransportError("the terminal is closed", found=str(exc), cure="end the input before close") from exc
        if not self.write(modes[6][termios.VEOF]):
            raise SendBlocked(
                "the end of the input cannot be sent",
                found="the terminal is full: the simulator does not read",
                cure="read its output first, or give it more time",
            )

    def _end_raw(self, modes: list[Any]) -> None:
        """Make every read of an empty raw terminal return nothing; a typed character would be a byte like any other."""
        modes[6][termios.VMIN] = modes[6][termios.VTIME] = 0
        termios.tcsetattr(self._fd, termios.TCSANOW, modes)
        # A read that waits already goes by the old modes; being stopped makes it begin again.
        self.process.signal_group(signal.SIGSTOP)
        self.process.signal_group(signal.SIGCONT)

    def close(self) -> None:
        """Close our side of the terminal, which hangs up on the simulator; twice is harmless."""
        shut(self, "_fd")
        self.process.close()


def _birth(launch: Launch, path: str, terminal: Terminal) -> tuple[int, int]:
    """Return the new process and a descriptor of its terminal that belongs to us alone."""
    import pexpect  # here, because it takes as long to import as the rest of a scalar environment on pipes

    parent = os.getpid()
    before = limited_before(path)

    def prepare() -> None:
        try:
            os.chdir(launch.directory)
            default_signals()
            _set_up(0, terminal)
            if before:
                admit(0, launch.limits)
        except (ValueError, termios.error) as exc:
            # Of other classes ptyprocess brings only the name across.
            raise OSError(str(exc)) from exc

    try:
        with quiet_fork():
            child: Any = pexpect.spawn(
                # With no arguments pexpect would split the command at its blanks.
                path if launch.argv[1:] else "".join(f"\\{character}" for character in path),
                list(launch.argv[1:]),
                timeout=None,
                env=dict(launch.environment),
                echo=terminal.echo,
                preexec_fn=prepare,
                dimensions=(terminal.rows, terminal.columns),
            )
    except BaseException as exc:
        if os.getpid() != parent:
            # A new process that failed before its exec must not go on as a second trainer.
            os._exit(127)
        scarce = _scarce() if str(exc) == "out of pty devices" else 0
        _tidy(exc)
        if scarce:
            raise OSError(scarce, os.strerror(scarce)) from exc
        if isinstance(exc, pexpect.ExceptionPexpect):
            raise FileNotFoundError(errno.ENOENT, str(exc)) from exc
        raise
    child.closed = True
    return _freed(child.ptyproc)


def _freed(born: Any) -> tuple[int, int]:
    """Take the terminal over, and disarm the object that made it: its own way to close sleeps and signals."""
    try:
        return born.pid, os.dup(born.fd)
    except OSError:
        abandon(born.pid)
        raise
    finally:
        born.fileobj.close()
        born.closed = True


def _scarce() -> int:
    """Return the errno for which no terminal can be made: pty.fork drops it and blames the terminals."""
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError as exc:
        return exc.errno or errno.ENOSPC
    return errno.ENOSPC


def _tidy(error: BaseException) -> None:
    """Close and reap what pty and ptyprocess leave in their frames when the fork or the exec fails."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        known = frame.f_locals
        if "exec_err_pipe_read" in known and "pid" not in known:
            os.close(known["exec_err_pipe_read"])
            os.close(known["exec_err_pipe_write"])
        if "master_fd" in known and "slave_fd" in known:
            os.close(known["master_fd"])
            os.close(known["slave_fd"])
        if "exec_err_data" in known and "inst" in known:
            known["inst"].fileobj.close()
            known["inst"].closed = True
            abandon(known["inst"].pid)


def _hung_up(fd: int) -> bool:
    """Tell whether nobody holds the other side of a terminal."""
    poller = select.poll()
    poller.register(fd, 0)
    return any(event & select.POLLHUP for _, event in poller.poll(0))


def _set_up(fd: int, terminal: Terminal) -> None:
    """Set the modes of the new process's terminal before its exec, and read back whether they hold."""
    modes = termios.tcgetattr(fd)
    if terminal.raw:
        modes[0] &= ~_INPUT_MODES
        modes[1] &= ~termios.OPOST
        modes[3] &= ~(termios.ICANON | termios.ISIG | termios.IEXTEN)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    modes[3] &= ~(termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHONL)
    if terminal.echo:
        modes[3] |= termios.ECHO
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    held = termios.tcgetattr(fd)
    if held[:2] != modes[:2] or held[3] != modes[3]:
        raise OSError("the terminal does not take the modes asked for: its echo or its raw mode cannot be set")
