"""Samples of measured numbers: bounded in memory, however long a run goes on, and what is told of them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Bin", "Sample", "Spread", "histogram", "quantile", "spread"]

MOST_KEPT = 1 << 18
"""Values that a sample keeps; 2 MiB."""


class Sample:
    """Numbers that are added one by one.

    ``count``, ``total`` and ``largest`` are exact. Of the numbers themselves every ``stride``-th is kept,
    so that quantiles of a run of days need no more memory than those of a minute.
    """

    __slots__ = ("_kept", "_most", "count", "largest", "stride", "total")

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.count = 0
        self.total = 0.0
        self.largest = 0.0
        self.stride = 1
        self._most = most
        self._kept = array("d")

    def add(self, value: float) -> None:
        """Take one number, not negative."""
        if self.count % self.stride == 0:
            self._keep(value)
        self.count += 1
        self.total += value
        if value > self.largest:
            self.largest = value

    def _keep(self, value: float) -> None:
        self._kept.append(value)
        if len(self._kept) == self._most:
            self._kept = self._kept[::2]
            self.stride *= 2

    @property
    def mean(self) -> float:
        """The mean; 0 for an empty sample."""
        return self.total / self.count if self.count else 0.0

    def quantiles(self, *shares: float) -> list[float]:
        """Return the quantile for each share between 0 and 1; raises ValueError for an empty sample."""
        ordered = sorted(self._kept)
        return [quantile(ordered, share) for share in shares]


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the least of the ``ordered`` values that is not below ``share`` of them: a value that was measured.

    Raises ValueError when there are none.
    """
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """How some numbers spread."""

    count: int
    minimum: float
    median: float
    mean: float
    maximum: float


def spread(values: Iterable[float]) -> Spread | None:
    """Return the spread of ``values``, None if there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Spread(len(ordered), ordered[0], median, math.fsum(ordered) / len(ordered), ordered[-1])


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a histogram: how many values lie from ``low`` to ``high``; the last bin includes its ``high``."""

    low: float
    high: float
    count: int


def histogram(values: Iterable[float], most_bins: int = 8) -> tuple[Bin, ...]:
    """Return at most ``most_bins`` bins of equal width that cover ``values``; one bin where all are equal."""
    ordered = sorted(values)
    if not ordered:
        return ()
    low, high = ordered[0], ordered[-1]
    if low == high:
        return (Bin(low, high, len(ordered)),)
    bins = min(most_bins, max(2, math.ceil(math.sqrt(len(ordered)))))
    counts = [0] * bins
    for value in ordered:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    edges = [low + (high - low) * number / bins for number in range(bins)] + [high]
    return tuple(Bin(edges[number], edges[number + 1], count) for number, count in enumerate(counts))
