"""A full screen by hand: a terminal, pyte, and the fields from a row of its screen."""

from __future__ import annotations

import os
import pty
import subprocess
import tty
from typing import Any

import gymnasium
import numpy as np

__all__ = ["ScreenEnv"]

Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]
KEYS = (b"h", b"j", b"k", b"l")


class ScreenEnv(gymnasium.Env[Observation, Any]):
    """`screen.c` on a raw terminal of 80x24; it is settled once the cursor is back at its place."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.action_space = gymnasium.spaces.Discrete(4)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        # An extra, which not everybody has who runs the other benchmarks.
        import pyte

        self.close()
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.process = subprocess.Popen([self.program], stdin=slave, stdout=slave, start_new_session=True)
        os.close(slave)
        return np.array(self._settled()), {}

    def step(self, action: Any) -> Step:
        os.write(self.master, KEYS[action])
        values = self._settled()
        return np.array(values), -abs(values[0]), False, False, {}

    def _settled(self) -> list[float]:
        cursor = self.screen.cursor
        while True:
            self.stream.feed(os.read(self.master, 4096))
            if cursor.y == 22 and cursor.x == 0:
                break
        # `display` would put together all 24 rows.
        row = self.screen.buffer[23]
        return [float(word) for word in "".join([row[column].data for column in range(80)]).split()]

    def close(self) -> None:
        if self.process is not None:
            os.close(self.master)
            self.process.wait(10)
            self.process = None
