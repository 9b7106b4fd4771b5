"""Rules for the ends of replies: an end must be able to come, and must not depend on how the bytes are cut."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence

from filebridge.config.exchange import Alternative, Exchange, Framing
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source

__all__ = ["check_exchange", "check_framing"]

Place = tuple[str | int, ...]

_OPEN_ENDED = re.compile(r"(?<!\\)(?:[*+?]|\{\d*,\d*\})\??\)*$")


def check_framing(framing: Framing, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the way in which a reply ends."""
    given = [name for name in ("until", "lines", "blank", "bytes", "quiet") if getattr(framing, name) is not None]
    if len(given) > 1:
        yield Problem((*place, given[1]), "a reply has one kind of end", " and ".join(given), "one of them", on="key")
    if framing.blank is False:
        yield Problem((*place, "blank"), "says nothing", "false", "`blank: true`, or leave it out")
    if framing.quiet == 0:
        yield Problem((*place, "quiet"), "no time at all", "0", "a time such as `50 ms`")
    if framing.until is not None:
        yield from _check_ends(framing.until, (*place, "until"))


def check_exchange(exchange: Exchange, framing: Framing, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with one exchange, ``framing`` being the one in force for it."""
    yield from check_framing(exchange, place)
    if exchange.answer and framing.until is None and framing.quiet is None:
        yield Problem(
            (*place, "answer"), "questions can be recognised only before a text or a silence", "", "`until` or `quiet` too", on="key"
        )
    if isinstance(exchange.send, list) and not exchange.send:
        yield Problem((*place, "send"), "an empty list", "", "at least one line; leave `send` out to only wait")
    if exchange.repeat is not None and exchange.send is None:
        yield Problem((*place, "repeat"), "nothing is sent again", "", "a `send` for this exchange", on="key")
    if exchange.silent and isinstance(exchange.send, list) and len(exchange.send) > 1:
        yield Problem((*place, "silent"), "silence cannot be told from one of several replies", "", "one line in `send`", on="key")
    questions = [_question(prompt) for prompt in exchange.answer]
    for prompt, question in zip(exchange.answer, questions, strict=True):
        yield from _check_end(question, (*place, "answer", prompt), "key")
    ends = [end for end in framing.until or () if end.exit is None]
    yield from _check_overlap(ends, questions, (*place, "answer"))


def _question(prompt: str) -> Alternative:
    regex = regex_source(prompt)
    return Alternative(text=None if regex else prompt, regex=regex)


def _check_ends(ends: Sequence[Alternative], place: Place) -> Iterator[Problem]:
    told = [end for end in ends if end.exit is None]
    for number, end in enumerate(ends):
        yield from _check_end(end, (*place, number, end.label) if end.label else (*place, number), "value")
    for number, end in enumerate(told):
        yield from _check_overlap(told[:number], [end], place)


def _check_overlap(ends: Sequence[Alternative], others: Sequence[Alternative], place: Place) -> Iterator[Problem]:
    for end in ends:
        for other in others:
            if end.text and other.text and (end.text in other.text or other.text in end.text):
                short, long = sorted((end.text, other.text), key=len)
                yield Problem(
                    place,
                    "one end hides another: which one is seen would depend on how the bytes arrive",
                    f"`{short}` occurs in `{long}`".replace("\n", "\\n"),
                    "texts of which none holds another",
                )


def _check_end(end: Alternative, place: Place, on: str) -> Iterator[Problem]:
    if end.regex is None:
        return
    at = "key" if on == "key" else "value"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(end.regex.encode())
    except (re.error, FutureWarning, DeprecationWarning) as error:
        offset = (getattr(error, "pos", None) or 0) + 1
        yield Problem(place, "not a regular expression", str(error), "a pattern of Python's `re`", "", at, offset, 1)  # type: ignore[arg-type]
        return
    if pattern.groupindex:
        yield Problem(place, "named groups have no use here", "", "`(?:...)`", on=at)  # type: ignore[arg-type]
    if pattern.match(b"") or pattern.fullmatch(b""):
        yield Problem(place, "matches the empty text, so every reply would end at once", end.regex, "a text that must occur", on=at)  # type: ignore[arg-type]
    elif _OPEN_ENDED.search(end.regex.rstrip("$")) or end.regex.endswith("$"):
        yield Problem(
            place,
            "the end of this pattern is open: how much of it is seen would depend on how the bytes arrive",
            end.regex,
            r"the text that follows, for example a line end `\n`",
            on=at,  # type: ignore[arg-type]
        )
