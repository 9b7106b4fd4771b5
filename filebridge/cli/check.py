"""``filebridge check``: every rule that a good environment keeps, a verdict for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from filebridge.cli.arguments import AsJson
from filebridge.cli.failures import FAILED, WRONG_USAGE, reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filebridge.check import Verdict

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """\
  filebridge check Lander
  filebridge check my_simulator.yaml --episodes 20 --seed 7
  filebridge check my_simulator.yaml --json
  filebridge check --rules"""


def command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME_OR_FILE",
            help="The name of a bundled simulator, or the path of a YAML file.",
            show_default=False,
        ),
    ] = "",
    episodes: Annotated[int, typer.Option(min=1, metavar="N", help="Episodes of the random agent.")] = 3,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 8, metavar="K", help="Seed of all that is random.")] = 0,
    rules: Annotated[
        bool, typer.Option("--rules", help="List the rules and what each asks for; start nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Try every rule that a good environment keeps, and give a verdict for each.

    What a program cannot do, and its YAML declares, is not applicable. Exit code 1 says that a rule is broken, 2 that
    the YAML itself is wrong.
    """
    if rules:
        _list_rules(as_json)
        return
    if not target:
        raise typer.BadParameter("name a simulator or a file, or say --rules", param_hint="NAME_OR_FILE")
    from filebridge.check import check

    with reported():
        code = _judge(check(target, episodes, seed), as_json)
    raise typer.Exit(code)


def _list_rules(as_json: bool) -> None:
    from filebridge.check import RULES
    from filebridge.cli.texts import as_json as json_text

    if as_json:
        typer.echo(json_text([{"rule": rule.name, "description": rule.description} for rule in RULES]))
        return
    for rule in RULES:
        typer.secho(rule.name, bold=True)
        for line in rule.description.splitlines():
            typer.echo(f"  {line}".rstrip())


def _judge(verdicts: Iterator[Verdict], as_json: bool) -> int:
    """Show the verdicts as they come; return the exit code."""
    from dataclasses import asdict

    from filebridge.cli.texts import as_json as json_text
    from filebridge.cli.verdicts import Board

    board = Board(shown=not as_json)
    for verdict in verdicts:
        board.put(verdict)
    if as_json:
        typer.echo(json_text([asdict(verdict) for verdict in board.verdicts]))
    else:
        board.sum_up()
    failed = [verdict for verdict in board.verdicts if verdict.is_failed]
    wrong_yaml = bool(failed) and failed[0] is board.verdicts[0]
    return WRONG_USAGE if wrong_yaml else FAILED if failed else 0
