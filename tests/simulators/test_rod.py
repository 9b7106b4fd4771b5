"""The embedded heat solver: its deck and its listing are the product, down to the column."""

from __future__ import annotations

import subprocess
import sys

import pytest

from filebridge.simulators.rod import FILM, BadDeck, Deck, fixed, listing, main, solve

DECK = """\
HEATROD   A ROD OF COPPER
MATERIAL       400.0    8960.0     385.0
GEOMETRY           8      0.50
TIME            10.0         3
HEATER       30000.0     15.00
INITIAL        20.00     20.00     20.00     20.00     20.00     20.00     20.00
INITIAL        20.00
END
"""

LISTING = """\
1HEATROD  A ROD OF COPPER                                     PAGE   1
0    INPUT DATA

     CONDUCTIVITY    4.0000D+02     HEAT CAPACITY   3.4496D+06
     FLUX            3.0000D+04     FOURIER         2.2727D-01
1HEATROD  A ROD OF COPPER                                     PAGE   2
0    TEMPERATURES

  STEP     TIME  NODES 1 TO 8

     1    10.00     22.44     20.00     20.00     20.00     20.00     20.00     20.00     19.80
     2    20.00     23.76     20.55     20.00     20.00     20.00     20.00     19.95     19.69
     3    30.00     24.74     21.16     20.13     20.00     20.00     19.99     19.91     19.62
1HEATROD  A ROD OF COPPER                                     PAGE   3
0    SUMMARY

     FINAL TEMPERATURES AFTER     30.00 S

     24.74     21.16     20.13     20.00     20.00     19.99     19.91     19.62

     HEAT LOST AT THE RIGHT END =   2.3110D+03 W/M2
     HOTTEST NODE               =   2.4739D+01 C
     NORMAL END OF RUN
"""


@pytest.fixture
def run(tmp_path):
    """Give a function that solves a deck: the exit code and the listing."""

    def solved(deck: str) -> tuple[int, str]:
        (tmp_path / "deck").write_text(deck)
        code = main([str(tmp_path / "deck"), str(tmp_path / "listing")])
        return code, (tmp_path / "listing").read_text()

    return solved


def deck(**cards: str) -> str:
    """Return the deck with other text behind the names of some cards."""
    lines = [line.split()[0].ljust(10) + cards.get(line.split()[0], line[10:]) for line in DECK.splitlines()]
    return "\n".join(lines) + "\n"


def test_the_listing_reads_as_the_yaml_expects(run):
    assert run(DECK) == (0, LISTING)


def test_a_run_in_parts_is_the_run_in_one(run):
    whole = solve(Deck(deck(TIME="      10.0        10")))
    first = solve(Deck(deck(TIME="      10.0         4")))
    rest = Deck(deck(TIME="      10.0         6"))
    rest.temperatures = first[-1]
    assert solve(rest)[-1] == pytest.approx(whole[-1], abs=1e-9)


def test_in_the_end_what_is_lost_is_what_is_given():
    rod = Deck(deck(TIME="      10.0     99999"))
    last = solve(rod)[-1]
    assert FILM * (last[-1] - rod.around) == pytest.approx(rod.flux, rel=1e-6)
    assert last[0] - last[-1] == pytest.approx(rod.flux * rod.length / rod.conductivity, rel=1e-6)


def test_a_new_page_comes_after_twenty_steps(run):
    _, text = run(deck(TIME="      10.0        45"))
    assert [line[-4:].strip() for line in text.splitlines() if "PAGE" in line] == ["1", "2", "3", "4", "5"]
    assert text.count("  STEP     TIME") == 3


def test_no_steps_give_what_there_was_at_first(run):
    code, text = run(deck(TIME="      10.0         0"))
    assert code == 0
    assert text.count("PAGE") == 2
    assert "\n" + "     20.00" * 8 + "\n" in text


@pytest.mark.parametrize(("value", "text"), [
    (1.0, "     1.00"), (-1.5, "    -1.50"), (999999.99, "999999.99"), (1e6, "*********"), (-1e5, "*********"),
])
def test_what_does_not_fit_is_printed_as_asterisks(value, text):
    assert fixed(value) == text


def test_numbers_may_be_double_precision_and_blanks_are_zero():
    rod = Deck(deck(HEATER="  1.50D+04", MATERIAL="    4.0D+2  8.96E+03     385.0"))
    assert (rod.flux, rod.around, rod.conductivity) == (15000.0, 0.0, 400.0)


@pytest.mark.parametrize(("cards", "said"), [
    ({"MATERIAL": "     abc      8960.0     385.0"}, "CARD 2: NO NUMBER IN COLUMNS 11-20"),
    ({"HEATER": "       nan"}, "CARD 5: NO NUMBER IN COLUMNS 11-20"),
    ({"GEOMETRY": "        21      0.50"}, "GEOMETRY: 21 NODES, 3 TO 20 POSSIBLE"),
    ({"GEOMETRY": "         9      0.00"}, "A LENGTH, A TIME OR A PROPERTY IS NOT ABOVE ZERO"),
    ({"GEOMETRY": "        20      0.50"}, "CARD 8: INITIAL EXPECTED"),
])
def test_a_bad_deck_is_told_by_its_card_and_by_the_exit_code(run, cards, said):
    with pytest.raises(BadDeck, match=said):
        Deck(deck(**cards))
    assert run(deck(**cards)) == (3, f" *** INPUT ERROR. {said}\n")


def test_cards_in_another_order_are_refused(run):
    lines = DECK.splitlines(keepends=True)
    assert run("".join([lines[0], lines[2], *lines[3:]])) == (3, " *** INPUT ERROR. CARD 2: MATERIAL EXPECTED\n")
    assert run("".join(lines[:-1])) == (3, " *** INPUT ERROR. CARD 8: END EXPECTED\n")


def test_a_method_that_is_unstable_ends_with_4(run):
    code, text = run(deck(TIME="      30.0        60"))
    assert code == 4
    assert "*********" in text
    assert text.endswith(" *** UNSTABLE. FOURIER NUMBER ABOVE 0.5\n")


def test_it_is_a_program(tmp_path):
    (tmp_path / "deck").write_text(DECK)
    command = [sys.executable, "-m", "filebridge.simulators.rod"]
    done = subprocess.run([*command, "deck", "out"], cwd=tmp_path, capture_output=True, timeout=30, check=True)
    assert (done.stdout, done.stderr, (tmp_path / "out").read_text()) == (b"", b"", LISTING)
    absent = subprocess.run([*command, "none", "out"], cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert (absent.returncode, (tmp_path / "out").read_text()) == (3, " *** INPUT ERROR. NO DECK\n")
    wrong = subprocess.run([*command, "deck"], cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert (wrong.returncode, wrong.stderr) == (2, b"USAGE: ROD DECK LISTING\n")


def test_all_lines_are_printable():
    assert all(line.isascii() for line in listing(Deck(DECK)))
