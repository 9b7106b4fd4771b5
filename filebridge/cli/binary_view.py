"""Binary data as rows of bytes in base 16, with marks and names below those that were read."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.cli.marking import MOST_LINES, layers
from filebridge.cli.spans import Span

__all__ = ["hex_rows", "unread_bytes"]

ROW = 16


def hex_rows(data: bytes, offset: int, spans: list[Span]) -> Iterator[str]:
    """Yield ``data`` as rows of 16 bytes, each followed by its marks; the printable ones stand behind them too.

    ``offset`` is where ``data`` begins in the text that ``spans`` speak of. Of more than 40 rows the last are shown.
    """
    first = max(0, (len(data) - 1) // ROW - MOST_LINES + 1) * ROW
    if first:
        yield f"... {first} bytes before this"
    for start in range(first, len(data), ROW):
        row = data[start : start + ROW]
        cells = [f"{byte:02x} " for byte in row]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{''.join(cells):<{3 * ROW}} {shown}"
        yield from layers(cells, offset + start, spans)


def unread_bytes(data: bytes, spans: list[Span]) -> list[bytes]:
    """Return the parts of ``data`` that are in none of ``spans``, in base 16, each with its place."""
    covered = {place for span in spans for place in range(span.start, span.end)}
    runs: list[list[int]] = []
    for place in range(len(data)):
        if place in covered:
            continue
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [b"%s (from byte %d)" % (data[run[0] : run[-1] + 1].hex(" ").encode(), run[0]) for run in runs]
