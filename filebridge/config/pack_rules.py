"""Rules for binary numbers that are sent: a byte order, known letters, a value for each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filebridge.config.exchange import Pack
from filebridge.config.problems import Problem

__all__ = ["check_pack"]

Place = tuple[str | int, ...]

LARGEST = 1 << 20
"""Bytes of one message that is packed."""

_SIZES = {**dict.fromkeys("xbB", 1), **dict.fromkeys("hHe", 2), **dict.fromkeys("iIlLf", 4), **dict.fromkeys("qQd", 8)}
_LETTER = re.compile(r"(\d*)([^\s\d])")
_WANTED = "`b B h H i I l L q Q`, `e f d` or `x`"


def check_pack(pack: Pack, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the layout of ``pack``, and whether its values are as many as its letters."""
    layout, at = pack.layout, (*place, "layout")
    if layout[0] not in "<>!=":
        what = "the size of numbers would be that of this machine" if layout[0] == "@" else "no byte order in front"
        wanted = f"`<{layout.lstrip('@')}` for little endian, `>{layout.lstrip('@')}` for big endian"
        yield Problem(at, what, layout, wanted, length=1)
        return
    count = size = 0
    end = 1
    for part in _LETTER.finditer(layout, 1):
        if layout[end : part.start()].strip():
            yield _lonely(end, at)
            return
        if part[2] not in _SIZES:
            yield _unknown(part[2], part.start(2), at)
            return
        times = int(part[1][:9]) if part[1] else 1
        size += times * _SIZES[part[2]]
        count += 0 if part[2] == "x" else times
        end = part.end()
    if layout[end:].strip():
        yield _lonely(end, at)
    elif size == 0:
        yield Problem(at, "nothing is packed", layout, f"a letter for each number: {_WANTED}")
    elif size > LARGEST:
        yield Problem(at, "too large for one message", f"{size} bytes", f"at most {LARGEST} bytes")
    elif count < len(pack.values) or (count > len(pack.values) and not any(isinstance(v, str) for v in pack.values)):
        # An expression may be a vector, which stands for several numbers: that is seen when it is compiled.
        found = f"{_counted(count, 'number')} in the layout, {_counted(len(pack.values), 'value')}"
        yield Problem((*place, "values"), "not a value for each number", found, f"{_counted(count, 'value')}", on="key")


def _lonely(offset: int, at: Place) -> Problem:
    wanted = f"{_WANTED} right behind it"
    return Problem(at, "a number without a letter", "", wanted, "", "value", offset, 1)


def _unknown(letter: str, offset: int, at: Place) -> Problem:
    wanted = _WANTED
    if letter in "sp":
        wanted = "the bytes of a text as numbers, `4B` say"
    elif letter in "nNP":
        wanted = "`q` or `Q`: the size of this one is that of the machine"
    elif letter in "?c":
        wanted = "`B`, one byte"
    return Problem(at, "not a letter of a layout", letter, wanted, "", "value", offset, 1)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
