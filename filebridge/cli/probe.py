"""Not yet."""

from __future__ import annotations

EXAMPLES = ""


def command() -> None:
    """Not yet."""
