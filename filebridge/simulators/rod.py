"""Heat conduction in a rod, as a Fortran program of the seventies computed it: a deck goes in, a listing comes out.

    python -m filebridge.simulators.rod DECK LISTING

The deck has cards of fixed columns, in this order; what stands behind them on a card is not read:

    HEATROD   columns 11-80  a title
    MATERIAL  11-20 conductivity (W/m K)   21-30 density (kg/m3)   31-40 specific heat (J/kg K)
    GEOMETRY  11-15 nodes (3 to 20)        21-30 length (m)
    TIME      11-20 step (s)               21-25 number of steps
    HEATER    11-20 flux into the left end (W/m2)   21-30 temperature around the right end (C)
    INITIAL   11-20, 21-30, ... the temperatures (C), seven to a card; as many cards as are needed
    END

The listing has a page for the input and a page for every twenty steps, with a heading on each; temperatures in F9.2,
where a number that does not fit is printed as asterisks; and a summary. The exit code is 0, 3 for a deck that cannot
be read, 4 for a step so long that the method is unstable; the reason stands in the listing's last line.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BadDeck", "Deck", "main", "read", "solve"]

NUMBER, WIDTH = 10, 9
SEVERAL = 7
PER_PAGE = 20
FILM = 500.0
"""Heat that the water takes from the right end, W/m2 K."""


class BadDeck(Exception):
    """A card that cannot be read; the message says which."""


@dataclass
class Deck:
    """What the deck says; temperatures in C from the heated end on."""

    title: str
    conductivity: float
    heat: float
    length: float
    interval: float
    steps: int
    flux: float
    around: float
    temperatures: list[float]

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

    def number(self, card: str, first: int, width: int = NUMBER) -> float:
        """Return the number that stands in so many columns from the ``first`` on; blanks are zero, as ever."""
        text = card[first - 1 : first - 1 + width].strip().upper().replace("D", "E")
        try:
            return float(text or 0)
        except ValueError:
            raise BadDeck(f"CARD {self._number}: ILLEGAL CHARACTER IN COLUMNS {first}-{first + width - 1}") from None


def read(text: str) -> Deck:
    """Return what the deck ``text`` says; raises BadDeck."""
    cards = Cards(text)
    title = cards.take("HEATROD")[NUMBER:80].strip()
    card = cards.take("MATERIAL")
    conductivity, density, specific = (cards.number(card, first) for first in (11, 21, 31))
    card = cards.take("GEOMETRY")
    nodes, length = int(cards.number(card, 11, 5)), cards.number(card, 21)
    card = cards.take("TIME")
    interval, steps = cards.number(card, 11), int(cards.number(card, 21, 5))
    card = cards.take("HEATER")
    flux, around = cards.number(card, 11), cards.number(card, 21)
    if not 3 <= nodes <= 20:
        raise BadDeck(f"GEOMETRY: {nodes} NODES, 3 TO 20 POSSIBLE")
    temperatures: list[float] = []
    while len(temperatures) < nodes:
        card = cards.take("INITIAL")
        left = min(SEVERAL, nodes - len(temperatures))
        temperatures += [cards.number(card, 11 + NUMBER * place) for place in range(left)]
    cards.take("END")
    if min(conductivity, density, specific, length, interval) <= 0:
        raise BadDeck("A LENGTH, A TIME OR A PROPERTY IS NOT ABOVE ZERO")
    return Deck(title, conductivity, density * specific, length, interval, steps, flux, around, temperatures)


def solve(deck: Deck) -> Iterator[list[float]]:
    """Yield the temperatures after each step."""
    now, fourier = deck.temperatures, deck.fourier
    width = deck.length / (len(now) - 1)
    for _ in range(deck.steps):
        # Beyond each end lies a node that is not there, so that the slope at the end is what the flux asks for.
        lost = FILM * (now[-1] - deck.around)
        before = now[1] + 2 * width * deck.flux / deck.conductivity
        behind = now[-2] - 2 * width * lost / deck.conductivity
        row = [before, *now, behind]
        now = [mid + fourier * (row[n] - 2 * mid + row[n + 2]) for n, mid in enumerate(now)]
        yield now


def fixed(value: float, width: int = WIDTH, digits: int = 2) -> str:
    """Return ``value`` as a Fortran F edit prints it: asterisks where it does not fit."""
    text = f"{value:{width}.{digits}f}"
    return text if len(text) <= width else "*" * width


def double(value: float) -> str:
    """Return ``value`` as a Fortran 1PD12.4 edit prints it."""
    return f"{value:12.4E}".replace("E", "D")


def listing(deck: Deck) -> Iterator[str]:
    """Yield the lines of the listing, from the input to the summary."""
    page, time = 1, 0.0
    yield heading(deck, page, "INPUT DATA")
    yield f"     CONDUCTIVITY  {double(deck.conductivity)}     HEAT CAPACITY {double(deck.heat)}"
    yield f"     FLUX          {double(deck.flux)}     FOURIER       {double(deck.fourier)}"
    now = deck.temperatures
    for number, now in enumerate(solve(deck), 1):
        if number % PER_PAGE == 1:
            page += 1
            yield heading(deck, page, "TEMPERATURES")
            yield "  STEP     TIME  NODES 1 TO " + str(len(now)) + "\n"
        time += deck.interval
        yield f"{number:6d}{fixed(time)}" + "".join(map(fixed, now))
    yield heading(deck, page + 1, "SUMMARY")
    yield f"     FINAL TEMPERATURES AFTER {fixed(time)} S\n"
    yield "".join(map(fixed, now))
    yield f"\n     HEAT LOST AT THE RIGHT END = {double(FILM * (now[-1] - deck.around))} W/M2"
    yield f"     HOTTEST NODE               = {double(max(now))} C"
    yield "     NORMAL END OF RUN"


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
                deck = read(cards.read())
        except (BadDeck, OSError) as error:
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
