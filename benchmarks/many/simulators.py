"""How long the simulators of a run take for an answer: at once, while they compute, while they sleep, or one of ten."""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["SEATS", "SIMULATORS", "Simulator"]

SEATS = (1, 4, 16, 64, 256)


@dataclass(frozen=True)
class Simulator:
    """``arguments`` are those of `answer.c`; it is driven in each number of ``seats``.

    ``wait`` is what an answer takes, in s; ``processors`` how many can be on their way at once, None for any number.
    """

    text: str
    arguments: tuple[str, ...] = ()
    seats: tuple[int, ...] = SEATS
    wait: float = 0.0
    processors: int | None = None

    def ideal(self, seats: int) -> float | None:
        """Return the steps in a second if nothing else took time, None where no answer takes any."""
        return min(seats, self.processors or seats) / self.wait if self.wait else None


SIMULATORS = {
    "instant": Simulator("each answers at once"),
    "compute": Simulator(
        "each computes for 1 ms", ("compute", "1"), wait=1e-3, processors=len(os.sched_getaffinity(0))
    ),
    "sleep": Simulator("each sleeps for 10 ms", ("sleep", "10"), wait=10e-3),
    # Seat 0 is asked for numbers above zero, all others for numbers below.
    "one-slow": Simulator("nine answer at once, one sleeps for 10 ms", ("sleep", "10", "positive"), seats=(10,)),
}
"""Name -> what each seat has in front of it."""
