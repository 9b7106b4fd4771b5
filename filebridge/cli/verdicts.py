"""Verdicts as lines, each as soon as it is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from filebridge.cli.texts import count, lines

if TYPE_CHECKING:
    from filebridge.check import Verdict

__all__ = ["Board"]

MARGIN = 16
SHORT = 3
"""Lines of a diagnosis that are not worth a reference to another one."""

_PREFIX = re.compile(r"^the action .* is in the space, but: ")
_COLOURS = {"passed": typer.colors.GREEN, "failed": typer.colors.RED}


class Board:
    """Collects ``verdicts`` and, where ``shown``, prints a line for each: what it is, the rule, the reason."""

    def __init__(self, shown: bool) -> None:
        self.verdicts: list[Verdict] = []
        self._shown = shown
        self._known: dict[tuple[str, str], str] = {}

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
            for line in self._diagnosis(verdict):
                _indented(line, to_stderr)
        for warning in verdict.warnings:
            _indented(f"warning: {warning}")

    def _diagnosis(self, verdict: Verdict) -> Iterator[str]:
        """Yield the lines of a diagnosis; of one that was told already only what differs."""
        told = verdict.detail.split("\n") + ([f"  cure: {verdict.cure}"] if verdict.cure else [])
        key = _PREFIX.sub("", told[0]), told[-1]
        known = self._known.setdefault(key, verdict.rule)
        if known == verdict.rule or len(told) <= SHORT:
            yield from told
            return
        yield told[0]
        yield from (line for line in told[1:] if line.startswith("  where: "))
        yield f"  the rest is as above: {known}"

    def sum_up(self) -> None:
        """Print how many there are of each kind."""
        counted = Counter[str](verdict.outcome for verdict in self.verdicts)
        kinds = ("passed", "failed", "not applicable", "not run")
        told = ", ".join(f"{counted[kind]} {kind}" for kind in kinds if counted[kind])
        typer.echo(f"{count(len(self.verdicts), 'rule')}: {told}")


def _indented(text: str, to_stderr: bool = False) -> None:
    for line in lines(text).split("\n"):
        typer.echo(" " * MARGIN + line, err=to_stderr)
