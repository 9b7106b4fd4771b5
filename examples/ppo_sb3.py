"""Train a lander with PPO of Stable-Baselines3.

    python examples/ppo_sb3.py
    python examples/ppo_sb3.py --steps 20000 --seed 3 --picture curve.png

`filebridge.trainers.sb3.make_vec` gives what every algorithm of Stable-Baselines3 takes. Two things matter besides: the
actions are rescaled to -1 to 1, and observations and rewards to about the size 1. It needs
`pip install 'filebridge[sb3]' matplotlib`. The agent pays for a landing with its speed at the touchdown, in ft/s; an
untrained one comes down at 107 ft/s, one of 100 000 steps at 1 to 3. That takes some minutes on two cores.
"""

import argparse
from functools import partial
from time import monotonic

import matplotlib
import numpy as np
import torch
from gymnasium.wrappers.vector import RescaleAction
from matplotlib.figure import Figure
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from filebridge.trainers.sb3 import make_vec

RATE = 2e-3
SETTINGS = {
    "n_steps": 64,  # of each simulator between two updates
    "batch_size": 128,
    "n_epochs": 10,
    "gamma": 1.0,  # an episode is short, so nothing is discounted
    "gae_lambda": 0.98,
    "learning_rate": lambda left: RATE * left,  # `left` of the training falls from 1 to 0
    "policy_kwargs": {"log_std_init": -0.5},
}


def make(num_envs: int) -> VecEnv:
    """Return simulators whose actions go from -1 to 1; the process of the next episode is started ahead (`warm`)."""
    rescaled = partial(RescaleAction, min_action=np.float32(-1), max_action=np.float32(1))
    return make_vec("filebridge/Lander-v0", num_envs, wrappers=[rescaled], warm=num_envs)


class Watch(BaseCallback):
    """Shows how it goes, keeps each episode's return, and ends the training when the time is over."""

    def __init__(self, steps: int, seconds: float) -> None:
        super().__init__()
        self.steps, self.seconds, self.until = steps, seconds, monotonic() + seconds
        self.episodes: list[tuple[int, float]] = []  # (step at which it ended, return)
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("steps"), TimeElapsedColumn()
        self.progress = Progress(*columns, TextColumn("{task.fields[now]}"))
        self.bar = self.progress.add_task("", total=steps, now="")

    def _on_training_start(self) -> None:
        self.progress.start()

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.episodes.append((self.num_timesteps, float(info["episode"]["r"])))
        return monotonic() < self.until

    def _on_rollout_end(self) -> None:
        recent = [total for _, total in self.episodes[-100:]]
        now = f"mean of the last {len(recent)}: {np.mean(recent):.1f}" if recent else ""
        self.progress.update(self.bar, completed=self.num_timesteps, now=now)

    def _on_training_end(self) -> None:
        self.progress.stop()


def mean_return(model: PPO, envs: VecNormalize, seed: int, episodes: int) -> float:
    """Return what the agent earns when it tries nothing new, in episodes begun from this seed."""
    envs.training = False  # what is seen now shall not change the scale
    envs.seed(seed)
    mean, _ = evaluate_policy(model, envs, episodes)
    envs.training = True
    return mean


def draw(episodes: list[tuple[int, float]], path: str) -> None:
    """Draw the returns over the steps: each of up to 60 parts of the training by its mean and its middle 80%."""
    parts = np.array_split(np.array(episodes), min(60, len(episodes)))
    steps = [part[-1, 0] for part in parts]
    low, high = np.array([np.quantile(part[:, 1], (0.1, 0.9)) for part in parts]).T
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters stay letters: the file is half as large
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(steps, low, high, alpha=0.25, linewidth=0, label="80% of the episodes")
    axes.plot(steps, [part[:, 1].mean() for part in parts], label="mean")
    axes.set(xlabel="steps", ylabel="return", title="filebridge/Lander-v0, PPO of Stable-Baselines3")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    figure.savefig(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=int, default=100_000, help="steps of training, all simulators together [%(default)s]")
    add("--seconds", type=float, default=300, help="end the training after this time [%(default)s]")
    add("--envs", type=int, default=8, help="simulators that fly at the same time [%(default)s]")
    add("--seed", type=int, default=1, help="equal seeds give equal trainings [%(default)s]")
    add("--episodes", type=int, default=64, help="episodes flown before and after, to judge [%(default)s]")
    add("--picture", default="ppo_sb3.svg", help="where the learning curve goes: .svg or .png [%(default)s]")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    # The networks are small: more threads would only take the cores away from the simulators.
    torch.set_num_threads(1)
    envs = VecNormalize(make(given.envs), gamma=SETTINGS["gamma"])
    model = PPO("MlpPolicy", envs, seed=given.seed, device="cpu", **SETTINGS)
    before = mean_return(model, envs, 10_000, given.episodes)
    envs.seed(given.seed)
    watch, began = Watch(given.steps, given.seconds), monotonic()
    model.learn(given.steps, callback=watch)
    seconds = monotonic() - began
    after = mean_return(model, envs, 10_000, given.episodes)
    envs.close()
    if not watch.episodes:
        raise SystemExit("no episode has ended: give it more --steps or --seconds")
    draw(watch.episodes, given.picture)
    print(f"mean return of {given.episodes} episodes: {before:.1f} before, {after:.1f} after")
    done = f"{model.num_timesteps} steps, {len(watch.episodes)} episodes in {seconds:.0f} s"
    print(f"{done}; the curve is in {given.picture}")


if __name__ == "__main__":
    main()
