"""Rules for the ends of replies: an end must be able to come, and must not depend on how the bytes are cut."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

from filebridge.config.exchange import FRAMINGS, SENDS, Alternative, Exchange, Framing
from filebridge.config.pack_rules import check_pack
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source

__all__ = ["check_exchange", "check_framing"]

Place = tuple[str | int, ...]
On = Literal["key", "value"]

_LOOKING_AHEAD = re.compile(r"(?:(?<!\\)\$|(?<!\\)\\[bBZ]|\(\?![^()]*\))\)*\Z")
_BACKWARD = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9]|\(\?\()")
_OPEN_ENDED = re.compile(r"(?<!\\)(?:[*+?]|\{\d*,\d*\})\??\)*\Z")


def check_framing(framing: Framing, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the way in which a reply ends."""
    given = [name for name in FRAMINGS if getattr(framing, name) is not None]
    if framing.until is not None and all(end.exit is not None for end in framing.until):
        # The end of the program may come instead of any other end.
        given.remove("until")
    if len(given) > 1:
        yield Problem((*place, given[1]), "a reply has one kind of end", " and ".join(given), "one of them", on="key")
    for name in ("blank", "whole"):
        if getattr(framing, name) is False:
            yield Problem((*place, name), "says nothing", "false", f"`{name}: true`, or leave it out")
    if framing.until is not None:
        yield from _check_ends(framing.until, (*place, "until"))


def check_exchange(exchange: Exchange, framing: Framing, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with one exchange, ``framing`` being the one in force for it."""
    yield from check_framing(exchange, place)
    if exchange.answer and framing.until is None and framing.quiet is None:
        yield Problem(
            (*place, "answer"),
            "questions can be recognised only before a text or a silence",
            expected="`until` or `quiet` too",
            on="key",
        )
    if isinstance(exchange.send, list) and not exchange.send:
        yield Problem((*place, "send"), "an empty list", "", "at least one line; leave `send` out to only wait")
    given = [key for key in SENDS if getattr(exchange, key) is not None]
    if given[:2] == ["send", "press"]:
        yield Problem((*place, "press"), "keys and a text at once", "`send` and `press`", "one of them", on="key")
    elif len(given) > 1:
        found = " and ".join(f"`{key}`" for key in given)
        yield Problem((*place, given[1]), "several things are sent at once", found, "an exchange for each", on="key")
    if exchange.pack is not None:
        yield from check_pack(exchange.pack, (*place, "pack"))
    if exchange.repeat is not None and not given and exchange.write is None:
        what, wanted = "nothing is sent again", "`send`, `press` or `write` too"
        yield Problem((*place, "repeat"), what, "`repeat` alone", wanted, on="key")
    if exchange.silent and isinstance(exchange.send, list) and len(exchange.send) > 1:
        yield Problem(
            (*place, "silent"), "silence cannot be told from one of several replies", "", "one line in `send`", on="key"
        )
    ends = [end for end in framing.until or () if end.exit is None]
    for prompt in exchange.answer:
        at = (*place, "answer", prompt)
        if not prompt:
            yield Problem(at, "an empty question", "", "a text that the program prints", on="key")
            continue
        question = _question(prompt)
        yield from _check_end(question, at, "key")
        yield from _check_overlap(ends, question, at, "key")
        ends.append(question)


def _question(prompt: str) -> Alternative:
    regex = regex_source(prompt)
    return Alternative(text=None if regex else prompt, regex=regex)


def _check_ends(ends: Sequence[Alternative], place: Place) -> Iterator[Problem]:
    for number, end in enumerate(ends):
        at = (*place, number, end.label) if end.label else (*place, number)
        yield from _check_end(end, at, "value")
        yield from _check_overlap(ends[:number], end, at, "value")


def _check_overlap(ends: Sequence[Alternative], other: Alternative, place: Place, on: On) -> Iterator[Problem]:
    for end in ends:
        if end.text and other.text and (end.text in other.text or other.text in end.text):
            short, long = sorted((end.text, other.text), key=len)
            yield Problem(
                place,
                "one end hides another: which one is seen would depend on how the bytes arrive",
                f"`{short}` occurs in `{long}`" if short != long else f"`{short}` twice",
                "texts of which none holds another",
                on=on,
            )
            return


def _check_end(end: Alternative, place: Place, on: On) -> Iterator[Problem]:
    if end.regex is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # It becomes a part of a larger pattern; there are things, flags in its midst say, that cannot stand in one.
            pattern = re.compile(b"(?:)(?:%s)" % end.regex.encode("utf-8", "surrogateescape"))
    except (re.error, FutureWarning, DeprecationWarning, OverflowError, RecursionError) as error:
        offset = max(0, (getattr(error, "pos", None) or 0) - len("(?:)(?:")) + 1
        found = getattr(error, "msg", None) or str(error)
        at = min(offset, len(end.regex))
        yield Problem(place, "not a regular expression", found, "a pattern of Python's `re`", "", on, at, 1)
        return
    backward = _BACKWARD.search(end.regex)
    if backward:
        what, offset = "a group cannot be referred to here", backward.start(1) + 1
        yield Problem(place, what, backward[1], "the text itself once more", "", on, offset, len(backward[1]))
    if pattern.groupindex:
        yield Problem(place, "named groups have no use here", f"`{next(iter(pattern.groupindex))}`", "`(?:...)`", on=on)
    if pattern.match(b""):
        yield Problem(
            place,
            "matches the empty text, so every reply would end at once",
            f"/{end.regex}/",
            "a text that must occur",
            on=on,
        )
    elif _OPEN_ENDED.search(end.regex) or _LOOKING_AHEAD.search(end.regex):
        yield Problem(
            place,
            "the end of this pattern is open: how much of it is seen would depend on how the bytes arrive",
            f"/{end.regex}/",
            r"the text that follows, for example a line end `\n`",
            on=on,
        )
