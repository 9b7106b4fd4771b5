"""Who takes part: each makes something with a `step` for all seats, from the command of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import gymnasium

from benchmarks.bridge import many_bridge
from benchmarks.many.vectors import PoolEnvs, WrittenEnvs
from benchmarks.written import PipeEnv

__all__ = ["CONTESTANTS", "Contestant", "absence"]

Command = list[str]
_CURE = (
    "pip install torch --index-url https://download.pytorch.org/whl/cpu, which takes no CUDA along, and then"
    " pip install stable-baselines3"
)


def _gymnasium(command: Command, seats: int, kind: str) -> Any:
    return getattr(gymnasium.vector, kind)([partial(PipeEnv, *command)] * seats)


def _sb3(command: Command, seats: int, kind: str, **options: str) -> Any:
    from stable_baselines3.common import vec_env  # takes seconds, and is not installed everywhere

    return getattr(vec_env, kind)([partial(PipeEnv, *command)] * seats, **options)


@dataclass(frozen=True)
class Contestant:
    """``make`` makes it from the command of a simulator and the number of seats; without, it is a ``way`` of `many.c`.

    By "step" all seats wait for each other; by "ready" each has its next action as soon as it has answered.
    ``needs`` is a package that not everybody has.
    """

    text: str
    make: Callable[[Command, int], Any] | None
    way: str = "step"
    needs: str = ""


CONTESTANTS: Mapping[str, Contestant] = {
    "bridge-step": Contestant("the bridge, one thread", many_bridge),
    "bridge-recv": Contestant("the bridge by send and recv, each seat by itself", many_bridge, way="ready"),
    "bridge-sync": Contestant("SyncVectorEnv of bridges", partial(many_bridge, vectorization_mode="sync")),
    "sync": Contestant("Gymnasium's SyncVectorEnv, hand-written pipes", partial(_gymnasium, kind="SyncVectorEnv")),
    "async": Contestant("Gymnasium's AsyncVectorEnv, hand-written pipes", partial(_gymnasium, kind="AsyncVectorEnv")),
    "sb3-dummy": Contestant(
        "Stable-Baselines3's DummyVecEnv, hand-written pipes",
        partial(_sb3, kind="DummyVecEnv"),
        needs="stable_baselines3",
    ),
    # Forked: its workers start fastest, and none of them imports torch again.
    "sb3-subproc": Contestant(
        "Stable-Baselines3's SubprocVecEnv, hand-written pipes",
        partial(_sb3, kind="SubprocVecEnv", start_method="fork"),
        needs="stable_baselines3",
    ),
    "pool": Contestant("a ThreadPoolExecutor, hand-written pipes, up to 64 threads", PoolEnvs),
    "written": Contestant("written by hand: one thread writes to all, reads from all", WrittenEnvs),
    "c-step": Contestant("the same in C: the limit", None),
    "c-ready": Contestant("in C, each seat by itself: the limit of send and recv", None, way="ready"),
}
"""Name -> how it is made, and what it is."""


def absence(name: str) -> str:
    """Return why the contestant ``name`` cannot take part here, "" if it can."""
    needs = CONTESTANTS[name].needs
    if needs and find_spec(needs) is None:
        return f"{needs} is not installed: {_CURE}"
    return ""
