"""The observations of many seats as one, with a leading axis for the seats, as Gymnasium batches its spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from filebridge.spaces.observations import Observer

__all__ = ["Batcher", "batcher"]

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Batcher:
    """``take(row)`` returns what is kept of a seat, ``join`` makes one observation of many, shape (seats, ...).

    ``single`` makes the observation of one seat from it. All of them are fresh.
    """

    take: Callable[[Row], Any]
    join: Callable[[Sequence[Any]], Any]
    single: Callable[[Any], Any]


def batcher(observer: Observer) -> Batcher:
    """Return the batcher of ``observer``."""
    space, pick = observer.space, observer.pick
    if pick is None:
        return Batcher(observer.observe, _joining(space), _itself)
    assert isinstance(space, spaces.Box)
    dtype, shape = space.dtype, space.shape
    # The numbers of all seats go into one array at once: an array for each seat would cost more than all the rest.
    return Batcher(
        pick, lambda taken: np.array(taken, dtype).reshape(-1, *shape), lambda taken: np.array(taken, dtype)
    )


def _itself(taken: Any) -> Any:
    return taken


def _joining(space: spaces.Space[Any]) -> Callable[[Sequence[Any]], Any]:
    if isinstance(space, spaces.Dict):
        parts = {name: _joining(part) for name, part in space.spaces.items()}
        return lambda taken: {name: join([one[name] for one in taken]) for name, join in parts.items()}
    if isinstance(space, spaces.Text):
        return tuple
    dtype, shape = space.dtype, space.shape or ()
    return lambda taken: np.array(taken, dtype).reshape(-1, *shape)
