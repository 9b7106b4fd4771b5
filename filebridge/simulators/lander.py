"""Set a lander down on the moon from the keyboard, as console programs did in 1969.

    python -m filebridge.simulators.lander [--seed N] [--again]

Each second the program prints the time (s), the altitude (ft), the velocity (ft/s, up is positive) and the fuel left
(units), and asks how many units to burn in the next second, 0 to 30. One unit changes the velocity by 1 ft/s; the moon
takes 5 ft/s each second. The seed draws the start; without one every run is the same, as it was then. ``--again`` asks
for another mission after a landing, and the generator goes on. The end of the input ends the program.
"""

from __future__ import annotations

import os
import sys

__all__ = ["Generator", "Lander", "main"]

GRAVITY = 5.0
MOST = 30.0
USAGE = "USAGE: LANDER [--seed N] [--again]\n"


class Generator:
    """The multiplicative generator of Lewis, Goodman and Miller (1969): equal on every machine and version."""

    def __init__(self, seed: int) -> None:
        self.state = seed % 2147483646 + 1
        for _ in range(3):  # the first draws of neighbouring seeds are nearly the same
            self.uniform(0, 1)

    def uniform(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``."""
        self.state = self.state * 16807 % 2147483647
        return low + (high - low) * self.state / 2147483647


class Lander:
    """One descent: ``altitude`` in ft, ``velocity`` in ft/s, ``fuel`` in units, ``time`` in s."""

    def __init__(self, generator: Generator) -> None:
        self.time = 0
        self.altitude = round(generator.uniform(800, 1000), 1)
        self.velocity = round(generator.uniform(-60, -45), 1)
        self.fuel = round(generator.uniform(150, 160), 1)

    def burn(self, amount: float) -> float | None:
        """Fly one second on ``amount`` units of fuel; return the speed of impact in ft/s, or None in flight."""
        amount = min(amount, self.fuel)
        thrust = amount - GRAVITY
        self.time += 1
        self.fuel -= amount
        squared = self.velocity**2 - 2 * thrust * self.altitude
        closing = squared**0.5 - self.velocity if squared >= 0 else 0.0
        if closing > 0 and 2 * self.altitude <= closing:
            self.altitude, self.velocity = 0.0, -(squared**0.5)
            return -self.velocity
        self.altitude += self.velocity + thrust / 2
        self.velocity += thrust
        return None

    def line(self) -> str:
        """Return the instruments' reading."""
        return f"T= {self.time:2d}  ALT= {self.altitude:.1f}  VEL= {self.velocity:.1f}  FUEL= {self.fuel:.1f}\n"


def ask(text: str) -> str:
    """Print ``text`` and return the line that is typed; the end of the input raises EOFError."""
    sys.stdout.write(text)
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise EOFError
    return answer


def amount_after(text: str) -> float:
    """Print ``text`` and ask for the burn until it is a number that the engine can do."""
    while True:
        try:
            amount = float(ask(text + "BURN? "))
        except ValueError:
            text = "?REDO FROM START\n"
            continue
        if 0 <= amount <= MOST:
            return amount
        text = "NOT POSSIBLE\n"


def verdict(impact: float) -> str:
    """Return what mission control says to a landing at ``impact`` ft/s."""
    if impact <= 5:
        return "A SOFT LANDING. WELL DONE"
    return "A HARD LANDING. THE LEGS ARE BENT" if impact <= 20 else "A NEW CRATER ON THE MOON"


def fly(generator: Generator) -> None:
    """Play one mission from the heading to the touchdown."""
    lander = Lander(generator)
    text = "\nLUNAR LANDER\nSET DOWN AT LESS THAN 5 FT/S. BURN 0 TO 30 UNITS EACH SECOND\n\n"
    impact = None
    while impact is None:
        impact = lander.burn(amount_after(text + lander.line()))
        text = ""
    sys.stdout.write(f"{lander.line()}IMPACT AT {impact:4.1f} FT/S\n{verdict(impact)}\nTOUCHDOWN\n")


def again() -> bool:
    """Return whether the player wants another mission."""
    answer = ask("ANOTHER MISSION? ").strip().upper()
    while answer not in ("YES", "NO"):
        answer = ask("?ANSWER YES OR NO\nANOTHER MISSION? ").strip().upper()
    return answer == "YES"


def main(arguments: list[str]) -> int:
    """Fly as the ``arguments`` say; return the exit status, 2 for arguments that mean nothing."""
    # By hand: argparse would add a fifth to the time that a start takes, and a start is paid for each episode.
    more, seed = "--again" in arguments, "1969"
    rest = [word for word in arguments if word != "--again"]
    if rest:
        option, _, seed = "=".join(rest).partition("=")
        if option != "--seed" or not seed.removeprefix("-").isdecimal():
            sys.stderr.write(USAGE)
            return 2
    generator = Generator(int(seed))
    try:
        fly(generator)
        while more and again():
            fly(generator)
        sys.stdout.flush()
    except EOFError:
        pass
    except BrokenPipeError:
        os._exit(1)  # an ordinary exit would try to flush once more and complain
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
