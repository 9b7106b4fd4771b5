"""How the throughput grows with the seats: more and more are tried, until they gain nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from filebridge.config.sharing import shared_address
from filebridge.errors import LimitReached
from filebridge.program import Program
from filebridge.report.bottleneck import Bottleneck, bottleneck
from filebridge.report.load import Load
from filebridge.report.machine import free_memory
from filebridge.report.throughput import Round, Throughput
from filebridge.report.vector_result import is_warm
from filebridge.vector.limits import room

__all__ = ["ENOUGH", "Point", "Scaling"]

MOST = 64
"""Seats that are tried at most where nobody says otherwise."""

ENOUGH = 0.05
"""A gain below this is none: it is not worth twice as many simulators."""

ROUNDS = 3
"""Measurements of the same seats, at most."""

MEMORY = 0.8
"""Share of the free memory that simulators may take."""


@dataclass(frozen=True, slots=True)
class Point:
    """The throughput of so many ``seats``.

    ``noise`` is the part of it by which it may be wrong, None where that is not known; ``gain`` what it is more than
    that of the point before, 0.9 for 90 per cent, None for the first. ``start`` is the time of the first reset,
    ``elapsed`` that of the measurement, in seconds, in so many ``rounds``.
    """

    seats: int
    steps_per_second: float
    noise: float | None
    gain: float | None
    start: float
    elapsed: float
    rounds: int
    load: Load
    bottleneck: Bottleneck


class Scaling:
    """Measures the throughput of a ``program`` with 1, 2, 4, 8, ... seats, each for so many ``seconds``.

    ``most`` is the number of seats that are tried last; without it 64, or as many as memory allows. ``points`` are
    what there is so far, ``stopped`` says why no more seats were tried, ``now`` is what is being measured.
    """

    def __init__(self, program: Program, seed: int, seconds: float, most: int | None, warm: int | None) -> None:
        self.program = program
        self.seed = seed
        self.now: Round | None = None
        self.stopped = ""
        self._seconds = seconds
        self._most = most
        self._warm = warm
        self._found: list[Throughput] = []

    @property
    def points(self) -> list[Point]:
        """The points so far, by seats."""
        warm = is_warm(self.program.config, self._warm)
        befores = [None, *(one.rate for one in self._found)]
        return [
            _point(one, before, bottleneck(one.load, is_lockstep=True, is_warm=warm))
            for one, before in zip(self._found, befores, strict=False)
            if one.load is not None
        ]

    def run(self) -> None:
        """Measure until more seats gain nothing, or cannot be had.

        Raises the first failure of a simulator; ``points`` then are those before it.
        """
        for seats in self._sizes():
            new = Throughput(seats)
            try:
                self._round(new)
            except LimitReached as error:
                if not self._found:
                    raise
                self.stopped = f"{seats} seats cannot be had: {error.what}; {error.cure}"
                return
            self._found.append(new)
            self._settle()
            if _is_flat(self._found):
                self.stopped = f"two doublings in a row gained less than {ENOUGH * 100:.0f} %"
                return

    def _sizes(self) -> Iterator[int]:
        # What one seat takes is known once it has run.
        yield 1
        most, self.stopped = self._limit()
        seats = 1
        while seats < most:
            seats = min(2 * seats, most)
            yield seats

    def _limit(self) -> tuple[int, str]:
        """Return how many seats are tried at most, and why not more."""
        limits = [(self._most or MOST, "so many were asked for at most, with --max-seats")]
        if self._most is None:
            limits = [(MOST, f"more than {MOST} are tried with --max-seats only")]
            each, free = self._found[0].memory, free_memory()
            if each and free is not None:
                fitting = max(1, int(MEMORY * free / each))
                told = f"memory is free for about {fitting} seats, of {each / 1e6:.0f} MB each"
                limits.append((fitting, f"{told}; --max-seats tries more"))
        if shared_address(self.program.config) is not None:
            limits.append((1, "all seats would have the same address: write `${port}` in place of the number"))
        descriptors = room(self.program)
        if descriptors is not None:
            told = f"this process has descriptors for {descriptors} seats; ulimit -n raises that"
            limits.append((descriptors, told))
        return min(limits, key=lambda limit: limit[0])

    def _round(self, into: Throughput) -> None:
        self.now = Round(self.program, into, self.seed, self._seconds, self._warm)
        try:
            self.now.run()
        finally:
            self.now = None

    def _settle(self) -> None:
        """Measure the last two again while it is not clear whether the last one gains enough."""
        while len(self._found) > 1 and _is_unclear(*self._found[-2:]):
            again = [one for one in self._found[-2:] if one.rounds < ROUNDS]
            if not again:
                return
            self._round(max(again, key=lambda one: math.inf if one.noise is None else one.noise))


def _point(found: Throughput, before: float | None, limit: Bottleneck) -> Point:
    assert found.load is not None
    return Point(
        seats=found.seats,
        steps_per_second=found.rate,
        noise=found.noise,
        gain=None if before is None else found.rate / before - 1.0,
        start=found.start,
        elapsed=found.elapsed,
        rounds=found.rounds,
        load=found.load,
        bottleneck=limit,
    )


def _is_unclear(before: Throughput, after: Throughput) -> bool:
    """Return whether the noise is larger than what lies between the gain and a gain that is enough."""
    if before.noise is None or after.noise is None:
        return True
    ratio = after.rate / before.rate
    return abs(ratio - 1.0 - ENOUGH) < ratio * math.hypot(before.noise, after.noise)


def _is_flat(found: list[Throughput]) -> bool:
    gains = [after.rate / before.rate - 1.0 for before, after in pairwise(found[-3:])]
    return len(gains) == 2 and max(gains) < ENOUGH
