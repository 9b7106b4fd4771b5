"""Rules about seeds: equal ones repeat an episode, different ones do not, and neither do copies without a seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import numpy as np

from filebridge.check.rule import Broken, Finding, NotApplicable
from filebridge.check.subject import Subject, drawn
from filebridge.env import BridgeEnv

__all__ = ["copies_differ", "different_seeds_differ", "same_after_reset", "same_in_fresh_processes"]

MOST_STEPS = 200
"""Steps that are compared of an episode."""

Moment = tuple[Any, float, bool, bool]
Trace = list[Moment]


def same_in_fresh_processes(subject: Subject) -> Finding:
    """Give one seed and the same actions to two fresh processes: observations, rewards and endings are equal."""
    _refuse_seedless(subject)
    first = _first(subject)
    with subject.env() as env:
        return _compared(subject, first, _trace(env, subject.seed))


def same_after_reset(subject: Subject) -> Finding:
    """Use one seed and the same actions twice in one environment, another episode in between: all is equal."""
    _refuse_seedless(subject)
    with subject.env() as env:
        first = _trace(env, subject.seed)
        _trace(env, subject.seed + 1)
        return _compared(subject, first, _trace(env, subject.seed))


def different_seeds_differ(subject: Subject) -> Finding:
    """Compare up to four seeds: the episodes differ; where none does, that is shown, but is no failure."""
    config = subject.program.config
    if config.simulator.seed is None and not any(variable.draw for variable in config.variables.values()):
        raise NotApplicable("`seed: none`, and no variable is drawn")
    first = _first(subject)
    with subject.env() as env:
        for number in range(1, 4):
            if _differ(first, _moments(env, subject.seed + number, actions=subject.seed)):
                return Finding()
    return Finding(warnings=("four seeds gave equal episodes: does `${seed}` reach the simulator?",))


def copies_differ(subject: Subject) -> Finding:
    """Begin two episodes at one moment, without a seed: they differ; where not, that is shown, but is no failure."""
    simulator = subject.program.config.simulator
    if subject.is_repeatable:
        raise NotApplicable("its episodes follow the seed")
    if not simulator.command:
        raise NotApplicable("somebody else starts the program, and it may be the only one")
    if not _are_equal(subject):
        return Finding()
    return Finding(
        warnings=(
            "two that began at the same moment gave equal episodes, as all seats of a vector environment would: if it"
            " draws nothing, say `deterministic: true`; if it draws from the clock, let a variable be drawn, or give"
            " it a clock that is set by the seed",
        )
    )


def _are_equal(subject: Subject) -> bool:
    """Return whether two copies that are begun together, and take the same actions, have the same episode."""
    with subject.env() as one, subject.env() as other, ThreadPoolExecutor(2) as pool:
        episodes = [_moments(env, None, subject.seed) for env in (one, other)]
        begun, another = pool.map(next, episodes)
        return _difference([begun], [another]) is None and not _differ(*episodes)


def _refuse_seedless(subject: Subject) -> None:
    if not subject.is_repeatable:
        raise NotApplicable("`seed: none`, and `deterministic` is false")


def _first(subject: Subject) -> Trace:
    """Return the episode of the subject's seed in a process of its own, played once for all rules."""
    if subject.first is None:
        with subject.env() as env:
            subject.first = _trace(env, subject.seed)
    return subject.first


def _trace(env: BridgeEnv, seed: int) -> Trace:
    """Return the episode of ``seed``, its actions drawn from the same seed."""
    return list(_moments(env, seed, seed))


def _moments(env: BridgeEnv, seed: int | None, actions: int) -> Iterator[Moment]:
    """Play the episode of ``seed``, its actions drawn from ``actions``, as far as it is asked for."""
    env.action_space.seed(actions)
    observation, _ = env.reset(seed=seed)
    yield observation, 0.0, False, False
    for _ in range(MOST_STEPS):
        observation, reward, terminated, truncated, _ = env.step(drawn(env))
        yield observation, reward, terminated, truncated
        if terminated or truncated:
            return


def _differ(first: Iterable[Moment], episode: Iterator[Moment]) -> bool:
    """Return whether an episode is another one than ``first``; it is played no further than to where it differs."""
    for one, other in zip_longest(first, episode):
        if one is None or other is None or _difference([one], [other]) is not None:
            return True
    return False


def _compared(subject: Subject, first: Trace, second: Trace) -> Finding:
    different = _difference(first, second)
    if different is not None:
        cure = "let `${seed}` or `{seed}` reach the simulator, or say `seed: none`"
        if subject.program.config.simulator.seed is None:
            cure = (
                "it draws although it gets no seed: leave out `deterministic: true`, or, where it draws from the clock,"
                " give it one that is set by the seed (docs/console.md#resets)"
            )
        raise Broken(f"the episodes differ at {different}", cure)
    return Finding(f"{len(first) - 1} steps equal")


def _difference(first: Trace, second: Trace) -> str | None:
    """Return where two episodes differ, None if they are equal."""
    for step, (one, other) in enumerate(zip(first, second, strict=False)):
        for name, value, another in zip(("observation", "reward", "terminated", "truncated"), one, other, strict=True):
            if not _equal(value, another):
                place = f"step {step}" if step else "the reset"
                return f"{place}: {name} {value!r} and {another!r}"
    if len(first) != len(second):
        return f"their ends, after {len(first) - 1} and {len(second) - 1} steps"
    return None


def _equal(one: Any, other: Any) -> bool:
    """Return whether two observations or values are the same in every bit that counts; NaN equals NaN."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(part, other[name]) for name, part in one.items())
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    return bool(one == other)
