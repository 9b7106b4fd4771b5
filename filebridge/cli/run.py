"""``filebridge run``: a random agent, in one seat or in many, and the figures of its episodes."""

from __future__ import annotations

from random import randrange
from typing import Annotated

import typer

from filebridge.cli.arguments import AsJson, Seed, Target, Warm
from filebridge.cli.failures import reported
from filebridge.cli.wanted import Wanted

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge run Lander
  filebridge run my_simulator.yaml --episodes 100 --seed 7
  filebridge run my_simulator.yaml --seconds 60 --steps-per-training 1e7 --json
  filebridge run my_simulator.yaml --num-envs 64 --seconds 20"""
EPISODES = 10
TRAINING = 1e6


Episodes = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help=f"Episodes to run, of all seats together; without --seconds {EPISODES}, and one for each seat at least.",
        show_default=False,
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="S",
        help="Stop after this time, whatever has ended by then; with --num-envs it counts once all have begun.",
    ),
]
NumEnvs = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Seats: so many simulators side by side, stepped from one thread.", show_default=False
    ),
]
WaitFor = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="K",
        help="With --num-envs: step those that are ready as soon as they are K, instead of all together.",
        show_default=False,
    ),
]
Training = Annotated[float, typer.Option(min=1.0, max=1e15, metavar="STEPS", help="Training whose time is estimated.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Go on after a failed episode; by default the first one ends the run.")
]
Render = Annotated[bool, typer.Option("--render", help="Show what the simulator says in each step.")]


def command(
    target: Target,
    episodes: Episodes = None,
    seconds: Seconds = None,
    seed: Seed = None,
    num_envs: NumEnvs = None,
    wait_for: WaitFor = None,
    warm: Warm = None,
    steps_per_training: Training = TRAINING,
    keep_going: KeepGoing = False,
    as_json: AsJson = False,
    render: Render = False,
) -> None:
    """Let a random agent play, and measure: episodes, returns, endings, the time of steps and resets.

    With --num-envs it plays in many seats at once; then it says what limits the throughput: the simulators, this
    process, or the cores of the machine.

    Ctrl-C ends the run and shows what there is by then, with exit code 130.
    """
    if num_envs is None and wait_for is not None:
        raise typer.BadParameter("it is about the seats of --num-envs", param_hint="--wait-for")
    if num_envs is not None and render:
        raise typer.BadParameter("it shows one simulator: leave out --num-envs", param_hint="--render")
    if episodes is None and seconds is None:
        episodes = max(EPISODES, num_envs or 1)
    wanted = Wanted(
        seed=randrange(2**31) if seed is None else seed,
        is_seeded=seed is not None,
        episodes=episodes,
        seconds=seconds,
        warm=warm,
        training_steps=int(steps_per_training),
        keep_going=keep_going,
        as_json=as_json,
        render=render,
        num_envs=num_envs or 1,
        wait_for=wait_for,
    )
    with reported():
        code = _run(target, wanted, together=num_envs is not None)
    raise typer.Exit(code)


def _run(target: str, wanted: Wanted, together: bool) -> int:
    if together:
        from filebridge.cli.run_many import run_many

        return run_many(target, wanted)
    from filebridge.cli.run_one import run_one

    return run_one(target, wanted)
