"""Steps per second of environments that take turns, so that a slow second of the machine falls on all of them."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field

from benchmarks.contestants import CONTESTANTS
from benchmarks.places import folder_on, working_in
from benchmarks.programs import Programs

__all__ = ["Runner", "Score", "measure", "processors_of"]

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
    """One environment, started; the processors that it runs on, and its score."""

    def __init__(self, name: str, mode: str, programs: Programs) -> None:
        contestant = CONTESTANTS[name]
        self.score = Score(name, mode)
        self.task = contestant.task
        self.folder = folder_on(contestant.storage)
        self.env = contestant.make(programs.find(contestant.program) or "")
        try:
            self.reset()
            self._check()
        except BaseException:
            self.env.close()
            raise
        self.processors = os.sched_getaffinity(0)
        self.batch = 1

    def reset(self) -> None:
        """Start its simulator, in a folder on the storage that was asked for."""
        with working_in(self.folder) if self.folder else nullcontext():
            self.env.reset()

    def _check(self) -> None:
        """Make sure that the numbers which come back are the ones that were asked for."""
        if self.score.name.startswith("bare"):
            return
        for action in self.task.actions[:5]:
            observation, reward = self.env.step(action)[:2]
            if not self.task.right(action, observation.tolist()) or reward != -abs(observation[0]):
                raise SystemExit(f"{self.score.name} answers {action!r} with {observation!r}, {reward!r}")

    def warm_up(self, seconds: float) -> None:
        """Run for a while and find how many steps make a batch."""
        batches, elapsed = self._run(seconds)
        self.batch = max(1, int(batches * min(BATCH, seconds) / elapsed))

    def turn(self, seconds: float) -> None:
        """Run for ``seconds`` and add the round to the score."""
        os.sched_setaffinity(0, self.processors)
        steps, elapsed = self._run(seconds)
        self.score.steps += steps
        self.score.rates.append(steps / elapsed)

    def _run(self, seconds: float) -> tuple[int, float]:
        step, actions, clock, steps = self.env.step, self.task.actions, time.perf_counter, 0
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


def measure(names: Iterable[str], mode: str, seconds: float, programs: Programs) -> list[Score]:
    """Return the scores of the contestants ``names``, each of which runs for ``seconds`` in all."""
    before, processors = os.sched_getaffinity(0), processors_of(mode)
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, before)
        runners = []
        for name in names:
            os.sched_setaffinity(0, processors)
            runners.append(Runner(name, mode, programs))
            stack.callback(runners[-1].env.close)
            runners[-1].warm_up(min(seconds, WARM_UP))
        for _ in range(ROUNDS):
            for runner in runners:
                runner.turn(seconds / ROUNDS)
    return [runner.score for runner in runners]
