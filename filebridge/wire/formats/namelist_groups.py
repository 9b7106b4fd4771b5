"""Groups of Fortran namelists within other text: where they stand, and what is assigned in them.

A listing holds anything between its groups, so only the text of a group is looked at, and only what is assigned to one
name is ever given to a parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from filebridge.errors import ParseError, escaped

__all__ = ["Assignment", "Group", "group_finder", "group_names"]

_BEGIN = rb"(?:^[^!'\"&$/\n]*|/[ \t]*)[&$][ \t]*"
_ANY_HEAD = re.compile(_BEGIN + rb"([A-Za-z]\w{0,62})(?!\w)", re.MULTILINE)
# Slashes, ampersands, dollars and equals signs mean something else within strings and comments.
_PIECE = re.compile(rb"'[^']*'|\"[^\"]*\"|!.*|[/&$'\"]")
_TARGET = re.compile(
    rb"(?<![\w%])([A-Za-z_]\w*)((?:[ \t]*(?:\([^()'=\n]{0,200}\)|%[ \t]*[A-Za-z_]\w{0,62})){0,16})[ \t]*="
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment of a group: the place within its variable, `(2)%a` say or "", and the text of all its values."""

    place: bytes
    values: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """The assignments to each name of a group, in small letters, in their order; and values that are parsed already."""

    assignments: dict[bytes, list[Assignment]]
    parsed: dict[bytes, Any] = field(default_factory=dict)


def group_names(message: bytes) -> list[str]:
    """Return the names of all groups in ``message``, in small letters, each once."""
    return list(dict.fromkeys(head[1].lower().decode() for head in _ANY_HEAD.finditer(message)))


def group_finder(name: bytes, first: bool) -> Callable[[bytes], Group | None]:
    """Return what finds the first or the last group ``name`` in a message, or None.

    It raises ParseError for a group or a string in it that does not end.
    """
    head = re.compile(_BEGIN + re.escape(name) + rb"(?!\w)", re.MULTILINE | re.IGNORECASE)

    def find(message: bytes) -> Group | None:
        found = head.search(message)
        if found is not None and not first:
            *_, found = head.finditer(message)
        return None if found is None else Group(_assignments(name, message, found.end()))

    return find


def _assignments(name: bytes, message: bytes, start: int) -> dict[bytes, list[Assignment]]:
    values, masked = (b"".join(pieces) for pieces in zip(*_pieces(name, message, start), strict=True))
    targets = list(_TARGET.finditer(masked))
    ends = [*(target.start() for target in targets), len(values)][1:]
    found: dict[bytes, list[Assignment]] = {}
    for target, end in zip(targets, ends, strict=True):
        place = target[2].replace(b" ", b"").replace(b"\t", b"").lower()
        found.setdefault(target[1].lower(), []).append(Assignment(place, values[target.end() : end]))
    return found


def _pieces(name: bytes, message: bytes, start: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the text of a group without its comments, piece by piece, each also with its strings made illegible."""
    at = start
    for piece in _PIECE.finditer(message, start):
        between, text = message[at : piece.start()], piece[0]
        yield between, between
        at = piece.end()
        if text in b"/&$":
            return
        if text in b"'\"":
            raise _endless(name, message, piece.start(), "a string")
        if text[0] in b"'\"":
            yield text, b"'" * len(text)
    raise _endless(name, message, start, "")


def _endless(name: bytes, message: bytes, start: int, part: str) -> ParseError:
    group = f"the group &{escaped(name, 80)}"
    return ParseError(
        f"{part} in {group} does not end" if part else f"{group} does not end",
        found=escaped(message[start : start + 200]),
        cure="a group ends with a slash, a string with its quotation mark; check that the reply is read to its end",
    )
