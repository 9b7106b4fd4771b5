"""``filebridge show``: what a configuration says, without starting anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from filebridge.cli.arguments import AsJson, Target
from filebridge.cli.failures import reported

if TYPE_CHECKING:
    from filebridge.program import Program

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge show Wump
  filebridge show my_simulator.yaml --json"""


def command(target: Target, as_json: AsJson = False) -> None:
    """Show a simulator: its spaces, its start, the dialogue as a script, fields, reward, endings, deadlines.

    The script holds the files that are written and read, the FIFOs, the keys that are pressed.

    Nothing is started. All mistakes of the YAML are reported, each with its line.
    """
    from filebridge.cli.texts import as_json as json_text
    from filebridge.program import load_program

    with reported():
        program = load_program(target)
        if as_json:
            typer.echo(json_text(_plain(program)))
            return
        _print(program)


def _plain(program: Program) -> dict[str, Any]:
    """Return the program as plain values; ``config`` holds every key with its value, defaults included."""
    config = program.config
    return {
        "name": config.name,
        "about": config.about,
        "file": program.source.name,
        "action_space": str(program.action_space),
        "observation_space": str(program.observer.space),
        "observed": list(program.observer.names),
        "config": config.model_dump(by_alias=True),
    }


def _print(program: Program) -> None:
    from filebridge.cli.display import output_console
    from filebridge.cli.show_tables import sections

    console = output_console()
    for number, (title, body) in enumerate(sections(program)):
        if number:
            console.print()
        console.print(title)
        console.print(body)
