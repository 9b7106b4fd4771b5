"""The result of a run in many seats as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from filebridge.cli.display import heading, plain_table, ruled_table
from filebridge.cli.run_tables import endings_row, episode_tables, spread_row, times_row
from filebridge.cli.texts import count, duration, number, percent
from filebridge.report.sample import spread

if TYPE_CHECKING:
    from filebridge.report import Bottleneck, Load, VectorResult

__all__ = ["bottleneck_sentence", "tables"]

SHOWN_SEATS = 16
"""Seats that have a line each; of more only the spread is shown."""


def tables(result: VectorResult) -> Iterator[RenderableType]:
    """Yield what is to be printed for ``result``, from the general to the particular."""
    yield heading(
        f"{result.simulator}, {count(result.num_envs, 'seat')}: {count(result.episodes, 'episode')},"
        f" {count(result.steps, 'step')} in {duration(result.elapsed)}, {result.steps_per_second:.0f} steps/s"
    )
    yield plain_table([
        ("seed", f"{result.seed} (the same again: --seed {result.seed})"),
        ("endings", endings_row(result.endings, result.episodes)),
        ("simulators", f"started in {duration(result.start)}, ended in {duration(result.stop)}"),
    ])
    yield from episode_tables(result)
    if result.call_times is not None:
        of = "all seats" if result.wait_for == result.num_envs else "seats that are ready"
        yield ""
        yield ruled_table(
            ["time of a", "p50", "p90", "p99", "max", "total"],
            [times_row(f"step of {of}", result.call_times)],
            right=(1, 2, 3, 4, 5),
        )
    if result.load is not None and result.steps:
        yield from _throughput(result, result.load)
    if result.bottleneck is not None:
        yield ""
        yield Text(bottleneck_sentence(result.bottleneck))
    if result.estimate is not None:
        steps, total = count(result.estimate.steps, "step"), duration(result.estimate.total)
        yield ""
        yield Text(f"A training of {steps} would spend {total} in these environments.")


def _throughput(result: VectorResult, load: Load) -> Iterator[RenderableType]:
    yield ""
    rates = spread(result.seat_steps_per_second)
    idle = spread(one * 100 for one in load.idle)
    assert rates is not None
    assert idle is not None
    yield ruled_table(
        ["of a seat", "min", "median", "mean", "max"],
        [_rounded("steps/s", spread_row(rates)), _rounded("idle, %", spread_row(idle))],
        right=(1, 2, 3, 4),
    )
    if 1 < result.num_envs <= SHOWN_SEATS:
        yield ""
        rows = [
            [str(seat), number(round(rate, 1)), percent(part)]
            for seat, (rate, part) in enumerate(zip(result.seat_steps_per_second, load.idle, strict=True))
        ]
        yield ruled_table(["seat", "steps/s", "idle"], rows, right=(0, 1, 2))
    yield ""
    yield ruled_table(["", "waits or idle", f"cores, of {load.cores:g}"], _who(load), right=(1, 2))


def _who(load: Load) -> list[list[str]]:
    rows = [
        ["this process", percent(load.waited), f"{load.own:.2f}"],
        ["simulators", percent(load.mean_idle), _cores(load.simulators)],
    ]
    return [*rows, ["other programs", "", f"{load.others:.2f}"]] if load.others is not None else rows


def _cores(used: float | None) -> str:
    return "unknown" if used is None else f"{used:.2f}"


def _rounded(name: str, values: list[float]) -> list[str]:
    return [name, *(number(round(value, 1)) for value in values)]


def bottleneck_sentence(found: Bottleneck) -> str:
    """Return what limits the throughput, why, and what would help."""
    limits = f"{found.name[:1].upper()}{found.name[1:]} limit{'s' * found.is_one}"
    return f"{limits} the throughput: {found.why}. {found.cure[:1].upper()}{found.cure[1:]}."
