"""The throughput of so many seats, measured in slices of time, so that its noise is known."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from filebridge.env import SeedWarning
from filebridge.program import Program
from filebridge.report.load import Load, Meter
from filebridge.report.processes import resident_bytes
from filebridge.report.vector_trial import VectorTrial
from filebridge.vector import BridgeVectorEnv

__all__ = ["Round", "Throughput"]

SLICES = 8
"""Parts that a measurement is cut into: each gives a throughput of its own, and how they differ is the noise."""

FEWEST = 4
"""Slices below which nothing is said about noise."""


@dataclass(slots=True)
class Throughput:
    """What has been measured of so many ``seats``, in one round or more.

    ``slices`` are (steps, seconds), ``load`` and ``start`` (seconds) those of the last round. ``memory`` is what the
    simulators held at its end, bytes; None where that is not known.
    """

    seats: int
    slices: list[tuple[int, float]] = field(default_factory=list)
    rounds: int = 0
    start: float = 0.0
    load: Load | None = None
    memory: int | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of all slices."""
        return math.fsum(seconds for _, seconds in self.slices)

    @property
    def rate(self) -> float:
        """Steps each second, of all seats together."""
        return sum(steps for steps, _ in self.slices) / self.elapsed

    @property
    def noise(self) -> float | None:
        """The part of ``rate`` by which it may be wrong: two standard errors; None where there are too few slices."""
        count = len(self.slices)
        if count < FEWEST or not self.rate:
            return None
        rates = [steps / seconds for steps, seconds in self.slices]
        mean = math.fsum(rates) / count
        variance = math.fsum((rate - mean) ** 2 for rate in rates) / (count - 1)
        return 2 * math.sqrt(variance / count) / self.rate


class Round:
    """One measurement of ``into.seats`` seats for so many ``seconds``, with simulators that are started for it.

    ``trial`` may be looked at meanwhile; ``share`` is how much of the time is over, ``is_again`` whether those seats
    were measured before.
    """

    def __init__(self, program: Program, into: Throughput, seed: int, seconds: float, warm: int | None) -> None:
        self._into = into
        self._seconds = seconds
        self._begun = 0.0
        self.is_again = into.rounds > 0
        self.envs = BridgeVectorEnv(program, into.seats, warm=warm)
        self.trial = VectorTrial(self.envs, seed)

    @property
    def share(self) -> float:
        """How much of the time is over, 0 to 1; 0 while the simulators start."""
        return min(1.0, (perf_counter() - self._begun) / self._seconds) if self._begun and self._seconds else 0.0

    def run(self) -> None:
        """Start the simulators, measure, and end them; raises the first failure, and then nothing was measured."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SeedWarning)
                self._measure()
        finally:
            self.envs.close()

    def _measure(self) -> None:
        trial, into = self.trial, self._into
        trial.begin()
        calls = trial.calls()
        self._check()
        # The first steps of a process are slow: caches are cold, files are opened.
        self._slice(calls, self._seconds / SLICES)
        meter = Meter(self.envs)
        self._begun = perf_counter()
        slices: list[tuple[int, float]] = []
        while not slices or meter.elapsed < self._seconds:
            slices.append(self._slice(calls, self._seconds / SLICES))
        into.load = meter.load()
        into.memory = resident_bytes()
        into.start = trial.start
        into.slices += slices
        into.rounds += 1

    def _slice(self, calls: Iterator[None], seconds: float) -> tuple[int, float]:
        """Step for so long, once at least and once more where no step was taken; return the steps and the seconds."""
        begun, before = perf_counter(), int(self.trial.steps.sum())
        while True:
            next(calls, None)
            self._check()
            steps, elapsed = int(self.trial.steps.sum()) - before, perf_counter() - begun
            if elapsed >= seconds and steps:
                return steps, elapsed

    def _check(self) -> None:
        if self.trial.failure is not None:
            raise self.trial.failure
