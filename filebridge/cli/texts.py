"""Text that is safe to show, and quantities as people write them."""

from __future__ import annotations

import json
import math
from typing import Any

from filebridge.errors import escaped

__all__ = ["as_json", "count", "duration", "line", "lines", "number", "percent", "share"]


def line(text: str) -> str:
    """Return ``text`` as one line that can do nothing to a terminal: what is not printable is escaped.

    Letters of all languages stay; control characters, line ends and marks that turn the direction of writing do not.
    """
    return "".join(char if char.isprintable() else escaped(char) for char in text)


def lines(text: str) -> str:
    """Return ``text`` as ``line`` does, its line ends kept."""
    return "\n".join(line(part) for part in text.split("\n"))


def duration(seconds: float) -> str:
    """Return a time in the unit that fits: ``62 us``, ``2.1 ms``, ``3.4 s``, ``35 min``, ``4.3 h``, ``12 days``."""
    units = ((1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (120.0, 1.0, "s"), (7200.0, 60.0, "min"), (172800.0, 3600.0, "h"))
    for below, unit, name in units:
        if seconds < below:
            return f"{_rounded(seconds / unit)} {name}"
    return f"{_rounded(seconds / 86400.0)} days"


def _rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.3g}"


def number(value: float) -> str:
    """Return a number in at most six digits."""
    return f"{value:.6g}"


def count(how_many: int, noun: str) -> str:
    """Return ``1 step``, ``20 steps``, ``1 000 000 steps``."""
    return f"{how_many:,} {noun}{'s' * (how_many != 1)}".replace(",", " ")


def share(part: float) -> str:
    """Return a part of one in per cent."""
    return f"{part * 100:.3g} %" if part < 0.1 else f"{part * 100:.0f} %"


def percent(part: float) -> str:
    """Return a part of one in whole per cent, for what is not known more exactly."""
    return f"{part * 100:.0f} %"


def as_json(value: Any) -> str:
    """Return plain values as JSON of ASCII alone; a number that JSON does not have becomes a text such as "inf"."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
