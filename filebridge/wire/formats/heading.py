"""The heading that a table or a grid is counted from: which occurrence counts, and what to say about it."""

from __future__ import annotations

from collections.abc import Callable

from filebridge.errors import escaped
from filebridge.wire.formats.problem import FieldProblem

__all__ = ["counted_from", "finder", "other_place"]


def finder(pick: str) -> Callable[[bytes, bytes], int]:
    """Return the function that finds a heading in a message, -1 where it is not; raises FieldProblem for `pick`."""
    if pick not in ("first", "last"):
        raise FieldProblem("pick", "one place is read, not several", found=pick, expected="`first` or `last`")
    return bytes.find if pick == "first" else bytes.rfind


def counted_from(side: str, mark: str, message: bytes, place: int, pick: str) -> str:
    """Return in words where the heading ``mark`` was found: at ``place``, an index of ``message``."""
    number = message.count(b"\n", 0, place) + 1
    return f"{side} the {pick} `{escaped(mark, 100)}`, line {number} of the reply"


def other_place(heading: bytes, message: bytes, pick: str) -> str:
    """Return what to write if another occurrence of ``heading`` is meant, "" where there is only one."""
    if message.count(heading) < 2:
        return ""
    other = "first" if pick == "last" else "last"
    return f"; the heading occurs {message.count(heading)} times: `pick: {other}` counts from the {other} one"
