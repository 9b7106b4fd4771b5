"""The result of a run as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from filebridge.cli.display import heading, plain_table, ruled_table
from filebridge.cli.texts import count, duration, number, share

if TYPE_CHECKING:
    from filebridge.report import Bin, Endings, Result, Spread, Times, VectorResult

__all__ = ["endings_row", "episode_tables", "spread_row", "tables", "times_row"]

BAR = 40
"""Characters of the longest bar."""


def tables(result: Result) -> Iterator[RenderableType]:
    """Yield what is to be printed for ``result``, from the general to the particular."""
    yield heading(
        f"{result.simulator}: {count(result.episodes, 'episode')}, {count(result.steps, 'step')} in"
        f" {duration(result.elapsed)}, {result.steps_per_second:.0f} steps/s"
    )
    again = f"{result.seed} (the same again: --seed {result.seed})"
    yield plain_table([("seed", again), ("endings", endings_row(result.endings, result.episodes))])
    yield from episode_tables(result)
    times = [("step", result.step_times, _share_of_steps(result)), ("reset", result.reset_times, result.reset_share)]
    rows = [
        [*times_row(name, measured), "" if part is None else share(part)]
        for name, measured, part in times
        if measured is not None
    ]
    if rows:
        yield ""
        yield ruled_table(["time of a", "p50", "p90", "p99", "max", "total", "share"], rows, right=(1, 2, 3, 4, 5, 6))
    if result.estimate is not None:
        yield ""
        yield Text(_estimate(result))


def episode_tables(result: Result | VectorResult) -> Iterator[RenderableType]:
    """Yield the lengths and returns of the episodes; nothing where none has ended."""
    if result.lengths is None or result.returns is None:
        return
    yield ""
    rows = [
        [name, *(number(value) for value in spread_row(spread))]
        for name, spread in (("length", result.lengths), ("return", result.returns))
    ]
    yield ruled_table(["episodes", "min", "median", "mean", "max"], rows, right=(1, 2, 3, 4))
    yield from _histogram(result.return_histogram)


def endings_row(endings: Endings, episodes: int) -> str:
    """Return how many episodes ended in each way, and what share of all."""
    named = [("terminated", endings.terminated), ("truncated", endings.truncated), ("failed", endings.failed)]
    return ", ".join(f"{name} {how_many} ({share(how_many / max(1, episodes))})" for name, how_many in named)


def spread_row(spread: Spread) -> list[float]:
    """Return minimum, median, mean and maximum."""
    return [spread.minimum, spread.median, spread.mean, spread.maximum]


def _share_of_steps(result: Result) -> float | None:
    return None if result.reset_share is None else 1.0 - result.reset_share


def times_row(name: str, times: Times) -> list[str]:
    """Return ``name`` with the quantiles and the sum of some times."""
    return [name, *(duration(value) for value in (times.p50, times.p90, times.p99, times.maximum, times.total))]


def _histogram(bins: tuple[Bin, ...]) -> Iterator[RenderableType]:
    if len(bins) < 2:
        return
    longest = max(one.count for one in bins)
    yield ""
    lengths = [max(min(1, one.count), one.count * BAR // longest) for one in bins]
    rows = [
        [f"{number(one.low)} to {number(one.high)}", str(one.count), "#" * length]
        for one, length in zip(bins, lengths, strict=True)
    ]
    yield ruled_table(["returns", "episodes", ""], rows, right=(0, 1))


def _estimate(result: Result) -> str:
    estimate = result.estimate
    assert estimate is not None
    return (
        f"A training of {count(estimate.steps, 'step')} would spend {duration(estimate.total)} in this environment:"
        f" {duration(estimate.stepping)} in steps, {duration(estimate.resetting)} in resets."
    )
