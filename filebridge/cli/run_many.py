"""``filebridge run --num-envs``: a random agent in many seats, and the figures of their episodes."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from time import perf_counter

import typer

from filebridge.cli.display import output_console
from filebridge.cli.failures import FAILED, INTERRUPTED, exit_code, tell
from filebridge.cli.run_many_tables import tables
from filebridge.cli.run_one import note_of_seed
from filebridge.cli.seats_progress import State, Watch
from filebridge.cli.texts import as_json as json_text
from filebridge.cli.texts import count
from filebridge.cli.wanted import Wanted
from filebridge.env import SeedWarning
from filebridge.errors import BridgeError
from filebridge.report.load import Load
from filebridge.report.vector_result import measured_together
from filebridge.report.vector_trial import VectorTrial
from filebridge.vector import BridgeVectorEnv

__all__ = ["begun", "run_many"]


def run_many(target: str, wanted: Wanted) -> int:
    """Run ``target`` in many seats and show the figures; return the exit code. Raises ConfigError and its kin."""
    envs = BridgeVectorEnv(target, wanted.num_envs, warm=wanted.warm)
    try:
        if wanted.is_seeded:
            note_of_seed(envs.program.config)
        trial = VectorTrial(envs, wanted.seed, wanted.wait_for, _quota(wanted))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SeedWarning)
            code = _run(trial, wanted)
        load = None if trial.meter is None else trial.meter.load()
        left, stop = _closed(envs)
        _show(trial, load, stop, wanted)
    finally:
        envs.close()
    for failure in (trial.failure, left):
        if failure is not None:
            tell(failure)
            code = code or exit_code(failure) or FAILED
    return code


def _quota(wanted: Wanted) -> list[int] | None:
    """Return how many episodes each seat is to end: as many as are wanted together, shared out."""
    if wanted.episodes is None:
        return None
    each, more = divmod(wanted.episodes, wanted.num_envs)
    return [each + (seat < more) for seat in range(wanted.num_envs)]


def _run(trial: VectorTrial, wanted: Wanted) -> int:
    """Run ``trial`` until it has what was asked for; return the exit code so far, 130 for an interrupt."""
    with Watch(trial.envs.program.config.name) as watch:
        try:
            watch.show(lambda: begun(trial))
            trial.begin()
            watch.show(lambda: _going(trial, wanted))
            if _is_enough(trial, wanted):
                return 0
            for _ in trial.calls():
                if _is_enough(trial, wanted):
                    return 0
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _is_enough(trial: VectorTrial, wanted: Wanted) -> bool:
    if trial.failure is not None and not wanted.keep_going:
        return True
    assert trial.meter is not None
    late = wanted.seconds is not None and trial.meter.elapsed >= wanted.seconds and trial.call_times.count > 0
    return late or trial.is_complete


def begun(trial: VectorTrial) -> State:
    """Return how many simulators have begun."""
    envs = trial.envs
    done = sum(not env.session.over for env in envs.envs)
    return float(done), float(envs.num_envs), f"{done} of {count(envs.num_envs, 'simulator')} started"


def _going(trial: VectorTrial, wanted: Wanted) -> State:
    assert trial.meter is not None
    elapsed, steps, episodes = trial.meter.elapsed, int(trial.steps.sum()), len(trial.episodes)
    rate = steps / elapsed if elapsed else 0.0
    words = f"{trial.envs.num_envs} seats, {episodes} episodes, {steps} steps, {rate:.0f} steps/s"
    if wanted.episodes is None:
        return elapsed, wanted.seconds or 1.0, words
    return float(episodes), float(wanted.episodes), words


def _closed(envs: BridgeVectorEnv) -> tuple[BridgeError | None, float]:
    """End all simulators; return what could not be removed, and how long it took."""
    begun = perf_counter()
    try:
        envs.close()
    except BridgeError as error:
        return error, perf_counter() - begun
    return None, perf_counter() - begun


def _show(trial: VectorTrial, load: Load | None, stop: float, wanted: Wanted) -> None:
    result = measured_together(trial, load, stop, wanted.training_steps, wanted.warm)
    if wanted.as_json:
        typer.echo(json_text(asdict(result)))
        return
    console = output_console()
    for table in tables(result):
        console.print(table)
