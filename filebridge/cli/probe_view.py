"""What ``filebridge probe`` shows of a phase: the bytes, the fields read from them, what was not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from filebridge.cli.marking import marked
from filebridge.cli.recording import Passed, RecordedSession
from filebridge.cli.spans import field_spans, prompt_spans, unread
from filebridge.cli.texts import line, number
from filebridge.config.rules import all_labels
from filebridge.errors import escaped
from filebridge.program import Program
from filebridge.wire.cleaner import Cleaner

__all__ = ["show_bytes", "show_outcome", "show_values"]

MARGIN = "            "
MOST_UNREAD = 8
LONGEST = 80


def show_bytes(program: Program, passed: list[Passed]) -> None:
    """Show what passed, phase by phase; below the reply of the last one, what was read from where."""
    phases = list(dict.fromkeys(part.phase for part in passed))
    for phase in phases:
        if len(phases) > 1:
            typer.secho(f"  {phase}", bold=True)
        _show_phase(program, phase, [part for part in passed if part.phase == phase], is_read=phase == phases[-1])


def _show_phase(program: Program, phase: str, passed: list[Passed], is_read: bool) -> None:
    raw = b"".join(part.data for part in passed if not part.sent)
    text = Cleaner(program.config.text).clean(raw)
    spans = prompt_spans(program, phase, text) + (field_spans(program, text) if is_read else [])
    spans.sort()
    inline, offset = text == raw, 0
    for part in passed:
        if part.sent:
            _show("sent", marked(part.data, 0, []))
            continue
        _show("received", marked(part.data, offset, spans if inline else []))
        offset += len(part.data)
    if not inline:
        _show("as text", marked(text, 0, spans))
    if is_read and raw:
        rest = unread(text, spans)
        shown = [f"{escaped(part[:LONGEST])}" + ("..." if len(part) > LONGEST else "") for part in rest[:MOST_UNREAD]]
        more = [f"... and {len(rest) - MOST_UNREAD} more parts"] if len(rest) > MOST_UNREAD else []
        _show("not read", iter([*shown, *more] or ["nothing: all of it has a meaning"]))


def _show(title: str, rows: Iterator[str]) -> None:
    for index, row in enumerate(rows):
        typer.echo((f"  {title:<10}" if index == 0 else MARGIN) + row)


def show_values(program: Program, session: RecordedSession) -> None:
    """Show each field with its value and where that is from, the labels and the variables."""
    link = session.link
    if link is None:
        return
    row, reply = link.dialogue.row, link.dialogue.reply
    slots = program.names
    values = {name: _value(row[slots[name].index]) for name in program.config.fields}
    _show("fields", iter([f"{name} = {value}{_origin(program, name, reply)}" for name, value in values.items()]))
    labels = [f"{name} = {_value(row[slots[name].index])}" for name in all_labels(program.config)]
    _show("labels", iter(labels))
    _show("variables", iter([f"{first.name} = {_value(row[first.index])}" for first in program.firsts]))


def _origin(program: Program, name: str, reply: bytes) -> str:
    field = program.config.fields[name]
    if field.compute is not None:
        return "  (computed)"
    entry = next(entry for entry in program.decoder.entries if entry.name == name)
    if entry.read(reply) is not None:
        return ""
    kept = "kept" if field.default is None else "kept, or the default"
    return f"  (not in the reply: {kept if field.keep else 'the default'})"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    text = line(repr(value) if isinstance(value, str) else " ".join(str(value).split()))
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def show_outcome(
    observation: Any, reward: float | None, terminated: bool, truncated: bool, info: dict[str, Any]
) -> None:
    """Show what the environment returned; ``reward`` is None after a reset."""
    _show("observed", iter([_value(observation)]))
    if reward is not None:
        ends = [name for name, value in (("terminated", terminated), ("truncated", truncated)) if value]
        _show("reward", iter([number(reward) + (f", {' and '.join(ends)}" if ends else "")]))
    if info:
        _show("info", iter([", ".join(f"{name} = {_value(value)}" for name, value in info.items())]))
