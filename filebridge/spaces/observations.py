"""Observations: named values as a Gymnasium space, and the function that makes each fresh observation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge.errors import ValueOutOfRange, escaped

__all__ = ["Observed", "Observer", "Unobservable", "observer"]

Row = list[Any]

# Latin-1 text and line ends: what a program of the time that this is built for can print.
CHARSET = frozenset([*map(chr, range(32, 127)), *map(chr, range(160, 256)), "\n", "\t"])


@dataclass(frozen=True, slots=True)
class Observed:
    """One named value: where it stands in the row, what it is, its bounds.

    ``kind`` is "number", "integer", "flag", "text", "vector", "grid" or "array". ``values`` are all values that
    there are, a range as a pair. ``length`` is that of a vector, of an array in one row, or the longest text.
    """

    index: int
    kind: str
    length: int = 0
    shape: tuple[int, ...] = ()
    low: float = -np.inf
    high: float = np.inf
    values: Sequence[Any] | tuple[int, int] | None = None


class Unobservable(ValueError):
    """A value that cannot stand where the observation has it; ``name`` says which, ``expected`` what to do."""

    def __init__(self, name: str, what: str, expected: str) -> None:
        super().__init__(name, what, expected)
        self.name = name
        self.what = what
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Observer:
    """The space of the observation, ``observe(row)``, which makes one, and the names that it holds.

    Where it is a Box of single numbers, ``pick(row)`` returns them as a tuple; None otherwise.
    """

    space: spaces.Space[Any]
    observe: Callable[[Row], Any]
    names: tuple[str, ...]
    pick: Callable[[Row], tuple[float, ...]] | None = None


def observer(
    form: str | list[str] | Mapping[str, str | list[str]], known: Mapping[str, Observed], dtype: str
) -> Observer:
    """Return the observer for the observation's ``form``: a list, a mapping, or one name.

    Raises Unobservable for a text in a Box and the like; all names must be known.
    """
    if isinstance(form, str):
        space, observe = _single(form, known[form], dtype)
        return Observer(space, observe, (form,))
    if isinstance(form, list):
        space, observe = _box(form, [known[name] for name in form], dtype)
        return Observer(space, observe, tuple(form), _picking([known[name] for name in form], space))
    parts = {part: observer(inner, known, dtype) for part, inner in form.items()}
    readers = [(part, reader.observe) for part, reader in parts.items()]
    names = tuple(name for part in parts.values() for name in part.names)
    space = spaces.Dict({part: reader.space for part, reader in parts.items()})
    return Observer(space, lambda row: {part: observe(row) for part, observe in readers}, names)


_SEVERAL = ("vector", "array")


def _limits(value: Observed) -> tuple[float, float]:
    if value.kind == "flag":
        return 0.0, 1.0
    if isinstance(value.values, tuple):
        return float(value.values[0]), float(value.values[1])
    if value.values:
        return float(min(value.values)), float(max(value.values))
    return value.low, value.high


def _box(names: Sequence[str], values: Sequence[Observed], dtype: str) -> tuple[spaces.Box, Callable[[Row], Any]]:
    low: list[float] = []
    high: list[float] = []
    for name, value in zip(names, values, strict=True):
        if value.kind in ("text", "grid"):
            what = f"a {value.kind} cannot be a part of a list of numbers"
            raise Unobservable(name, what, "a mapping: `{x: ..., y: ...}`")
        if value.kind == "vector" and not value.length:
            raise Unobservable(name, "a vector of unknown length", "`size: N` for the field")
        count = value.length if value.kind in _SEVERAL else 1
        low += [_limits(value)[0]] * count
        high += [_limits(value)[1]] * count
    kind = np.dtype(dtype).type
    space = spaces.Box(np.array(low, kind), np.array(high, kind), dtype=kind)
    return space, _gather(values, kind)


def _picking(values: Sequence[Observed], space: spaces.Box) -> Callable[[Row], tuple[float, ...]] | None:
    """Return what picks the single numbers of a Box out of a row, where there are no others in it."""
    if space.dtype.kind != "f" or any(value.kind in _SEVERAL for value in values):
        return None
    indices = [value.index for value in values]
    if len(indices) == 1:
        return lambda row, index=indices[0]: (row[index],)  # type: ignore[misc]
    return itemgetter(*indices)


def _gather(values: Sequence[Observed], kind: Any) -> Callable[[Row], Any]:
    """Return the fastest way to put numbers and vectors into one fresh array."""
    # np.array looks first at what it is given, and takes twice the time for it.
    fill, dtype, index = np.fromiter, np.dtype(kind), values[0].index
    if len(values) == 1 and values[0].kind == "vector":
        return lambda row: fill(row[index], dtype)
    if len(values) == 1 and values[0].kind == "array":
        return lambda row: row[index].astype(dtype).reshape(-1)
    if len(values) == 1:
        return lambda row: fill((row[index],), dtype)
    pick = itemgetter(*[value.index for value in values])
    if all(value.kind not in _SEVERAL for value in values):
        return lambda row: fill(pick(row), dtype)
    if any(value.kind == "array" for value in values):
        return _gather_arrays(values, dtype)
    vectors = [value.kind == "vector" for value in values]

    def gather(row: Row) -> Any:
        flat: list[Any] = []
        for value, is_vector in zip(pick(row), vectors, strict=True):
            if is_vector:
                flat += value
            else:
                flat.append(value)
        return fill(flat, dtype)

    return gather


def _gather_arrays(values: Sequence[Observed], dtype: Any) -> Callable[[Row], Any]:
    """Return what fills a new array part by part, since an array is copied quicker than its numbers are counted."""
    places, end = [], 0
    for value in values:
        start, end = end, end + (value.length if value.kind in _SEVERAL else 1)
        places.append((slice(start, end), value.index, value.kind == "array"))

    def gather(row: Row) -> Any:
        flat = np.empty(end, dtype)
        for place, index, is_array in places:
            flat[place] = row[index].reshape(-1) if is_array else row[index]
        return flat

    return gather


def _array(value: Observed, dtype: str) -> tuple[spaces.Box, Callable[[Row], Any]]:
    index, kind = value.index, np.dtype(dtype).type
    space = spaces.Box(kind(value.low), kind(value.high), value.shape, kind)
    return space, lambda row: row[index].astype(kind)


def _single(name: str, value: Observed, dtype: str) -> tuple[spaces.Space[Any], Callable[[Row], Any]]:
    index = value.index
    if value.kind == "grid":
        highest = 255 if value.high > 255 else int(value.high)
        return spaces.Box(0, highest, value.shape, np.uint8), lambda row: row[index].copy()
    if value.kind == "array":
        return _array(value, dtype)
    if value.kind == "text" and value.values:
        place = {word: number for number, word in enumerate(value.values)}
        return spaces.Discrete(len(place)), lambda row: np.int64(place[row[index]])
    if value.kind == "text":
        return _text(name, value)
    if value.kind == "flag":
        return spaces.Discrete(2), lambda row: np.int64(row[index])
    if value.values is not None:
        return _discrete(value)
    return _box([name], [value], dtype)


def _discrete(value: Observed) -> tuple[spaces.Space[Any], Callable[[Row], Any]]:
    index, values = value.index, value.values
    low, high = (int(limit) for limit in _limits(value))
    if value.kind == "vector":
        if (low, high) == (0, 1):
            return spaces.MultiBinary(value.length), lambda row: np.array(row[index], np.int8)
        counts, starts = [high - low + 1] * value.length, [low] * value.length
        return spaces.MultiDiscrete(counts, start=starts), lambda row: np.array(row[index], np.int64)
    if isinstance(values, tuple):
        return spaces.Discrete(high - low + 1, start=low), lambda row: np.int64(row[index])
    place = {number: rank for rank, number in enumerate(values or ())}
    return spaces.Discrete(len(place)), lambda row: np.int64(place[row[index]])


def _text(name: str, value: Observed) -> tuple[spaces.Text, Callable[[Row], Any]]:
    index, longest = value.index, value.length

    def observe(row: Row) -> str:
        text: str = row[index]
        wrong = next((char for char in text if char not in CHARSET), None)
        if len(text) > longest or wrong is not None:
            raise ValueOutOfRange(
                f"field {name} is no text of its space",
                found=f"{len(text)} characters" if wrong is None else f"the character {escaped(wrong)}",
                cure="raise `max_length`" if wrong is None else "observe another field: the space holds Latin-1 text",
            )
        return text

    return spaces.Text(longest, min_length=0, charset=CHARSET), observe
