"""What most people write: pexpect's spawn, sendline and expect inside a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pexpect

__all__ = ["ExpectEnv"]

Action = np.ndarray[Any, np.dtype[np.float32]]
Observation = np.ndarray[Any, np.dtype[np.float64]]
Start = tuple[Observation, dict[str, Any]]
Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class ExpectEnv(gymnasium.Env[Observation, Action]):
    """The simulator on a terminal of pexpect.

    Unless ``before`` is true the pause before each send is off (50 ms, the one that everybody finds), unless ``after``
    is true the one after each read too (0.1 ms, which with the timer's slack costs more than all the rest).
    """

    def __init__(self, program: str, before: bool, after: bool) -> None:
        self.program = program
        self.before = before
        self.after = after
        self.child: pexpect.spawn[str] | None = None
        self.action_space = gymnasium.spaces.Box(-1, 1, (1,))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (6,), np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Start:
        super().reset(seed=seed)
        self.close()
        self.child = pexpect.spawn(self.program, echo=False, encoding="utf-8", timeout=10)
        if not self.before:
            self.child.delaybeforesend = None
        if not self.after:
            self.child.delayafterread = None
        return np.array(self._ask(0.0)), {}

    def step(self, action: Action) -> Step:
        values = self._ask(action.item())
        return np.array(values), -abs(values[0]), False, False, {}

    def _ask(self, number: float) -> list[float]:
        assert self.child is not None
        self.child.sendline(f"{number:.3f}")
        self.child.expect("\r\n")
        return [float(word) for word in (self.child.before or "").split()]

    def close(self) -> None:
        if self.child is not None:
            self.child.close(force=True)
            self.child = None
