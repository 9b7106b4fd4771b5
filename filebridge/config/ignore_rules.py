"""Rules for messages that answer nothing: each is told by a text that must occur in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filebridge.config.dialogues import dialogues
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source

__all__ = ["check_ignored"]


def check_ignored(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the texts and regular expressions of `ignore`."""
    if config.ignore and config.simulator.each == "step":
        what, wanted = "a run says nothing of its own accord", "leave it out"
        yield Problem(("ignore",), what, "`each: step`", wanted, on="key")
    if config.ignore:
        yield from _several_lines(config)
    for number, text in enumerate(config.ignore):
        place, source = ("ignore", number), regex_source(text)
        pattern = re.escape(text) if source is None else source
        try:
            # It becomes a part of a larger pattern; there are things, flags in its midst say, that cannot stand in one.
            if re.compile(b"(?:)(?:%s)" % pattern.encode("utf-8", "surrogateescape")).match(b""):
                what = "matches the empty text, so every message would be dropped"
                yield Problem(place, what, text or "an empty text", "a text that must occur")
        except (re.error, OverflowError, RecursionError) as error:
            wanted = "a pattern of Python's `re`; `(?i:...)` where capitals do not count"
            yield Problem(place, "not a regular expression", getattr(error, "msg", str(error)), wanted)


def _several_lines(config: Config) -> Iterator[Problem]:
    for place, framing in ((("framing",), config.framing), *dialogues(config)):
        if framing.lines is not None and framing.lines > 1:
            what = "with `ignore`, one line that is to be ignored would take the others of its message with it"
            wanted = "`lines: 1`, and an exchange `{}` for each further line"
            yield Problem((*place, "lines"), what, str(framing.lines), wanted)
