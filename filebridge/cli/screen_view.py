"""A full screen as ``filebridge probe`` shows it: its rows and columns numbered, marks below its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from filebridge.cli.marking import layers
from filebridge.cli.spans import Span, field_spans
from filebridge.cli.texts import line
from filebridge.program import Program

__all__ = ["MARGIN", "screen_rows"]

MARGIN = 12
"""Characters before each row: what it is called, or its number."""

_CURSOR = re.compile(rb"[\x10-\x17]*\x1b\[(\d+);(\d+)H\Z")


def screen_rows(program: Program, snapshot: bytes) -> Iterator[str]:
    """Yield the lines of a whole ``snapshot``, each with its number; fields of a block of cells have no marks.

    ``snapshot`` is that of ``wire.screen``: lines, and where the cursor stands.
    """
    spans = _counted(snapshot, _read_from(program, snapshot))
    place = _CURSOR.search(snapshot)
    rows = (snapshot[: place.start()] if place else snapshot).decode("utf-8", "replace").splitlines()
    columns = max(map(len, rows), default=0)
    yield " " * MARGIN + "".join(f"{tens:>10}" for tens in range(10, columns + 1, 10))
    yield " " * MARGIN + ("1234567890" * (columns // 10 + 1))[:columns]
    start = 0
    for number, row in enumerate(rows, 1):
        yield f"{number:>{MARGIN - 2}}  " + line(row).rstrip()
        for layer in layers(list(row), start, spans):
            yield " " * MARGIN + layer
        start += len(row) + 1
    if place:
        yield f"  {'cursor':<{MARGIN - 2}}row {place[1].decode()}, column {place[2].decode()}"


def _read_from(program: Program, snapshot: bytes) -> list[Span]:
    """Return where fields were read that are words or numbers; of a block of cells each would be one."""
    fields = program.config.fields
    entries = [entry for entry in program.decoder.entries if not (fields[entry.name].grid or fields[entry.name].screen)]
    return field_spans(program, snapshot, entries)


def _counted(snapshot: bytes, spans: list[Span]) -> list[Span]:
    """Return ``spans`` counted in characters, of which some have several bytes."""
    if snapshot.isascii():
        return spans
    at = {byte: len(snapshot[:byte].decode("utf-8", "replace")) for span in spans for byte in (span.start, span.end)}
    return [replace(span, start=at[span.start], end=at[span.end]) for span in spans]

