"""Verdicts as lines, each as soon as it is known."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from filebridge.cli.texts import count, lines

if TYPE_CHECKING:
    from filebridge.check import Verdict

__all__ = ["Board"]

MARGIN = 16
_COLOURS = {"passed": typer.colors.GREEN, "failed": typer.colors.RED}


class Board:
    """Collects ``verdicts`` and, where ``shown``, prints a line for each: what it is, the rule, the reason."""

    def __init__(self, shown: bool) -> None:
        self.verdicts: list[Verdict] = []
        self._shown = shown

    def put(self, verdict: Verdict) -> None:
        """Take the next verdict."""
        self.verdicts.append(verdict)
        if not self._shown or verdict.outcome == "not run":
            return
        mark = typer.style(f"{verdict.outcome:<{MARGIN - 1}}", fg=_COLOURS.get(verdict.outcome), bold=True)
        short = verdict.outcome != "failed" and verdict.detail
        typer.echo(f"{mark} {verdict.rule}" + (f": {lines(verdict.detail)}" if short else ""))
        if verdict.outcome == "failed":
            # A wrong YAML is told of on stderr, as by every other command.
            to_stderr = len(self.verdicts) == 1
            _indented(verdict.detail, to_stderr)
            if verdict.cure:
                _indented(f"  cure: {verdict.cure}", to_stderr)
        for warning in verdict.warnings:
            _indented(f"warning: {warning}")

    def sum_up(self) -> None:
        """Print how many there are of each kind."""
        counted = Counter[str](verdict.outcome for verdict in self.verdicts)
        kinds = ("passed", "failed", "not applicable", "not run")
        told = ", ".join(f"{counted[kind]} {kind}" for kind in kinds if counted[kind])
        typer.echo(f"{count(len(self.verdicts), 'rule')}: {told}")


def _indented(text: str, to_stderr: bool = False) -> None:
    for line in lines(text).split("\n"):
        typer.echo(" " * MARGIN + line, err=to_stderr)
