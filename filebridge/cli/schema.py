"""``filebridge schema``: the JSON Schema of the YAML, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from filebridge.cli.files import write as write_text

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
    write_text(write, text)
