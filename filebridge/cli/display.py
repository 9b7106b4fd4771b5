"""Consoles and tables of rich, set up so that no text is taken for markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from filebridge.cli.texts import line

__all__ = ["error_console", "heading", "output_console", "plain_table", "ruled_table"]

WIDTH = 120
"""Columns where there is no terminal to ask: of a file, of a pipe."""


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def output_console() -> Console:
    """Return a console for results."""
    return _console(stderr=False)


def error_console() -> Console:
    """Return a console for progress and notes."""
    return _console(stderr=True)


def heading(text: str) -> Text:
    """Return a heading."""
    return Text(line(text), style="bold")


def ruled_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Table:
    """Return a table with a head; ``right`` are the indices of columns of numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(line(cell)) for cell in row))
    return table


def plain_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Return names and values side by side, without rules."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(line(value)))
    return table
