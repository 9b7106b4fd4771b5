"""What expressions do with grids and arrays: functions that give Python numbers, whose arithmetic never wraps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

__all__ = ["ARRAY_SUPPORT", "OF_ARRAY", "OF_GRID"]


def cell(grid: Any, row: int, column: int) -> int:
    """Return one cell of a grid as a Python number, so that arithmetic with it does not wrap at 255."""
    if row < 0 or column < 0:
        raise IndexError("index below 0")
    return int(grid[int(row), int(column)])


def element(array: Any, *indices: int) -> Any:
    """Return one number of an array as a Python number; an index that fell below 0 is an IndexError."""
    if min(indices) < 0:
        raise IndexError("index below 0")
    # A flag by itself would select, not count.
    return array[tuple(map(int, indices))].item()


def cells(grid: Any, value: Any) -> int:
    """Return how many cells of ``grid`` equal ``value``."""
    return int(numpy.count_nonzero(grid == value))


def total(array: Any) -> float:
    """Return the sum of all numbers."""
    # A sum of int64 would wrap; what is not finite says so by its value.
    with numpy.errstate(all="ignore"):
        return float(array.sum(dtype=numpy.float64))


def average(array: Any) -> float:
    """Return the sum of all numbers divided by how many there are."""
    return total(array) / int(array.size)


def least(array: Any) -> Any:
    """Return the least number, NaN where there is one."""
    return array.min().item()


def greatest(array: Any) -> Any:
    """Return the greatest number, NaN where there is one."""
    return array.max().item()


def amount(array: Any) -> int:
    """Return how many numbers there are, in all dimensions together."""
    return int(array.size)


ARRAY_SUPPORT: dict[str, Callable[..., Any]] = {
    call.__name__: call for call in (cell, element, cells, total, average, least, greatest, amount)
}
OF_GRID = {"count": "cells"}
OF_ARRAY = {"count": "cells", "sum": "total", "mean": "average", "min": "least", "max": "greatest", "len": "amount"}
"""Function of an expression -> the one that does it on an array."""
