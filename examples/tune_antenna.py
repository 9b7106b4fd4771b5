"""Find the dipole that fits a frequency and a cable, by random search on the solver nec2c.

    python examples/tune_antenna.py
    python examples/tune_antenna.py --frequency 250 --cable 50 --trials 1000 --seats 8

Each trial is a run of nec2c on a deck with the length and the radius that were drawn; as many runs as there are seats
go on at the same time. The first fifth of the trials is drawn from everywhere, the others around the best one so far,
closer and closer. It needs `apt-get install nec2c` and `pip install matplotlib`.

What is made small is the standing wave ratio, SWR: 1 where the antenna sends nothing back into the cable.
"""

import argparse
from time import monotonic

import gymnasium as gym
import matplotlib
import numpy as np
from gymnasium.vector import AutoresetMode
from matplotlib.figure import Figure
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import filebridge  # noqa: F401  registers filebridge/Dipole-v0

EVERYWHERE = 0.2  # part of the trials that are drawn from the whole space
WIDE, CLOSE = 0.2, 0.005  # spread around the best design at first and at last, as parts of the space


class Search:
    """Draws designs and remembers them: ``designs`` (half length and radius in m) and the ``ratios`` they had."""

    def __init__(self, space: gym.spaces.Box, trials: int, seed: int) -> None:
        self.low, self.high, self.trials = space.low, space.high, trials
        self.generator = np.random.default_rng(seed)
        self.designs, self.ratios = np.empty((0, 2)), np.empty(0)

    @property
    def best(self) -> int:
        return int(self.ratios.argmin())

    def draw(self, count: int) -> np.ndarray:
        done = len(self.ratios) / self.trials
        if done < EVERYWHERE:
            return self.generator.uniform(self.low, self.high, (count, 2))
        spread = WIDE * (CLOSE / WIDE) ** ((done - EVERYWHERE) / (1 - EVERYWHERE))
        drawn = self.generator.normal(self.designs[self.best], spread * (self.high - self.low), (count, 2))
        return drawn.clip(self.low, self.high)

    def learn(self, designs: np.ndarray, ratios: np.ndarray) -> None:
        self.designs, self.ratios = np.vstack([self.designs, designs]), np.append(self.ratios, ratios)


def tune(envs: gym.vector.VectorEnv, search: Search, wanted: dict[str, float], until: float) -> None:
    """Try designs in all seats at once until there were enough of them, or the time is over."""
    swr = 4  # of an observation: frequency, cable, resistance, reactance, swr
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("trials"), TimeElapsedColumn()
    envs.reset(options=wanted)
    with Progress(*columns, TextColumn("{task.fields[now]}")) as progress:
        bar = progress.add_task("", total=search.trials, now="")
        while len(search.ratios) < search.trials and monotonic() < until:
            designs = search.draw(envs.num_envs).astype(np.float32)
            observations, _, terminations, truncations, _ = envs.step(designs)
            search.learn(designs, observations[:, swr])
            ended = terminations | truncations
            if ended.any():
                # An episode that begins by itself would draw a frequency: with DISABLED it begins here, with this one.
                envs.reset(options={**wanted, "reset_mask": ended})
            progress.update(bar, completed=len(search.ratios), now=f"best SWR {search.ratios.min():.3f}")


def draw(search: Search, title: str, path: str) -> None:
    """Draw where was searched, and how the best design became better."""
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters stay letters: the file is half as large
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    places, course = figure.subplots(1, 2)
    half, radius = search.designs.T * 1000
    dots = places.scatter(half, radius, 8, np.log10(search.ratios), cmap="viridis_r", rasterized=True)
    places.plot(half[search.best], radius[search.best], "r*", markersize=12)
    places.set(xlabel="half length, mm", ylabel="radius, mm", title=title)
    figure.colorbar(dots, ax=places, label="log10 of the SWR")
    course.semilogy(search.ratios - 1, ".", markersize=3, color="0.7", label="each trial")
    course.semilogy(np.minimum.accumulate(search.ratios) - 1, label="the best so far")
    course.set(xlabel="trial", ylabel="SWR - 1")
    course.grid(alpha=0.3)
    course.legend(frameon=False)
    figure.savefig(path, dpi=150)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--frequency", type=float, default=300, help="in MHz, 200 to 400 [%(default)s]")
    add("--cable", type=float, default=75, help="impedance of the cable in ohm, 25 to 600 [%(default)s]")
    add("--trials", type=int, default=400, help="runs of nec2c [%(default)s]")
    add("--seconds", type=float, default=300, help="end the search after this time [%(default)s]")
    add("--seats", type=int, default=4, help="runs at the same time [%(default)s]")
    add("--seed", type=int, default=1, help="equal seeds give equal searches [%(default)s]")
    add("--picture", default="tune_antenna.svg", help="where the picture goes: .svg or .png [%(default)s]")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    envs = gym.make_vec("filebridge/Dipole-v0", num_envs=given.seats, autoreset_mode=AutoresetMode.DISABLED)
    search, began = Search(envs.single_action_space, given.trials, given.seed), monotonic()
    tune(envs, search, {"frequency": given.frequency, "cable": given.cable}, began + given.seconds)
    envs.close()
    if not len(search.ratios):
        raise SystemExit("nothing was tried: give it more --trials or --seconds")
    half, radius = search.designs[search.best] * 1000
    print(f"{len(search.ratios)} trials in {monotonic() - began:.1f} s; first SWR {search.ratios[0]:.2f}")
    print(f"best: half length {half:.1f} mm, radius {radius:.2f} mm, SWR {search.ratios.min():.3f}")
    draw(search, f"dipoles for {given.frequency:g} MHz at {given.cable:g} ohm", given.picture)
    print(f"the picture of the search is {given.picture}")


if __name__ == "__main__":
    main()
