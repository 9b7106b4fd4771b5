"""Rules for actions: one kind, bounds that leave room, labels that differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from filebridge.config.action import KINDS, Action, Box
from filebridge.config.problems import Problem
from filebridge.config.wording import one_of as alternatives

__all__ = ["check_action", "one_of"]

Place = tuple[str | int, ...]


def one_of(part: Any, names: tuple[str, ...], place: Place, noun: str) -> Iterator[Problem]:
    """Yield a problem unless exactly one of ``names`` is given."""
    aliases = {name: field.alias or name for name, field in type(part).model_fields.items()}
    given = [aliases[name] for name in names if getattr(part, name) is not None]
    expected = alternatives([aliases[name] for name in names])
    if not given:
        yield Problem(place, f"{noun} is missing", "none of its keys", expected, on="key")
    elif len(given) > 1:
        yield Problem((*place, given[1]), f"{noun} is given twice", " and ".join(given), expected, on="key")


def check_action(action: Action, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with ``action``, which stands at ``place``: its kind, its bounds, its labels."""
    yield from one_of(action, KINDS, place, "the kind of action")
    if action.box is not None:
        yield from _box(action.box, (*place, "box"))
    tables = [((*place, "choices"), action.choices)] if action.choices else []
    tables += [((*place, "multi", part), choices) for part, choices in (action.multi or {}).items()]
    for at, table in tables:
        yield from _table(table, at) if isinstance(table, list) else ()
    yield from _table(action.bits, (*place, "bits")) if action.bits is not None else ()
    if action.mask is not None and (action.choices is None or len(place) > 1):
        expected = "`mask` beside the `choices` of a whole action"
        yield Problem((*place, "mask"), "there are no choices to be masked", action.mask, expected, on="key")
    for part, inner in (action.parts or {}).items():
        yield from check_action(inner, (*place, "parts", part))
    if action.text is not None and action.text.min_length > action.text.max_length:
        yield Problem(
            (*place, "text", "min_length"),
            "above `max_length`",
            str(action.text.min_length),
            f"at most {action.text.max_length}",
        )


def _table(table: Sequence[str | int], place: Place) -> Iterator[Problem]:
    if not table:
        yield Problem(place, "nothing to choose from", "an empty list", "at least one entry")
    for number, entry in enumerate(table):
        if str(entry) in map(str, table[:number]):
            yield Problem((*place, number), "given twice", str(entry), "each one once")
        elif type(entry) is not type(table[0]):
            yield Problem((*place, number), "words and numbers in one list", str(entry), "words only, or numbers only")


def _box(box: Box, place: Place) -> Iterator[Problem]:
    lists = (("low", box.low), ("high", box.high), ("names", box.names))
    sizes = {name: len(bound) for name, bound in lists if isinstance(bound, list)}
    if box.size is not None:
        sizes["size"] = box.size
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        yield Problem(
            place, "its keys do not agree how many numbers there are", found, "the same number for all", on="key"
        )
        return
    count = next(iter(sizes.values()), 1)
    low, high = (bound if isinstance(bound, list) else [bound] * count for bound in (box.low, box.high))
    yield from _table(box.names, (*place, "names")) if box.names is not None else ()
    largest = float(np.finfo(box.dtype).max)
    for number, (least, greatest) in enumerate(zip(low, high, strict=True)):
        for key, bound, value in (("low", box.low, least), ("high", box.high, greatest)):
            if math.isnan(value) or largest < abs(value) < math.inf:
                at = (*place, key, number) if isinstance(bound, list) else (*place, key)
                yield Problem(at, "no bound", f"{value:g}", f"a number that a {box.dtype} can hold")
                return
        if not least < greatest:
            at = (*place, "low", number) if isinstance(box.low, list) else (*place, "low")
            yield Problem(at, "not below `high`", f"{least:g}", f"less than {greatest:g}")
            return
