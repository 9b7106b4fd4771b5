"""``filebridge list``: the bundled simulators, and whether their programs are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from filebridge.cli.arguments import AsJson
from filebridge.cli.failures import reported

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge list
  filebridge list --json"""


def command(as_json: AsJson = False) -> None:
    """Show the bundled simulators: name, what each is, how it is talked to, whether its program is installed."""
    from filebridge.cli.texts import as_json as json_text
    from filebridge.config.find import bundled

    with reported():
        rows = [_row(name, path) for name, path in bundled().items()]
        if as_json:
            typer.echo(json_text(rows))
            return
        _print(rows)


def _row(name: str, path: Path) -> dict[str, Any]:
    """Return what is told of one simulator; raises ConfigError for a YAML that is wrong."""
    from filebridge.check.installation import missing
    from filebridge.cli.script import way_of_talking
    from filebridge.config.loading import load
    from filebridge.config.problems import refuse

    loaded = load(path)
    if loaded.config is None or loaded.problems:
        raise refuse(loaded.source, loaded.problems)
    config = loaded.config
    absent = missing(config, path.parent)
    return {
        "name": name,
        "id": f"filebridge/{name}-v0",
        "about": config.about,
        "talk": way_of_talking(config),
        "installed": absent is None,
        "install": "" if absent is None else absent.cure,
        "file": str(path),
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from filebridge.cli.display import output_console, ruled_table

    cells = [
        [row["name"], row["about"], row["talk"], "yes" if row["installed"] else f"no; {row['install']}"] for row in rows
    ]
    output_console().print(ruled_table(["name", "about", "talks through", "installed"], cells))
