"""Throughputs as people write them."""

from __future__ import annotations

__all__ = ["grouped", "short"]


def grouped(value: float) -> str:
    """Return three digits or all before the point, in groups: ``8.17``, ``423``, ``23 415``."""
    return f"{value:,.0f}".replace(",", " ") if value >= 99.95 else f"{value:.3g}"


def short(value: float) -> str:
    """Return a number that can stand beside others: ``423``, ``2 054``, ``23.4k``, ``1.2M``."""
    if value >= 999_500:
        return f"{value / 1e6:.3g}M"
    return f"{value / 1e3:.3g}k" if value >= 9999.5 else grouped(value)
