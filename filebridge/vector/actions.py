"""The actions of many seats: taken apart, and tried before any of them is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.error import CustomSpaceError
from gymnasium.vector.utils import iterate

from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, BridgeError, Situation
from filebridge.program import Program
from filebridge.program.slots import STEP
from filebridge.wire.dialogue import Dialogue

__all__ = ["apart", "placed", "rehearsal"]


def apart(single: spaces.Space[Any], batch: spaces.Space[Any], actions: Any, seats: int) -> Sequence[Any]:
    """Return ``actions``, a batch for so many ``seats``, as a sequence of elements of ``single``.

    Raises ActionError where there are more or fewer of them, or where they are no batch.
    """
    if isinstance(actions, np.ndarray) and actions.ndim:
        # A whole number as Python has it is checked quicker than one of numpy.
        whole = isinstance(single, spaces.Discrete) and actions.ndim == 1 and actions.dtype.kind in "iu"
        several: Sequence[Any] = actions.tolist() if whole else list(actions)
    elif isinstance(actions, list | tuple):
        several = actions
    else:
        several = _iterated(batch, actions)
    if len(several) != seats:
        raise ActionError(
            "another number of actions than of seats",
            found=f"{len(several)} for {seats}",
            cure="one for each seat, in the order of the seats",
        )
    return several


def _iterated(batch: spaces.Space[Any], actions: Any) -> Sequence[Any]:
    try:
        return list(iterate(batch, actions))
    except (CustomSpaceError, TypeError, ValueError, KeyError, IndexError, AttributeError) as exc:
        raise ActionError(
            "the actions are no batch", found=repr(actions)[:200], cure=f"an element of {batch!s}"[:300]
        ) from exc


def placed(error: BridgeError, env: BridgeEnv) -> BridgeError:
    """Return the refusal of what was asked of ``env`` with the seat and the step that it is about."""
    error, session = env.explained(error), env.session
    if error.situation is None:
        step = 0 if session.link is None else session.link.dialogue.row[STEP] + 1  # type: ignore[operator]
        error.situation = Situation(session.program.config.name, "step", session.seat, session.episode, step)
    return error


def rehearsal(program: Program) -> Callable[[Dialogue], None] | None:
    """Return what makes the first thing that a prepared step sends, and raises ActionError where that is impossible.

    None where an action of the space can always be sent, as all numbers can, or where only an adapter knows.
    """
    exchange = next(iter(program.phases["step"].exchanges), None)
    if exchange is None or program.adapter is not None:
        return None
    makes = [make for make in (exchange.files, exchange.encode) if make is not None]
    when = exchange.when
    if not makes or (exchange.files is None and not _holds_text(program.action_space)):
        return None

    def rehearse(dialogue: Dialogue) -> None:
        row, previous = dialogue.row, dialogue.previous
        try:
            if when is None or when(row, previous):
                for make in makes:
                    make(row, previous)
        except ActionError:
            raise
        except BridgeError:
            # Whatever else is wrong is no fault of the action: it is told of that seat alone, when it is sent.
            return

    return rehearse


def _holds_text(space: spaces.Space[Any]) -> bool:
    if isinstance(space, spaces.Dict):
        return any(map(_holds_text, space.spaces.values()))
    return isinstance(space, spaces.Text)
