"""The result of ``filebridge bench`` as a table and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from filebridge.cli.display import heading, ruled_table
from filebridge.cli.texts import duration, percent
from filebridge.report.figures import grouped

if TYPE_CHECKING:
    from filebridge.report import Advice, Point

__all__ = ["tables"]

COLUMNS = ("seats", "steps/s", "noise", "per seat", "gain", "bridge waits", "simulators idle", "cores used", "start")


def tables(simulator: str, points: Sequence[Point], found: Advice, stopped: str) -> Iterator[RenderableType]:
    """Yield what is to be printed for ``points``: the advice, the table, why it ended."""
    yield heading(f"{simulator}: take {found.seats} seat{'s' * (found.seats != 1)}")
    yield ""
    yield ruled_table(COLUMNS, [_row(point) for point in points], right=range(len(COLUMNS)))
    yield ""
    yield Text(found.why)
    if found.caution:
        yield Text(found.caution)
    if stopped and points[-1].seats != found.seats:
        yield Text(f"No more than {points[-1].seats} seats were tried: {stopped}.")


def _row(point: Point) -> list[str]:
    load = point.load
    used = "unknown" if load.simulators is None else f"{load.own + load.simulators:.1f} of {load.cores:g}"
    return [
        str(point.seats),
        grouped(point.steps_per_second),
        "unknown" if point.noise is None else f"± {percent(point.noise)}",
        grouped(point.steps_per_second / point.seats),
        "" if point.gain is None else f"{point.gain * 100:+.0f} %",
        percent(load.waited),
        percent(load.mean_idle),
        used,
        duration(point.start),
    ]
