"""Which seats a reset is for, with which seeds and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from filebridge.errors import UsageError
from filebridge.vector.received import Received

__all__ = ["chosen", "seeds_of", "spread"]

MASK = "reset_mask"


def chosen(options: dict[str, Any] | None, count: int) -> tuple[Sequence[int], dict[str, Any] | None]:
    """Return the seats of ``options["reset_mask"]``, all without it, and the other options.

    Raises UsageError for a mask that is no bool array of shape (count,), or True nowhere.
    """
    if not isinstance(options, Mapping) or MASK not in options:
        return range(count), options
    mask = options[MASK]
    is_mask = isinstance(mask, np.ndarray) and mask.shape == (count,) and mask.dtype == np.bool_
    if not is_mask or not mask.any():
        shape = f"{mask.dtype}, shape {mask.shape}" if isinstance(mask, np.ndarray) else repr(mask)[:100]
        raise UsageError(
            "the reset_mask is no choice of seats",
            found="True nowhere" if is_mask else shape,
            cure=f"a numpy array of bool, shape ({count},), True for the seats that begin an episode",
        )
    return np.flatnonzero(mask).tolist(), {name: value for name, value in options.items() if name != MASK}


def seeds_of(seed: int | Sequence[int | None] | None, count: int) -> Sequence[int | None]:
    """Return the seed of each seat: ``seed`` and the numbers after it, or those of a list.

    Raises UsageError for a list of another length, and for what is no seed.
    """
    if seed is None:
        return [None] * count
    if isinstance(seed, int | np.integer):
        seeds: list[Any] = [int(seed) + number for number in range(count)]
    else:
        try:
            seeds = list(seed)
        except TypeError as exc:
            raise _no_seed(seed) from exc
    wrong = [one for one in seeds if one is not None and not (isinstance(one, int | np.integer) and one >= 0)]
    if wrong:
        raise _no_seed(wrong[0])
    if len(seeds) != count:
        raise UsageError(
            "another number of seeds than of seats", found=f"{len(seeds)} for {count}", cure="one number, or one each"
        )
    # Gymnasium's generators take no other whole numbers than Python's.
    return [None if one is None else int(one) for one in seeds]


def _no_seed(found: object) -> UsageError:
    cure = "a whole number from 0 on, or a list with one, or None, for each seat"
    return UsageError("a seed is a whole number from 0 on", found=repr(found)[:100], cure=cure)


def spread(received: Received, count: int) -> dict[str, Any]:
    """Return the infos of some seats in arrays for all ``count`` of them."""
    return _spread(received.infos, received.seats, count)


def _spread(infos: dict[str, Any], seats: Any, count: int) -> dict[str, Any]:
    wide: dict[str, Any] = {}
    for name, value in infos.items():
        if isinstance(value, dict):
            wide[name] = _spread(value, seats, count)
            continue
        plain = value.dtype != object
        wide[name] = np.zeros((count, *value.shape[1:]), value.dtype) if plain else np.full(count, None, object)
        wide[name][seats] = value
    return wide
