"""What a failure becomes on the command line: its text on stderr and an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from filebridge.cli.texts import lines
from filebridge.errors import ActionError, BridgeError, ConfigError, UsageError

__all__ = ["FAILED", "INTERRUPTED", "WRONG_USAGE", "exit_code", "reported", "tell"]

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
"""What a shell shows for a program that SIGINT ended."""


def exit_code(error: BridgeError) -> int:
    """Return 2 for what the user wrote wrong, 1 for what a simulator or the machine did."""
    return WRONG_USAGE if isinstance(error, ConfigError | UsageError | ActionError) else FAILED


def tell(error: BridgeError) -> None:
    """Write ``error`` with all its parts to stderr, nothing wrapped: carets must stay below their text."""
    heading = "" if isinstance(error, ConfigError) else f"{type(error).__name__}: "
    typer.echo(lines(heading + str(error)), err=True)


@contextmanager
def reported() -> Iterator[None]:
    """Turn a failure within into its text and an exit code, and an interrupt into exit code 130."""
    try:
        yield
    except BridgeError as error:
        tell(error)
        raise typer.Exit(exit_code(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
