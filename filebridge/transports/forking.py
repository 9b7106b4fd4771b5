"""The order in which a forked child gives up what is its parent's, whichever module was imported first.

The system's own hooks run in the order in which they were registered: a transport that is imported late would
learn too late that what it is told to close is not its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["begin_child", "end_child"]

_first: list[Callable[[], None]] = []
_last: list[Callable[[], None]] = []


def begin_child(step: Callable[[], None]) -> None:
    """Let a forked child call ``step`` before what ``end_child`` was given: what is shared is given up here."""
    _first.append(step)


def end_child(step: Callable[[], None]) -> None:
    """Let a forked child call ``step`` once nothing of it can touch what is shared with its parent."""
    _last.append(step)


def _child() -> None:
    for step in (*_first, *_last):
        step()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_child)
