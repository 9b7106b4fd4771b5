"""The figures of a trial: lengths, returns, endings, times, and how long a training would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from filebridge.report.sample import Bin, Sample, Spread, histogram, spread
from filebridge.report.trial import Ending, Episode, Trial

__all__ = ["Endings", "Estimate", "Result", "Times", "is_hopeless", "measured", "times"]


@dataclass(frozen=True, slots=True)
class Times:
    """Times of many operations of one kind, in seconds."""

    count: int
    total: float
    mean: float
    p50: float
    p90: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Endings:
    """How many episodes ended in each way."""

    terminated: int
    truncated: int
    failed: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a training of so many ``steps`` would take in one environment.

    All times are in seconds; the learner's own time is not counted.
    """

    steps: int
    stepping: float
    resetting: float
    total: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a run measured.

    ``steps`` are all that were taken, those of an unfinished or failed episode included; ``lengths`` (steps)
    and ``returns`` are those of the episodes that came to their end. ``elapsed`` is in seconds and holds what the agent
    itself took; ``reset_share`` is the part of the time in the environment that resets took. None stands
    for what was never measured, and for an estimate where all episodes failed. ``failure`` is the text of the first
    failure.
    """

    simulator: str
    seed: int
    episodes: int
    endings: Endings
    steps: int
    elapsed: float
    steps_per_second: float
    lengths: Spread | None
    returns: Spread | None
    return_histogram: tuple[Bin, ...]
    step_times: Times | None
    reset_times: Times | None
    reset_share: float | None
    estimate: Estimate | None
    failure: str


def measured(trial: Trial, elapsed: float, training_steps: int) -> Result:
    """Return the result of ``trial``, which took ``elapsed`` seconds, with an estimate for ``training_steps``."""
    ended = [episode for episode in trial.episodes if episode.ending is not Ending.FAILED]
    counts = Counter(episode.ending for episode in trial.episodes)
    returns = [episode.total for episode in ended]
    steps = trial.step_times.count
    inside = trial.step_times.total + trial.reset_times.total
    return Result(
        simulator=trial.env.program.config.name,
        seed=trial.seed,
        episodes=len(trial.episodes),
        endings=Endings(*(counts[ending] for ending in (Ending.TERMINATED, Ending.TRUNCATED, Ending.FAILED))),
        steps=steps,
        elapsed=elapsed,
        steps_per_second=steps / elapsed if elapsed > 0 else 0.0,
        lengths=spread(episode.steps for episode in ended),
        returns=spread(returns),
        return_histogram=histogram(returns),
        step_times=times(trial.step_times),
        reset_times=times(trial.reset_times),
        reset_share=trial.reset_times.total / inside if inside > 0 else None,
        estimate=_estimate(trial, training_steps),
        failure="" if trial.failure is None else str(trial.failure),
    )


def times(sample: Sample) -> Times | None:
    """Return the figures of a sample of times, None for an empty one."""
    if not sample.count:
        return None
    p50, p90, p99 = sample.quantiles(0.5, 0.9, 0.99)
    return Times(sample.count, sample.total, sample.mean, p50, p90, p99, sample.largest)


def is_hopeless(episodes: Sequence[Episode]) -> bool:
    """Return whether all ``episodes`` failed: how long others would take cannot be known from them."""
    return bool(episodes) and all(episode.ending is Ending.FAILED for episode in episodes)


def _estimate(trial: Trial, steps: int) -> Estimate | None:
    """Scale the means up: a training takes as many resets for each step as the trial did."""
    taken, resets = trial.step_times.count, trial.reset_times
    if not taken or is_hopeless(trial.episodes):
        return None
    # Where episodes share a process only the first reset starts one: it would count too often.
    reset = (resets.total - trial.first_reset) / (resets.count - 1) if resets.count > 1 else resets.mean
    stepping = steps * trial.step_times.mean
    resetting = steps / taken * resets.count * reset
    return Estimate(steps, stepping, resetting, stepping + resetting)
