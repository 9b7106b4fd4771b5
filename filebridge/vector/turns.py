"""What one seat among many is asked, carried on by a crowd: a step, the beginning of an episode, or both."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from gymnasium.vector import AutoresetMode

from filebridge.conversation import Talk
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, BridgeError, UsageError
from filebridge.program import Program
from filebridge.spaces.batches import batcher
from filebridge.stepping import Step

__all__ = ["Outcome", "Turns"]

Final = tuple[Any, dict[str, Any]]
Outcome = tuple[Any, float, bool, bool, dict[str, Any], Final | None]
"""Of one seat: what was taken as its observation, reward, terminated, truncated, info; in what an episode ended."""


class Turns:
    """The talks of the seats ``envs``, which share a ``program``.

    ``due`` says of each seat that an episode must begin before it can take a step, ``busy`` for how many seconds its
    simulator was asked, or started. ``actions`` are under way. ``take`` makes of a row what the ``batcher`` joins.
    ``ends`` are the last steps of episodes, by seat, after which the next one failed to begin.
    """

    def __init__(self, program: Program, envs: Sequence[BridgeEnv], mode: AutoresetMode) -> None:
        self.envs = envs
        self.sessions = [env.session for env in envs]
        self.batcher = batcher(program.observer)
        self.take = self.batcher.take
        self.due = [True] * len(envs)
        self.busy = [0.0] * len(envs)
        self.actions: list[Any] = [None] * len(envs)
        self.ends: dict[int, Outcome] = {}
        self.keeps = envs[0].recovery.keeps
        self.same_step = mode is AutoresetMode.SAME_STEP

    def stepping(self, seat: int, talk: Talk[None]) -> Talk[Outcome]:
        """Carry on the step of ``seat``, whatever becomes of it."""
        env, session, action = self.envs[seat], self.sessions[seat], self.actions[seat]
        try:
            step = yield from session.concluding(talk, self.take)
        except (ActionError, UsageError):
            raise
        except BridgeError as error:
            step = yield from env.failing(action, error)
        else:
            assert session.link is not None
            self.busy[seat] += monotonic() - session.link.begun
            if self.keeps:
                env.recovery.keep(action, self.batcher.single(step[0]))
        over = step[2] or step[3]
        if over and self.same_step:
            self.due[seat] = True
            return (yield from self.begun_again(seat, step))
        self.due[seat] = over
        return (*step, None)

    def begun(self, seat: int, seed: int | None, options: dict[str, Any] | None) -> Talk[Outcome]:
        """Begin an episode in ``seat``."""
        begun = monotonic()
        observation, info = yield from self.envs[seat].resetting(seed, options)
        self.busy[seat] += monotonic() - begun
        self.due[seat] = False
        return observation, 0.0, False, False, info, None

    def begun_again(self, seat: int, step: Step) -> Talk[Outcome]:
        """Begin an episode in ``seat`` in the same ``step`` in which the last one ended."""
        taken, reward, terminated, truncated, last = step
        final = self.batcher.single(taken)
        begun = monotonic()
        try:
            observation, info = yield from self.envs[seat].resetting(None, None)
        except BridgeError:
            # The step itself went well, and is told beside what failed after it.
            self.ends[seat] = taken, reward, terminated, truncated, last, (final, last)
            raise
        self.busy[seat] += monotonic() - begun
        self.due[seat] = False
        return observation, reward, terminated, truncated, info, (final, last)
