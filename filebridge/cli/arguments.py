"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AsJson", "Seed", "Target", "Warm"]

Target = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        help="The name of a bundled simulator, or the path of a YAML file.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**31 - 1,
        metavar="K",
        help="Seed of the simulator and of the random actions; without it one is drawn, and shown.",
        show_default=False,
    ),
]
Warm = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=4096,
        metavar="K",
        help="Start up to K simulators ahead of their episodes; without it what the YAML says.",
        show_default=False,
    ),
]
