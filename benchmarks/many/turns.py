"""The process of one contestant: it starts its seats and takes its turns, so many seconds for each line on its input.

    python -m benchmarks.many.turns NAME SEATS PROGRAM [ARGUMENT...]     prints "started", then "STEPS SECONDS" for each
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import numpy as np

from benchmarks.many.contestants import CONTESTANTS
from benchmarks.tasks import CONSTANTS

__all__ = ["InStep", "Ready"]

BATCHES = 64
CHECKED = 2
DRAWN = np.random.default_rng(1)
Array = np.ndarray[Any, Any]


class InStep:
    """Takes steps of all seats together; ``envs`` has a `reset` and a `step` of Gymnasium or Stable-Baselines3."""

    def __init__(self, name: str, envs: Any, seats: int) -> None:
        self.name = name
        self.envs = envs
        self.seats = seats
        numbers = DRAWN.uniform(0.001, 1, (BATCHES, seats, 1))
        numbers[:, 1:] *= -1
        self.actions = [*numbers.astype(np.float32)]

    def check(self) -> None:
        """Make sure that each seat answers what it was asked; SystemExit if not."""
        for actions in self.actions[:CHECKED]:
            self._compare(actions, *self.once(actions))

    def once(self, actions: Array) -> tuple[Array, Array]:
        """Return the observations and the rewards of one step."""
        observations, rewards = self.envs.step(actions)[:2]
        return observations, rewards

    def turn(self, seconds: float) -> tuple[int, float]:
        """Take steps for ``seconds``; return how many of all seats, and how long it took in s."""
        step, actions, clock, steps = self.envs.step, self.actions, time.perf_counter, 0
        began = clock()
        while True:
            step(actions[steps % BATCHES])
            steps += 1
            elapsed = clock() - began
            if elapsed >= seconds:
                return steps * self.seats, elapsed

    def _compare(self, actions: Array, observations: Array, rewards: Array) -> None:
        expected = [[float(f"{number:.3f}"), *CONSTANTS] for number in actions[:, 0]]
        # Stable-Baselines3 has rewards of single precision.
        right = np.array_equal(observations, expected) and np.allclose(rewards, -abs(observations[:, 0]), atol=1e-6)
        if not right:
            raise SystemExit(f"{self.name} answers {actions!r} with {observations!r}, {rewards!r}")


class Ready(InStep):
    """Sends each seat its next action as soon as it has answered."""

    def once(self, actions: Array) -> tuple[Array, Array]:
        self.envs.send(actions)
        observations, rewards, left = np.empty((self.seats, 6)), np.empty(self.seats), self.seats
        while left:
            received = self.envs.recv()
            observations[received.seats], rewards[received.seats] = received.observations, received.rewards
            left -= len(received.seats)
        return observations, rewards

    def turn(self, seconds: float) -> tuple[int, float]:
        send, recv, actions, clock, steps, times = self.envs.send, self.envs.recv, self.actions, time.perf_counter, 0, 0
        began = clock()
        send(actions[0])
        while True:
            seats = recv().seats
            steps += len(seats)
            times += 1
            elapsed = clock() - began
            if elapsed >= seconds:
                break
            send(actions[times % BATCHES][seats], seats)
        left = self.seats - len(seats)
        while left:
            left -= len(recv().seats)
        return steps, elapsed


def main(name: str, seats: int, command: list[str]) -> None:
    """Take turns until the input ends."""
    # Hundreds of pipes; a user raises it by `ulimit -n`.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    contestant = CONTESTANTS[name]
    assert contestant.make is not None
    envs = contestant.make(command, seats)
    try:
        envs.reset()
        driver = (Ready if contestant.way == "ready" else InStep)(name, envs, seats)
        driver.check()
        print("started", flush=True)
        for line in sys.stdin:
            steps, elapsed = driver.turn(float(line))
            print(steps, elapsed, flush=True)
    finally:
        envs.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
