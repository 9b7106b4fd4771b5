"""Which choices may be taken now: the mask that is made of a field, for trainers that mask actions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filebridge.config.action import Action
from filebridge.config.problems import Problem
from filebridge.errors import ParseError, escaped
from filebridge.program.slots import Slots
from filebridge.wire.expression import Kind, Slot

__all__ = ["MASK", "Mask", "compile_mask"]

Row = list[object]
Mask = Callable[[Row, bool], NDArray[np.int8]]
"""Returns a fresh array of int8, shape (choices,): 1 for what may be taken now, 0 for what may not.

The other argument says that the episode is over. Raises ParseError where it is not, and nothing may be taken.
"""

MASK = "action_mask"
"""The name of the mask in ``info``, as Gymnasium's own environments have it."""

_SEPARATORS = r"\s,;:|()\[\]{}\"'"
_WORD = re.compile(f"[^{_SEPARATORS}]+")
_MANY = (Kind.VECTOR, Kind.ARRAY, Kind.GRID)


def compile_mask(action: Action, slots: Slots, problems: list[Problem]) -> Mask | None:
    """Return the mask that ``action`` declares; None where there is none, or its field does not fit."""
    if action.mask is None or action.choices is None or action.mask not in slots.observed:
        return None
    slot, choices = slots.names[action.mask], action.choices
    table = list(range(choices[0], choices[1] + 1)) if isinstance(choices, tuple) else list(choices)
    if slot.kind is Kind.TEXT:
        words = [str(choice) for choice in table]
        parted = next((word for word in words if not _WORD.fullmatch(word)), None)
        if parted is None:
            return _checked(_of_words(slot.index, words), action.mask, slot.index)
        what, found, expected = "a list of words cannot hold this choice", parted, "a field of numbers, 0 for no"
    elif slot.kind in _MANY and _size(slot) == len(table):
        return _checked(_of_numbers(slot.index), action.mask, slot.index)
    else:
        what = "this field cannot say which choices there are"
        found = f"{_size(slot)} numbers" if slot.kind in _MANY else slot.kind.value
        expected = f"a text with the choices that may be taken, or {len(table)} numbers, 0 for no"
    problems.append(Problem(("action", "mask"), what, found, expected))
    return None


def _size(slot: Slot) -> int:
    return math.prod(slot.shape) if slot.shape else slot.length


def _checked(made: Callable[[Row], NDArray[np.int8]], name: str, index: int) -> Mask:
    def mask(row: Row, over: bool) -> NDArray[np.int8]:
        allowed = made(row)
        if not over and not allowed.any():
            raise ParseError(
                "no action may be taken, but the episode goes on",
                found=f"{name} = {escaped(str(row[index]), 200)}",
                cure=f"correct fields.{name}, which `mask` names; or let `terminated` be true there",
            )
        return allowed

    return mask


def _of_words(index: int, choices: Sequence[str]) -> Callable[[Row], NDArray[np.int8]]:
    places, count = {choice: place for place, choice in enumerate(choices)}, len(choices)

    def made(row: Row) -> NDArray[np.int8]:
        allowed = np.zeros(count, np.int8)
        for word in _WORD.findall(str(row[index] or "")):
            # What ends a sentence may stand behind the last one.
            place = places.get(word, places.get(word.rstrip(".!?")))
            if place is not None:
                allowed[place] = 1
        return allowed

    return made


def _of_numbers(index: int) -> Callable[[Row], NDArray[np.int8]]:
    def made(row: Row) -> NDArray[np.int8]:
        values: Any = row[index]
        allowed: NDArray[np.bool_] = np.asarray(values).ravel() != 0
        return allowed.astype(np.int8)

    return made
