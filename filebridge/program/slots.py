"""The row: which named value stands in which slot, and the values that it has when an episode begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from filebridge.config.dialogues import all_labels
from filebridge.config.draw import check_draw, compile_draw, draw_kind
from filebridge.config.field import STYLES
from filebridge.config.model import Config, Variable
from filebridge.spaces.actions import ActionReader
from filebridge.spaces.observations import Observed
from filebridge.wire.expression import Kind, Slot
from filebridge.wire.reading import Reading

__all__ = ["ACTIONS", "EPISODE", "SEAT", "SEED", "STEP", "First", "Slots"]

STEP, EPISODE, SEED, SEAT = range(4)
"""Slots of the values that the bridge itself gives."""

ACTIONS = -1
"""The slot of the list of the episode's actions, which templates of decks may use; the last one of a row."""

_ACTION_KINDS = {"number": Kind.NUMBER, "integer": Kind.INTEGER, "text": Kind.TEXT, "vector": Kind.VECTOR}


@dataclass(frozen=True, slots=True)
class First:
    """The first value of a variable in an episode: a constant, or drawn; ``kind`` is its Python type."""

    name: str
    index: int
    kind: type
    low: float
    high: float
    value: object = None
    draw: Callable[[np.random.Generator], Any] | None = None


class Slots:
    """Assigns the slots of a row: the bridge's own values, the action, variables, labels, fields."""

    def __init__(self, config: Config, action: ActionReader) -> None:
        self.names: dict[str, Slot] = {
            name: Slot(index, Kind.INTEGER) for name, index in (
                ("step", STEP), ("episode", EPISODE), ("seed", SEED), ("seat", SEAT)
            )
        }
        self.observed: dict[str, Observed] = {"step": Observed(STEP, "integer", low=0)}
        self.action_index = len(self.names)
        for slot in action.slots:
            self._add(slot.name, _ACTION_KINDS[slot.kind], slot.length)
        self.action_names = tuple(slot.name for slot in action.slots)
        self.firsts = [self._variable(name, variable) for name, variable in config.variables.items()]
        self.labels: list[int] = []
        for label in all_labels(config):
            self.labels.append(self._add(label, Kind.FLAG))
            self.observed[label] = Observed(self.labels[-1], "flag")
        self._config = config

    @property
    def width(self) -> int:
        """The number of slots."""
        return len(self.names) + 1

    def add_field(self, name: str, reading: Reading) -> int:
        """Give the field ``name`` a slot and return its index."""
        field = self._config.fields[name]
        index = self._add(name, reading.kind, reading.length, reading.shape)
        kind = {
            Kind.NUMBER: "number", Kind.INTEGER: "integer", Kind.FLAG: "flag", Kind.TEXT: "text",
            Kind.VECTOR: "vector", Kind.ARRAY: "array",
        }  # fmt: skip
        length = field.max_length if reading.kind is Kind.TEXT else reading.length
        low = -np.inf if field.low is None else field.low
        high = np.inf if field.high is None else field.high
        if field.grid is not None:
            high = max(field.grid.legend.values())
        elif field.screen == "cells":
            high = 255.0
        elif field.screen in STYLES:
            high = 1.0
        self.observed[name] = Observed(
            index, kind.get(reading.kind, "grid"), length, reading.shape, low, high, field.values
        )
        return index

    def without_action(self) -> dict[str, Slot]:
        """Return the names that exist before the first action."""
        return {name: slot for name, slot in self.names.items() if name not in self.action_names}

    def _add(self, name: str, kind: Kind, length: int = 0, shape: tuple[int, ...] = ()) -> int:
        index = len(self.names)
        self.names.setdefault(name, Slot(index, kind, length, shape))
        return index

    def _variable(self, name: str, variable: Variable) -> First:
        drawn = variable.draw if variable.draw and not any(check_draw(variable.draw, ())) else None
        kind = draw_kind(drawn) if drawn else type(variable.start)
        if variable.update and kind is int:
            kind = float
        index = self._add(name, {int: Kind.INTEGER, str: Kind.TEXT}.get(kind, Kind.NUMBER))
        low = -np.inf if variable.low is None else variable.low
        high = np.inf if variable.high is None else variable.high
        self.observed[name] = Observed(
            index, {int: "integer", str: "text"}.get(kind, "number"), 4096, low=low, high=high
        )
        draw = compile_draw(drawn) if drawn else None
        return First(name, index, kind, low, high, variable.start, draw)
