"""Where the places of an edit are in a deck: a card's column, a line below a heading, the value of a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from filebridge.config.deck import Edit
from filebridge.config.problems import nearest
from filebridge.wire.decks.deck import Deck, Layout, PlaceProblem, Spot
from filebridge.wire.decks.keys import find_key, one_of

__all__ = ["find_spot"]

_FIRST = re.compile(r"[ \t]*([^\s,]*)")
_WORD = re.compile(r"""'[^']*'(?=[\s,]|\Z)|"[^"]*"(?=[\s,]|\Z)|[^\s,]*""")
_BETWEEN = re.compile(r"[ \t]*(?:,[ \t]*|(?<=[ \t])(?=\S))")
_WIDEST = 10_000
_LONGEST = 2000  # lines that are compared with a word which is not there
_SHOWN = 12  # words that are told instead


def find_spot(deck: Deck, edit: Edit) -> Spot:
    """Return the place of ``edit`` in ``deck``, whose line is filled up if it is too short for ``chars``.

    Raises PlaceProblem where there is none, or more than one and nothing says which.
    """
    if edit.key is not None:
        return find_key(deck, edit.key, edit.group, edit.which)
    line = _card(deck, edit.card, edit.which) if edit.card is not None else _below(deck, edit)
    if edit.chars is not None:
        return _chars(deck, line, edit.chars)
    if edit.column is not None:
        return _column(deck.lines[line], line, edit.column)
    return Spot((line, 0), (line, len(deck.lines[line])))


def _card(deck: Deck, card: str, which: str | int | None) -> int:
    first = [match[1] if (match := _FIRST.match(line)) else "" for line in deck.lines]
    lines = _equal(first, card)
    if not lines:
        what, known = "no line of the deck begins with this word", _known(first)
        wanted = "one of " + ", ".join([*known[:_SHOWN], *(["..."] if len(known) > _SHOWN else [])])
        raise PlaceProblem(what, card, wanted, nearest(card, known[:_LONGEST]), "card")
    return one_of(lines, which, card, "lines of the deck begin with this word", "card")


def _below(deck: Deck, edit: Edit) -> int:
    heading = edit.after or ""
    lines = [number for number, line in enumerate(deck.lines) if heading in line]
    if not lines:
        near = nearest(heading, _known(line.strip() for line in deck.lines[:_LONGEST]))
        raise PlaceProblem("no line of the deck holds this text", heading, "a part of a heading", near, "after")
    line = one_of(lines, edit.which, heading, "lines of the deck hold this text", "after") + edit.line
    last = len(deck.lines) - (not deck.lines[-1])
    if line >= last:
        left = last - 1 - (line - edit.line)
        raise PlaceProblem("the deck ends before this line", str(edit.line), f"at most {left}", "", "line")
    return line


def _equal(words: Sequence[str], word: str) -> list[int]:
    """Return where ``word`` stands among ``words``; capitals count if that leaves any."""
    exact = [number for number, other in enumerate(words) if other == word]
    return exact or [number for number, other in enumerate(words) if other.casefold() == word.casefold()]


def _known(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


def _chars(deck: Deck, line: int, chars: tuple[int, int]) -> Spot:
    first, last = chars
    if not 1 <= first <= last <= _WIDEST:
        raise PlaceProblem("no characters of a line", f"{first}..{last}", f"from 1 to {_WIDEST}", "", "chars")
    deck.widen(line, last)
    return Spot((line, first - 1), (line, last), width=last - first + 1)


def _column(text: str, line: int, column: int) -> Spot:
    spans = _words(text)
    if column > len(spans):
        shown = text.strip()[:60]
        what = f"the line has {len(spans)} words only: {shown}"
        raise PlaceProblem(what, str(column), f"at most {len(spans)}", "", "column")
    start, end = spans[column - 1]
    return Spot((line, start), (line, end), _layout(text, start, end))


def _words(text: str) -> list[tuple[int, int]]:
    """Return the spans of words; a comma parts them, with spaces around it or not, so that one may be empty."""
    spans = []
    at = len(text) - len(text.lstrip())
    while True:
        word = _WORD.match(text, at)
        assert word is not None
        spans.append(word.span())
        gap = _BETWEEN.match(text, word.end())
        if gap is None:
            return spans
        at = gap.end()


def _layout(text: str, start: int, end: int) -> Layout | None:
    before = start - len(text[:start].rstrip(" "))
    after = len(text) - end - len(text[end:].lstrip(" "))
    ahead, behind = text[: start - before][-1:], text[end + after :][:1]
    if (not behind and before < 2) or not before + after:
        return None
    least_before = int(before > 0 and ahead not in ("", "\t"))
    least_after = int(after > 0 and behind != "\t")
    if not behind:
        return Layout(before, 0, least_before, 0, right=True)
    return Layout(before, after, least_before, least_after, right=before > after)
