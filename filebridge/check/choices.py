"""Actions to try: the extremes of a space, and what lies just outside it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import numpy as np
from gymnasium import spaces

__all__ = ["extremes", "outsiders"]

MOST = 64
"""Actions that are tried of one space."""

LARGE = 1e6
"""Stands for a bound that is infinite."""

CORNERS = 5
"""Dimensions up to which all corners of a box are tried."""


def extremes(space: spaces.Space[Any]) -> list[Any]:
    """Return the extreme elements of ``space``, at most 64: corners of a box, every choice, the longest text."""
    return list(islice(_extremes(space), MOST))


def _extremes(space: spaces.Space[Any]) -> Iterator[Any]:
    if isinstance(space, spaces.Box):
        yield from _corners(space)
    elif isinstance(space, spaces.Discrete):
        yield from _spread(int(space.start), int(space.n))
    elif isinstance(space, spaces.MultiDiscrete):
        yield from _each_choice(space)
    elif isinstance(space, spaces.MultiBinary):
        size = int(np.prod(space.shape))
        yield from (np.full(space.shape, bit, np.int8) for bit in (0, 1))
        yield from (np.eye(1, size, place, dtype=np.int8).reshape(space.shape) for place in range(size))
    elif isinstance(space, spaces.Text):
        yield from _texts(space)
    elif isinstance(space, spaces.Dict):
        yield from _mappings(space)


def _corners(space: spaces.Box) -> Iterator[Any]:
    low, high = np.clip(space.low, -LARGE, LARGE), np.clip(space.high, -LARGE, LARGE)
    yield low.astype(space.dtype)
    yield high.astype(space.dtype)
    size = low.size
    if 1 < size <= CORNERS:
        choices = product((False, True), repeat=size)
        yield from (np.where(np.reshape(choice, low.shape), high, low).astype(space.dtype) for choice in choices)
    elif size > CORNERS:
        for place in range(size):
            one_high = np.eye(1, size, place, dtype=bool).reshape(low.shape)
            yield np.where(one_high, high, low).astype(space.dtype)


def _spread(start: int, count: int) -> Iterator[Any]:
    """Yield every choice, or so many spread over all of them, the first and the last included."""
    places = range(count) if count <= MOST else sorted({round(n * (count - 1) / (MOST - 1)) for n in range(MOST)})
    yield from (np.int64(start + place) for place in places)


def _each_choice(space: spaces.MultiDiscrete) -> Iterator[Any]:
    first = np.asarray(space.start, space.dtype)
    last = (first + space.nvec - 1).astype(space.dtype)
    yield first.copy()
    yield last
    for place, count in np.ndenumerate(space.nvec):
        for choice in range(int(count)):
            action = first.copy()
            action[place] += choice
            yield action


def _texts(space: spaces.Text) -> Iterator[str]:
    characters = sorted(space.character_set)
    yield characters[0] * space.min_length
    yield (characters * (space.max_length // len(characters) + 1))[0] * max(1, space.min_length)
    yield "".join(characters[place % len(characters)] for place in range(space.max_length))


def _mappings(space: spaces.Dict) -> Iterator[dict[str, Any]]:
    parts = {name: extremes(part) for name, part in space.spaces.items()}
    for number in range(max(len(part) for part in parts.values())):
        yield {name: part[number % len(part)] for name, part in parts.items()}


def outsiders(space: spaces.Space[Any]) -> list[Any]:
    """Return values that are no elements of ``space``, each wrong in another way."""
    return [value for value in _outsiders(space) if not _is_element(value, space)]


def _is_element(value: Any, space: spaces.Space[Any]) -> bool:
    # A mapping is made of values that are wrong already, and Gymnasium warns when it looks at some of them.
    return value is not None and not isinstance(space, spaces.Dict) and bool(space.contains(value))


def _outsiders(space: spaces.Space[Any]) -> Iterator[Any]:
    yield None
    if isinstance(space, spaces.Box):
        kind = np.float64 if space.dtype == np.float64 else np.float32
        for beyond in (np.nextafter(space.low, -np.inf), space.high + np.maximum(1, np.abs(space.high))):
            if np.isfinite(beyond).any():
                yield np.where(np.isfinite(beyond), beyond, 0).astype(kind)
        for value in (np.nan, np.inf, -np.inf):
            yield np.full(space.shape, value, kind)
        yield np.zeros((space.shape[0] + 1,) if space.shape else (2,), kind)
    elif isinstance(space, spaces.Discrete):
        yield from (np.int64(space.start - 1), np.int64(space.start + space.n), 0.5, "0")
    elif isinstance(space, spaces.MultiDiscrete):
        first = np.asarray(space.start)
        yield from (first - 1, first + space.nvec, np.zeros(space.nvec.size + 1, int))
    elif isinstance(space, spaces.MultiBinary):
        yield from (np.full(space.shape, 2, np.int8), np.full(space.shape, -1, np.int8), np.zeros(0, np.int8))
    elif isinstance(space, spaces.Text):
        yield from ("\n" + "a" * max(0, space.min_length - 1), "\x03", "a" * (space.max_length + 1), 1)
    elif isinstance(space, spaces.Dict):
        inside = space.sample()
        yield {}
        for name, part in space.spaces.items():
            yield from ({**inside, name: wrong} for wrong in outsiders(part))
