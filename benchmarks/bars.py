"""What the bridge has to reach, as ratios within one run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measurement import Score

__all__ = ["BARS", "Bar", "ratio"]


@dataclass(frozen=True)
class Bar:
    """``name`` must be at least ``least`` times as fast as ``other`` in ``mode``; ``stretch`` is hoped for."""

    mode: str
    name: str
    other: str
    least: float
    stretch: float | None = None


BARS = (
    Bar("pinned", "bridge-pipe", "written-pipe", 0.5, 0.7),
    Bar("pinned", "bridge-pipe", "pexpect-send", 12),
    Bar("pinned", "bridge-pipe", "pexpect-tuned", 12),
    Bar("pinned", "bridge-pty", "written-pty", 0.5, 0.7),
    Bar("pinned", "bridge-file", "inotify-file", 0.4),
    Bar("pinned", "bridge-file", "watchdog-file", 4),
    Bar("pinned", "bridge-fifo", "written-fifo", 0.5),
    Bar("pinned", "bridge-tcp", "written-tcp", 0.5),
    Bar("pinned", "bridge-tcp-dial", "written-tcp-dial", 0.5),
    Bar("pinned", "bridge-unix", "written-unix", 0.5),
    Bar("pinned", "bridge-unix-dial", "written-unix-dial", 0.5),
    Bar("pinned", "bridge-udp", "written-udp", 0.5),
    Bar("pinned", "bridge-halves", "written-halves", 0.5),
    # 5000 steps each second, where 40 ms pass in each of the other; a busy machine slows down only the first.
    Bar("pinned", "bridge-halves", "plain-halves", 217),
    Bar("pinned", "bridge-http", "requests-http", 3),
    Bar("pinned", "bridge-http", "httpx-http", 3),
    Bar("pinned", "bridge-http-poll", "written-http-poll", 1),
    # A step takes at most 1.3 times as long.
    Bar("pinned", "bridge-run", "subprocess-run", 1 / 1.3),
    Bar("unpinned", "bridge-pipe", "written-pipe", 1, 2),
    Bar("unpinned", "bridge-pty", "written-pty", 1, 2),
)


def ratio(bar: Bar, scores: Sequence[Score]) -> float | None:
    """Return the median over the rounds of the ratio that ``bar`` is about; None if one of the two did not run."""
    rates = {score.name: score.rates for score in scores if score.mode == bar.mode}
    if bar.name not in rates or bar.other not in rates:
        return None
    return statistics.median(one / other for one, other in zip(rates[bar.name], rates[bar.other], strict=True))
