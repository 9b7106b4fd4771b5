"""Train an agent on the boiler: the cross-entropy method, with numpy alone.

    python examples/train.py [ROUNDS]

The agent is three numbers: how far the valve is opened, and how much more for each degree that the room is too cold
and for each degree that it is cold outside. Each round tries some of them for a day each and goes on from the best.
"""

import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

import filebridge  # noqa: F401  registers filebridge/Bridge-v0

CONFIG = Path(__file__).with_name("Boiler.yaml")
TRIES, BEST = 24, 6


def day(env: gym.Env, policy: np.ndarray) -> float:
    """Return what a day of this policy earns."""
    (_, room, outside), _ = env.reset()
    total, over = 0.0, False
    while not over:
        wanted = policy @ [1.0, 20.0 - room, 20.0 - outside]
        (_, room, outside), reward, terminated, truncated, _ = env.step(int(np.clip(round(wanted), 0, 9)))
        total += reward
        over = terminated or truncated
    return total


def main(rounds: int) -> None:
    env = gym.make("filebridge/Bridge-v0", config=CONFIG)
    env.reset(seed=1)
    generator = np.random.default_rng(1)
    mean, spread = np.zeros(3), np.ones(3)
    for number in range(1, rounds + 1):
        policies = generator.normal(mean, spread, (TRIES, 3))
        returns = np.array([day(env, policy) for policy in policies])
        best = policies[np.argsort(returns)[-BEST:]]
        mean, spread = best.mean(axis=0), best.std(axis=0) + 0.02
        print(f"round {number}: mean return {returns.mean():8.1f}, best {returns.max():8.1f}")
    env.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
