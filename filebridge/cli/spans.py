"""Which part of a reply each field was read from, found out by hiding one piece of it after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from filebridge.config.exchange import Alternative, Exchange
from filebridge.config.rules import framing_of
from filebridge.config.units import regex_source
from filebridge.errors import BridgeError
from filebridge.program import Program

__all__ = ["Span", "field_spans", "prompt_spans", "unread"]

MOST_BYTES = 4096
"""Bytes at the end of a reply that are looked at; each piece of them is one more reading of every field."""

_PIECES = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|\w+|[^\w\s]")
_FAILED = object()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes ``start`` to ``end`` of a text, and what they are."""

    start: int
    end: int
    name: str


def field_spans(program: Program, text: bytes) -> list[Span]:
    """Return the parts of ``text`` on which the fields depend; a field that is not there has none."""
    pieces = [piece.span() for piece in _PIECES.finditer(text, max(0, len(text) - MOST_BYTES))]
    spans = []
    for entry in program.decoder.entries:
        value = _read(entry.read, text)
        if value is None or value is False or value is _FAILED:
            continue
        if (seen := program.config.fields[entry.name].seen) is not None:
            spans += [Span(*found, entry.name) for found in _occurrences(_text_or_regex(seen), text)]
            continue
        needed = [(start, end) for start, end in pieces if _depends(entry.read, text, start, end, value)]
        spans += [Span(start, end, entry.name) for start, end in _joined(needed, text)]
    return sorted(spans)


def _read(read: Callable[[bytes], object], text: bytes) -> object:
    try:
        return read(text)
    except BridgeError:
        return _FAILED


def _depends(read: Callable[[bytes], object], text: bytes, start: int, end: int, value: object) -> bool:
    # As long as before, so that columns stay in their places.
    hidden = text[:start] + b"#" * (end - start) + text[end:]
    return repr(_read(read, hidden)) != repr(value)


def _joined(parts: list[tuple[int, int]], text: bytes) -> Iterator[tuple[int, int]]:
    """Yield ``parts``, those with nothing but blanks between them made one."""
    start, end = -1, -1
    for part in parts:
        if start >= 0 and not text[end : part[0]].strip(b" \t"):
            end = part[1]
            continue
        if start >= 0:
            yield start, end
        start, end = part
    if start >= 0:
        yield start, end


def prompt_spans(program: Program, phase: str, text: bytes) -> list[Span]:
    """Return where the ends and the questions of a phase occur in ``text``."""
    config = program.config
    exchanges: list[Exchange] = list(config.reset.exchanges if phase == "reset" and config.reset else ())
    if phase != "reset":
        exchanges = list(getattr(config, phase, ()))
    spans: set[Span] = set()
    for exchange in exchanges:
        for end in framing_of(config, exchange).until or ():
            name = f"end, {end.label}" if end.label else "end"
            spans.update(Span(*found, name) for found in _occurrences(end, text))
        for question in exchange.answer:
            spans.update(Span(*found, "question") for found in _occurrences(_text_or_regex(question), text))
    return sorted(spans)


def _text_or_regex(source: str) -> Alternative:
    regex = regex_source(source)
    return Alternative(text=None if regex else source, regex=regex)


def _occurrences(end: Alternative, text: bytes) -> Iterator[tuple[int, int]]:
    if end.exit is None:
        source = end.regex.encode() if end.regex is not None else re.escape((end.text or "").encode())
        yield from (match.span() for match in re.finditer(source, text) if match[0])


def unread(text: bytes, spans: list[Span]) -> list[bytes]:
    """Return the parts of ``text`` that are not blank and in none of ``spans``."""
    covered = bytearray(text)
    for span in spans:
        covered[span.start : span.end] = b"\n" * (span.end - span.start)
    return [part.strip() for part in bytes(covered).split(b"\n") if part.strip()]
