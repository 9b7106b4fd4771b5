"""What the bridge has to reach with many simulators, as ratios within one run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.many.measurement import Score
from benchmarks.many.simulators import SIMULATORS

__all__ = ["BARS", "IDEAL", "Bar", "ratio"]

IDEAL = "ideal"


@dataclass(frozen=True)
class Bar:
    """``name`` must be at least ``least`` times as fast as ``other``, which may be the ideal of the simulator."""

    simulator: str
    seats: int
    name: str
    other: str
    least: float


BARS = (
    *(
        Bar("instant", seats, "bridge-step", other, least)
        for seats in (16, 64)
        for other, least in {"async": 3, "sb3-subproc": 3, "sync": 1, "c-step": 0.45}.items()
    ),
    Bar("sleep", 64, "bridge-recv", IDEAL, 0.9),
    Bar("sleep", 64, "bridge-step", IDEAL, 0.9),
    Bar("sleep", 64, "bridge-step", "c-step", 0.9),
    Bar("one-slow", 10, "bridge-recv", "bridge-step", 3),
)


def ratio(bar: Bar, scores: Sequence[Score]) -> float | None:
    """Return the median over the rounds of the ratio that ``bar`` is about; None if one of the two did not run."""
    place = bar.simulator, bar.seats
    rates = {score.name: score.rates for score in scores if (score.simulator, score.seats) == place}
    ideal = SIMULATORS[bar.simulator].ideal(bar.seats)
    if bar.name not in rates:
        return None
    if bar.other == IDEAL:
        return None if ideal is None else statistics.median(rates[bar.name]) / ideal
    if bar.other not in rates:
        return None
    return statistics.median(one / other for one, other in zip(rates[bar.name], rates[bar.other], strict=True))
