"""Keep two tanks of water level, as a plant simulator did that shared a disk with its controller.

    python -m filebridge.simulators.tank [--seed N]

The program works in the folder in which it starts. It writes levels.txt, and then an empty file named ready. It looks
for valve.txt a thousand times a second. When it is there, the program takes it away, reads how far the inlet valve is
open (0 to 1), lets ten seconds pass in the plant, and writes levels.txt and ready again. A text that is no such number
is answered with the word REFUSED and what was wrong; no time passes then. A file named stop ends the program.

levels.txt holds ``NAME = VALUE`` lines: time (s), upper and lower (m, the two levels), demand (l/s). The water runs
from the upper tank into the lower one, and from there to the consumers. The seed draws the first levels and what is
taken.
"""

from __future__ import annotations

import os
import sys
import time

__all__ = ["Plant", "main"]

SECONDS = 10.0
PARTS = 20
MOST = 3.0
INFLOW = 12.0
USAGE = "USAGE: TANK [--seed N]\n"


class Plant:
    """Two tanks: ``upper`` and ``lower`` in m, ``demand`` in l/s, ``time`` in s; 1 m of a tank holds 500 l."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2147483646 + 1
        for _ in range(3):  # the first draws of neighbouring seeds are nearly the same
            self._uniform(0, 1)
        self.time = 0.0
        self.upper = self._uniform(0.5, 2)
        self.lower = self._uniform(0.5, 2)
        self.demand = self._uniform(3, 6)

    def _uniform(self, low: float, high: float) -> float:
        self._state = self._state * 16807 % 2147483647
        return low + (high - low) * self._state / 2147483647

    def run(self, valve: float) -> None:
        """Let ten seconds pass with the inlet ``valve`` open so far, 0 to 1; what is too much runs over."""
        self.demand = min(max(self.demand + self._uniform(-0.5, 0.5), 2.0), 8.0)
        for _ in range(PARTS):
            between = 6.0 * self.upper**0.5
            self.upper = level(self.upper, valve * INFLOW - between)
            self.lower = level(self.lower, between - self.demand)
        self.time += SECONDS

    def lines(self) -> str:
        """Return what the instruments show."""
        values = (("time", self.time), ("upper", self.upper), ("lower", self.lower), ("demand", self.demand))
        return "".join(f"{name:6} = {value:10.4f}\n" for name, value in values)


def level(now: float, flow: float) -> float:
    """Return the level after a part of the ten seconds with ``flow`` l/s into the tank."""
    return min(max(now + flow * SECONDS / PARTS / 500.0, 0.0), MOST)


def taken(name: str) -> str | None:
    """Return what the file holds and take it away, or None where there is none."""
    try:
        with open(name, encoding="ascii", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    os.remove(name)
    return text


def opening(text: str) -> float:
    """Return how far the valve is to be open; raises ValueError where ``text`` does not say it."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"a valve opens from 0 to 1, not {text.strip()[:40]}")
    return value


def answer(text: str) -> None:
    """Write the levels, and then tell that they are there."""
    with open("levels.txt", "w", encoding="ascii") as file:
        file.write(text)
    with open("ready", "w", encoding="ascii"):
        pass


def main(arguments: list[str]) -> int:
    """Run the plant until a file named stop comes; return the exit status, 2 for arguments that mean nothing."""
    option, _, seed = "=".join(arguments or ["--seed=1"]).partition("=")
    if option != "--seed" or not seed.removeprefix("-").isdecimal():
        sys.stderr.write(USAGE)
        return 2
    plant = Plant(int(seed))
    answer(plant.lines())
    while not os.path.exists("stop"):
        order = taken("valve.txt")
        if order is None:
            time.sleep(0.001)
            continue
        try:
            plant.run(opening(order))
            answer(plant.lines())
        except ValueError as error:
            answer(f"REFUSED {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
