"""What a competent person writes by hand: a process, os.write, os.read up to the newline, numbers into an array."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import tempfile
import tty
from typing import Any

import gymnasium
import numpy as np

__all__ = ["BarePipeEnv", "BarePtyEnv", "FifoEnv", "PipeEnv", "PtyEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class PipeEnv(gymnasium.Env[Observation, Action]):
    """The simulator on two pipes."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.program = program
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.ours: set[int] = set()
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.sender, self.receiver = self._start()
        self.ours = {self.sender, self.receiver}
        return np.array([float(word) for word in self._ask(b"0\n").split()]), {}

    def _start(self) -> tuple[int, int]:
        """Start the simulator and return the descriptors to write to and to read from."""
        theirs, sender = os.pipe()
        receiver, theirs_too = os.pipe()
        self.process = subprocess.Popen([self.program, *self.arguments], stdin=theirs, stdout=theirs_too)
        os.close(theirs)
        os.close(theirs_too)
        return sender, receiver

    def _ask(self, line: bytes) -> bytes:
        os.write(self.sender, line)
        answer = os.read(self.receiver, 4096)
        while not answer.endswith(b"\n"):
            more = os.read(self.receiver, 4096)
            if not more:
                raise EOFError(answer)
            answer += more
        return answer

    def step(self, action: Action) -> Step:
        values = [float(word) for word in self._ask(b"%.3f\n" % action.item()).split()]
        return np.array(values), -abs(values[0]), False, False, {}

    def close(self) -> None:
        for descriptor in self.ours:
            os.close(descriptor)
        self.ours = set()
        if self.process is not None:
            self.process.wait(10)  # the end of its input, or of its terminal, ends it
            self.process = None


class PtyEnv(PipeEnv):
    """The simulator on a raw pseudo-terminal without echo."""

    def _start(self) -> tuple[int, int]:
        master, slave = pty.openpty()
        tty.setraw(slave)
        self.process = subprocess.Popen([self.program], stdin=slave, stdout=slave, start_new_session=True)
        os.close(slave)
        return master, master


class FifoEnv(PipeEnv):
    """The simulator between two FIFOs, which are opened in the order in which the shell opens them."""

    def _start(self) -> tuple[int, int]:
        folder = tempfile.mkdtemp(prefix="written-")
        for name in ("to", "from"):
            os.mkfifo(os.path.join(folder, name), 0o600)
        self.process = subprocess.Popen(["/bin/sh", "-c", 'exec "$0" <to >from', self.program], cwd=folder)
        sender = os.open(os.path.join(folder, "to"), os.O_WRONLY)
        receiver = os.open(os.path.join(folder, "from"), os.O_RDONLY)
        shutil.rmtree(folder)
        return sender, receiver


class BarePipeEnv(PipeEnv):
    """The same on pipes with nothing formatted and nothing parsed: what is left is the kernel's cost."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        self.answer = super().reset(seed=seed)[0], 0.0, False, False, dict[str, Any]()
        return self.answer[0], {}

    def step(self, action: Action) -> Step:
        self._ask(b"0.500\n")
        return self.answer


class BarePtyEnv(PtyEnv, BarePipeEnv):
    """The same on a raw pseudo-terminal."""
