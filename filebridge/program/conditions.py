"""Fields that are read only under a condition, `when`, over what is known before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.program.faults import Faults, guarded
from filebridge.program.slots import Slots
from filebridge.wire.expression import Expression, Kind

__all__ = ["Condition", "compile_conditions"]

Row = list[object]


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a field is read: ``holds(row, previous)`` says so, from the names that it ``uses``; ``text`` is its own.

    It is false while a value that it speaks of is not there yet: the action when an episode begins, say.
    """

    holds: Callable[[Row, Row], object]
    uses: frozenset[str]
    text: str


def compile_conditions(config: Config, slots: Slots, faults: Faults) -> dict[str, Condition]:
    """Return the condition of each field that has one; all fields must have their slots. Problems go to ``faults``."""
    conditions = {}
    above = set[str]()
    for name, field in config.fields.items():
        if field.when is not None and field.compute is None:
            place = ("fields", name, "when")
            expression = faults.expression(field.when, slots.names, place, Kind.FLAG, Kind.INTEGER, Kind.NUMBER)
            if expression is not None:
                faults.problems += _unknown_yet(name, expression, above, config)
                conditions[name] = Condition(_holding(name, expression, slots), expression.uses, field.when)
        if field.compute is None:
            above.add(name)
    return conditions


def _holding(name: str, expression: Expression, slots: Slots) -> Callable[[Row, Row], object]:
    evaluate = guarded(expression, f"fields.{name}.when")
    now = [slots.names[each].index for each in sorted(expression.uses)]
    before = [slots.names[each].index for each in sorted(expression.uses_previous)]

    def holds(row: Row, previous: Row) -> object:
        for index in now:
            if row[index] is None:
                return False
        for index in before:
            if previous[index] is None:
                return False
        return evaluate(row, previous)

    return holds


def _unknown_yet(own: str, expression: Expression, above: set[str], config: Config) -> Iterator[Problem]:
    """Yield a problem for each field that ``expression`` uses although it has no value yet when ``own`` is read."""
    for name in sorted(expression.uses & set(config.fields) - above):
        if name == own:
            what, expected = f"`{name}` would decide whether it is read itself", f"a field above, or `prev.{name}`"
        elif config.fields[name].compute is not None:
            what = f"`{name}` is computed after all fields are read"
            expected = f"a field that is read above, or `prev.{name}`"
        else:
            what, expected = f"`{name}` is read later", "fields in the order in which they need one another"
        found = re.search(rf"(?<![\w.]){name}\b", expression.text)
        span = found.span() if found else (0, 0)
        yield Problem(("fields", own, "when"), what, name, expected, offset=span[0], length=span[1] - span[0])
