"""What a reset takes where a program needs long to start: when it is asked for, and when one waits already."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from benchmarks.bridge import configuration
from filebridge.env import BridgeEnv

__all__ = ["Ahead", "start_ahead"]

START = 0.3  # s
LEAST = 10.0
PATIENCE = 30.0  # s


@dataclass(frozen=True)
class Ahead:
    """The median times of a `reset` in s; ``least`` is the ratio of the two that is to be reached."""

    cold: float
    warm: float
    least: float = LEAST

    @property
    def ratio(self) -> float:
        """How many times as long a reset takes without one that waits."""
        return self.cold / self.warm


def start_ahead(program: str, seconds: float) -> Ahead:
    """Measure `answer.c`, the ``program``, that starts after 0.3 s; for so many ``seconds``, three resets at least."""
    return Ahead(*(_median(program, warm, seconds / 2) for warm in (0, 1)))


def _median(program: str, warm: int, seconds: float) -> float:
    command = ["/bin/sh", "-c", f'sleep {START}; exec "$$0"', program]
    made = configuration(
        command, transport={"console": {}}, start=[{"send": "0"}], step=[{"send": "{action:.3f}"}]
    )
    env = BridgeEnv(made, warm=warm)
    times: list[float] = []
    try:
        env.reset()
        while len(times) < 3 or sum(times) + len(times) * START * warm < seconds:
            _wait(env)
            began = time.perf_counter()
            env.reset()
            times.append(time.perf_counter() - began)
    finally:
        env.close()
    return statistics.median(times)


def _wait(env: BridgeEnv) -> None:
    """Wait until all that are to wait for an episode have started, as they do while the one before goes on."""
    pool, until = env.session.pool, time.monotonic() + PATIENCE
    while pool is not None and any(spare.waits for spare in pool.spares):
        if time.monotonic() > until:
            raise SystemExit(f"a simulator that starts in {START} s has not started after {PATIENCE:g} s")
        time.sleep(0.005)
        pool.poke()
