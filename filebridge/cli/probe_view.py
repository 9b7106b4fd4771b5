"""What ``filebridge probe`` shows of a phase: the bytes, the fields read from them, what was not read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import typer

from filebridge.cli.marking import MOST_LINES, WIDTH, marked
from filebridge.cli.recording import Passed, RecordedSession, Told
from filebridge.cli.screen_view import screen_rows
from filebridge.cli.spans import MOST_BYTES, Span, end_span, field_spans, header_spans, unread
from filebridge.cli.texts import count, line, number
from filebridge.config.dialogues import all_labels, draws_screen, is_parcel
from filebridge.errors import DecodeError, escaped
from filebridge.program import Program
from filebridge.program.filters import text_filter

if TYPE_CHECKING:
    import numpy as np

__all__ = ["show_bytes", "show_outcome", "show_values"]

MARGIN = "            "
MOST_UNREAD = 8
LONGEST = 80
LEFT = {
    "refuse": "an error (Desync) when the next thing is sent",
    "drop": "dropped",
    "keep": "kept as the beginning of the next one",
}
"""What becomes of what is left over, by ``leftover``."""


def show_bytes(program: Program, passed: list[Passed], told: list[Told]) -> None:
    """Show what passed, phase by phase; below the reply of the last one, what was read from where."""
    phases = list(dict.fromkeys(part.phase for part in passed))
    for phase in phases:
        if len(phases) > 1:
            typer.secho(f"  {phase}", bold=True)
        known = next((one for one in reversed(told) if one.phase == phase), None)
        parts = [part for part in passed if part.phase == phase]
        if known is None:
            # Output that came unasked: no dialogue has looked at it.
            for part in parts:
                _show("sent" if part.sent else "received", marked(part.data, 0, []))
        else:
            _show_phase(program, known, parts, is_read=phase == phases[-1])


def _show_phase(program: Program, told: Told, passed: list[Passed], is_read: bool) -> None:
    if draws_screen(program.config):
        _show_screens(program, told, passed)
        return
    texts = _texts(program, [b"" if part.sent else part.data for part in passed])
    dropped = [not part.sent and _is_dropped(program, told, seen) for part, seen in zip(passed, texts, strict=True)]
    taken = [(part, seen) for part, seen, lost in zip(passed, texts, dropped, strict=True) if not lost]
    raw, text = (b"".join(part.data for part, _ in taken if not part.sent), b"".join(seen for _, seen in taken))
    spans = spans_of(program, told, text, is_read)
    inline, offset = text == raw, 0
    for part, lost in zip(passed, dropped, strict=True):
        if part.sent or lost:
            _show("dropped" if lost else "sent", marked(part.data, 0, []))
            continue
        _show("received", marked(part.data, offset, spans if inline else []))
        offset += len(part.data)
    if not inline:
        _show("as text", marked(text, 0, spans))
    left = told.rest if told.done else b""
    if is_read and raw:
        skipped = max(0, len(text) - len(left) - MOST_BYTES)
        known = [*spans, *_headers(program, told, text), Span(0, skipped, "")]
        rest = unread(text[: len(text) - len(left)], known)
        shown = [f"{escaped(part[:LONGEST])}" + ("..." if len(part) > LONGEST else "") for part in rest[:MOST_UNREAD]]
        more = [f"... and {len(rest) - MOST_UNREAD} more parts"] if len(rest) > MOST_UNREAD else []
        more += [f"(the first {skipped} bytes were not looked at)"] if skipped else []
        _show("not read", iter([*shown, *more] or ["nothing: all of it has a meaning"]))
    policy = program.config.leftover
    if left.strip() or (left and policy == "keep"):
        _show("left over", iter([f"`{escaped(left, LONGEST)}` came behind the end of the reply: {LEFT[policy]}"]))


def spans_of(program: Program, told: Told, text: bytes, is_read: bool) -> list[Span]:
    """Return where in ``text`` the messages of a phase ended, and, if it ``is_read``, what its fields depend on."""
    messages, places = _placed(told, text)
    ended = zip(told.messages, places, strict=False)
    spans = [_moved(end_span(program, told.phase, message), at) for message, at in ended if message and at is not None]
    if is_read:
        spans += _in_text(field_spans(program, b"".join(messages)), messages, places)
    return sorted(spans)


def _placed(told: Told, text: bytes) -> tuple[list[bytes], list[int | None]]:
    """Return the messages of a phase, and where in ``text`` each begins."""
    messages = [*told.messages, *([] if told.done else [told.rest])]
    places: list[int | None] = []
    stop = len(text) - (len(told.rest) if told.done else 0)
    # From the end: what was said before a repetition, or repeats what was sent, is no part of the reply.
    for message in reversed(messages):
        start = _place(message, text, stop)
        places.insert(0, start)
        stop = stop if start is None else max(0, start)
    return messages, places


def _headers(program: Program, told: Told, text: bytes) -> Iterator[Span]:
    """Yield the names and sizes of files in ``text``, where several make a message."""
    for message, place in zip(*_placed(told, text), strict=True):
        if place is not None and is_parcel(program.config):
            yield from (_moved(span, place) for span in header_spans(program, message))


def _texts(program: Program, received: list[bytes]) -> list[bytes]:
    """Return the pieces as the dialogue saw them, or as they are where they are no text."""
    passing = text_filter(program.config)
    try:
        return [passing.clean(piece) if piece else piece for piece in received]
    except DecodeError:
        return received


def _is_dropped(program: Program, told: Told, snapshot: bytes) -> bool:
    """Return whether a snapshot was taken neither for a reply nor for the beginning of one: it was an old one."""
    if not program.rules.snapshots:
        return False
    return not any(message and snapshot.startswith(message) for message in (*told.messages, told.rest))


def _show_screens(program: Program, told: Told, passed: list[Passed]) -> None:
    """Show what was pressed, how much was drawn, and each screen that was taken for a reply, or the last one."""
    for part in passed:
        shown = marked(part.data, 0, []) if part.sent else iter([f"{count(len(part.data), 'byte')}, drawn"])
        _show("sent" if part.sent else "received", shown)
    rest = [] if told.done or not told.rest else [told.rest]
    for snapshot in told.messages + rest:
        for row in screen_rows(program, snapshot):
            typer.echo(row)


def _place(message: bytes, text: bytes, stop: int) -> int | None:
    """Return where ``message`` begins in ``text``: before it, if its begin was kept from the reply before."""
    start = text.rfind(message, 0, stop)
    if start >= 0:
        return start
    return next((-kept for kept in range(1, len(message)) if text.startswith(message[kept:])), None)


def _moved(span: Span, by: int) -> Span:
    return Span(max(0, span.start + by), span.end + by, span.name)


def _in_text(spans: list[Span], messages: list[bytes], places: list[int | None]) -> Iterator[Span]:
    """Yield ``spans`` of the joined messages where they are in the text."""
    begun = 0
    for message, place in zip(messages, places, strict=True):
        ended = begun + len(message)
        for span in spans:
            start, end = max(span.start, begun), min(span.end, ended)
            if start < end and place is not None and end - begun + place > 0:
                yield _moved(Span(start, end, span.name), place - begun)
        begun = ended


def _show(title: str, rows: Iterator[str]) -> None:
    for index, row in enumerate(rows):
        typer.echo((f"  {title:<10}" if index == 0 else MARGIN) + row)


def show_values(program: Program, session: RecordedSession, used: Mapping[str, object]) -> None:
    """Show each field with its value and where that is from, the labels, and the variables that were ``used``."""
    link = session.link
    if link is None:
        return
    row, reply = link.dialogue.row, link.dialogue.reply
    slots = program.names
    values = {name: _value(row[slots[name].index]) for name in program.config.fields}
    _show("fields", iter([f"{name} = {value}{_origin(program, name, reply)}" for name, value in values.items()]))
    labels = [f"{name} = {_value(row[slots[name].index])}" for name in all_labels(program.config)]
    _show("labels", iter(labels))
    _show("variables", iter([_variable(name, value, session.variables()[name]) for name, value in used.items()]))


def _variable(name: str, value: object, following: object) -> str:
    # Reward and observation were computed with the value before its update.
    updated = f"  (then {_value(following)}, for the next step)" if following != value else ""
    return f"{name} = {_value(value)}{updated}"


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
    _show("observed", _whole(observation))
    if reward is not None:
        ends = [name for name, value in (("terminated", terminated), ("truncated", truncated)) if value]
        _show("reward", iter([number(reward) + (f", {' and '.join(ends)}" if ends else "")]))
    if info:
        _show("info", iter([", ".join(f"{name} = {_value(value)}" for name, value in info.items())]))


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
