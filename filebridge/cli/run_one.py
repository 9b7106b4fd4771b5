"""``filebridge run`` of one simulator."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from time import perf_counter

import typer

from filebridge.cli.display import output_console
from filebridge.cli.failures import FAILED, INTERRUPTED, exit_code, tell
from filebridge.cli.progress import Progress
from filebridge.cli.run_tables import tables
from filebridge.cli.texts import as_json as json_text
from filebridge.cli.texts import line as visible
from filebridge.cli.wanted import Wanted
from filebridge.config.model import Config
from filebridge.env import BridgeEnv, SeedWarning
from filebridge.report import Trial, measured

__all__ = ["note_of_seed", "run_one"]


def run_one(target: str, wanted: Wanted) -> int:
    """Run ``target`` and show the figures; return the exit code. Raises ConfigError and its kin."""
    env = BridgeEnv(target, "ansi" if wanted.render else None, warm=wanted.warm)
    try:
        if wanted.is_seeded:
            note_of_seed(env.program.config)
        trial = Trial(env, wanted.seed)
        begun = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SeedWarning)
            code = _run(trial, wanted)
        _show(trial, perf_counter() - begun, wanted)
        if trial.failure is not None:
            tell(trial.failure)
            code = code or exit_code(trial.failure) or FAILED
    finally:
        env.close()
    return code


def note_of_seed(config: Config) -> None:
    """Say on stderr what a seed cannot choose, where the simulator has none."""
    if config.simulator.seed is None:
        drawn = any(variable.draw for variable in config.variables.values())
        chosen = "the actions and the variables that are drawn" if drawn else "the actions"
        typer.echo(f"note: {config.name} has no seed: --seed chooses {chosen} only", err=True)


def _run(trial: Trial, wanted: Wanted) -> int:
    """Run ``trial`` until it has what was asked for; return the exit code so far, 130 for an interrupt."""
    until = None if wanted.seconds is None else perf_counter() + wanted.seconds
    with Progress(trial, wanted.episodes, wanted.seconds, shown=not wanted.render) as progress:
        try:
            for ended in trial.steps():
                if wanted.render:
                    _render(trial, to_stderr=wanted.as_json)
                progress.update()
                if _is_enough(trial, ended, until, wanted):
                    return 0
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _is_enough(trial: Trial, ended: bool, until: float | None, wanted: Wanted) -> bool:
    failed = trial.failure is not None and not wanted.keep_going
    if ended and (len(trial.episodes) == wanted.episodes or failed):
        return True
    return until is not None and perf_counter() >= until


def _render(trial: Trial, to_stderr: bool) -> None:
    for line in (trial.env.render() or "").splitlines():
        typer.echo(visible(line).rstrip(), err=to_stderr)


def _show(trial: Trial, elapsed: float, wanted: Wanted) -> None:
    result = measured(trial, elapsed, wanted.training_steps)
    if wanted.as_json:
        typer.echo(json_text(asdict(result)))
        return
    console = output_console()
    for table in tables(result):
        console.print(table)
