"""How the end of a message is known, compiled once for each exchange.

A cut looks at the bytes received so far and says where the message ends and which end it was. It
searches only bytes that it has not seen before, whatever the size of the pieces, so that the same
bytes give the same messages however the operating system cuts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from filebridge.config.exchange import FRAMINGS, Alternative, Framing
from filebridge.errors import escaped
from filebridge.wire.documents import document_cut
from filebridge.wire.ending import PLAIN, Cut, Data, End, Received
from filebridge.wire.lengths import length_cut

__all__ = [
    "LOOK_BACK", "PLAIN", "Cut", "Data", "End", "Received", "awaited", "bytes_cut", "cleaned", "compile_cut",
    "entire", "never", "until_cut", "whole",
]  # fmt: skip

LOOK_BACK = 4096
"""Bytes before the new ones that a regular expression is tried on again: the longest end it can match."""


def one_line(data: Data, searched: int) -> tuple[int, End] | None:
    """Cut after the first line end."""
    end = data.find(b"\n", searched) + 1
    return (end, PLAIN) if end else None


def lines_cut(count: int) -> Cut:
    """Return a cut after ``count`` lines."""
    if count == 1:
        return one_line

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        if data.count(b"\n") < count:
            return None
        end = 0
        for _ in range(count):
            end = data.find(b"\n", end) + 1
        return end, PLAIN

    return cut


def bytes_cut(count: int) -> Cut:
    """Return a cut after ``count`` bytes."""
    return lambda data, searched: (count, PLAIN) if len(data) >= count else None


def never(data: Data, searched: int) -> tuple[int, End] | None:
    """Leave the end to silence or to the end of the process."""
    return None


def whole(data: Data, searched: int) -> tuple[int, End] | None:
    """Cut after all that there is: the transport vouches for it."""
    return len(data), PLAIN


def cursor_cut(row: int, column: int) -> Cut:
    """Return a cut after a screen whose cursor stands at this row and column, both counted from 1."""
    place = b"\x1b[%d;%dH" % (row, column)

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        return (len(data), PLAIN) if data.endswith(place) else None

    return cut


def entire(cut: Cut, of_lines: bool = True) -> Cut:
    """Return a cut that finds the end where ``cut`` does, but leaves nothing behind it: of a screen all is read.

    With ``of_lines`` it is looked for in the lines only, and not in the place of the cursor behind them.
    """

    def whole_cut(data: Data, searched: int) -> tuple[int, End] | None:
        found = cut(data[: data.rfind(b"\n") + 1] if of_lines else data, searched)
        return None if found is None else (len(data), found[1])

    return whole_cut


def cleaned(cut: Cut, clean: Callable[[bytes], bytes]) -> Cut:
    """Return a cut that finds what ``cut`` does, each message of which passes ``clean``."""
    known: dict[End, End] = {}

    def cleaned_cut(data: Data, searched: int) -> tuple[int, End] | None:
        found = cut(data, searched)
        if found is None:
            return None
        end, which = found
        if which not in known:
            known[which] = replace(which, clean=clean)
        return end, known[which]

    return cleaned_cut


def literal_cut(text: bytes, end: End) -> Cut:
    """Return a cut after the first occurrence of ``text``."""
    size = len(text)
    overlap = size - 1

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        at = data.find(text, searched - overlap if searched > overlap else 0)
        return None if at < 0 else (at + size, end)

    return cut


def pattern_cut(pattern: re.Pattern[bytes], ends: Sequence[End]) -> Cut:
    """Return a cut after the first match of ``pattern``, whose n-th named group stands for the n-th end."""
    table = dict(zip(sorted(pattern.groupindex.values()), ends, strict=True))

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        match = pattern.search(data, searched - LOOK_BACK if searched > LOOK_BACK else 0)
        if match is None:
            return None
        return match.end(), next(end for group, end in table.items() if match.start(group) >= 0)

    return cut


def until_cut(ends: Sequence[tuple[Alternative, End]], encode: Callable[[str], bytes]) -> Cut:
    """Return a cut after whichever of ``ends`` comes first; alternatives that wait for an exit are left out."""
    told = [(alternative, end) for alternative, end in ends if alternative.exit is None]
    if not told:
        return never
    if len(told) == 1 and told[0][0].text is not None:
        return literal_cut(encode(told[0][0].text), told[0][1])
    branches = []
    for number, (alternative, _) in enumerate(told):
        text, regex = alternative.text, alternative.regex or ""
        source = re.escape(encode(text)) if text is not None else encode(regex)
        branches.append(b"(?P<end%d>%s)" % (number, source))
    return pattern_cut(re.compile(b"|".join(branches), re.MULTILINE), [end for _, end in told])


_BLANK = re.compile(rb"(?P<end0>\S[^\n]*\n[ \t]*\n)")


def compile_cut(
    framing: Framing,
    ends: Sequence[tuple[Alternative, End]],
    answers: Sequence[tuple[Alternative, End]],
    encode: Callable[[str], bytes],
    cap: int = 1 << 20,
    clean: Callable[[bytes], bytes] | None = None,
    strict: bool = True,
) -> Cut:
    """Return the cut of one exchange.

    ``ends`` are the alternatives of ``until`` with what they mean, ``answers`` the questions on the way.
    Questions go with ``until`` and with ``quiet`` only; the rules see to that. ``cap`` is the largest length in bytes
    that may be announced, ``clean`` what a message with a length passes; ``strict``: what is no document between two
    of them is refused, not dropped.
    """
    others = any(getattr(framing, name) is not None for name in FRAMINGS[1:])
    if framing.until is not None and not others:
        return until_cut([*answers, *ends], encode)
    if framing.quiet is not None:
        return until_cut(answers, encode)
    if framing.blank:
        return pattern_cut(_BLANK, [PLAIN])
    if framing.whole or framing.datagrams is not None:
        return whole
    if framing.length is not None:
        return length_cut(framing.length, cap, clean)
    if framing.document is not None:
        return document_cut(framing.document, strict)
    if framing.cursor is not None:
        return cursor_cut(*framing.cursor)
    if framing.bytes is not None:
        return bytes_cut(framing.bytes)
    return lines_cut(framing.lines or 1)


def awaited(framing: Framing) -> str:
    """Return in words, and on one line, how a reply ends: its texts escaped and with their labels."""
    if framing.until is not None:
        named = [_named(end) for end in framing.until]
        others = any(getattr(framing, name) is not None for name in FRAMINGS[1:])
        return " or ".join([awaited(framing.model_copy(update={"until": None})), *named] if others else named)
    if framing.quiet is not None:
        return f"quiet for {framing.quiet:g} s"
    if framing.blank:
        return "a blank line"
    if framing.whole:
        return "a whole result"
    if framing.cursor is not None:
        return "the cursor in row {}, column {}".format(*framing.cursor)
    if framing.datagrams is not None:
        return "a datagram"
    if framing.length is not None:
        return f"as many bytes as the {_numbered(framing.length.size, 'byte')} in front of them say"
    if framing.document is not None:
        return f"the end of {'a JSON' if framing.document == 'json' else 'an XML'} document"
    count, unit = (framing.bytes, "byte") if framing.bytes is not None else (framing.lines or 1, "line")
    return _numbered(count, unit)


def _numbered(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _named(end: Alternative) -> str:
    if end.exit is not None:
        told = "exit code " + " or ".join(map(str, end.exit))
    else:
        told = f"`{escaped(end.text, 200)}`" if end.text is not None else f"`/{escaped(end.regex or '', 200)}/`"
    return f"{end.label}: {told}" if end.label else told
