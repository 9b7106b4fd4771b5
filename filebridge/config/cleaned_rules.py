"""Rules for texts that can never be seen, since what they hold is taken out of all that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from filebridge.config.dialogues import dialogues, draws_screen, framing_of, is_parcel
from filebridge.config.exchange import Framing
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source

__all__ = ["check_cleaned"]

Place = tuple[str | int, ...]
On = Literal["key", "value"]

_REMOVED = {"\0": "NUL", "\7": "BEL", "\x1b": "ESC"}
_ESCAPES = {"x00": "\0", "0": "\0", "x07": "\7", "a": "\7", "x1b": "\x1b", "r": "\r", "x0d": "\r"}
# What may be missing, or be there several times, has the second group.
_PIECE = re.compile(r"(\\x[0-9a-fA-F]{2}|\\0(?![0-7])|\\.|.)([?*{])?", re.DOTALL)
_PERHAPS = re.compile(r"[][|]|\(\?[^:]|\)[?*{]")


def check_cleaned(config: Config) -> Iterator[Problem]:
    """Yield texts that are awaited or looked for with a character in them that is never read."""
    if draws_screen(config):
        return
    for place, text, on in [*_awaited(config), *_found(config)]:
        yield from _never(text, place, on, config.text.ansi == "strip")


def _awaited(config: Config) -> Iterator[tuple[Place, str, On]]:
    """Yield what is searched as it comes; binary data, and what an adapter reads, come as they are."""
    is_binary = any(field.npy or field.npz or field.binary or field.adapter for field in config.fields.values())
    if config.adapter is not None or is_binary or is_parcel(config):
        return
    for number, text in enumerate(config.complaints):
        yield ("complaints", number), text, "value"
    for number, text in enumerate(config.ignore):
        yield ("ignore", number), text, "value"
    exchanges = list(dialogues(config))
    if any(framing_of(config, exchange).length is not None for _, exchange in exchanges):
        return
    yield from _ends(config.framing, ("framing",))
    for place, exchange in exchanges:
        yield from _ends(exchange, place)
        for question in exchange.answer:
            yield (*place, "answer", question), question, "key"


def _ends(framing: Framing, place: Place) -> Iterator[tuple[Place, str, On]]:
    for number, end in enumerate(framing.until or ()):
        at = (*place, "until", number, end.label) if end.label else (*place, "until", number)
        yield at, f"/{end.regex}/" if end.regex is not None else end.text or "", "value"


def _found(config: Config) -> Iterator[tuple[Place, str, On]]:
    """Yield what fields are found by, in text that is clean by then."""
    for name, field in config.fields.items():
        place = ("fields", name)
        texts: dict[tuple[str, ...], str | None] = {("find",): field.find, ("seen",): field.seen, ("key",): field.key}
        texts["regex",] = None if field.regex is None else f"/{field.regex}/"
        for key, part in (("within", field.within), ("grid", field.grid), ("table", field.table)):
            if part is not None:
                texts |= {(key, edge): getattr(part, edge, None) for edge in ("after", "before")}
        for keys, text in texts.items():
            if text is not None:
                yield (*place, *keys), text, "value"


def _never(text: str, place: Place, on: On, strips: bool) -> Iterator[Problem]:
    for char in _needed(text):
        if char == "\r":
            what, found = "every line end is read as `\\n`, so this is never seen", "a carriage return"
            yield Problem(place, what, found, "`\\n` for the end of a line", on=on)
            return
        if strips and char in _REMOVED:
            what = "this character is taken out of what is read, so the text is never seen"
            yield Problem(place, what, _REMOVED[char], "`text: {ansi: keep}`, which leaves it in", on=on)
            return


def _needed(text: str) -> Iterator[str]:
    """Yield the characters without which ``text`` cannot occur; of a regular expression those that are certain."""
    source = regex_source(text)
    if source is None:
        yield from text
        return
    if _PERHAPS.search(source):
        return
    for piece in _PIECE.finditer(source):
        if piece[2]:
            continue
        escape = piece[1]
        if len(escape) == 1:
            yield escape
        else:
            yield _ESCAPES.get(escape[1:].lower() if escape[1] == "x" else escape[1:], "")
