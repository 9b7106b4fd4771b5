"""Actions: a Gymnasium space for each kind, and a reader that checks an action and puts it into the row.

The names of an action's parts become slots of the row: ``action``, ``action.throttle``. A labelled
choice stands there as its label, an unlabelled one as its number, a box of one as a number, a larger
one as a list of numbers.

For a box of one a bare number, or an array of shape (), is as good as an array of shape (1,); for a
choice a whole number or an array of shape (). Other shapes, and arrays with masked parts, are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge.config.action import Action, Box, kind
from filebridge.errors import ActionError

__all__ = ["ActionReader", "ActionSlot", "action_reader"]

Row = list[object]
Read = Callable[[Any, Row], None]

_LARGEST = 1.7976931348623157e308
_INTEGER = np.dtype(int)
PRINTABLE = "".join(map(chr, range(32, 127)))


@dataclass(frozen=True, slots=True)
class ActionSlot:
    """One named value of an action: ``kind`` is "number", "integer", "text" or "vector" of ``length``."""

    name: str
    kind: str
    length: int = 0


@dataclass(frozen=True, slots=True)
class ActionReader:
    """The space of an action, the slots that it fills, and ``bind(index)``, which makes the reader.

    ``bind`` takes the index of the first slot and returns ``read(action, row)``, which raises ActionError.
    """

    space: spaces.Space[Any]
    slots: tuple[ActionSlot, ...]
    bind: Callable[[int], Read]


def action_reader(action: Action, name: str = "action") -> ActionReader:
    """Return the reader for ``action``."""
    return _READERS[kind(action)](action, name)


def refused(what: str, found: object, space: object) -> ActionError:
    """Return the error for an action that is not in its space."""
    return ActionError(what, found=repr(found)[:200], cure=f"choose an element of {space!s}"[:300])


def _bounds(bound: float | list[float], size: int, dtype: str) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.asarray(bound, dtype), (size,)).copy()


def box_size(box: Box) -> int:
    """Return how many numbers the box has."""
    lists = [bound for bound in (box.low, box.high) if isinstance(bound, list)]
    return box.size or len(box.names or ()) or (len(lists[0]) if lists else 1)


def _box(action: Action, name: str) -> ActionReader:
    box = action.box
    assert box is not None
    size = box_size(box)
    least, greatest = (_bounds(bound, size, box.dtype) for bound in (box.low, box.high))
    space = spaces.Box(least, greatest, dtype=getattr(np, box.dtype))
    # The bounds as the space has them, rounded to its dtype; an infinite one still refuses infinity.
    low = [max(value, -_LARGEST) for value in space.low.tolist()]
    high = [min(value, _LARGEST) for value in space.high.tolist()]
    slots = [ActionSlot(name, "vector", size) if size > 1 else ActionSlot(name, "number")]
    slots += [ActionSlot(f"{name}.{part}", "number") for part in box.names or ()]
    if size == 1:
        return ActionReader(space, tuple(slots), lambda index: _read_number(space, low[0], high[0], index, len(slots)))
    return ActionReader(space, tuple(slots), lambda index: _read_numbers(space, low, high, index, bool(box.names)))


def _refuse_masked(action: Any, space: spaces.Space[Any]) -> None:
    """Raise ActionError where a mask hides a part of ``action``: what it hides is no value to be sent."""
    if np.ma.is_masked(action):
        raise refused("the action has masked parts", action, space)


def _numbers(action: Any, space: spaces.Box, size: int) -> list[float]:
    """Return ``action`` as a list of ``size`` numbers, on the slow path for whatever is no array of the shape."""
    _refuse_masked(action, space)
    try:
        array = np.asarray(action)
        if array.dtype.kind in "fiu" and (array.shape == (size,) or (size == 1 and array.shape == ())):
            return [float(value) for value in array.reshape(-1).tolist()]
    except (ValueError, TypeError) as error:
        raise refused("the action is not made of numbers", action, space) from error
    raise refused("the action has another shape or type", action, space)


def _read_number(space: spaces.Box, low: float, high: float, index: int, slots: int) -> Read:
    shape, ndarray = space.shape, np.ndarray

    def read(action: Any, row: Row) -> None:
        if action.__class__ is ndarray and action.shape == shape and action.dtype.kind in "fiu":
            value = action.item()
        else:
            value = _numbers(action, space, 1)[0]
        if not low <= value <= high:
            raise refused("the action is outside its bounds", action, space)
        row[index] = value
        if slots == 2:
            row[index + 1] = value

    return read


def _read_numbers(space: spaces.Box, low: list[float], high: list[float], index: int, named: bool) -> Read:
    shape, ndarray, size = space.shape, np.ndarray, len(low)
    pairs = list(zip(low, high, strict=True))
    first, last = index + 1, index + 1 + size

    def read(action: Any, row: Row) -> None:
        if action.__class__ is ndarray and action.shape == shape and action.dtype.kind in "fiu":
            values = action.tolist()
        else:
            values = _numbers(action, space, size)
        for value, (least, greatest) in zip(values, pairs, strict=True):
            if not least <= value <= greatest:
                raise refused("the action is outside its bounds", action, space)
        row[index] = values
        if named:
            row[first:last] = values

    return read


def _table(choices: Any) -> list[Any]:
    return list(range(choices[0], choices[1] + 1)) if isinstance(choices, tuple) else list(choices)


def _integer(action: Any, count: int, space: spaces.Space[Any]) -> int:
    kind = action.__class__
    choice: int = action if kind is int else int(action) if kind is np.int64 else _whole(action, space)
    if not 0 <= choice < count:
        raise refused("the action is outside its space", action, space)
    return choice


def _whole(action: Any, space: spaces.Space[Any]) -> int:
    """Return ``action``, of another class than most, as a whole number."""
    shape = getattr(action, "shape", ())
    if shape:
        raise refused(f"the action is an array of shape {shape}, one whole number is due", action, space)
    _refuse_masked(action, space)
    try:
        if isinstance(action, float | bool | np.bool_ | str) or getattr(action, "dtype", _INTEGER).kind not in "iu":
            raise TypeError
        return int(action)
    except (AttributeError, TypeError, ValueError) as error:
        raise refused("the action is not a whole number", action, space) from error


def _slot_of(name: str, table: Sequence[Any]) -> ActionSlot:
    return ActionSlot(name, "text" if isinstance(table[0], str) else "integer")


def _choices(action: Action, name: str) -> ActionReader:
    table = _table(action.choices)
    space = spaces.Discrete(len(table))

    def bind(index: int) -> Read:
        def read(action: Any, row: Row) -> None:
            row[index] = table[_integer(action, len(table), space)]

        return read

    return ActionReader(space, (_slot_of(name, table),), bind)


def _multi(action: Action, name: str) -> ActionReader:
    assert action.multi is not None
    tables = [_table(choices) for choices in action.multi.values()]
    slots = tuple(_slot_of(f"{name}.{part}", table) for part, table in zip(action.multi, tables, strict=True))
    return _several(spaces.MultiDiscrete([len(table) for table in tables]), slots, tables)


def _bits(action: Action, name: str) -> ActionReader:
    names = action.bits or []
    slots = tuple(ActionSlot(f"{name}.{part}", "integer") for part in names)
    return _several(spaces.MultiBinary(len(names)), slots, [[0, 1]] * len(names))


def _several(space: spaces.Space[Any], slots: tuple[ActionSlot, ...], tables: list[list[Any]]) -> ActionReader:
    """Return the reader of several choices at once: an array of whole numbers, one for each table."""
    size = len(tables)

    def bind(index: int) -> Read:
        def read(action: Any, row: Row) -> None:
            if action.__class__ is not np.ndarray:
                _refuse_masked(action, space)
            try:
                array = np.asarray(action)
            except (ValueError, TypeError) as error:
                raise refused("the action is not made of numbers", action, space) from error
            if array.shape != (size,) or array.dtype.kind not in "iu":
                raise refused("the action has another shape or type", action, space)
            for number, (choice, table) in enumerate(zip(array.tolist(), tables, strict=True)):
                if not 0 <= choice < len(table):
                    raise refused("the action is outside its space", action, space)
                row[index + number] = table[choice]

        return read

    return ActionReader(space, slots, bind)


def _text(action: Action, name: str) -> ActionReader:
    text = action.text
    assert text is not None
    charset = text.charset or PRINTABLE
    space = spaces.Text(text.max_length, min_length=text.min_length, charset=frozenset(charset))
    allowed = frozenset(charset)

    def bind(index: int) -> Read:
        def read(action: Any, row: Row) -> None:
            if not isinstance(action, str) or not text.min_length <= len(action) <= text.max_length:
                raise refused("the action is not a text of a fitting length", action, space)
            wrong = next((char for char in action if char not in allowed), None)
            if wrong is not None:
                raise refused("the action has a character that is not allowed", wrong, space)
            row[index] = str(action)

        return read

    return ActionReader(space, (ActionSlot(name, "text"),), bind)


def _parts(action: Action, name: str) -> ActionReader:
    assert action.parts is not None
    readers = {part: action_reader(inner, f"{name}.{part}") for part, inner in action.parts.items()}
    space = spaces.Dict({part: reader.space for part, reader in readers.items()})
    slots = tuple(slot for reader in readers.values() for slot in reader.slots)

    def bind(index: int) -> Read:
        reads = []
        for part, reader in readers.items():
            reads.append((part, reader.bind(index)))
            index += len(reader.slots)
        parts = set(readers)

        def read(action: Any, row: Row) -> None:
            if not isinstance(action, dict) or set(action) != parts:
                raise refused("the action is not a mapping of its parts", action, space)
            for part, inner in reads:
                inner(action[part], row)

        return read

    return ActionReader(space, slots, bind)


_READERS: dict[str, Callable[[Action, str], ActionReader]] = {
    "box": _box, "choices": _choices, "multi": _multi, "bits": _bits, "text": _text, "parts": _parts,
}  # fmt: skip
