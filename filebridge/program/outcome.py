"""Reward, endings, further info and the variables' next values: all expressions that follow a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from filebridge.config.model import Config
from filebridge.errors import ExpressionError
from filebridge.program.faults import FAILURES, Faults
from filebridge.program.masks import MASK, Mask, compile_mask
from filebridge.program.slots import Slots
from filebridge.wire.expression import Expression, Kind, failure, together

__all__ = ["Outcome", "compile_outcome", "info_reader"]

Row = list[object]


class Outcome:
    """What follows from a reply: ``judge(row, previous)`` gives reward, terminated, truncated.

    ``mask`` makes the mask of the choices, None where none is declared.
    """

    def __init__(
        self,
        verdicts: Mapping[str, Expression],
        info: Mapping[str, Expression],
        updates: Mapping[str, Expression],
        slots: Sequence[int],
        mask: Mask | None = None,
    ) -> None:
        self._verdicts = verdicts
        self._judge = together(list(verdicts.values()))
        self._info = info
        self._inform = together(list(info.values()))
        # Before the first action there is nothing to tell about it, nor a step before.
        early = {
            name: one for name, one in info.items() if not one.uses_previous and not any(map(_is_action, one.uses))
        }
        self._early, self._inform_early = early, together(list(early.values()))
        self._updates = updates
        self._indices = slots
        self.mask = mask
        self._next = together(list(updates.values()))

    @property
    def is_more(self) -> bool:
        """Whether there is anything to do after the verdict: further info, or variables to update."""
        return bool(self._info or self._indices or self.mask)

    def judge(self, row: Row, previous: Row) -> tuple[float, bool, bool]:
        """Return reward, terminated and truncated as Python values; raises ExpressionError."""
        try:
            reward, terminated, truncated = self._judge(row, previous)
        except FAILURES as error:
            raise _located(self._verdicts, row, previous, error) from error
        reward = float(reward)
        if reward - reward != 0.0:
            raise ExpressionError(
                "the reward is not a finite number",
                found=f"{reward} from `{self._verdicts['reward'].text}`",
                cure="bound what can overflow, with min() and max() say",
            )
        return reward, bool(terminated), bool(truncated)

    def inform(self, row: Row, previous: Row, info: dict[str, Any], over: bool) -> None:
        """Put the further values into ``info``, and the mask; raises ParseError for one that leaves nothing to do."""
        if self.mask is not None:
            info[MASK] = self.mask(row, over)
        if not self._info:
            return
        try:
            info.update(zip(self._info, self._inform(row, previous), strict=True))
        except FAILURES as error:
            raise _located(self._info, row, previous, error) from error

    def inform_first(self, row: Row, previous: Row, info: dict[str, Any]) -> None:
        """Put those of the further values into ``info`` that exist before the first action, and the mask."""
        if self.mask is not None:
            info[MASK] = self.mask(row, False)
        if not self._early:
            return
        try:
            info.update(zip(self._early, self._inform_early(row, previous), strict=True))
        except FAILURES as error:
            raise _located(self._early, row, previous, error) from error

    def advance(self, row: Row, previous: Row) -> None:
        """Give the variables their next values, all computed from the present ones."""
        if not self._indices:
            return
        try:
            values = self._next(row, previous)
        except FAILURES as error:
            named = {f"variables.{name}.update": one for name, one in self._updates.items()}
            raise _located(named, row, previous, error) from error
        for index, value in zip(self._indices, values, strict=True):
            row[index] = value


_VERDICTS = ("reward", "terminated", "truncated")


def _is_action(name: str) -> bool:
    return name.partition(".")[0] == "action"


def _located(expressions: Mapping[str, Expression], row: Row, previous: Row, error: Exception) -> ExpressionError:
    for label, expression in expressions.items():
        try:
            expression.evaluate(row, previous)
        except FAILURES as cause:  # noqa: PERF203  # only after a failure
            return failure(expression, row, previous, cause, label)
    raise error


def compile_outcome(config: Config, slots: Slots, faults: Faults) -> tuple[Outcome | None, bool]:
    """Return the outcome, None where an expression is wrong, and whether any needs the step before."""
    numbers = (Kind.NUMBER, Kind.INTEGER, Kind.FLAG)
    names = slots.names
    verdicts = {key: faults.expression(getattr(config, key), names, (key,), *numbers) for key in _VERDICTS}
    info = {key: faults.expression(text, names, ("info", key), *Kind) for key, text in config.info.items()}
    updates: dict[str, Expression | None] = {}
    for name, variable in config.variables.items():
        if variable.update is not None:
            kinds = (Kind.TEXT,) if names[name].kind is Kind.TEXT else numbers
            updates[name] = faults.expression(variable.update, names, ("variables", name, "update"), *kinds)
    everything = [*verdicts.values(), *info.values(), *updates.values()]
    mask = compile_mask(config.action, slots, faults.problems)
    known = [expression for expression in everything if expression is not None]
    if len(known) < len(everything):
        return None, False
    indices = [names[name].index for name in updates]
    outcome = Outcome(verdicts, info, updates, indices, mask)  # type: ignore[arg-type]  # none of them is None
    return outcome, any(expression.uses_previous for expression in known)


def info_reader(slots: Slots, names: list[str]) -> Callable[[Row], dict[str, Any]]:
    """Return the function that makes ``info`` from the values of ``names``."""
    if not names:
        return lambda row: {}
    indices = [slots.names[name].index for name in names]
    if len(names) == 1:
        index, name = indices[0], names[0]
        return lambda row: {name: row[index]}
    pick = itemgetter(*indices)
    return lambda row: dict(zip(names, pick(row), strict=True))
