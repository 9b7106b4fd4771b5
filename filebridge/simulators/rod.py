"""Heat conduction in a rod, as a Fortran program of the seventies computed it: a deck goes in, a listing comes out.

    python -m filebridge.simulators.rod DECK LISTING

The deck has cards of fixed columns, in this order; what stands behind them on a card is not read:

    HEATROD   columns 11-80  a title
    MATERIAL  11-20 conductivity (W/m K)   21-30 density (kg/m3)   31-40 specific heat (J/kg K)
    GEOMETRY  11-20 nodes (3 to 20)        21-30 length (m)
    TIME      11-20 step (s)               21-30 number of steps
    HEATER    11-20 flux into the left end (W/m2)   21-30 temperature around the right end (C)
    INITIAL   11-20, 21-30, ... the temperatures (C), seven to a card; as many cards as are needed
    END

The listing has a page for the input and a page for every twenty steps, with a heading on each; temperatures in
(1X,F9.2), where a number that does not fit is printed as asterisks; and a summary. The exit code is 0, 3 for a deck
that cannot be read, 4 for a step so long that the method is unstable; the reason stands in the listing's last line.
"""

from __future__ import annotations

import math
import sys

__all__ = ["BadDeck", "Deck", "listing", "main", "solve"]

NUMBER, WIDTH = 10, 9
SEVERAL = 7
PER_PAGE = 20
FILM = 500.0
"""Heat that the water takes from the right end, W/m2 K."""


class BadDeck(Exception):
    """A card that cannot be read; the message says which."""


class Deck:
    """What the deck ``text`` says; temperatures in C from the heated end on. Raises BadDeck."""

    # By hand, and no dataclass: importing what makes one would take a third of a run.
    def __init__(self, text: str) -> None:
        cards = Cards(text)
        self.title = cards.take("HEATROD")[NUMBER:80].strip()
        self.conductivity, density, specific = cards.numbers("MATERIAL", 11, 21, 31)
        self.heat = density * specific
        nodes, self.length = cards.numbers("GEOMETRY", 11, 21)
        self.interval, steps = cards.numbers("TIME", 11, 21)
        self.steps = int(steps)
        self.flux, self.around = cards.numbers("HEATER", 11, 21)
        if not 3 <= nodes <= 20:
            raise BadDeck(f"GEOMETRY: {nodes:.0f} NODES, 3 TO 20 POSSIBLE")
        self.temperatures: list[float] = []
        while (left := int(nodes) - len(self.temperatures)) > 0:
            self.temperatures += cards.numbers("INITIAL", *range(11, 11 + NUMBER * min(left, SEVERAL), NUMBER))
        cards.take("END")
        if min(self.conductivity, density, specific, self.length, self.interval) <= 0:
            raise BadDeck("A LENGTH, A TIME OR A PROPERTY IS NOT ABOVE ZERO")

    @property
    def fourier(self) -> float:
        """The number of the explicit method; above a half it is unstable."""
        width = self.length / (len(self.temperatures) - 1)
        return self.conductivity / self.heat * self.interval / width**2


class Cards:
    """The cards of a deck, taken one after another."""

    def __init__(self, text: str) -> None:
        self._cards = text.splitlines()
        self._number = 0

    def take(self, name: str) -> str:
        """Return the next card, which must have this name in its columns 1 to 10."""
        self._number += 1
        card = self._cards[self._number - 1] if self._number <= len(self._cards) else ""
        if card[:NUMBER].strip() != name:
            raise BadDeck(f"CARD {self._number}: {name} EXPECTED")
        return card

    def numbers(self, name: str, *columns: int) -> list[float]:
        """Return the numbers of the next card, ten columns each from these on; blanks are zero, as ever."""
        card = self.take(name)
        return [self._number_at(card[first - 1 : first - 1 + NUMBER], first) for first in columns]

    def _number_at(self, text: str, first: int) -> float:
        try:
            value = float(text.strip().upper().replace("D", "E") or 0)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise BadDeck(f"CARD {self._number}: NO NUMBER IN COLUMNS {first}-{first + NUMBER - 1}")
        return value


def solve(deck: Deck) -> list[list[float]]:
    """Return the temperatures after each step."""
    rows = []
    now, fourier = deck.temperatures, deck.fourier
    width = deck.length / (len(now) - 1)
    for _ in range(deck.steps):
        # Beyond each end lies a node that is not there, so that the slope at the end is what the flux asks for.
        lost = FILM * (now[-1] - deck.around)
        before = now[1] + 2 * width * deck.flux / deck.conductivity
        behind = now[-2] - 2 * width * lost / deck.conductivity
        row = [before, *now, behind]
        now = [mid + fourier * (row[n] - 2 * mid + row[n + 2]) for n, mid in enumerate(now)]
        rows.append(now)
    return rows


def fixed(value: float, width: int = WIDTH, digits: int = 2) -> str:
    """Return ``value`` as a Fortran F edit prints it: asterisks where it does not fit."""
    text = f"{value:{width}.{digits}f}"
    return text if len(text) <= width else "*" * width


def columns(values: list[float]) -> str:
    """Return ``values`` side by side; the blank in front of each keeps what overflows from running together."""
    return "".join([f" {fixed(value)}" for value in values])


def double(value: float) -> str:
    """Return ``value`` as a Fortran 1PD12.4 edit prints it."""
    return f"{value:12.4E}".replace("E", "D")


def listing(deck: Deck) -> list[str]:
    """Return the lines of the listing, from the input to the summary."""
    rows = solve(deck)
    lines = [
        heading(deck, 1, "INPUT DATA"),
        f"     CONDUCTIVITY  {double(deck.conductivity)}     HEAT CAPACITY {double(deck.heat)}",
        f"     FLUX          {double(deck.flux)}     FOURIER       {double(deck.fourier)}",
    ]
    for first in range(0, len(rows), PER_PAGE):
        lines.append(heading(deck, 2 + first // PER_PAGE, "TEMPERATURES"))
        lines.append(f"  STEP     TIME  NODES 1 TO {len(deck.temperatures)}\n")
        for number, row in enumerate(rows[first : first + PER_PAGE], first + 1):
            lines.append(f"{number:6d}{fixed(number * deck.interval)}" + columns(row))
    return lines + summary(deck, rows[-1] if rows else deck.temperatures)


def summary(deck: Deck, last: list[float]) -> list[str]:
    """Return the lines of the last page."""
    return [
        heading(deck, 2 - (-deck.steps // PER_PAGE), "SUMMARY"),
        f"     FINAL TEMPERATURES AFTER {fixed(deck.steps * deck.interval)} S\n",
        columns(last),
        f"\n     HEAT LOST AT THE RIGHT END = {double(FILM * (last[-1] - deck.around))} W/M2",
        f"     HOTTEST NODE               = {double(max(last))} C",
        "     NORMAL END OF RUN",
    ]


def heading(deck: Deck, page: int, name: str) -> str:
    """Return the head of a page; a 1 in the first column was the printer's order for a new one."""
    return f"1HEATROD  {deck.title:<50.50}  PAGE{page:4d}\n0    {name}\n"


def main(arguments: list[str]) -> int:
    """Solve the deck of the first argument into the listing of the second; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("USAGE: ROD DECK LISTING\n")
        return 2
    source, target = arguments
    with open(target, "w", encoding="ascii", errors="replace") as file:
        try:
            with open(source, encoding="ascii", errors="replace") as cards:
                deck = Deck(cards.read())
        except OSError:
            file.write(" *** INPUT ERROR. NO DECK\n")
            return 3
        except BadDeck as error:
            file.write(f" *** INPUT ERROR. {error}\n")
            sys.stderr.write(f"INPUT ERROR. {error}\n")
            return 3
        file.writelines(f"{line}\n" for line in listing(deck))
        if deck.fourier > 0.5:
            file.write(" *** UNSTABLE. FOURIER NUMBER ABOVE 0.5\n")
            return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
