"""The figures of a trial in many seats: those of its episodes, the throughput, who waited for whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from filebridge.config.dialogues import cannot_be_warm
from filebridge.config.model import Config
from filebridge.report.bottleneck import Bottleneck, bottleneck
from filebridge.report.load import Load
from filebridge.report.result import Endings, Times, is_hopeless, times
from filebridge.report.sample import Bin, Spread, histogram, spread
from filebridge.report.trial import Ending
from filebridge.report.vector_trial import VectorTrial

__all__ = ["Training", "VectorResult", "is_warm", "measured_together"]


@dataclass(frozen=True, slots=True)
class Training:
    """How long a training of so many ``steps`` would take in these seats; seconds, without the learner's own."""

    steps: int
    total: float


@dataclass(frozen=True, slots=True)
class VectorResult:
    """What a run in many seats measured.

    ``elapsed`` is the time in seconds from the end of the first reset, which took ``start``, to the last step;
    ``stop`` that of ending all simulators. ``steps`` are those of all seats, ``seat_steps_per_second`` and
    ``load.idle`` have a place for each. ``lengths`` and ``returns`` are those of the episodes that came to their end.
    ``call_times`` are those of the steps of ``wait_for`` seats or more at a time. None stands for what was never
    measured. ``failure`` is the text of the first failure.
    """

    simulator: str
    seed: int
    num_envs: int
    wait_for: int
    episodes: int
    endings: Endings
    steps: int
    start: float
    elapsed: float
    stop: float
    steps_per_second: float
    seat_steps_per_second: tuple[float, ...]
    lengths: Spread | None
    returns: Spread | None
    return_histogram: tuple[Bin, ...]
    call_times: Times | None
    load: Load | None
    bottleneck: Bottleneck | None
    estimate: Training | None
    failure: str


def is_warm(config: Config, warm: int | None) -> bool:
    """Return whether no simulator could be started ahead of its episode that is not; ``warm`` is what was asked for."""
    asked = config.simulator.warm if warm is None else warm
    return bool(asked or cannot_be_warm(config) or config.reset)


def measured_together(
    trial: VectorTrial, load: Load | None, stop: float, training_steps: int, warm: int | None = None
) -> VectorResult:
    """Return the result of ``trial``, measured under ``load``; ``stop`` is how long the end of all simulators took.

    ``warm`` is how many were to be started ahead, None for what the configuration says.
    """
    config = trial.envs.program.config
    ended = [episode for episode in trial.episodes if episode.ending is not Ending.FAILED]
    counts = Counter(episode.ending for episode in trial.episodes)
    returns = [episode.total for episode in ended]
    steps, elapsed = int(trial.steps.sum()), 0.0 if load is None else load.elapsed
    rate = steps / elapsed if elapsed else 0.0
    known = rate and not is_hopeless(trial.episodes)
    is_lockstep = trial.wait_for == trial.envs.num_envs
    return VectorResult(
        simulator=config.name,
        seed=trial.seed,
        num_envs=trial.envs.num_envs,
        wait_for=trial.wait_for,
        episodes=len(trial.episodes),
        endings=Endings(*(counts[ending] for ending in (Ending.TERMINATED, Ending.TRUNCATED, Ending.FAILED))),
        steps=steps,
        start=trial.start,
        elapsed=elapsed,
        stop=stop,
        steps_per_second=rate,
        seat_steps_per_second=tuple(float(own) / elapsed if elapsed else 0.0 for own in trial.steps),
        lengths=spread(episode.steps for episode in ended),
        returns=spread(returns),
        return_histogram=histogram(returns),
        call_times=times(trial.call_times),
        load=load,
        bottleneck=None if load is None or not steps else bottleneck(load, is_lockstep, is_warm(config, warm)),
        estimate=Training(training_steps, trial.start + training_steps / rate) if known else None,
        failure="" if trial.failure is None else str(trial.failure),
    )
