"""``filebridge schema``: the JSON Schema of the YAML, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from filebridge.cli.failures import FAILED
from filebridge.cli.texts import lines

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge schema
  filebridge schema --write filebridge.schema.json

\b
The first line of a YAML that names it makes an editor complete keys and show mistakes:
  # yaml-language-server: $schema=filebridge.schema.json"""


def command(
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to this file instead of standard output.", show_default=False),
    ] = None,
) -> None:
    """Print the JSON Schema of the configuration, by which editors complete keys and show mistakes."""
    from filebridge.config.schema import json_schema_text

    text = json_schema_text().rstrip("\n") + "\n"
    if write is None:
        typer.echo(text, nl=False)
        return
    try:
        write.write_text(text, encoding="utf-8")
    except OSError as error:
        told = f"{write} cannot be written\n  found: {error.strerror}\n  cure: name a file in a folder of yours"
        typer.echo(lines(told), err=True)
        raise typer.Exit(FAILED) from None
