"""Steps per second of environments that take turns, so that a slow second of the machine falls on all of them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from benchmarks.contestants import CONTESTANTS, Maker

__all__ = ["Score", "measure", "processors_of"]

ROUNDS = 7
BATCH = 0.005  # s between two looks at the clock
WARM_UP = 0.2  # s


@dataclass
class Score:
    """What one contestant did in one mode: ``rates`` in steps per second, one for each round, and ``steps`` in all."""

    name: str
    mode: str
    steps: int = 0
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.rates)


class Runner:
    """One environment, the processors that it runs on, and its score."""

    def __init__(self, name: str, mode: str, maker: Maker, program: str) -> None:
        self.score = Score(name, mode)
        self.env = maker(program)
        self.env.reset()
        self.processors = os.sched_getaffinity(0)
        rng = np.random.default_rng(1)
        self.actions = rng.uniform(-1, 1, (64, 1)).astype(np.float32)
        self.batch = 1
        self._check()

    def _check(self) -> None:
        """Make sure that the numbers which come back are the ones that were asked for."""
        if self.score.name.startswith("bare"):
            return
        for action in self.actions[:5]:
            observation, reward = self.env.step(action)[:2]
            wanted = [float(f"{action.item():.3f}"), 1.5, -2.25, 1000.125, 0.001, 42]
            if observation.tolist() != wanted or reward != -abs(wanted[0]):
                raise SystemExit(f"{self.score.name} answers {action!r} with {observation!r}, {reward!r}")

    def warm_up(self, seconds: float) -> None:
        """Run for a while and find how many steps make a batch."""
        batches, elapsed = self._run(seconds)
        self.batch = max(1, int(batches * BATCH / elapsed))

    def turn(self, seconds: float) -> None:
        """Run for ``seconds`` and add the round to the score."""
        os.sched_setaffinity(0, self.processors)
        steps, elapsed = self._run(seconds)
        self.score.steps += steps
        self.score.rates.append(steps / elapsed)

    def _run(self, seconds: float) -> tuple[int, float]:
        step, actions, clock, steps = self.env.step, self.actions, time.perf_counter, 0
        batch = [actions[index % len(actions)] for index in range(self.batch)]
        began = clock()
        while steps == 0 or clock() - began < seconds:
            for action in batch:
                step(action)
            steps += len(batch)
        return steps, clock() - began


def processors_of(mode: str) -> set[int]:
    """Return the processors of a mode: the last one of this process for ``pinned``, all of them for ``unpinned``."""
    allowed = os.sched_getaffinity(0)
    return {max(allowed)} if mode == "pinned" else allowed


def measure(names: Iterable[str], mode: str, seconds: float, program: str) -> list[Score]:
    """Return the scores of the contestants ``names``, each of which runs for ``seconds`` in all."""
    before, processors = os.sched_getaffinity(0), processors_of(mode)
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, before)
        runners = []
        for name in names:
            os.sched_setaffinity(0, processors)
            runners.append(Runner(name, mode, CONTESTANTS[name][0], program))
            stack.callback(runners[-1].env.close)
            runners[-1].warm_up(min(seconds, WARM_UP))
        for _ in range(ROUNDS):
            for runner in runners:
                runner.turn(seconds / ROUNDS)
    return [runner.score for runner in runners]
