"""The command line of the benchmarks: what runs, for how long, the tables and the JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.ahead import start_ahead
from benchmarks.bars import BARS, ratio
from benchmarks.contestants import CONTESTANTS, absence
from benchmarks.costs import WAYS, cost_table, with_table
from benchmarks.machine import machine
from benchmarks.measurement import Score, measure
from benchmarks.places import folder_on, mount_type
from benchmarks.programs import Programs
from benchmarks.soak import soaked
from benchmarks.start import STARTERS, start_time
from benchmarks.tables import print_absent, print_ahead, print_ratios, print_scores, print_starts

MODES = ("pinned", "unpinned")
NAMES = ",".join(CONTESTANTS)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Steps per second, side by side.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each contestant and mode (default: 2)")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {NAMES}")
    parser.add_argument(
        "--costs", type=Path, metavar="PAGE", help="write what each transport costs into PAGE, docs/speed.md, and"
        " measure nothing else unless --only says so",
    )  # fmt: skip
    parser.add_argument("--soak", action="store_true", help="check every answer of writers that make it hard, instead")
    parser.add_argument("--steps", type=int, default=100_000, help="of the soak, for each writer (default: 100000)")
    modes = parser.add_mutually_exclusive_group()
    for mode in MODES:
        modes.add_argument(f"--{mode}", dest="modes", action="store_const", const=(mode,), help=f"only {mode}")
    modes.add_argument("--both", dest="modes", action="store_const", const=MODES, help="both, as without any of these")
    parser.set_defaults(modes=MODES)
    asked = parser.parse_args(words)
    asked.only = asked.only.split(",") if asked.only else [*(WAYS if asked.costs else CONTESTANTS)]
    unknown = sorted(set(asked.only) - set(CONTESTANTS))
    if unknown:
        parser.error(f"no contestant is called {', '.join(unknown)}; there are {NAMES}")
    if not 0 < asked.seconds < 3600:
        parser.error("--seconds must lie between 0 and 3600")
    if asked.steps < 1:
        parser.error("--steps must be 1 or more")
    return asked


def figures(asked: argparse.Namespace, programs: Programs) -> dict[str, Any]:
    """Run everything that is asked for and print it as it comes; return it as plain values for JSON."""
    absent = {name: reason for name in asked.only if (reason := absence(name, programs))}
    names = [name for name in CONTESTANTS if name in asked.only and name not in absent]
    places = {storage: place(storage) for storage in ("memory", "disk")}
    print(", ".join(f"{storage}: {where}" for storage, where in places.items()))
    print_absent(absent)
    scores: list[Score] = []
    for mode in asked.modes:
        some = measure(names, mode, asked.seconds, programs)
        print_scores(mode, some)
        scores += some
    starts = {name: start_time(name, programs, asked.seconds / 4) for name in STARTERS if name in names}
    print_starts(starts)
    ahead = start_ahead(programs.find("answer") or "", asked.seconds) if "bridge-pipe" in names else None
    if ahead is not None:
        print_ahead(ahead)
    ratios = [(bar, ratio(bar, scores)) for bar in BARS if bar.mode in asked.modes]
    print_ratios(ratios)
    if asked.costs:
        page = asked.costs.read_text(encoding="utf-8")
        asked.costs.write_text(with_table(page, cost_table(scores, told(asked))), encoding="utf-8")
    return {
        "machine": machine() | places,
        "absent": absent,
        "scores": [vars(score) | {"kind": CONTESTANTS[score.name].kind, "rate": score.rate} for score in scores],
        "starts": starts,
        "ahead": None if ahead is None else vars(ahead) | {"ratio": ahead.ratio, "met": ahead.ratio >= ahead.least},
        "ratios": [
            vars(bar) | {"ratio": value, "met": value is not None and value >= bar.least} for bar, value in ratios
        ],
    }


def told(asked: argparse.Namespace) -> str:
    """Return what is to be known of the figures in a page."""
    here, mode = machine(), "" if len(asked.modes) > 1 else f" --{asked.modes[0]}"
    return (
        f"Figures of one run of `python -m benchmarks --costs docs/speed.md{mode}`, {asked.seconds:g} s for each way,"
        f" on\na machine with {here['processors']} cores and other work to do, Python {here['python']}. Steps are those"
        " of the fastest of seven\nrounds, shares the median over the rounds."
    )


def place(storage: str) -> str:
    """Return the folder on ``storage`` and its type, or that there is none."""
    folder = folder_on(storage)
    return f"{folder} ({mount_type(folder)})" if folder else "none found"


def main(words: Sequence[str]) -> int:
    """Run the benchmarks; return the exit status, 1 if the soak found an answer that is wrong."""
    asked = arguments(words)
    result: dict[str, Any]
    if asked.costs:
        # A page without the place is better found now than after minutes.
        with_table(asked.costs.read_text(encoding="utf-8"), ())
    if asked.soak:
        result = {"machine": machine(), "soak": soaked(asked.steps)}
    else:
        with tempfile.TemporaryDirectory(prefix="filebridge-benchmarks-") as folder:
            result = figures(asked, Programs(Path(folder)))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return int(any(row["bad"] for row in result.get("soak", ())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
