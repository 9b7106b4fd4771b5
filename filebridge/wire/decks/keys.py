"""Values of `name = value` and `name: value` in a deck, in sections and namelist groups too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from filebridge.config.problems import nearest
from filebridge.wire.decks.deck import Deck, PlaceProblem, Spot
from filebridge.wire.decks.groups import COMMENT, Group, Parts, parts_of

__all__ = ["find_key", "find_values", "groups_named", "one_of"]

_T = TypeVar("_T")

_NEXT_FORTRAN = re.compile(r"[A-Za-z_]\w*(?:%\w+|\([^()\n]*\))*\s*=(?![=>])")
_NEXT = re.compile(
    r"[ \t]*[,;][ \t]*(?:\x02+|[A-Za-z_][\w.-]*)[ \t]*[:=]|[ \t]+[A-Za-z_][\w.%-]*(?:\([^()\n]*\))?[ \t]*=(?![=>])"
)
_ANY = re.compile(r"([A-Za-z_][\w.%-]*(?:\([^()\n]*\))?)[\"']?[ \t]*[=:]")
_BLANK = re.compile(r"[ \t]+")
_BRACKET = re.compile(r"[(\[{]|[)\]}]")
_AHEAD = ("", "{", "[", ",", "-")  # what may stand before a name with a colon


def find_key(deck: Deck, key: str, group: str | None, which: str | int | None) -> Spot:
    """Return the place of the value of ``key``; raises PlaceProblem if there is none, or not only one."""
    parts = parts_of(deck.text)
    chosen = None if group is None else groups_named(parts, group)
    values = find_values(parts, key, chosen)
    if not values:
        texts = [parts.shown] if chosen is None else [parts.shown[each.start : each.end] for each in chosen]
        names = dict.fromkeys(name for text in texts for name in _ANY.findall(text))
        what = "the deck has no such name" if group is None else f"the group `{group}` of the deck has no such name"
        raise PlaceProblem(what, key, "a name before `=` or `:`", nearest(key, names), "key")
    held = list(dict.fromkeys(each.name if (each := parts.group_at(start)) else "" for start, _ in values))
    ways = f"`group: {held[0] or held[1]}`, " if group is None and len(held) > 1 else ""
    start, end = one_of(values, which, key, "places of the deck give this name a value", "key", ways)
    within = parts.group_at(start)
    if not (within and within.fortran) and _depth(parts.code[start:end]) > 0:
        found = deck.text[start:end][:60]
        raise PlaceProblem("the value goes on over several lines", found, "`after` and `line`, one for each", "", "key")
    return Spot(deck.point(start), deck.point(end))


def groups_named(parts: Parts, name: str) -> list[Group]:
    """Return the groups called ``name``, capitals or not; raises PlaceProblem if there is none."""
    for fold in (str, str.casefold):
        chosen = [group for group in parts.groups if fold(group.name) == fold(name)]
        if chosen:
            return chosen
    what = "the deck has no section and no namelist group of this name"
    raise PlaceProblem(what, name, "`[name]` or `&name` in the deck", nearest(name, _names(parts)), "group")


def find_values(parts: Parts, key: str, groups: Sequence[Group] | None) -> list[tuple[int, int]]:
    """Return where the values of ``key`` begin and end, in all groups if none are given.

    Capitals count if that leaves any.
    """
    for flags in (0, re.IGNORECASE):
        starts = [
            (start, word) for start, word in sorted(_starts(parts, key, flags))
            if groups is None or any(group.start <= start <= group.end for group in groups)
        ]
        if starts:
            return [(start, _end(parts, start, word)) for start, word in starts]
    return []


def one_of(found: Sequence[_T], which: str | int | None, name: str, places: str, key: str, ways: str = "") -> _T:
    """Return the one of ``found`` that ``which`` says; raises PlaceProblem where that leaves none, or several."""
    count = len(found)
    if which is None and count > 1:
        raise PlaceProblem(f"{count} {places}", name, f"{ways}`which: first`, `last` or a number", "", key)
    if isinstance(which, int) and which > count:
        raise PlaceProblem(f"only {count} {places}", str(which), f"at most {count}", "", "which")
    return found[which - 1 if isinstance(which, int) else -1 if which == "last" else 0]


def _names(parts: Parts) -> list[str]:
    return list(dict.fromkeys(group.name for group in parts.groups))


def _starts(parts: Parts, key: str, flags: int) -> Iterator[tuple[int, bool]]:
    """Yield where the values of ``key``, as it is written or in quotes, begin, and whether one word is all of it."""
    name = r"[ \t]+".join(map(re.escape, key.split()))
    sign = r"[ \t]*(?P<sign>=(?![=>])|:(?![:=/]))[ \t]*"
    bare = re.compile(rf"(?<![\w.%$&-]){name}{sign}", flags)
    quoted = re.compile(rf"([\"']){name}\1{sign}", flags)
    for match in (*bare.finditer(parts.code), *quoted.finditer(parts.shown)):
        line = parts.code.rfind("\n", 0, match.start()) + 1
        ahead = parts.code[line : match.start()].rstrip()
        if match["sign"] == "=" or ahead[-1:] in _AHEAD:
            # `v1 in 0 gain=5 1k`: without spaces, in the midst of a line, a value ends with the word.
            yield match.end(), bool(ahead) and match[0].endswith("=") and match[0][-2:-1] not in " \t"


def _end(parts: Parts, start: int, word: bool) -> int:
    group, code = parts.group_at(start), parts.code
    if group is not None and group.fortran:
        following = _NEXT_FORTRAN.search(code, start, group.end)
        stop = following.start() if following else group.end
        return start + len(code[start:stop].rstrip(f" \t\r\n,{COMMENT}"))
    stop = code.find("\n", start)
    rest = code[start : stop if stop >= 0 else len(code)].partition(COMMENT)[0]
    rest = rest[: _closing(rest)]
    for following in (_BLANK if word else _NEXT).finditer(rest):
        if _depth(rest[: following.start()]) == 0:
            rest = rest[: following.start()]
            break
    return start + len(rest.rstrip(" \t\r,;"))


def _closing(text: str) -> int:
    """Return where a bracket closes that was opened before ``text``, or its length."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in "([{" else -1
        if depth < 0:
            return match.start()
    return len(text)


def _depth(text: str) -> int:
    return sum(1 if match[0] in "([{" else -1 for match in _BRACKET.finditer(text))
