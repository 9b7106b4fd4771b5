"""The infos of many seats as one, exactly as Gymnasium's vector environments join them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["joined"]

_PLAIN = (int, float, bool)


def joined(infos: Sequence[dict[str, Any]], finals: Iterable[tuple[Any, dict[str, Any]] | None]) -> dict[str, Any]:
    """Return ``infos`` as one: for each key an array with a place for each seat, and a mask ``_key``.

    ``finals`` are the last observation and info of an episode that ended in this very step, None elsewhere; they
    become ``final_obs`` and ``final_info``.
    """
    ends = list(finals)
    if not any(ends):
        fast = _alike(infos)
        if fast is not None:
            return fast
    count = len(infos)
    together: dict[str, Any] = {}
    for place, (info, end) in enumerate(zip(infos, ends, strict=True)):
        if end is not None:
            _add(together, {"final_obs": end[0], "final_info": end[1]}, place, count)
        _add(together, info, place, count)
    return together


def _alike(infos: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what ``_add`` would make of infos that all have the same keys with plain numbers; None for others."""
    first = infos[0] if infos else {}
    together: dict[str, Any] = {}
    for key, value in first.items():
        kind = type(value)
        if kind not in _PLAIN or key == "final_obs":
            return None
        try:
            together[key] = np.array([info[key] for info in infos], kind)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        together[f"_{key}"] = np.ones(len(infos), np.bool_)
    return together if all(len(info) == len(first) for info in infos) else None


def _add(together: dict[str, Any], info: dict[str, Any], place: int, count: int) -> None:
    """Put the ``info`` of one seat into ``together``, as ``gymnasium.vector.VectorEnv`` describes it."""
    for key, value in info.items():
        if key != "final_obs" and isinstance(value, dict):
            array = together.get(key, {})
            _add(array, value, place, count)
        else:
            array = together[key] if key in together else _empty(key, value, count)
            array[place] = value
        mask = together.get(f"_{key}")
        if mask is None:
            mask = np.zeros(count, np.bool_)
        mask[place] = True
        together[key], together[f"_{key}"] = array, mask


def _empty(key: str, value: Any, count: int) -> Any:
    """Return an array for values like this one."""
    if key != "final_obs" and (type(value) in _PLAIN or issubclass(type(value), np.number)):
        return np.zeros(count, type(value))
    if key != "final_obs" and isinstance(value, np.ndarray):
        return np.zeros((count, *value.shape), value.dtype)
    return np.full(count, None, object)
