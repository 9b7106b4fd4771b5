"""Files that a command writes where the user wants them."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from filebridge.cli.failures import FAILED
from filebridge.cli.texts import lines

__all__ = ["expect_writable", "write"]


def write(path: Path, text: str) -> None:
    """Write ``text`` to ``path``; what prevents it is told on stderr, and ends the command with exit code 1."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from None


def expect_writable(path: Path) -> None:
    """End the command as ``write`` would, if it can be seen already that nothing can be written to ``path``."""
    folder = path.parent
    if path.is_dir():
        raise _refused(path, "Is a directory")
    if not folder.is_dir():
        raise _refused(path, "No such file or directory")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _refused(path, "Permission denied")


def _refused(path: Path, reason: str) -> typer.Exit:
    told = f"{path} cannot be written\n  found: {reason}\n  cure: name a file in a folder of yours"
    typer.echo(lines(told), err=True)
    return typer.Exit(FAILED)
