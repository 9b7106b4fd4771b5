"""The figures as tables, printed as they come."""

from __future__ import annotations

from benchmarks.ahead import START, Ahead
from benchmarks.bars import Bar
from benchmarks.contestants import CONTESTANTS
from benchmarks.measurement import Score

__all__ = ["print_absent", "print_ahead", "print_ratios", "print_scores", "print_starts"]


def print_absent(absent: dict[str, str]) -> None:
    """Print who does not take part, and why."""
    for name, reason in absent.items():
        print(f"{name} is left out: {reason}")


def print_scores(mode: str, scores: list[Score]) -> None:
    """Print the steps per second of one mode by kind, with the slowest and the fastest round."""
    print(f"\n{mode:<20}{'steps/s':>10}{'lowest':>10}{'highest':>10}{'us/step':>10}")
    kind = ""
    for score in scores:
        contestant = CONTESTANTS[score.name]
        if contestant.kind != kind:
            kind = contestant.kind
            print(f"{kind}:")
        row = "".join(f"{rate:>10.0f}" for rate in (score.rate, min(score.rates), max(score.rates)))
        print(f"  {score.name:<18}{row}{1e6 / score.rate:>10.1f}  {contestant.text}")


def print_starts(starts: dict[str, float]) -> None:
    """Print what a reset with a new process takes."""
    print(f"\n{'new process':<20}{'ms/reset':>10}")
    for name, seconds in starts.items():
        print(f"  {name:<18}{seconds * 1e3:>10.2f}  {CONTESTANTS[name].text}")


def print_ahead(ahead: Ahead) -> None:
    """Print what a reset takes where a program needs long to start, and how much less with one that waits."""
    print(f"\n{f'{START} s to start':<20}{'ms/reset':>10}")
    print(f"  {'cold':<18}{ahead.cold * 1e3:>10.2f}  started when it is needed")
    print(f"  {'warm':<18}{ahead.warm * 1e3:>10.2f}  one waits for its episode, `warm: 1`")
    verdict = "met" if ahead.ratio >= ahead.least else "not met"
    print(f"  {'cold / warm':<18}{ahead.ratio:>10.2f}  bar {ahead.least:g}  {verdict}")


def print_ratios(ratios: list[tuple[Bar, float | None]]) -> None:
    """Print each ratio beside its bar."""
    print(f"\n{'ratio':<52}{'is':>8}{'bar':>8}{'stretch':>9}")
    for bar, value in ratios:
        stretch = "-" if bar.stretch is None else f"{bar.stretch:g}"
        label = f"{bar.mode}: {bar.name} / {bar.other}"
        if value is None:
            print(f"{label:<52}{'-':>8}{bar.least:>8.3g}{stretch:>9}  not measured")
            continue
        verdict = "met" if value >= bar.least else "not met"
        verdict = "stretch met" if bar.stretch is not None and value >= bar.stretch else verdict
        print(f"{label:<52}{value:>8.2f}{bar.least:>8.3g}{stretch:>9}  {verdict}")
