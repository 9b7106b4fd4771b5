"""A random agent in one environment: episode after episode, each step and each reset timed."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from filebridge.config.model import Config
from filebridge.env import BridgeEnv
from filebridge.errors import BridgeError
from filebridge.report.sample import Sample

__all__ = ["Ending", "Episode", "Trial", "recorded", "reset_seed"]


class Ending(enum.Enum):
    """How an episode ended."""

    TERMINATED = "terminated"
    TRUNCATED = "truncated"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode: its length in steps, the sum of its rewards, how it ended."""

    steps: int
    total: float
    ending: Ending


class Trial:
    """Runs episodes and keeps what they measured; it may be left and read at any step.

    ``episodes`` are those that ended, ``step_times`` and ``reset_times`` are in seconds and hold those of
    an unfinished episode too; the first reset, which starts a process, is kept as ``first_reset`` besides. ``failure``
    is the first failure. Equal seeds choose equal actions.
    """

    def __init__(self, env: BridgeEnv, seed: int) -> None:
        self.env = env
        self.seed = seed
        self.episodes: list[Episode] = []
        self.step_times = Sample()
        self.reset_times = Sample()
        self.first_reset = 0.0
        self.failure: BridgeError | None = None
        self._reset_seed = reset_seed(env.program.config, seed)
        env.action_space.seed(seed)

    def steps(self) -> Iterator[bool]:
        """Run for ever; yield after each step, with whether it was the last of its episode.

        A failure ends its episode and is kept, the next episode begins in a new process.
        """
        while True:
            yield from self._episode()

    def _episode(self) -> Iterator[bool]:
        env, sample, clock, times = self.env, self.env.action_space.sample, perf_counter, self.step_times
        mask = env.session.mask
        steps, total = 0, 0.0
        try:
            self._reset()
            while True:
                action = sample(mask())
                begun = clock()
                _, reward, terminated, truncated, info = env.step(action)
                times.add(clock() - begun)
                steps += 1
                total += reward
                if terminated or truncated:
                    break
                yield False
        except BridgeError as error:
            self.failure = self.failure or error
            ending = Ending.FAILED
        else:
            ending = self._ending(terminated, info)
        self.episodes.append(Episode(steps, total, ending))
        yield True

    def _reset(self) -> None:
        seed, self._reset_seed = self._reset_seed, None
        begun = perf_counter()
        self.env.reset(seed=seed)
        taken = perf_counter() - begun
        self.reset_times.add(taken)
        self.first_reset = self.first_reset or taken

    def _ending(self, terminated: bool, info: dict[str, Any]) -> Ending:
        record = info.get("bridge_failure")
        if record is None:
            return Ending.TERMINATED if terminated else Ending.TRUNCATED
        self.failure = self.failure or recorded(record)
        return Ending.FAILED


def reset_seed(config: Config, seed: int) -> int | None:
    """Return ``seed``, or None where nothing of an episode obeys it."""
    is_seeded = config.simulator.seed is not None or any(variable.draw for variable in config.variables.values())
    return seed if is_seeded else None


def recorded(record: dict[str, Any]) -> BridgeError:
    """Return the failure that the policy ``truncate`` has put into ``info``, as an error again."""
    told = [f"{name}: {record[name]}" for name in ("exit", "sent", "received", "stderr") if record.get(name)]
    found = "\n  ".join([record["found"], *told]).strip()
    return BridgeError(f"{record['error']}: {record['what']}", found=found, cure=record["cure"])
