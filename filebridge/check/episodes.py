"""Rules about what a random agent's episodes return."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from filebridge.check.rule import Broken, Finding, NotApplicable
from filebridge.check.subject import MOST_STEPS, Subject, drawn
from filebridge.errors import UsageError

__all__ = ["end", "endings_are_flags", "info_is_plain", "observations_fit", "rewards_are_finite", "step_limit_holds"]

FEW = 10
"""Observations of which fewer say nothing about a field that is seldom told."""

FORCED_LIMIT = 2
"""A step limit that every simulator reaches soon."""


def end(subject: Subject) -> Finding:
    """Play episodes at random: none fails, and each of them ends.

    The medians of the time of a step and of a reset are shown.
    """
    journey = subject.journey
    if journey.failure is not None:
        raise journey.failure
    if journey.endless:
        cure = "give `max_steps`, or see whether `terminated` can become true"
        raise Broken(f"no end after {MOST_STEPS} steps in {journey.endless} of {subject.episodes} episodes", cure)
    step, reset = (times.quantiles(0.5)[0] for times in (journey.step_times, journey.reset_times))
    lengths = f"{subject.episodes} episodes of {min(journey.lengths)} to {max(journey.lengths)} steps"
    return Finding(f"{lengths}; a step {step * 1e3:.3g} ms, a reset {reset * 1e3:.3g} ms")


def observations_fit(subject: Subject) -> Finding:
    """See that every observation, the first of an episode included, is an element of the observation space."""
    space = subject.program.observer.space
    for seen in subject.travelled:
        if seen.observation not in space:
            cure = "give the fields the bounds `low` and `high` that they really have"
            raise Broken(f"{seen.place}: {seen.observation!r} is not in {space}", cure)
    return Finding(f"{len(subject.travelled)} observations", warnings=tuple(_never_read(subject)))


def _never_read(subject: Subject) -> Iterator[str]:
    """Yield a warning for each observed field that had its default whenever it was seen: `find` may be misspelt."""
    config, seen = subject.program.config, [one.observation for one in subject.travelled]
    names = config.observation if isinstance(config.observation, list) else []
    if len(seen) < FEW or subject.program.observer.space.shape != (len(names),):
        return
    for number, name in enumerate(names):
        default = config.fields[name].default if name in config.fields else None
        if default is not None and all(observation[number] == default for observation in seen):
            yield f"{name} had its default, {default}, in all of them: see by `filebridge probe` whether it is read"


def rewards_are_finite(subject: Subject) -> Finding:
    """See that every reward is a Python float and finite."""
    for seen in subject.travelled:
        if type(seen.reward) is not float or not math.isfinite(seen.reward):
            raise Broken(f"{seen.place}: the reward is {seen.reward!r}", "bound what can overflow in `reward`")
    rewards = [seen.reward for seen in subject.travelled if seen.step]
    return Finding(f"from {min(rewards):.6g} to {max(rewards):.6g}" if rewards else "")


def endings_are_flags(subject: Subject) -> Finding:
    """See that `terminated` and `truncated` are Python bools, and that a step after an end is refused."""
    for seen in subject.travelled:
        for name, value in (("terminated", seen.terminated), ("truncated", seen.truncated)):
            if type(value) is not bool:
                raise Broken(f"{seen.place}: {name} is {value!r}, of type {type(value).__name__}")
    with subject.env(max_steps=1) as env:
        env.reset(seed=subject.seed)
        env.step(drawn(env))
        try:
            env.step(drawn(env))
        except UsageError:
            return Finding()
    raise Broken("a step after the end of its episode was taken")


def info_is_plain(subject: Subject) -> Finding:
    """See that `info` maps texts to plain values: numbers, texts, flags, lists and arrays of them."""
    for seen in subject.travelled:
        if type(seen.info) is not dict or not all(type(name) is str for name in seen.info):
            raise Broken(f"{seen.place}: info is no mapping from text: {seen.info!r}")
        for name, value in seen.info.items():
            if not _is_plain(value):
                raise Broken(f"{seen.place}: info[{name!r}] is of type {type(value).__name__}")
    return Finding(", ".join(subject.travelled[-1].info))


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(name) is str and _is_plain(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(part) for part in value)
    return isinstance(value, bool | int | float | str | np.generic | np.ndarray)


def step_limit_holds(subject: Subject) -> Finding:
    """See that no episode is longer than `max_steps`; with a limit of two steps the second one truncates."""
    limit = subject.program.config.max_steps
    if limit is None:
        raise NotApplicable("the configuration has no `max_steps`")
    longest = max((seen.step for seen in subject.travelled), default=0)
    if longest > limit:
        raise Broken(f"an episode of {longest} steps, but `max_steps` is {limit}")
    with subject.env(max_steps=FORCED_LIMIT) as env:
        env.reset(seed=subject.seed)
        for step in range(1, FORCED_LIMIT + 1):
            _, _, terminated, truncated, _ = env.step(drawn(env))
            if terminated or (truncated and step < FORCED_LIMIT):
                return Finding(f"longest {longest} of {limit}")
    if not truncated:
        raise Broken(f"step {FORCED_LIMIT} does not truncate with `max_steps: {FORCED_LIMIT}`")
    return Finding(f"longest {longest} of {limit}")
