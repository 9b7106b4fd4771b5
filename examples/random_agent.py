"""Let a random agent run the boiler for some days.

    python examples/random_agent.py [EPISODES]
"""

import sys
from pathlib import Path

import gymnasium as gym

import filebridge  # noqa: F401  registers filebridge/Bridge-v0

CONFIG = Path(__file__).with_name("Boiler.yaml")


def main(episodes: int) -> None:
    env = gym.make("filebridge/Bridge-v0", config=CONFIG)
    env.action_space.seed(1)
    for episode in range(episodes):
        env.reset(seed=1 if episode == 0 else None)
        total, over = 0.0, False
        while not over:
            _, reward, terminated, truncated, info = env.step(env.action_space.sample())
            total += reward
            over = terminated or truncated
        print(f"day {episode + 1}: return {total:8.1f}, {info['gas']} units of gas")
    env.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
