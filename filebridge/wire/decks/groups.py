"""The parts of a deck: namelist groups and sections, and what in it is a comment or a text in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["COMMENT", "QUOTED", "Group", "Parts", "parts_of"]

COMMENT, QUOTED = "\1", "\2"
"""What takes the place of a comment, and of a text in quotes, so that nothing is found in them."""

# What begins like a comment right behind a separator and is none: `colour = #ff0000`.
_PLAIN = re.compile(
    r"(?P<other>[=:][ \t]*\#[^\s])"
    r"|(?P<comment>^[ \t]*(?:[#!;]|//|\*(?=[ \t*\r\n]|\Z))[^\n]*|(?<=[ \t])(?:[!#;]|//)[^\n]*)"
    r"""|(?P<text>(?<!\w)'[^'\n]*'|(?<!\w)"(?:[^"\\\n]|\\.)*")""",
    re.MULTILINE,
)
_FORTRAN = re.compile(
    r"""(?P<comment>![^\n]*)|(?P<text>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")|(?P<other>(?P<close>/|[&$]end\b))""",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^[ \t]*([&$])(?!end\b)([A-Za-z]\w*)", re.MULTILINE | re.IGNORECASE)
_SECTION = re.compile(r"^[ \t]*\[([^\]\n]+)\][ \t]*(?=[\r\n\x01]|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Group:
    """A section or a namelist group: its name, and where what it holds begins and ends in the text."""

    name: str
    start: int
    end: int
    fortran: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The text with comments masked, in ``code`` texts in quotes too, each by as many characters; and its groups."""

    shown: str
    code: str
    groups: tuple[Group, ...]

    def group_at(self, offset: int) -> Group | None:
        """Return the group that ``offset`` lies in, of two the namelist group."""
        return next((group for group in self.groups if group.start <= offset <= group.end), None)


@lru_cache(maxsize=1)
def parts_of(text: str) -> Parts:
    """Return the parts of ``text``."""
    fortran = list(_namelists(text))
    masks = []
    for quoted in ("", QUOTED):
        pieces, at = [], 0
        for group in fortran:
            pieces.append(_masked(_PLAIN, text[at : group.start], quoted))
            pieces.append(_masked(_FORTRAN, text[group.start : group.end], quoted))
            at = group.end
        masks.append("".join([*pieces, _masked(_PLAIN, text[at:], quoted)]))
    return Parts(masks[0], masks[1], (*fortran, *_sections(masks[1])))


def _masked(pattern: re.Pattern[str], text: str, quoted: str) -> str:
    def mask(match: re.Match[str]) -> str:
        if match["comment"] is not None:
            return COMMENT * len(match[0])
        return quoted * len(match[0]) if quoted and match["text"] is not None else match[0]

    return pattern.sub(mask, text)


def _namelists(text: str) -> Iterator[Group]:
    openings = list(_OPENING.finditer(text))
    done = 0
    for number, opening in enumerate(openings):
        limit = openings[number + 1].start() if number + 1 < len(openings) else len(text)
        if opening.start() < done:
            continue
        for token in _FORTRAN.finditer(text, opening.end(), limit):
            # A `$` begins a comment in many decks, so there a slash alone is no sign of a group.
            if token["close"] and (opening[1] == "&" or token["close"] != "/"):
                done = token.end()
                yield Group(opening[2], opening.end(), token.start(), True)
                break


def _sections(code: str) -> Iterator[Group]:
    heads = list(_SECTION.finditer(code))
    ends = [*(head.start() for head in heads[1:]), len(code)]
    for head, end in zip(heads, ends, strict=False):
        yield Group(head[1].strip(), head.end(), end, False)
