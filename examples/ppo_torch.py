"""Train a lander with PPO in one file of plain PyTorch.

    python examples/ppo_torch.py
    python examples/ppo_torch.py --steps 20000 --seed 3 --picture curve.svg

Everything is here to be read and changed: the network, the scaling of what it sees, the advantages, the loss. It needs
`pip install torch matplotlib`. The agent pays for a landing with its speed at the touchdown, in ft/s; an untrained one
comes down at 107 ft/s, one of 100 000 steps at 1 to 3. That takes some minutes on two cores.

Proximal policy optimisation is by Schulman et al., 2017; generalised advantages are by the same, 2015.
"""

import argparse
from time import monotonic

import gymnasium as gym
import matplotlib
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from matplotlib.figure import Figure
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

import filebridge  # noqa: F401  registers filebridge/Lander-v0

ROLLOUT = 64  # steps of each simulator between two updates
EPOCHS, BATCH = 10, 128
RATE = 2e-3  # of learning; it falls to nothing towards the end
GAMMA, LAMBDA = 1.0, 0.98  # an episode is short, so nothing is discounted
CLIP, VALUE_WEIGHT, LARGEST_GRADIENT = 0.2, 0.5, 0.5


def make(num_envs: int) -> gym.vector.VectorEnv:
    """Return simulators that begin the next episode in the step that ends one, in a process started ahead (`warm`)."""
    mode = AutoresetMode.SAME_STEP
    return gym.make_vec("filebridge/Lander-v0", num_envs=num_envs, autoreset_mode=mode, warm=num_envs)


class Scale:
    """The running mean and variance of what was seen: networks want numbers of about the size 1."""

    def __init__(self, *shape: int) -> None:
        self.mean, self.variance, self.count = np.zeros(shape), np.ones(shape), 1e-4

    def see(self, values: np.ndarray) -> None:
        count = self.count + len(values)
        off = values.mean(axis=0) - self.mean
        squares = self.variance * self.count + values.var(axis=0) * len(values)
        self.variance = (squares + off**2 * self.count * len(values) / count) / count
        self.mean, self.count = self.mean + off * len(values) / count, count

    def scaled(self, values: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.clip((values - self.mean) / np.sqrt(self.variance + 1e-8), -10, 10), dtype=torch.float32)


class Agent(nn.Module):
    """Two networks: one says how to act, as a normal distribution around its answer, one what it will be worth."""

    def __init__(self, observation: gym.spaces.Box, action: gym.spaces.Box) -> None:
        super().__init__()
        self.low, self.high = action.low, action.high
        self.actor = network(observation.shape[0], action.shape[0], 0.01)
        self.critic = network(observation.shape[0], 1, 1.0)
        self.spread = nn.Parameter(torch.full(action.shape, -0.5))

    def policy(self, observations: torch.Tensor) -> torch.distributions.Independent:
        normal = torch.distributions.Normal(self.actor(observations), self.spread.exp())
        return torch.distributions.Independent(normal, 1)

    def value(self, observations: torch.Tensor) -> torch.Tensor:
        return self.critic(observations).squeeze(-1)

    def command(self, actions: torch.Tensor) -> np.ndarray:
        """Return the simulators' actions: what the network calls -1 to 1 is all that the simulator can do."""
        share = (actions.numpy().clip(-1, 1) + 1) / 2
        return (self.low + share * (self.high - self.low)).clip(self.low, self.high)


def network(inputs: int, outputs: int, gain: float) -> nn.Sequential:
    layers = [nn.Linear(inputs, 64), nn.Linear(64, 64), nn.Linear(64, outputs)]
    for layer, size in zip(layers, (2**0.5, 2**0.5, gain), strict=True):
        nn.init.orthogonal_(layer.weight, size)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


class Runner:
    """The simulators and what has been seen of them: it plays, and remembers each episode's return."""

    def __init__(self, envs: gym.vector.VectorEnv, agent: Agent, seed: int) -> None:
        self.envs, self.agent = envs, agent
        self.seen, self.worth = Scale(*envs.single_observation_space.shape), Scale()
        self.returns = np.zeros(envs.num_envs)  # of the episodes under way
        self.steps, self.episodes = 0, []  # (step at which it ended, return)
        first, _ = envs.reset(seed=seed)
        self.seen.see(first)
        self.observations = self.seen.scaled(first)

    @torch.no_grad()
    def play(self) -> dict[str, torch.Tensor]:
        """Play ROLLOUT steps with each simulator and return what is to be learnt from them, as flat tensors."""
        shape = ROLLOUT, self.envs.num_envs
        observations = torch.zeros(*shape, *self.envs.single_observation_space.shape)
        actions = torch.zeros(*shape, *self.envs.single_action_space.shape)
        likelihoods, values, rewards, after = (torch.zeros(shape) for _ in range(4))
        ended = torch.zeros(shape)
        for step in range(ROLLOUT):
            policy = self.agent.policy(self.observations)
            observations[step], values[step] = self.observations, self.agent.value(self.observations)
            actions[step] = policy.sample()
            likelihoods[step] = policy.log_prob(actions[step])
            rewards[step], after[step], ended[step] = self.step(self.agent.command(actions[step]))
        gains = advantages(rewards, values, after, ended)
        rows = {"observations": observations, "actions": actions, "likelihoods": likelihoods}
        rows |= {"advantages": gains, "returns": gains + values}
        return {name: rows[name].flatten(0, 1) for name in rows}

    def step(self, actions: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Step; return scaled rewards, the value of what came after each, and where episodes ended."""
        found, rewards, terminations, truncations, infos = self.envs.step(actions)
        ended = terminations | truncations
        self.steps += self.envs.num_envs
        self.returns += rewards
        self.worth.see(self.returns)
        self.episodes += [(self.steps, total) for total in self.returns[ended]]
        self.returns[ended] = 0
        # The next episode has begun: `found` is its first observation. What the old one ended with is here.
        reached = found.copy()
        if ended.any():
            reached[ended] = np.stack(infos["final_obs"][ended])
        # A landing is worth no more than its reward; an episode that was cut off would have gone on.
        after = self.agent.value(self.seen.scaled(reached)) * torch.tensor(~terminations)
        self.seen.see(found)
        self.observations = self.seen.scaled(found)
        return torch.tensor(rewards / np.sqrt(self.worth.variance + 1e-8)), after, torch.tensor(ended)


def advantages(rewards: torch.Tensor, values: torch.Tensor, after: torch.Tensor, ended: torch.Tensor) -> torch.Tensor:
    """Return how much better each action was than what was expected, over the steps to come."""
    gains, gain = torch.zeros_like(rewards), torch.zeros(rewards.shape[1])
    for step in reversed(range(len(rewards))):
        surprise = rewards[step] + GAMMA * after[step] - values[step]
        gain = surprise + GAMMA * LAMBDA * (1 - ended[step]) * gain
        gains[step] = gain
    return gains


def learn(agent: Agent, optimizer: torch.optim.Optimizer, rows: dict[str, torch.Tensor]) -> None:
    """Make good actions likelier, but none much likelier than it was when it was tried."""
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows["returns"])).split(BATCH):
            some = {name: rows[name][batch] for name in rows}
            gain = (some["advantages"] - some["advantages"].mean()) / (some["advantages"].std() + 1e-8)
            ratio = (agent.policy(some["observations"]).log_prob(some["actions"]) - some["likelihoods"]).exp()
            better = torch.min(ratio * gain, ratio.clamp(1 - CLIP, 1 + CLIP) * gain).mean()
            wrong = (agent.value(some["observations"]) - some["returns"]).square().mean()
            optimizer.zero_grad()
            (VALUE_WEIGHT * wrong - better).backward()
            nn.utils.clip_grad_norm_(agent.parameters(), LARGEST_GRADIENT)
            optimizer.step()


@torch.no_grad()
def mean_return(envs: gym.vector.VectorEnv, agent: Agent, seen: Scale, seed: int, episodes: int) -> float:
    """Return what the agent earns when it tries nothing new: the first episodes of each seat, begun from this seed."""
    share = -(-episodes // envs.num_envs)
    observations, _ = envs.reset(seed=seed)
    finished, earned, totals = np.zeros(envs.num_envs, int), np.zeros(envs.num_envs), []
    while finished.min() < share:
        actions = agent.command(agent.actor(seen.scaled(observations)))
        observations, rewards, terminations, truncations, _ = envs.step(actions)
        earned += rewards
        ended = terminations | truncations
        totals += earned[ended & (finished < share)].tolist()
        finished, earned = finished + ended, earned * ~ended
    return float(np.mean(totals))


def train(runner: Runner, steps: int, seconds: float) -> None:
    """Play and learn in turn until so many steps are done or so much time has passed, and show how it goes."""
    optimizer = torch.optim.Adam(runner.agent.parameters(), RATE, eps=1e-5)
    until = monotonic() + seconds
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("steps"), TimeElapsedColumn()
    with Progress(*columns, TextColumn("{task.fields[now]}")) as progress:
        bar = progress.add_task("", total=steps, now="")
        while runner.steps < steps and monotonic() < until:
            optimizer.param_groups[0]["lr"] = RATE * (1 - runner.steps / steps)
            learn(runner.agent, optimizer, runner.play())
            recent = [total for _, total in runner.episodes[-100:]]
            now = f"mean of the last {len(recent)}: {np.mean(recent):.1f}" if recent else ""
            progress.update(bar, completed=runner.steps, now=now)


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
    axes.set(xlabel="steps", ylabel="return", title="filebridge/Lander-v0, PPO in plain PyTorch")
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
    add("--picture", default="ppo_torch.svg", help="where the learning curve goes: .svg or .png [%(default)s]")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    torch.manual_seed(given.seed)
    # The networks are small: more threads would only take the cores away from the simulators.
    torch.set_num_threads(1)
    envs = make(given.envs)
    agent = Agent(envs.single_observation_space, envs.single_action_space)
    before = mean_return(envs, agent, Scale(*envs.single_observation_space.shape), 10_000, given.episodes)
    runner, began = Runner(envs, agent, given.seed), monotonic()
    train(runner, given.steps, given.seconds)
    seconds = monotonic() - began
    after = mean_return(envs, agent, runner.seen, 10_000, given.episodes)
    envs.close()
    if not runner.episodes:
        raise SystemExit("no episode has ended: give it more --steps or --seconds")
    draw(runner.episodes, given.picture)
    print(f"mean return of {given.episodes} episodes: {before:.1f} before, {after:.1f} after")
    print(f"{runner.steps} steps, {len(runner.episodes)} episodes in {seconds:.0f} s; the curve is in {given.picture}")


if __name__ == "__main__":
    main()
