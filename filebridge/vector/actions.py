"""The actions of many seats, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import iterate

from filebridge.errors import ActionError

__all__ = ["apart"]


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
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as exc:
        raise ActionError(
            "the actions are no batch", found=repr(actions)[:200], cure=f"an element of {batch!s}"[:300]
        ) from exc
