"""The copies of one environment, as Gymnasium's vector environments show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from filebridge.env import BridgeEnv
from filebridge.errors import UsageError

__all__ = ["Copies"]


class Copies(VectorEnv[Any, Any, Any]):
    """Attributes, calls, frames and generators of the environments ``envs``, one for each seat."""

    envs: Sequence[BridgeEnv]

    def render(self) -> tuple[Any, ...] | None:
        """Return a frame of each seat; None without a render mode."""
        return None if self.render_mode is None else tuple(env.render() for env in self.envs)

    def action_masks(self) -> NDArray[np.bool_]:
        """Return which choices may be taken now in each seat, a fresh array of bool, shape (num_envs, choices).

        Raises UsageError where the configuration has no ``mask``.
        """
        return np.stack([env.action_masks() for env in self.envs])

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return for each seat the attribute ``name`` of its environment, called if it can be."""
        found = [env.get_wrapper_attr(name) for env in self.envs]
        return tuple(one(*args, **kwargs) if callable(one) else one for one in found)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return the attribute ``name`` of each seat's environment."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set the attribute ``name`` of each seat's environment, to the same value or to one of a list for each."""
        several = values if isinstance(values, list | tuple) else [values] * self.num_envs
        if len(several) != self.num_envs:
            cure = "one value for all, or a list with one for each seat"
            raise UsageError("another number of values than of seats", found=f"{len(several)}", cure=cure)
        for env, value in zip(self.envs, several, strict=True):
            env.set_wrapper_attr(name, value)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each seat."""
        return tuple(env.np_random for env in self.envs)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each seat's generator."""
        return tuple(env.np_random_seed for env in self.envs)
