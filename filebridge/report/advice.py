"""How many seats to take, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from filebridge.report.figures import grouped
from filebridge.report.scaling import ENOUGH, Point

__all__ = ["Advice", "advice"]

NOTICED = 0.2
"""Share of the cores from which on other programs disturb a measurement."""

LOUD = 2 * ENOUGH
"""Noise from which on a gain that counts could be missed."""


@dataclass(frozen=True, slots=True)
class Advice:
    """``seats`` is how many to take, ``why`` a sentence that says so; ``caution`` what speaks against the figures."""

    seats: int
    why: str
    caution: str


def advice(points: Sequence[Point], stopped: str) -> Advice:
    """Return how many seats to take: the fewest whose throughput no other point exceeds by a gain that counts.

    ``stopped`` is why no more seats were tried. Raises ValueError where there are no points.
    """
    best = max(point.steps_per_second for point in points)
    place = next(number for number, one in enumerate(points) if one.steps_per_second * (1.0 + ENOUGH) >= best)
    taken, beyond = points[place], points[place + 1 :]
    why = f"Take {_seats(taken.seats)}: {_gained(points[0], taken)}."
    if beyond:
        limit = beyond[0].bottleneck
        verb = "is" if limit.is_one else "are"
        why += f" {_gains(taken, beyond)}, since what limits them {verb} {limit.name}: {limit.why}."
    else:
        why += f" No more were tried: {stopped}." if stopped else " No more were tried."
    return Advice(taken.seats, why, " ".join(filter(None, (_others(points), _noise([taken, *beyond[:1]])))))


def _gained(first: Point, taken: Point) -> str:
    if taken is first:
        return f"{grouped(taken.steps_per_second)} steps/s"
    times = taken.steps_per_second / first.steps_per_second
    return f"{grouped(taken.steps_per_second)} steps/s, {times:.1f} times those of one"


def _gains(taken: Point, beyond: Sequence[Point]) -> str:
    """Return what further seats gain over those that are taken."""
    shares = [one.steps_per_second / taken.steps_per_second - 1.0 for one in beyond]
    told = _listed([f"{one.seats}" for one in beyond])
    if all(abs(share) < 0.005 for share in shares):
        return f"{told} seats gain nothing"
    best = max(shares)
    if best <= 0:
        return f"{told} seats are no faster"
    return f"{told} seats gain {best * 100:.0f} % at most, less than {ENOUGH * 100:.0f} %"


def _others(points: Sequence[Point]) -> str:
    known = [(one.load.others, one.load.cores) for one in points if one.load.others is not None]
    used = sum(others for others, _ in known) / len(known) if known else 0.0
    if not known or used < NOTICED * known[0][1]:
        return ""
    return (
        f"Other programs used {used:.1f} of {known[0][1]:g} cores meanwhile: on a quiet machine the figures, and the"
        " number of seats, may differ."
    )


def _noise(decisive: Sequence[Point]) -> str:
    noises = [one.noise for one in decisive if one.noise is not None]
    if len(noises) == len(decisive) and max(noises) < LOUD:
        return ""
    by = f"by up to {max(noises) * 100:.0f} % " if noises else ""
    return f"The figures may be wrong {by}for noise: a longer --seconds gives better ones."


def _seats(number: int) -> str:
    return f"{number} seat{'s' * (number != 1)}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
