"""The commands under their names, the options of the program itself, and how its help looks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from filebridge import __version__
from filebridge.cli import check, probe, run, schema, show
from filebridge.cli import list as list_command

__all__ = ["app"]

# Plain help needs no rich, which would be most of the time that --help takes; a bug shows a plain traceback.
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command("list")(list_command.command)
app.command("show")(show.command)
app.command("run")(run.command)
app.command("check")(check.command)
app.command("probe")(probe.command)
app.command("schema")(schema.command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"filebridge {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Put a legacy simulator behind the Gymnasium API with one YAML file.

    \b
    See what is bundled:             filebridge list
    Let a random agent play:         filebridge run Lander
    Write a YAML for a program:      filebridge probe my_simulator.yaml
    See whether it keeps the rules:  filebridge check my_simulator.yaml

    Exit codes: 0 all went well, 1 a simulator or a check failed, 2 wrong usage or a wrong configuration.
    """
    # A terminal without some letter shows its escape instead of ending the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
