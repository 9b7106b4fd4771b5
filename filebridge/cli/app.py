"""The commands under their names, the options of the program itself, and how its help looks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from filebridge import __version__
from filebridge.cli import bench, check, probe, run, schema, show
from filebridge.cli import list as listing

__all__ = ["app"]

EPILOG = """\b
Examples:
  filebridge list                       what is bundled
  filebridge run Lander                 let a random agent play
  filebridge bench my_simulator.yaml    find how many side by side are worth it
  filebridge probe my_simulator.yaml    see what it says, while you write its YAML
  filebridge check my_simulator.yaml    see whether it keeps all the rules

\b
Exit codes: 0 all went well, 1 a simulator or a check failed,
            2 wrong usage or a wrong configuration."""

# Plain help needs no rich, which would be most of the time that --help takes; a bug shows a plain traceback.
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

for _name, _module in (
    ("list", listing), ("show", show), ("run", run), ("bench", bench), ("check", check), ("probe", probe),
    ("schema", schema),
):  # fmt: skip
    app.command(_name, epilog="\b\nExamples:\n" + _module.EXAMPLES)(_module.command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"filebridge {__version__}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Put a legacy simulator behind the Gymnasium API with one YAML file."""
    # A terminal without some letter shows its escape instead of ending the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
