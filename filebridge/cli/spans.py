"""Which part of a reply each field was read from, found out by changing one piece of it after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from filebridge.config.dialogues import dialogues, framing_of, is_parcel
from filebridge.config.exchange import Alternative, Exchange
from filebridge.config.model import Config
from filebridge.config.units import regex_source
from filebridge.errors import BridgeError, ParseError
from filebridge.parcel import pack, unpack
from filebridge.program import Program
from filebridge.program.decoder import Entry
from filebridge.program.filters import is_binary

__all__ = ["MOST_BYTES", "Span", "end_span", "field_spans", "header_spans", "is_text", "talks_binary", "unread"]

MOST_BYTES = 4096
"""Bytes at the end of a reply that are looked at; each piece of them is one more reading of every field."""

_PIECES = re.compile(rb"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?)|(?P<word>\w+)|[^\w\s]")
_BYTES = re.compile(rb"(?P<number>(?!))|(?P<word>(?!))|(?P<byte>[\s\S])")
"""Of binary data each byte is a piece."""
_NEXT = bytes.maketrans(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                        b"1234567890bcdefghijklmnopqrstuvwxyzaBCDEFGHIJKLMNOPQRSTUVWXYZA")  # fmt: skip
_FIFTH = bytes.maketrans(b"0123456789", b"5678901234")
_NEXT_DIGIT = bytes.maketrans(b"0123456789", b"1234567890")
_FAILED = object()
_TEXT = bytes({*range(32, 127), 9, 10, 13})


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Bytes ``start`` to ``end`` of a text, and what they are."""

    start: int
    end: int
    name: str


def talks_binary(config: Config) -> bool:
    """Return whether bytes of the dialogue may be numbers rather than text."""
    exchanges = [exchange for _, exchange in dialogues(config)]
    if config.adapter is not None or any(exchange.pack is not None for exchange in exchanges):
        return True
    if any(framing_of(config, exchange).length is not None for exchange in exchanges):
        return True
    return any(map(is_binary, config.fields.values()))


def is_text(data: bytes) -> bool:
    """Return whether ``data`` is readable as it is."""
    return not data.translate(None, _TEXT)


def field_spans(program: Program, text: bytes, entries: Sequence[Entry] | None = None) -> list[Span]:
    """Return the parts of ``text`` on which the fields depend, each for one of them; one that is not there has none.

    ``entries`` are the fields that are looked at, by default all.
    """
    spans, fields = [], []
    regions = _contents(program, text)
    for entry in program.decoder.entries if entries is None else entries:
        value, field = _read(entry.read, text), program.config.fields[entry.name]
        if value is None or value is _FAILED or (value is False and field.seen is not None):
            continue
        if field.seen is not None:
            found = _occurrences(_text_or_regex(field.seen), text)
            spans += [Span(*one, entry.name) for one in found if any(a <= one[0] and one[1] <= b for a, b in regions)]
        else:
            fields.append(_Field(entry.name, entry.read, repr(value), field.pick == "count"))
    cut = _PIECES if is_text(text) or not talks_binary(program.config) else _BYTES
    pieces = [piece for start, stop in regions for piece in cut.finditer(text, max(start, stop - MOST_BYTES), stop)]
    needed = [_needed_by(fields, piece, text) for piece in pieces]
    _add_labels(fields, pieces, needed, text)
    owned = zip(pieces, _owners(needed), strict=True)
    return sorted(spans + list(_joined([Span(*piece.span(), name) for piece, name in owned if name], text)))


def header_spans(program: Program, message: bytes) -> list[Span]:
    """Return where in a ``message`` of several files their names and sizes stand."""
    spans, at = [], 0
    for start, stop in _contents(program, message):
        spans.append(Span(at, start, "file"))
        at = stop
    return [span for span in spans if span.start < span.end]


def _contents(program: Program, message: bytes) -> list[tuple[int, int]]:
    """Return where in a message something stands that fields can be read from: the contents of its files."""
    if not is_parcel(program.config):
        return [(0, len(message))]
    regions, at = [], 0
    try:
        parts = unpack(message)
    except ParseError:
        return [(0, len(message))]
    for name, data in parts.items():
        at += len(pack([(name, data)]))
        regions.append((at - len(data), at))
    return regions


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that was read: how, and the value as text."""

    name: str
    read: Callable[[bytes], object]
    value: str
    is_counted: bool

    def depends(self, text: bytes) -> bool:
        return repr(_read(self.read, text)) != self.value


def _read(read: Callable[[bytes], object], text: bytes) -> object:
    try:
        return read(text)
    except BridgeError:
        return _FAILED


def _needed_by(fields: list[_Field], piece: re.Match[bytes], text: bytes) -> list[str]:
    """Return the fields that become others whatever stands in the place of ``piece``."""
    before, after = text[: piece.start()], text[piece.end() :]
    hidden = before + _stranger(piece) * len(piece[0]) + after
    variants = [before + other + after for other in _others(piece)]
    return [
        field.name for field in fields
        if all(map(field.depends, variants)) or (field.is_counted and field.depends(hidden))
    ]  # fmt: skip


def _add_labels(fields: list[_Field], pieces: list[re.Match[bytes]], needed: list[list[str]], text: bytes) -> None:
    """Add to ``needed`` what stands around a value that occurs twice: without it the equal one would be read."""
    changed = bytearray(text)
    for piece, names in zip(pieces, needed, strict=True):
        if names and piece["number"]:
            changed[piece.start() : piece.end()] = _others(piece)[0]
    other = bytes(changed)
    values = [(field, _read(field.read, other)) for field in fields]
    again = [replace(field, value=repr(value)) for field, value in values if value is not None and value is not _FAILED]
    for place, piece in enumerate(pieces):
        needed[place] = needed[place] or _needed_by(again, piece, other)


def _others(piece: re.Match[bytes]) -> tuple[bytes, ...]:
    """Return what may stand for ``piece``: of the same kind and length, so that all around it is read as before."""
    if piece.lastgroup == "byte":
        return bytes([piece[0][0] ^ 1]), bytes([piece[0][0] ^ 128])
    if piece["number"]:
        return piece[0].translate(_NEXT_DIGIT), piece[0].translate(_FIFTH)
    if piece["word"]:
        return piece[0].translate(_NEXT), b"1" * len(piece[0])
    return (_stranger(piece),)


def _stranger(piece: re.Match[bytes]) -> bytes:
    """Return a sign that ``piece`` does not consist of."""
    return b"~" if piece[0].startswith(b"#") else b"#"


def _owners(needed: list[list[str]]) -> list[str]:
    """Return one name for each piece: what several fields need goes to the one whose own piece comes next."""
    owners = [names[0] if len(names) == 1 else "" for names in needed]
    for order in (range(len(needed) - 1, -1, -1), range(len(needed))):
        nearest = ""
        for place in order:
            if len(needed[place]) == 1:
                nearest = owners[place]
            elif nearest in needed[place] and not owners[place]:
                owners[place] = nearest
    return [owner or _shared(names) for owner, names in zip(owners, needed, strict=True)]


def _shared(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")


def _joined(parts: list[Span], text: bytes) -> Iterator[Span]:
    """Yield ``parts``, those of one field with nothing but blanks between them made one."""
    last: Span | None = None
    for part in parts:
        if last and last.name == part.name and not text[last.end : part.start].strip(b" \t"):
            last = Span(last.start, part.end, part.name)
            continue
        if last:
            yield last
        last = part
    if last:
        yield last


def end_span(program: Program, phase: str, message: bytes) -> Span:
    """Return the end of a message, named by what it was: the longest text of the phase that it ends with, or a byte."""
    best = Span(len(message) - 1, len(message), "end")
    if _are_whole(program.config, phase):
        # All of it is the reply, and its last byte means nothing by itself.
        return Span(len(message), len(message), "end")
    for name, end in _ends(program.config, phase):
        for start, stop in _occurrences(end, message):
            if stop == len(message) and start <= best.start:
                best = Span(start, stop, name)
    return best


def _exchanges(config: Config, phase: str) -> list[Exchange]:
    holder = config.reset if phase == "reset" else config.restore if phase in ("save", "load") else config
    return list(getattr(holder, "exchanges" if phase == "reset" else phase, ()))


def _are_whole(config: Config, phase: str) -> bool:
    exchanges = _exchanges(config, phase)
    return bool(exchanges) and all(framing_of(config, exchange).whole for exchange in exchanges)


def _ends(config: Config, phase: str) -> Iterator[tuple[str, Alternative]]:
    for exchange in _exchanges(config, phase):
        for end in framing_of(config, exchange).until or ():
            yield f"end, {end.label}" if end.label else "end", end
        for question in exchange.answer:
            yield "question", _text_or_regex(question)


def _text_or_regex(source: str) -> Alternative:
    regex = regex_source(source)
    return Alternative(text=None if regex else source, regex=regex)


def _occurrences(end: Alternative, text: bytes) -> Iterator[tuple[int, int]]:
    if end.exit is None:
        source = end.regex.encode() if end.regex is not None else re.escape((end.text or "").encode())
        yield from (match.span() for match in re.finditer(source, text, re.MULTILINE) if match[0])


def unread(text: bytes, spans: list[Span]) -> list[bytes]:
    """Return the parts of ``text`` that are not blank and in none of ``spans``."""
    covered = bytearray(text)
    for span in spans:
        covered[span.start : span.end] = b"\n" * (span.end - span.start)
    return [part.strip() for part in bytes(covered).split(b"\n") if part.strip()]
