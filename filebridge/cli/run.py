"""``filebridge run``: a random agent, and the figures of its episodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import randrange
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from filebridge.cli.arguments import AsJson, Seed, Target
from filebridge.cli.failures import FAILED, INTERRUPTED, exit_code, reported, tell

if TYPE_CHECKING:
    from filebridge.config.model import Config
    from filebridge.report import Trial

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge run Lander
  filebridge run my_simulator.yaml --episodes 100 --seed 7
  filebridge run my_simulator.yaml --seconds 60 --steps-per-training 1e7 --json"""
EPISODES = 10
TRAINING = 1e6


def command(
    target: Target,
    episodes: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"Episodes to run; {EPISODES} without --seconds.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, metavar="S", help="Stop after this time, whatever has ended by then.")
    ] = None,
    seed: Seed = None,
    steps_per_training: Annotated[
        float, typer.Option(min=1.0, max=1e15, metavar="STEPS", help="Training whose time is estimated.")
    ] = TRAINING,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on after a failed episode; by default the first one ends the run.")
    ] = False,
    as_json: AsJson = False,
    render: Annotated[bool, typer.Option("--render", help="Show what the simulator says in each step.")] = False,
) -> None:
    """Let a random agent play, and measure: episodes, returns, endings, the time of steps and resets.

    Ctrl-C ends the run and shows what there is by then, with exit code 130.
    """
    with reported(), ExitStack() as stack:
        used_seed = randrange(2**31) if seed is None else seed
        trial = stack.enter_context(_trial(target, used_seed, "ansi" if render else None))
        if seed is not None:
            _note_of_seed(trial.env.program.config)
        wanted = EPISODES if episodes is None and seconds is None else episodes
        begun = perf_counter()
        code = _run(trial, wanted, seconds, keep_going, render, as_json)
        _show(trial, perf_counter() - begun, int(steps_per_training), as_json)
        if trial.failure is not None:
            tell(trial.failure)
            code = code or exit_code(trial.failure) or FAILED
    raise typer.Exit(code)


def _note_of_seed(config: Config) -> None:
    if config.simulator.seed is None:
        drawn = any(variable.draw for variable in config.variables.values())
        chosen = "the actions and the variables that are drawn" if drawn else "the actions"
        typer.echo(f"note: {config.name} has no seed: --seed chooses {chosen} only", err=True)


@contextmanager
def _trial(target: str, seed: int, render_mode: str | None) -> Iterator[Trial]:
    import warnings

    from filebridge.env import BridgeEnv, SeedWarning
    from filebridge.report import Trial

    env = BridgeEnv(target, render_mode)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SeedWarning)
            yield Trial(env, seed)
    finally:
        env.close()


def _run(
    trial: Trial, episodes: int | None, seconds: float | None, keep_going: bool, render: bool, as_json: bool
) -> int:
    """Run ``trial`` until it has what was asked for; return the exit code so far, 130 for an interrupt."""
    from filebridge.cli.progress import Progress

    until = None if seconds is None else perf_counter() + seconds
    with Progress(trial, episodes, seconds, shown=not render) as progress:
        try:
            for ended in trial.steps():
                if render:
                    _render(trial, to_stderr=as_json)
                progress.update()
                if _is_enough(trial, ended, episodes, until, keep_going):
                    return 0
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _is_enough(trial: Trial, ended: bool, episodes: int | None, until: float | None, keep_going: bool) -> bool:
    if ended and (len(trial.episodes) == episodes or (trial.failure is not None and not keep_going)):
        return True
    return until is not None and perf_counter() >= until


def _render(trial: Trial, to_stderr: bool) -> None:
    from filebridge.cli.texts import line as visible

    for line in (trial.env.render() or "").splitlines():
        typer.echo(visible(line).rstrip(), err=to_stderr)


def _show(trial: Trial, elapsed: float, training_steps: int, as_json: bool) -> None:
    from dataclasses import asdict

    from filebridge.cli.display import output_console
    from filebridge.cli.run_tables import tables
    from filebridge.cli.texts import as_json as json_text
    from filebridge.report import measured

    result = measured(trial, elapsed, training_steps)
    if as_json:
        typer.echo(json_text(asdict(result)))
        return
    console = output_console()
    for table in tables(result):
        console.print(table)
