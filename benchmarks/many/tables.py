"""The figures of many simulators as tables: printed as they come, and in a page of the docs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from benchmarks.costs import rounded
from benchmarks.many.bars import IDEAL, Bar
from benchmarks.many.contestants import CONTESTANTS
from benchmarks.many.measurement import Score
from benchmarks.many.simulators import SIMULATORS

__all__ = ["page_table", "print_progress", "print_ratios", "print_scores"]

COLUMNS = (
    ("instant", 1), ("instant", 4), ("instant", 16), ("instant", 64), ("instant", 256),
    ("compute", 64), ("sleep", 64), ("one-slow", 10),
)  # fmt: skip
"""Simulator and seats of each column of the page's table."""

TITLES = {
    "instant": "at once",
    "compute": "1 ms of computing",
    "sleep": "10 ms of sleep",
    "one-slow": "one of them slow",
}


def print_progress(text: str) -> None:
    """Print what is going on, beside the tables."""
    print(text, file=sys.stderr, flush=True)


def print_scores(simulator: str, scores: Sequence[Score], left_out: dict[tuple[str, int], str]) -> None:
    """Print the steps per second with one simulator: a row for each contestant, a column for each number of seats."""
    cells = {(score.name, score.seats): f"{score.rate:.0f}" for score in scores}
    columns = sorted({seats for _, seats in cells.keys() | left_out.keys()})
    print(f"\n{simulator}: {SIMULATORS[simulator].text}; steps/s of all seats")
    print(f"{'seats':<14}{''.join(f'{seats:>10}' for seats in columns)}")
    for name, contestant in CONTESTANTS.items():
        row = [cells.get((name, seats), "-") for seats in columns]
        if any(cell != "-" for cell in row):
            print(f"{name:<14}{''.join(f'{cell:>10}' for cell in row)}  {contestant.text}")
    ideal = [SIMULATORS[simulator].ideal(seats) for seats in columns]
    if any(ideal):
        print(f"{IDEAL:<14}{''.join(f'{rate:>10.0f}' for rate in ideal)}  if nothing else took time")
    for (name, seats), reason in left_out.items():
        print(f"{name} with {seats} seats is left out: {reason}")
    sys.stdout.flush()


def print_ratios(ratios: Iterable[tuple[Bar, float | None]]) -> None:
    """Print each ratio beside its bar."""
    print(f"\n{'ratio':<52}{'is':>8}{'bar':>8}")
    for bar, value in ratios:
        label = f"{bar.simulator}, {bar.seats} seats: {bar.name} / {bar.other}"
        verdict = "not measured" if value is None else "met" if value >= bar.least else "not met"
        print(f"{label:<52}{'-' if value is None else f'{value:.2f}':>8}{bar.least:>8.3g}  {verdict}")


def page_table(scores: Sequence[Score], told: str) -> list[str]:
    """Return the lines of the table in a page, with the columns that were measured; ``told`` says on what."""
    cells = {(score.name, score.simulator, score.seats): rounded(score.rate) for score in scores}
    columns = [column for column in COLUMNS if any(key[1:] == column for key in cells)]
    titles = " | ".join(f"{seats}, {TITLES[simulator]}" for simulator, seats in columns)
    lines = [f"| seats | {titles} |", f"| --- |{' ---: |' * len(columns)}"]
    for name, contestant in CONTESTANTS.items():
        row = [cells.get((name, *column), "-") for column in columns]
        if any(cell != "-" for cell in row):
            lines.append(f"| {contestant.text} | {' | '.join(row)} |")
    return [*lines, "", told]
