"""The simulator under check: its program, fresh environments of it, and what a random agent saw in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from filebridge.check.rule import Broken
from filebridge.env import BridgeEnv, SeedWarning
from filebridge.errors import BridgeError
from filebridge.link import Link
from filebridge.program import Program, load_program
from filebridge.report import Sample

__all__ = ["Journey", "Seen", "Subject", "drawn", "link_of"]

MOST_STEPS = 10_000
"""Steps in which a random agent must have come to the end of an episode."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reset (``step`` 0) or step returned."""

    episode: int
    step: int
    observation: Any
    reward: Any
    terminated: Any
    truncated: Any
    info: Any

    @property
    def place(self) -> str:
        """Where it was, in words."""
        return f"reset of episode {self.episode}" if self.step == 0 else f"step {self.step} of episode {self.episode}"


@dataclass(slots=True)
class Journey:
    """All that a random agent saw in its episodes, and how long it took; ``failure`` ended it, if any."""

    seen: list[Seen]
    lengths: list[int]
    step_times: Sample
    reset_times: Sample
    failure: BridgeError | None = None
    endless: int = 0


class Subject:
    """One configuration under check. ``program`` and ``journey`` are made when a rule first asks for them.

    ``first`` is the episode of ``seed`` once it has been played for comparing: (observation, reward, terminated,
    truncated) of the reset and of each step.
    """

    def __init__(self, target: str | Path | Mapping[str, Any] | Program, episodes: int, seed: int) -> None:
        self.episodes = episodes
        self.seed = seed
        self.first: list[tuple[Any, float, bool, bool]] | None = None
        self._target = target

    @cached_property
    def program(self) -> Program:
        """The compiled configuration; raises ConfigError."""
        return self._target if isinstance(self._target, Program) else load_program(self._target)

    @property
    def is_repeatable(self) -> bool:
        """Whether equal seeds should give equal episodes."""
        config = self.program.config
        return config.simulator.seed is not None or config.deterministic

    @contextmanager
    def env(self, **changes: Any) -> Iterator[BridgeEnv]:
        """Give a fresh environment, closed afterwards; ``changes`` replace keys of the configuration."""
        program = self.program
        if changes:
            program = replace(program, config=program.config.model_copy(update=changes))
        env = BridgeEnv(program)
        env.action_space.seed(self.seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SeedWarning)
                yield env
        finally:
            env.close()

    @cached_property
    def journey(self) -> Journey:
        """What a random agent sees in ``episodes`` episodes of one environment."""
        journey = Journey([], [], Sample(), Sample())
        with self.env() as env:
            try:
                for episode in range(1, self.episodes + 1):
                    self._travel(env, episode, journey)
            except BridgeError as error:
                journey.failure = error
        return journey

    def _travel(self, env: BridgeEnv, episode: int, journey: Journey) -> None:
        begun = perf_counter()
        observation, info = env.reset(seed=self.seed if episode == 1 else None)
        journey.reset_times.add(perf_counter() - begun)
        journey.seen.append(Seen(episode, 0, observation, 0.0, False, False, info))
        for step in range(1, MOST_STEPS + 1):
            action = drawn(env)
            begun = perf_counter()
            observation, reward, terminated, truncated, info = env.step(action)
            journey.step_times.add(perf_counter() - begun)
            journey.seen.append(Seen(episode, step, observation, reward, terminated, truncated, info))
            if terminated or truncated:
                journey.lengths.append(step)
                return
        journey.endless += 1

    @property
    def travelled(self) -> list[Seen]:
        """What the random agent saw; raises Broken if that is nothing."""
        seen = self.journey.seen
        if not seen:
            raise Broken("the random agent saw nothing", "see the failure above")
        return seen


def drawn(env: BridgeEnv) -> Any:
    """Return an action drawn from those that may be taken now."""
    return env.action_space.sample(env.session.mask())


def link_of(env: BridgeEnv) -> Link:
    """Return the running simulator of ``env``; raises Broken where nothing runs."""
    link = env._session.link
    if link is None:
        raise Broken("no simulator runs after a reset")
    return link
