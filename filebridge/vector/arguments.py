"""What a vector environment is made and called with, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import monotonic
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from filebridge.errors import UsageError

__all__ = ["autoreset", "named", "until", "whole"]


def whole(name: str, number: Any, least: int = 1) -> int:
    """Return ``number``, the argument ``name``; raises UsageError for what is no whole number from ``least`` on."""
    if not _is_whole(number) or number < least:
        cure = f"{name}={max(4, least)}, say"
        raise UsageError(f"{name} must be a whole number from {least} on", found=repr(number)[:100], cure=cure)
    return int(number)


def until(name: str, seconds: Any) -> float:
    """Return the monotonic time in so many ``seconds``, never for None; raises UsageError for what is no such time."""
    if seconds is None:
        return math.inf
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | np.number) or not seconds >= 0:
        raise UsageError(
            f"{name} must be a number of seconds from 0 on",
            found=repr(seconds)[:100],
            cure=f"{name}=0.5, say; None to wait for as long as it takes",
        )
    return monotonic() + float(seconds)


def named(seats: Any, count: int) -> Sequence[int]:
    """Return the numbers of ``seats``, all of them for None; raises UsageError for what is none of ``count``."""
    if seats is None:
        return range(count)
    try:
        some = list(seats)
    except TypeError as exc:
        raise _no_seats("the seats are no list", repr(seats), count) from exc
    if not all(map(_is_whole, some)):
        raise _no_seats("a seat is named by its number", repr(seats), count)
    wrong = [seat for seat in some if not 0 <= seat < count]
    if wrong:
        raise _no_seats("there is no such seat", f"{wrong[0]} of {count}", count)
    if len(set(some)) != len(some):
        raise _no_seats("a seat is named twice", repr(seats), count)
    return [int(seat) for seat in some]


def _no_seats(what: str, found: str, count: int) -> UsageError:
    return UsageError(what, found=found[:100], cure=f"numbers from 0 to {count - 1}, each once")


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def autoreset(mode: AutoresetMode | str) -> AutoresetMode:
    """Return the mode, given by itself or by its name; raises UsageError where there is none."""
    try:
        return AutoresetMode(mode)
    except ValueError as exc:
        known = ", ".join(f"{one.value}" for one in AutoresetMode)
        raise UsageError("there is no such autoreset_mode", found=repr(mode)[:100], cure=f"one of {known}") from exc
