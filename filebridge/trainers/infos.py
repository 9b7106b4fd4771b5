"""The infos of a vector environment, one mapping of arrays, as one mapping of plain values for each seat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

__all__ = ["split"]


def split(infos: Mapping[str, Any], num_envs: int) -> list[dict[str, Any]]:
    """Return a mapping for each of ``num_envs`` seats, with those keys that the seat has.

    ``infos`` are as Gymnasium's vector environments give them: an array of length ``num_envs`` for each key, and beside
    it, below ``_key``, an array of bool that says which seats have it. A mapping in it is split in the same way.
    Numbers and bools come out as Python's own, rows of larger arrays as arrays.
    """
    single: list[dict[str, Any]] = [{} for _ in range(num_envs)]
    for key, values in infos.items():
        mask = infos.get(f"_{key}")
        if mask is None:
            if key[:1] != "_" or key[1:] not in infos:
                _give(single, range(num_envs), key, _each(values, num_envs))
        elif mask.all():
            _give(single, range(num_envs), key, _each(values, num_envs))
        else:
            _give(single, mask.nonzero()[0].tolist(), key, _each(values, num_envs))
    return single


def _give(single: list[dict[str, Any]], seats: Any, key: str, values: list[Any]) -> None:
    for seat in seats:
        single[seat][key] = values[seat]


def _each(values: Any, num_envs: int) -> list[Any]:
    """Return what each seat has of ``values``; what is no array of seats belongs to all of them."""
    if isinstance(values, Mapping):
        return split(values, num_envs)
    if isinstance(values, numpy.ndarray) and values.shape[:1] == (num_envs,):
        return values.tolist() if values.ndim == 1 else list(values)
    return [values] * num_envs
