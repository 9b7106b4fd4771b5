"""The throughput over the number of seats as a picture: SVG, written here, that any browser shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from filebridge.report.figures import short
from filebridge.report.scaling import Point

__all__ = ["chart"]

WIDTH, HEIGHT = 760, 470
LEFT, RIGHT, TOP, BOTTOM = 84, 736, 96, 396
"""The frame of the plot, in pixels."""

SIDES, ABOVE, BELOW = 36, 40, 44
"""How far the frame reaches beyond what was measured, in pixels: there is text beside it."""

LEAST_RATIO = 4.0
"""Of the highest to the lowest throughput: so that ticks have room, and nobody takes noise for a mountain."""

MOST_NOISE = 0.9
"""More of it is not drawn: an axis of powers of ten has no zero."""

STYLE = """
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #333a45; }
.over { stroke: #fff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
.title { font-size: 18px; font-weight: 600; fill: #10151c; }
.quiet { fill: #667080; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.grid { stroke: #e4e8ee; }
.axis { stroke: #98a2b3; }
.ideal { stroke: #98a2b3; stroke-dasharray: 6 5; stroke-width: 1.5; fill: none; }
.measured { stroke: #1565c0; stroke-width: 2.5; fill: none; stroke-linejoin: round; }
.noise { stroke: #1565c0; stroke-width: 1.5; }
.point { fill: #1565c0; stroke: #fff; stroke-width: 1.5; }
.knee { fill: #fff; stroke: #d9480f; stroke-width: 3; }
.mark { stroke: #d9480f; stroke-dasharray: 3 4; }
.advice { fill: #d9480f; font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class _Scales:
    """Both axes are logarithmic: twice as many seats are equally far everywhere, and the ideal is a straight line."""

    first: int
    last: int
    low: float
    high: float

    @classmethod
    def of(cls, points: Sequence[Point]) -> _Scales:
        """Return the scales in which ``points`` and their noise have room."""
        low = min(point.steps_per_second * (1.0 - _noise(point)) for point in points)
        high = max(point.steps_per_second * (1.0 + _noise(point)) for point in points)
        wider = max(1.0, math.sqrt(LEAST_RATIO * low / high))
        low, high = low / wider, high * wider
        return cls(points[0].seats, points[-1].seats, low, high)

    def x(self, seats: float) -> float:
        if self.first == self.last:
            return (LEFT + RIGHT) / 2
        part = math.log(seats / self.first) / math.log(self.last / self.first)
        return LEFT + SIDES + part * (RIGHT - LEFT - 2 * SIDES)

    def y(self, rate: float) -> float:
        part = math.log(rate / self.low) / math.log(self.high / self.low)
        return BOTTOM - BELOW - part * (BOTTOM - BELOW - TOP - ABOVE)

    def rate(self, y: float) -> float:
        """Return the throughput at the height ``y``."""
        part = (BOTTOM - BELOW - y) / (BOTTOM - BELOW - TOP - ABOVE)
        return self.low * math.pow(self.high / self.low, part)


def chart(simulator: str, points: Sequence[Point], seats: int, cores: float) -> str:
    """Return an SVG document that shows ``points``, with a mark at the number of ``seats`` to take.

    Raises ValueError where there are no points.
    """
    scales = _Scales.of(points)
    told = f"{simulator}: steps each second of 1 to {points[-1].seats} simulators"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' role="img">',
        f"<title>{escape(_printable(told))}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_head(simulator, cores),
        *_axes(scales, points),
        *_ideal(scales, points),
        *_knee(scales, seats),
        *_curve(scales, points, seats),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(simulator: str, cores: float) -> Iterator[str]:
    yield _text(LEFT, 34, f"{simulator}: how many simulators are worth it", "title")
    yield _text(LEFT, 56, f"Steps each second of all seats together, on {short(cores)} cores", "quiet")
    yield f'<path class="measured" d="M{LEFT} 75H{LEFT + 28}"/><circle class="point" cx="{LEFT + 14}" cy="75" r="4.5"/>'
    yield _text(LEFT + 36, 79, "measured, with its noise")
    yield f'<path class="ideal" d="M{LEFT + 216} 75H{LEFT + 244}"/>'
    yield _text(LEFT + 252, 79, "if each seat were as fast as the first alone")


def _axes(scales: _Scales, points: Sequence[Point]) -> Iterator[str]:
    for rate in _ticks(scales.rate(BOTTOM), scales.rate(TOP)):
        y = scales.y(rate)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield _text(LEFT - 10, y + 4.5, short(rate), "end quiet")
    for point in points:
        x = scales.x(point.seats)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{BOTTOM}"/>'
        yield f'<path class="axis" d="M{x:.1f} {BOTTOM}v6"/>'
        yield _text(x, BOTTOM + 23, str(point.seats), "middle quiet")
    yield f'<path class="axis" fill="none" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>'
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 50, "seats", "middle")
    yield _text(LEFT - 10, TOP - 5, "steps/s", "end")


def _ideal(scales: _Scales, points: Sequence[Point]) -> Iterator[str]:
    each = points[0].steps_per_second / points[0].seats
    # Where it leaves the frame it ends: the axis is for what was measured.
    last = min(float(points[-1].seats), scales.rate(TOP) / each)
    first = points[0].seats
    if last > first:
        line = f"M{scales.x(first):.1f} {scales.y(each * first):.1f}L{scales.x(last):.1f} {scales.y(each * last):.1f}"
        yield f'<path class="ideal" d="{line}"/>'


def _knee(scales: _Scales, seats: int) -> Iterator[str]:
    x = scales.x(seats)
    yield f'<path class="mark" d="M{x:.1f} {TOP + 24}V{BOTTOM}"/>'
    yield _text(x, TOP + 16, f"take {seats}", "middle advice over")


def _curve(scales: _Scales, points: Sequence[Point], seats: int) -> Iterator[str]:
    places = [(scales.x(point.seats), scales.y(point.steps_per_second)) for point in points]
    yield f'<path class="measured" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    for point, (x, y) in zip(points, places, strict=True):
        noise = _noise(point)
        top, low = (scales.y(point.steps_per_second * (1.0 + part)) for part in (noise, -noise))
        ends = "".join(f"M{x - 5:.1f} {end:.1f}h10" for end in (top, low))
        yield f'<path class="noise" d="M{x:.1f} {top:.1f}V{low:.1f}{ends}"/>'
        kind, size = ("knee", 7.0) if point.seats == seats else ("point", 5.0)
        yield f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>'
        # Below the curve: above it is the ideal line.
        yield _text(x, max(low, y + 4) + 20, short(point.steps_per_second), "middle over")


def _noise(point: Point) -> float:
    return min(MOST_NOISE, point.noise or 0.0)


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers between ``low`` and ``high``: 1, 2, 5, 10, ..., only powers of ten where those are many."""
    tens = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    factors = (1.0, 2.0, 5.0) if len(tens) < 5 else (1.0,)
    return [ten * factor for ten in tens for factor in factors if low <= ten * factor <= high]


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}">{escape(_printable(text))}</text>'


def _printable(text: str) -> str:
    """Return ``text`` without what XML may not hold."""
    return "".join(char if char.isprintable() else " " for char in text)
