"""What ``filebridge probe`` shows of what passed in a phase: bytes, what was read from where, what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import typer

from filebridge.cli.binary_view import hex_rows, unread_bytes
from filebridge.cli.marking import marked
from filebridge.cli.recording import Passed, Told
from filebridge.cli.screen_view import screen_rows
from filebridge.cli.spans import MOST_BYTES, Span, end_span, field_spans, header_spans, is_text, talks_binary, unread
from filebridge.cli.texts import count
from filebridge.config.dialogues import draws_screen, is_parcel
from filebridge.envelope import opened_answer, opened_request
from filebridge.errors import DecodeError, ParseError, escaped
from filebridge.program import Program
from filebridge.program.decoder import Entry
from filebridge.program.filters import text_filter

__all__ = ["LONGEST", "show_bytes", "show_rows"]

MARGIN = "            "
MOST_UNREAD = 8
LONGEST = 80
LEFT = {
    "refuse": "an error (Desync) when the next thing is sent",
    "drop": "dropped",
    "keep": "kept as the beginning of the next one",
}
"""What becomes of what is left over, by ``leftover``."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What passed at once: over HTTP the ``head`` of a message on one line, and the ``data`` behind it."""

    sent: bool
    head: str
    data: bytes


def show_bytes(
    program: Program, passed: list[Passed], told: list[Told], entries: Sequence[Entry] | None = None
) -> None:
    """Show what passed, phase by phase; below the reply of the last one, what the fields of ``entries`` were read from.

    Without ``entries`` all fields are looked for.
    """
    phases = list(dict.fromkeys(part.phase for part in passed))
    for phase in phases:
        if len(phases) > 1:
            typer.secho(f"  {phase}", bold=True)
        known = next((one for one in reversed(told) if one.phase == phase), None)
        parts = [part for part in passed if part.phase == phase]
        if known is None:
            # Output that came unasked: no dialogue has looked at it.
            for piece in _pieces(program, parts):
                _show_piece(program, "sent" if piece.sent else "received", piece)
        elif draws_screen(program.config):
            _show_screens(program, known, parts)
        else:
            _show_phase(program, known, _pieces(program, parts), entries, phase == phases[-1])


def _pieces(program: Program, parts: list[Passed]) -> list[_Piece]:
    """Return what passed as pieces; requests and answers of HTTP are opened."""
    http = program.config.transport.http
    if http is None or http.url is None:
        return [_Piece(part.sent, "", part.data) for part in parts]
    return [_opened(part) for part in parts]


def _opened(part: Passed) -> _Piece:
    try:
        if part.sent:
            asked = opened_request(part.data)
            head = [f"{asked.method} {asked.target}", *(f"{name}: {value}" for name, value in asked.headers)]
            return _Piece(True, escaped(", ".join(head)), asked.body)
        answer = opened_answer(part.data)
    except ParseError:
        return _Piece(part.sent, "", part.data)
    head = [f"{answer.status} {answer.reason}".rstrip(), answer.type]
    head += [f"Location: {answer.location}"] if answer.location else []
    return _Piece(False, escaped(", ".join(filter(None, head))), answer.body)


def _show_piece(
    program: Program, title: str, piece: _Piece, offset: int = 0, spans: Sequence[Span] = (), binary: bool = False
) -> None:
    """Show a piece with its marks: as rows of bytes in base 16 where it is ``binary`` or holds what is no text."""
    binary = talks_binary(program.config) and (binary or not is_text(piece.data))
    rows = (hex_rows if binary else marked)(piece.data, offset, list(spans))
    show_rows(title, chain([piece.head] if piece.head else [], rows))


def _show_phase(
    program: Program, told: Told, pieces: list[_Piece], entries: Sequence[Entry] | None, is_last: bool
) -> None:
    """Show the pieces of a phase; what is read from a reply is read from that of the last one."""
    texts = _texts(program, [b"" if piece.sent else piece.data for piece in pieces])
    dropped = [not piece.sent and _is_dropped(program, told, seen) for piece, seen in zip(pieces, texts, strict=True)]
    taken = [(piece, seen) for piece, seen, lost in zip(pieces, texts, dropped, strict=True) if not lost]
    raw, text = (b"".join(one.data for one, _ in taken if not one.sent), b"".join(seen for _, seen in taken))
    spans = spans_of(program, told, text, entries if is_last else [])
    inline, offset = text == raw, 0
    for piece, lost in zip(pieces, dropped, strict=True):
        if piece.sent or lost:
            # That an answer was not the one that counts is said by its status.
            _show_piece(program, "sent" if piece.sent else "received" if piece.head else "dropped", piece)
            continue
        _show_piece(program, "received", piece, offset, spans if inline else [], not is_text(raw))
        offset += len(piece.data)
    if not inline:
        show_rows("as text", marked(text, 0, spans))
    if is_last and raw:
        _show_unread(program, told, text, spans)
    _show_left(program, told)


def _show_unread(program: Program, told: Told, text: bytes, spans: list[Span]) -> None:
    """Show what of the ``text`` has no meaning; what an adapter reads is its own affair."""
    if program.config.adapter is not None:
        return
    left = told.rest if told.done else b""
    skipped = max(0, len(text) - len(left) - MOST_BYTES)
    known = [*spans, *_headers(program, told, text), Span(0, skipped, "")]
    binary = talks_binary(program.config) and not is_text(text)
    rest = (unread_bytes if binary else unread)(text[: len(text) - len(left)], known)
    shown = [f"{escaped(part[:LONGEST])}" + ("..." if len(part) > LONGEST else "") for part in rest[:MOST_UNREAD]]
    more = [f"... and {len(rest) - MOST_UNREAD} more parts"] if len(rest) > MOST_UNREAD else []
    more += [f"(the first {skipped} bytes were not looked at)"] if skipped else []
    show_rows("not read", iter([*shown, *more] or ["nothing: all of it has a meaning"]))


def _show_left(program: Program, told: Told) -> None:
    left, policy = told.rest if told.done else b"", program.config.leftover
    if left.strip() or (left and policy == "keep"):
        ignored = program.rules.ignored
        fate = LEFT[policy] if ignored is None or not ignored(left) else "what `ignore` names is dropped"
        show_rows("left over", iter([f"`{escaped(left, LONGEST)}` came behind the end of the reply: {fate}"]))


def spans_of(program: Program, told: Told, text: bytes, entries: Sequence[Entry] | None) -> list[Span]:
    """Return where in ``text`` the messages of a phase ended, and what the fields of ``entries`` depend on."""
    messages, places = _placed(told, text)
    ended = zip(told.messages, places, strict=False)
    whole = [(_as_said(message, text, at), at) for message, at in ended if message and at is not None]
    spans = [_moved(end_span(program, told.phase, message), at) for message, at in whole]
    if entries != []:
        spans += _in_text(field_spans(program, b"".join(messages), entries), messages, places)
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
        if start is not None:
            stop = max(0, start) + (message[:1] == b"\n" != text[max(0, start) :][:1])
    return messages, places


def _as_said(message: bytes, text: bytes, at: int) -> bytes:
    """Return ``message``, which stands ``at`` a place of ``text``, without a line end that is ours."""
    end = at + len(message)
    return message[:-1] if message[-1:] == b"\n" != text[end - 1 : end] else message


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
        show_rows("sent" if part.sent else "received", shown)
    if told.done and all(part.sent for part in passed):
        show_rows("received", iter(["nothing: the screen as it stands"]))
    rest = [] if told.done or not told.rest else [told.rest]
    for snapshot in told.messages + rest:
        for row in screen_rows(program, snapshot):
            typer.echo(row)


def _place(message: bytes, text: bytes, stop: int) -> int | None:
    """Return where ``message`` begins in ``text``: before it, if its begin was kept from the reply before."""
    start = text.rfind(message, 0, stop)
    # A line end around it may be ours, so that it begins or ends no line of another one.
    if message[:1] == b"\n":
        start = max(start, text.rfind(message[1:], 1, stop) - 1)
    if message[-1:] == b"\n":
        start = max(start, text.rfind(message[:-1], max(0, stop - len(message) + 1), stop))
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


def show_rows(title: str, rows: Iterator[str]) -> None:
    """Show ``rows`` below each other, the ``title`` before the first."""
    for index, row in enumerate(rows):
        typer.echo((f"  {title:<10}" if index == 0 else MARGIN) + row)
