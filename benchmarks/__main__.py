"""The command line of the benchmarks: what runs, for how long, the table and the JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.answer import compiled_answer
from benchmarks.bars import BARS, Bar, ratio
from benchmarks.contestants import CONTESTANTS
from benchmarks.measurement import Score, measure
from benchmarks.start import STARTERS, start_time

MODES = ("pinned", "unpinned")
NAMES = ",".join(CONTESTANTS)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Steps per second, side by side.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contestant and mode (default: 2)")
    parser.add_argument("--only", default=NAMES, metavar="NAMES", help=f"some of {NAMES}")
    modes = parser.add_mutually_exclusive_group()
    for mode in MODES:
        modes.add_argument(f"--{mode}", dest="modes", action="store_const", const=(mode,), help=f"only {mode}")
    modes.add_argument("--both", dest="modes", action="store_const", const=MODES, help="both, as without any of these")
    parser.set_defaults(modes=MODES)
    asked = parser.parse_args(words)
    asked.only = asked.only.split(",")
    unknown = sorted(set(asked.only) - set(CONTESTANTS))
    if unknown:
        parser.error(f"no contestant is called {', '.join(unknown)}; there are {NAMES}")
    if not 0 < asked.seconds < 3600:
        parser.error("--seconds must lie between 0 and 3600")
    return asked


def figures(asked: argparse.Namespace, program: str) -> dict[str, Any]:
    """Run everything that is asked for and print it as it comes; return it as plain values for JSON."""
    scores: list[Score] = []
    for mode in asked.modes:
        some = measure(asked.only, mode, asked.seconds, program)
        print_scores(mode, some)
        scores += some
    starts = {name: start_time(name, program, asked.seconds / 4) for name in STARTERS if name in asked.only}
    print_starts(starts)
    ratios = [(bar, ratio(bar, scores)) for bar in BARS if bar.mode in asked.modes]
    print_ratios(ratios)
    return {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "scores": [vars(score) | {"rate": score.rate} for score in scores],
        "starts": starts,
        "ratios": [vars(bar) | {"ratio": value, "met": value and value >= bar.least} for bar, value in ratios],
    }


def print_scores(mode: str, scores: list[Score]) -> None:
    """Print the steps per second of one mode, with the slowest and the fastest round."""
    print(f"\n{mode:<14}{'steps/s':>10}{'lowest':>10}{'highest':>10}{'us/step':>10}")
    for score in scores:
        row = "".join(f"{rate:>10.0f}" for rate in (score.rate, min(score.rates), max(score.rates)))
        print(f"{score.name:<14}{row}{1e6 / score.rate:>10.1f}  {CONTESTANTS[score.name][1]}")


def print_starts(starts: dict[str, float]) -> None:
    """Print what a reset with a new process takes."""
    print(f"\n{'new process':<14}{'ms/reset':>10}")
    for name, seconds in starts.items():
        print(f"{name:<14}{seconds * 1e3:>10.2f}  {CONTESTANTS[name][1]}")


def print_ratios(ratios: list[tuple[Bar, float | None]]) -> None:
    """Print each ratio beside its bar."""
    print(f"\n{'ratio':<40}{'is':>8}{'bar':>8}{'stretch':>9}")
    for bar, value in ratios:
        stretch = "-" if bar.stretch is None else f"{bar.stretch:g}"
        label = f"{bar.mode}: {bar.name} / {bar.other}"
        if value is None:
            print(f"{label:<40}{'-':>8}{bar.least:>8g}{stretch:>9}  not measured")
            continue
        verdict = "met" if value >= bar.least else "not met"
        verdict = "stretch met" if bar.stretch is not None and value >= bar.stretch else verdict
        print(f"{label:<40}{value:>8.2f}{bar.least:>8g}{stretch:>9}  {verdict}")


def main(words: Sequence[str]) -> int:
    """Run the benchmarks; return the exit status."""
    asked = arguments(words)
    with tempfile.TemporaryDirectory(prefix="filebridge-benchmarks-") as folder:
        result = figures(asked, compiled_answer(Path(folder)))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
