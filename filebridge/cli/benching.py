"""The course of ``filebridge bench``: measure, show, write."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from filebridge.cli.bench_tables import tables
from filebridge.cli.display import output_console
from filebridge.cli.failures import FAILED, INTERRUPTED, exit_code, tell
from filebridge.cli.files import write
from filebridge.cli.plot import fits, plot
from filebridge.cli.run_many import begun
from filebridge.cli.seats_progress import State, Watch
from filebridge.cli.texts import as_json, count
from filebridge.errors import BridgeError
from filebridge.program import load_program
from filebridge.report import Advice, Scaling, advice, chart

__all__ = ["bench"]


def bench(
    target: str, seed: int, seconds: float, most: int | None, warm: int | None, svg: Path | None, json: Path | None
) -> int:
    """Measure ``target`` in more and more seats and show what came of it; return the exit code.

    Raises ConfigError and its kin.
    """
    scaling = Scaling(load_program(target), seed, seconds, most, warm)
    code, failure = _measured(scaling)
    if scaling.points:
        found = advice(scaling.points, scaling.stopped)
        if json is None or str(json) != "-":
            _print(scaling, found)
        _write(scaling, found, svg, json)
    if failure is not None:
        tell(failure)
    return code


def _measured(scaling: Scaling) -> tuple[int, BridgeError | None]:
    """Measure all; return the exit code so far, and the failure that ended it."""
    with Watch(scaling.program.config.name) as watch:
        watch.show(lambda: _state(scaling))
        try:
            scaling.run()
        except KeyboardInterrupt:
            scaling.stopped = "it was interrupted"
            return INTERRUPTED, None
        except BridgeError as error:
            scaling.stopped = "a simulator failed"
            return exit_code(error) or FAILED, error
    return 0, None


def _state(scaling: Scaling) -> State:
    now, points = scaling.now, scaling.points
    last = f"; {points[-1].seats} had {points[-1].steps_per_second:.0f} steps/s" if points else ""
    if now is None:
        return 0.0, 1.0, ""
    done, total, words = begun(now.trial)
    if now.share:
        again = " again" if now.is_again else ""
        done, total, words = now.share, 1.0, f"measuring {count(now.envs.num_envs, 'seat')}{again}"
    return done, total, words + last


def _print(scaling: Scaling, found: Advice) -> None:
    console = output_console()
    points = scaling.points
    for table in tables(scaling.program.config.name, points, found, scaling.stopped):
        console.print(table)
    if fits(console, points):
        console.print()
        console.print(plot(points, found.seats, console.width))


def _write(scaling: Scaling, found: Advice, svg: Path | None, json: Path | None) -> None:
    points = scaling.points
    name = scaling.program.config.name
    if json is not None:
        told: dict[str, Any] = {
            "simulator": name,
            "seed": scaling.seed,
            "cores": points[0].load.cores,
            "points": [asdict(point) for point in points],
            "stopped": scaling.stopped,
            **asdict(found),
        }
        if str(json) == "-":
            typer.echo(as_json(told))
        else:
            write(json, as_json(told) + "\n")
    if svg is not None:
        write(svg, chart(name, points, found.seats, points[0].load.cores))
