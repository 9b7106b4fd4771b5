"""Why a reply was not whole at its deadline: the probable cause, and what to write in the configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from filebridge.errors import escaped
from filebridge.wire.phase import Exchange

__all__ = ["last_line", "near_miss", "probable_cause", "quoted"]

_QUESTION = re.compile(r"(\?|\[[^\]]{1,12}\]|\([^)]{1,12}\)|--More--|[Pp]assword|[Pp]ress|:)[:>\s]*$")

ALIKE = 0.8
"""How like an awaited text a line must be, 1 being the same, to be taken for a misspelling of it."""

LONGEST = 4096
"""Characters at the end of what was received among which a near miss is looked for."""


def probable_cause(
    state: str, text: bytes, exchange: Exchange, has_spoken: bool, on_terminal: bool
) -> tuple[str, str]:
    """Return the probable cause of a missing reply and its cure.

    ``state`` is that of the process, ``text`` what was received of the reply to ``exchange``, ``has_spoken``
    whether there ever was a whole one.
    """
    if state.startswith("stopped"):
        return "its process is stopped", "something sent it SIGSTOP; a terminal stop key in the input would too"
    missed = near_miss(text, exchange.texts)
    if missed is not None:
        received, expected = missed
        cause = f"received `{escaped(received, 120)}` looks like the awaited `{escaped(expected, 120)}`"
        return cause, "copy it exactly; spaces, line ends and capitals count"
    if state.startswith("running"):
        return "it is busy computing", "raise `deadlines`, or see whether the last thing sent makes it loop"
    if text.strip() and exchange.exits and not (exchange.has_until or exchange.end_key):
        cause = f"it said `{escaped(last_line(text).strip(), 120)}`, but nothing except its end is awaited here"
        return cause, "say how its reply ends otherwise: `lines: 1` beside `until`, or one more end in it"
    if text.strip():
        return _unmatched(text, exchange, "reading its" in state)
    if "child" in state:
        cure = "see what that program waits for; raise `deadlines` if it is slow"
        return "it waits for a program that it has started", cure
    if "set time" in state:
        return "it sleeps for a set time", "raise `deadlines`, or see why it waits"
    if has_spoken and exchange.encode is None:
        cure = "`send` what it waits for; or correct the end before this one, if that took what is awaited here"
        if not on_terminal:
            cure += "; `transport: {console: {terminal: true}}` against a buffer"
        return "it said nothing more, and this exchange sends nothing", cure
    if not on_terminal:
        return _silent_on_pipe(has_spoken)
    cause = "it said nothing to what was sent: it may wait for more input"
    return cause, "see `text: {line_end: ...}` and what was sent"


def _silent_on_pipe(has_spoken: bool) -> tuple[str, str]:
    if not has_spoken:
        return (
            "it runs but nothing has come: its output is probably held back in a buffer, as programs do on a pipe",
            "`transport: {console: {terminal: true}}`, or put `stdbuf, -o0` before the command",
        )
    return (
        "it said nothing to what was sent: it may wait for more input, or hold back its output in a buffer",
        "see `text: {line_end: ...}` and what was sent; `transport: {console: {terminal: true}}` against a buffer",
    )


def _unmatched(text: bytes, exchange: Exchange, is_reading: bool) -> tuple[str, str]:
    line = text.rsplit(b"\n", 1)[-1].decode("utf-8", "replace")
    shown = escaped(line, 120)
    unseen = "the end of its reply was never seen"
    if not line.strip():
        if is_reading:
            return _ended_otherwise(last_line(text), exchange)
        return unseen, f"compare {_ending(exchange)} with what was received; spaces and capitals count"
    asks = _QUESTION.search(line) is not None
    if asks or (is_reading and exchange.has_until):
        cure = f"answer it on the way, `answer: {{{quoted(line)}: \"...\"}}`, or make it an end of the reply in `until`"
        return f"it waits {'at another question:' if asks else 'for input after'} `{shown}`", cure
    cause = f"{unseen}; the last line looks like `{shown}`"
    if exchange.has_until:
        return cause, "correct `until`; spaces and capitals count"
    return cause, f"its reply is held to end with {exchange.awaiting}: say `until: {quoted(line)}` if it ends so"


def _ended_otherwise(line: str, exchange: Exchange) -> tuple[str, str]:
    """Return the cause for a program that has said a whole line and now reads."""
    cause = f"it waits for input after `{escaped(line.strip(), 120)}`"
    end = f"`until: [..., {{wrong: {quoted(line)}}}]`"
    if exchange.has_until:
        return cause, f"make that an end, {end}"
    return cause, f"its reply does not always end with {exchange.awaiting}: use {end} in its place"


def _ending(exchange: Exchange) -> str:
    return "`until`" if exchange.has_until else f"the awaited end, {exchange.awaiting},"


def near_miss(data: bytes, texts: Sequence[str]) -> tuple[str, str] | None:
    """Return what in ``data`` looks like one of the awaited ``texts`` but is not, and that text, or None."""
    received = data.decode("utf-8", "replace")[-LONGEST:]
    if not received.strip():
        return None
    for text in texts:
        found = _otherwise_spaced(received, text)
        if found is not None:
            return found, text
    line = last_line(data).strip("\r\n")
    return next(((line, text) for text in texts if _alike(line.strip(), last_line(text.encode()).strip())), None)


def _otherwise_spaced(received: str, text: str) -> str | None:
    """Return what differs from ``text`` in capitals and white space only."""
    letters = [re.escape(letter) for letter in text if not letter.isspace()]
    if not letters:
        return None
    # A single sign occurs in many a line: it counts only where the program stopped.
    end = r"\s*\Z" if len(letters) < 3 else r"[^\S\n]*(?:\n|\Z)" if text.endswith("\n") else r"(?!\w)[^\S\n]*\n?"
    start = r"(?<!\w)" if text.lstrip()[0].isalnum() else ""
    found = [match[0] for match in re.finditer(start + r"\s*".join(letters) + end, received, re.IGNORECASE)]
    return found[-1] if found else None


def _alike(line: str, text: str) -> bool:
    if len(text) < 4:
        return False
    tail = line[-len(text) - 1 :]
    return any(SequenceMatcher(None, one.casefold(), text.casefold()).ratio() >= ALIKE for one in (line, tail))


def last_line(data: bytes | bytearray) -> str:
    """Return the last line of ``data`` that is not blank, its end included."""
    lines = [line for line in data.splitlines(keepends=True) if line.strip()]
    return bytes(lines[-1]).decode("utf-8", "replace") if lines else ""


def quoted(text: str) -> str:
    """Return the end of ``text`` as a text in double quotes, as YAML has them."""
    return '"' + escaped(text[-120:]).replace('"', '\\"') + '"'
