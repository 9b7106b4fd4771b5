"""What ``filebridge probe`` shows of values: the fields that were read, variables, what the environment returned."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from filebridge.cli.marking import MOST_LINES, WIDTH
from filebridge.cli.phase_view import LONGEST, show_rows
from filebridge.cli.recording import RecordedSession
from filebridge.cli.texts import line, number
from filebridge.config.dialogues import all_labels
from filebridge.program import Program

if TYPE_CHECKING:
    import numpy as np

__all__ = ["show_outcome", "show_values"]


def show_values(program: Program, session: RecordedSession, used: Mapping[str, object]) -> None:
    """Show each field with its value and where that is from, the labels, and the variables that were ``used``."""
    link = session.link
    if link is None:
        return
    row, reply = link.dialogue.row, link.dialogue.reply
    slots = program.names
    read = {entry.name for entry in session.read()}
    values = {name: _value(row[slots[name].index]) for name in program.config.fields}
    origins = {name: _origin(program, name, reply, name in read) for name in values}
    show_rows("fields", iter([f"{name} = {value}{origins[name]}" for name, value in values.items()]))
    labels = [f"{name} = {_value(row[slots[name].index])}" for name in all_labels(program.config)]
    show_rows("labels", iter(labels))
    show_rows("variables", iter([_variable(name, value, session.variables()[name]) for name, value in used.items()]))


def _variable(name: str, value: object, following: object) -> str:
    # Reward and observation were computed with the value before its update.
    updated = f"  (then {_value(following)}, for the next step)" if following != value else ""
    return f"{name} = {_value(value)}{updated}"


def _origin(program: Program, name: str, reply: bytes, is_read: bool) -> str:
    field = program.config.fields[name]
    if field.compute is not None:
        return "  (computed)"
    entry = next(entry for entry in program.decoder.entries if entry.name == name)
    if is_read and entry.read(reply) is not None:
        return ""
    kept = "kept" if field.default is None else "kept, or the default"
    why = "not in the reply" if is_read else "not read"
    return f"  ({why}: {kept if field.keep else 'the default'})"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    text = line(repr(value) if isinstance(value, str) else " ".join(str(value).split()))
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def show_outcome(
    observation: Any, reward: float | None, terminated: bool, truncated: bool, info: dict[str, Any]
) -> None:
    """Show what the environment returned; ``reward`` is None after a reset."""
    show_rows("observed", _whole(observation))
    if reward is not None:
        ends = [name for name, value in (("terminated", terminated), ("truncated", truncated)) if value]
        show_rows("reward", iter([number(reward) + (f", {' and '.join(ends)}" if ends else "")]))
    if info:
        show_rows("info", iter([", ".join(f"{name} = {_value(value)}" for name, value in info.items())]))


def _whole(observation: Any) -> Iterator[str]:
    """Yield an observation in full, a mapping part by part; of more than 40 lines the first."""
    import numpy as np

    parts = observation.items() if isinstance(observation, dict) else [("", observation)]
    rows: list[str] = []
    for name, value in parts:
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "iu" and value.min() >= 0:
            rows += [f"{name} ="] if name else []
            rows += _block(value)
            continue
        with np.printoptions(threshold=sys.maxsize):
            text = line(repr(value) if isinstance(value, str) else " ".join(str(value).split()))
        rows += wrap(f"{name} = {text}" if name else text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    yield from rows[:MOST_LINES]
    if len(rows) > MOST_LINES:
        yield f"... and {len(rows) - MOST_LINES} more lines"


def _block(grid: np.ndarray[Any, Any]) -> list[str]:
    """Return a grid of whole numbers row by row, as it would be drawn: without blanks where each is one digit."""
    between = "" if grid.max() < 10 else " "
    return [between.join(map(str, row.tolist()))[: 2 * WIDTH] for row in grid]
