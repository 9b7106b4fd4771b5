"""Bytes as lines of visible text, with marks and names below the parts that mean something."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.cli.spans import Span
from filebridge.errors import escaped

__all__ = ["MOST_LINES", "WIDTH", "layers", "marked"]

WIDTH = 96
"""Characters of a line; a longer one goes on in the next."""

MOST_LINES = 40


def marked(data: bytes, offset: int, spans: list[Span]) -> Iterator[str]:
    """Yield ``data`` as lines of printable ASCII, each followed by its marks.

    ``offset`` is where ``data`` begins in the text that ``spans`` speak of. Of more than 40 lines the last are shown.
    """
    rows = list(_rows(data))
    if len(rows) > MOST_LINES:
        yield f"... {rows[-MOST_LINES][0]} bytes before this"
        rows = rows[-MOST_LINES:]
    for start, cells in rows:
        yield "".join(cells)
        yield from layers(cells, offset + start, spans)


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the place of each row's first byte and the shown form of each of its bytes."""
    cells: list[str] = []
    start = width = 0
    for place, byte in enumerate(data):
        cell = escaped(bytes((byte,)))
        if cells and width + len(cell) > WIDTH:
            yield start, cells
            start, cells, width = place, [], 0
        cells.append(cell)
        width += len(cell)
        if byte == 10:
            yield start, cells
            start, cells, width = place + 1, [], 0
    if cells:
        yield start, cells


def layers(cells: list[str], offset: int, spans: list[Span]) -> Iterator[str]:
    """Yield a line of marks and a line of names; more of them where parts or names would overlap.

    ``cells`` are the shown forms of what stands from ``offset`` on in the text that ``spans`` speak of.
    """
    columns = [0]
    for cell in cells:
        columns.append(columns[-1] + len(cell))
    found: list[tuple[str, str]] = []
    for span in spans:
        first, last = max(0, span.start - offset), min(len(cells), span.end - offset)
        if first >= last:
            continue
        at, to = columns[first], columns[last]
        for number, (marks, names) in enumerate(found):
            if max(len(marks), len(names)) < at or not marks:
                found[number] = _placed(marks, names, at, to, span.name)
                break
        else:
            found.append(_placed("", "", at, to, span.name))
    for layer in found:
        yield from layer


def _placed(marks: str, names: str, at: int, to: int, name: str) -> tuple[str, str]:
    return marks.ljust(at) + "~" * (to - at), names.ljust(at) + name
