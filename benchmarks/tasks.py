"""What contestants of one kind are asked: their actions, and how it is seen that they answer what was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["ANTENNA", "KEYS", "NUMBERS", "Task"]

CONSTANTS = [1.5, -2.25, 1000.125, 0.001, 42.0]


@dataclass(frozen=True)
class Task:
    """``actions`` are taken in turn; ``right`` tells whether an observation answers an action."""

    actions: Sequence[Any]
    right: Callable[[Any, list[float]], bool]


def _numbers(low: float, high: float) -> Sequence[Any]:
    return [*np.random.default_rng(1).uniform(low, high, (64, 1)).astype(np.float32)]


NUMBERS = Task(_numbers(-1, 1), lambda action, seen: seen == [float(f"{action.item():.3f}"), *CONSTANTS])
"""A number comes back, and five more."""

KEYS = Task(
    [int(key) for key in np.random.default_rng(1).integers(0, 4, 64)],
    lambda action, seen: seen == [float(b"hjkl"[action]), *CONSTANTS],
)
"""The code of a key comes back, and five more numbers."""

ANTENNA = Task(_numbers(0.3, 0.7), lambda action, seen: len(seen) == 2 and all(map(math.isfinite, seen)))
"""The impedance of a dipole, whatever it is."""
