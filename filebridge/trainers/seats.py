"""What a vector environment lets one do with single seats of it: read, set, call, ask for wrappers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gymnasium import Wrapper
from gymnasium.vector import VectorEnv, VectorWrapper

from filebridge.errors import UsageError

__all__ = ["Seats"]


class Seats:
    """The seats of a vector environment, by their numbers.

    Gymnasium's own vector environments hold an environment for each seat, or reach one in another process. Where there
    is none, what is asked of a seat is asked of the vector environment.
    """

    def __init__(self, vector: VectorEnv[Any, Any, Any]) -> None:
        self._vector = vector
        self._base: Any = vector.unwrapped
        self._envs: Sequence[Any] = getattr(self._base, "envs", ())

    def get(self, name: str, seats: Sequence[int]) -> list[Any]:
        """Return the attribute ``name`` of each of ``seats``; AttributeError where there is none."""
        if self._envs:
            return [self._envs[seat].get_wrapper_attr(name) for seat in seats]
        if hasattr(self._base, "get_attr"):
            values = self._base.get_attr(name)
            return [values[seat] for seat in seats]
        return [getattr(self._vector, name)] * len(seats)

    def set(self, name: str, value: Any, seats: Sequence[int]) -> None:
        """Set the attribute ``name`` of each of ``seats``; UsageError where it can be set for all of them only."""
        if self._envs:
            for seat in seats:
                self._envs[seat].set_wrapper_attr(name, value)
        elif hasattr(self._base, "set_attr"):
            every = self._are_all(seats)
            values = [value] * self._vector.num_envs if every else list(self._base.get_attr(name))
            for seat in seats:
                values[seat] = value
            self._base.set_attr(name, values)
        else:
            self._want_all(seats, f"{name!r} is an attribute of the whole vector environment")
            setattr(self._base, name, value)

    def call(self, name: str, seats: Sequence[int], *args: Any, **kwargs: Any) -> list[Any]:
        """Call the method ``name`` of each of ``seats`` and return what they return.

        Raises:
            UsageError: the seats have no methods of their own, or can be called all together only.
        """
        if name == "render":
            frames = self._vector.render() or [None] * self._vector.num_envs
            return [frames[seat] for seat in seats]
        if self._envs:
            return [self._envs[seat].get_wrapper_attr(name)(*args, **kwargs) for seat in seats]
        kind = type(self._base).__name__
        if not hasattr(self._base, "call"):
            cure = f"if it is a method of the whole, call it there: envs.vector.{name}(...)"
            raise UsageError(f"a seat of {kind} has no method {name!r}", cure=cure)
        self._want_all(seats, f"{kind} calls a method of all seats together")
        returned = self._base.call(name, *args, **kwargs)
        return [returned[seat] for seat in seats]

    def are_wrapped(self, kind: type[Any], seats: Sequence[int]) -> list[bool]:
        """Return for each of ``seats`` whether it, or the vector environment, is in a wrapper of this kind."""
        if _is_in(self._vector, kind, VectorWrapper):
            return [True] * len(seats)
        return [bool(self._envs) and _is_in(self._envs[seat], kind, Wrapper) for seat in seats]

    def _are_all(self, seats: Sequence[int]) -> bool:
        return len(set(seats)) == self._vector.num_envs

    def _want_all(self, seats: Sequence[int], what: str) -> None:
        if not self._are_all(seats):
            raise UsageError(what, found=f"seats {list(seats)} of {self._vector.num_envs}", cure="leave `indices` out")


def _is_in(env: Any, kind: type[Any], layer: type[Any]) -> bool:
    while isinstance(env, layer):
        if isinstance(env, kind):
            return True
        env = env.env
    return False
