"""What a competent person writes by hand for many simulators: a pool of threads; one thread, all writes first."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.written import Action, Observation, PipeEnv

__all__ = ["PoolEnvs", "WrittenEnvs"]

THREADS = 64
Batch = tuple[Observation, Observation]


class PoolEnvs:
    """A hand-written environment for each seat, stepped by as many threads, up to 64."""

    def __init__(self, command: list[str], seats: int) -> None:
        self.envs = [PipeEnv(*command) for _ in range(seats)]
        self.pool = ThreadPoolExecutor(min(seats, THREADS))

    def reset(self) -> None:
        for env in self.envs:
            env.reset()

    def step(self, actions: Iterable[Action]) -> Batch:
        results = list(self.pool.map(PipeEnv.step, self.envs, actions))
        return np.stack([result[0] for result in results]), np.array([result[1] for result in results])

    def close(self) -> None:
        self.pool.shutdown()
        for env in self.envs:
            env.close()


class WrittenEnvs:
    """All in one thread: each simulator is told its action before the first answer is read."""

    def __init__(self, command: list[str], seats: int) -> None:
        self.envs = [PipeEnv(*command) for _ in range(seats)]

    def reset(self) -> None:
        for env in self.envs:
            env.reset()

    def step(self, actions: np.ndarray[Any, Any]) -> Batch:
        envs = self.envs
        for env, number in zip(envs, actions[:, 0].tolist(), strict=True):
            os.write(env.sender, b"%.3f\n" % number)
        observations = np.array([[float(word) for word in _line(env.receiver).split()] for env in envs])
        return observations, -np.abs(observations[:, 0])

    def close(self) -> None:
        for env in self.envs:
            env.close()


def _line(receiver: int) -> bytes:
    answer = os.read(receiver, 4096)
    while not answer.endswith(b"\n"):
        more = os.read(receiver, 4096)
        if not more:
            raise EOFError(answer)
        answer += more
    return answer
