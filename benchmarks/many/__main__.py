"""The command line of the benchmarks of many simulators: what runs, for how long, the tables and the JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.costs import with_table
from benchmarks.machine import machine, versions
from benchmarks.many.bars import BARS, ratio
from benchmarks.many.contestants import CONTESTANTS, absence
from benchmarks.many.measurement import Score, measure
from benchmarks.many.simulators import SIMULATORS
from benchmarks.many.tables import page_table, print_progress, print_ratios, print_scores
from benchmarks.programs import Programs
from benchmarks.tables import print_absent

TABLE = "many"


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description="Many simulators, side by side.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--page", type=Path, metavar="PAGE", help="write a table of them into PAGE, docs/speed.md")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contestant in each place (default: 2)")
    parser.add_argument("--start", type=float, default=20.0, help="seconds that a contestant may take to start")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(CONTESTANTS)}")
    parser.add_argument("--simulators", metavar="NAMES", help=f"some of {','.join(SIMULATORS)}")
    parser.add_argument("--seats", metavar="NUMBERS", help="instead of those of each simulator, say 16,64")
    asked = parser.parse_args(words)
    asked.only = chosen(parser, asked.only, CONTESTANTS, "contestant")
    asked.simulators = chosen(parser, asked.simulators, SIMULATORS, "simulator")
    asked.seats = numbers(parser, asked.seats)
    if not 0 < asked.seconds < 3600 or not 0 < asked.start < 3600:
        parser.error("--seconds and --start must lie between 0 and 3600")
    return asked


def chosen(parser: argparse.ArgumentParser, text: str | None, names: Iterable[str], kind: str) -> list[str]:
    """Return those of ``names`` that are in ``text``, all without it."""
    wanted = set(text.split(",")) if text else {*names}
    unknown = sorted(wanted - {*names})
    if unknown:
        parser.error(f"no {kind} is called {', '.join(unknown)}; there are {','.join(names)}")
    return [name for name in names if name in wanted]


def numbers(parser: argparse.ArgumentParser, text: str | None) -> list[int]:
    """Return the numbers of seats in ``text``, none without it."""
    words = text.split(",") if text else []
    if not all(word.isdecimal() and 0 < int(word) <= 4096 for word in words):
        parser.error(f"--seats must be numbers between 1 and 4096 with commas between them, not {text}")
    return sorted({int(word) for word in words})


def scores_of(
    simulator: str, asked: argparse.Namespace, programs: Programs
) -> tuple[list[Score], list[dict[str, Any]]]:
    """Run all contestants with one simulator and print it; return the scores, and who is left out where."""
    names = [name for name in asked.only if not absence(name)]
    scores: list[Score] = []
    left_out: dict[tuple[str, int], str] = {}
    for seats in asked.seats or SIMULATORS[simulator].seats:
        print_progress(f"{simulator}, {seats} seats: {', '.join(names) or 'nobody'}")
        some, late = measure(names, simulator, seats, asked.seconds, asked.start, programs)
        scores += some
        left_out |= {(name, seats): reason for name, reason in late.items()}
        print_progress("  " + ", ".join(f"{score.name} {score.rate:.0f}" for score in some))
        # With more seats it takes longer still.
        names = [name for name in names if name not in late]
    print_scores(simulator, scores, left_out)
    rows = [
        {"name": name, "simulator": simulator, "seats": seats, "reason": reason}
        for (name, seats), reason in left_out.items()
    ]
    return scores, rows


def figures(asked: argparse.Namespace, programs: Programs) -> dict[str, Any]:
    """Run everything that is asked for and print it as it comes; return it as plain values for JSON."""
    absent = {name: reason for name in asked.only if (reason := absence(name))}
    print_absent(absent)
    scores: list[Score] = []
    left_out: list[dict[str, Any]] = []
    for simulator in asked.simulators:
        some, late = scores_of(simulator, asked, programs)
        scores += some
        left_out += late
    bars = [bar for bar in BARS if bar.simulator in asked.simulators and bar.seats in (asked.seats or [bar.seats])]
    ratios = [(bar, ratio(bar, scores)) for bar in bars]
    print_ratios(ratios)
    if asked.page:
        page = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(with_table(page, page_table(scores, told(asked)), TABLE), encoding="utf-8")
    return {
        "machine": machine() | versions("gymnasium", "numpy", "stable-baselines3"),
        "absent": absent,
        "left_out": left_out,
        "scores": [vars(score) | {"rate": score.rate} for score in scores],
        "ratios": [
            vars(bar) | {"ratio": value, "met": value is not None and value >= bar.least} for bar, value in ratios
        ],
    }


def told(asked: argparse.Namespace) -> str:
    """Return what is to be known of the figures in a page."""
    here = machine() | versions("gymnasium", "stable-baselines3")
    others = f", Stable-Baselines3 {here['stable-baselines3']}" if "stable-baselines3" in here else ""
    return (
        f"Steps each second of all seats together: medians of one run of `python -m benchmarks.many --page"
        f" docs/speed.md`,\n{asked.seconds:g} s for each figure, on a machine with {here['processors']} cores and other"
        f" work to do, Python {here['python']},\nGymnasium {here['gymnasium']}{others}."
    )


def main(words: Sequence[str]) -> int:
    """Run the benchmarks; return the exit status."""
    asked = arguments(words)
    if asked.page:
        # A page without the place is better found now than after minutes.
        with_table(asked.page.read_text(encoding="utf-8"), (), TABLE)
    with tempfile.TemporaryDirectory(prefix="filebridge-benchmarks-") as folder:
        result = figures(asked, Programs(Path(folder)))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
