"""The throughput over the number of seats, drawn with blocks in a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from filebridge.report.figures import grouped

if TYPE_CHECKING:
    from rich.console import Console

    from filebridge.report import Point

__all__ = ["fits", "plot"]

ROWS = 10
BLOCKS = " ▁▂▃▄▅▆▇█"
IDEAL = "╌"
AXIS = "┤│└─"
ROUND = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.4, 3.0, 3.6, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
WIDEST, NARROWEST = 11, 6
"""Columns of a bar with the gap behind it."""

LEAST = 40
"""Columns of a terminal in which a plot says more than it hides."""


def fits(console: Console, points: Sequence[Point]) -> bool:
    """Return whether ``console`` is a terminal that is wide enough, and has the letters."""
    try:
        (BLOCKS + IDEAL + AXIS + "▲").encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return console.is_terminal and console.width >= max(LEAST, _gutter(points) + NARROWEST * len(points))


def plot(points: Sequence[Point], seats: int, width: int) -> Text:
    """Return bars for ``points`` in so many columns, one of them marked as that of the ``seats`` to take."""
    top = _round_up(max(point.steps_per_second for point in points))
    slot = min(WIDEST, max(NARROWEST, (width - _gutter(points)) // len(points)))
    gutter = _gutter(points)
    drawn = Text()
    for row in range(ROWS, 0, -1):
        label = f"{grouped(top * row / ROWS)} ┤" if row in (ROWS, ROWS // 2) else "│"
        drawn.append(label.rjust(gutter), style="dim")
        for point in points:
            drawn.append_text(_cell(point, points[0], row, top, slot, point.seats == seats))
        drawn.append("\n")
    drawn.append("0 └".rjust(gutter) + "─" * (slot * len(points)) + "\n", style="dim")
    drawn.append(" " * gutter)
    for point in points:
        taken = point.seats == seats
        name = f"▲ {point.seats}" if taken else str(point.seats)
        drawn.append(name.center(slot - 1) + " ", style="bold green" if taken else "")
    drawn.append(f"\nseats, ▲ to take, {IDEAL * 2} as many times one", style="dim")
    return drawn


def _cell(point: Point, first: Point, row: int, top: float, slot: int, taken: bool) -> Text:
    """Return what stands in one row of a bar: a block, the line of the ideal, or nothing."""
    eighths = round(point.steps_per_second / top * ROWS * 8) - 8 * (row - 1)
    block = BLOCKS[min(8, max(0, eighths))]
    ideal = first.steps_per_second / first.seats * point.seats
    cell = Text(" ")
    if block == " " and math.ceil(ideal / top * ROWS) == row:
        return cell.append(IDEAL * (slot - 2), style="dim").append(" ")
    return cell.append(block * (slot - 2), style="green" if taken else "cyan").append(" ")


def _gutter(points: Sequence[Point]) -> int:
    """Return the columns of the labels at the left."""
    return len(grouped(_round_up(max(point.steps_per_second for point in points)))) + 2


def _round_up(value: float) -> float:
    """Return the next number of which half is round too."""
    ten = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(ten * factor for factor in ROUND if ten * factor >= value)
