"""What a vector environment is made with, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from filebridge.errors import UsageError

__all__ = ["at_least_one", "autoreset"]


def at_least_one(name: str, number: Any) -> int:
    """Return ``number``, the argument ``name``; raises UsageError for what is no whole number from 1 on."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise UsageError(f"{name} must be a whole number from 1 on", found=repr(number)[:100], cure=f"{name}=4, say")
    return int(number)


def autoreset(mode: AutoresetMode | str) -> AutoresetMode:
    """Return the mode, given by itself or by its name; raises UsageError where there is none."""
    try:
        return AutoresetMode(mode)
    except ValueError as exc:
        known = ", ".join(f"{one.value}" for one in AutoresetMode)
        raise UsageError("there is no such autoreset_mode", found=repr(mode)[:100], cure=f"one of {known}") from exc
