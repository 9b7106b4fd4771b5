"""``filebridge bench``: how many seats are worth it on this machine."""

from __future__ import annotations

from pathlib import Path
from random import randrange
from typing import Annotated

import typer

from filebridge.cli.arguments import Seed, Target, Warm
from filebridge.cli.failures import reported
from filebridge.cli.files import expect_writable

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge bench Lander
  filebridge bench my_simulator.yaml --seconds 10 --max-seats 256
  filebridge bench my_simulator.yaml --svg seats.svg --json seats.json"""


def command(
    target: Target,
    max_seats: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65536,
            metavar="N",
            help="Seats to try at most; without it 64, or as many as memory and descriptors allow.",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=86400.0, metavar="S", help="Time of each measurement, start not included.")
    ] = 2.0,
    seed: Seed = None,
    warm: Warm = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the curve to this file, as SVG.", show_default=False)
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all figures to this file as JSON; - prints them.", show_default=False),
    ] = None,
) -> None:
    """Find out how many simulators side by side this machine is good for.

    A random agent plays in 1, 2, 4, 8, ... seats, stepped together from one thread. Where the noise is larger than
    the difference it measures again. It ends when two doublings in a row gained less than 5 %. Then it shows the steps
    each second, who waited for whom, how many seats to take, and why.

    Ctrl-C ends it and shows what there is by then, with exit code 130.
    """
    for path in (svg, json):
        if path is not None and str(path) != "-":
            expect_writable(path)
    with reported():
        from filebridge.cli.benching import bench

        code = bench(target, randrange(2**31) if seed is None else seed, seconds, max_seats, warm, svg, json)
    raise typer.Exit(code)
