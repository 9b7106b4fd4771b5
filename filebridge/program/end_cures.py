"""What to do about a program that has ended, by how it ended and what it said last."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from filebridge.program.causes import last_line, quoted
from filebridge.transports.process import Exit
from filebridge.wire.dialogue import Dialogue, Exchange
from filebridge.wire.framing import whole

__all__ = ["death_cure", "ending_cure", "run_cure"]

_TAKEN = (
    "see its stderr, and what was sent last; how it ended is known where this program neither ignores SIGCHLD nor waits"
    " for children that it did not start"
)


def _is_unknown(end: Exit | None) -> bool:
    return end is not None and end.code is None and end.signal is None


def run_cure(end: Exit | None, exit_ok: Sequence[int | str]) -> str:
    """Return the cure for a run that ended badly, that is not as ``exit_ok`` allows."""
    if _is_unknown(end):
        return _TAKEN
    look, crashed = "see its stderr, and the input it was given", end is None or end.code is None
    name = _name_of(end)
    if name == "":
        return f"the program has crashed; {look}"
    codes = sorted(known for known in {*exit_ok, name} if isinstance(known, int))
    signals = sorted(known for known in {*exit_ok, name} if isinstance(known, str))
    allowed = f"if the result counts all the same: `exit_ok: [{', '.join(map(str, [*codes, *signals]))}]`"
    return f"{'the program has crashed; ' if crashed else ''}{look}; {allowed}"


def _name_of(end: Exit | None) -> int | str:
    """Return what `exit_ok` could say of this end, empty where nothing."""
    if end is None or end.signal == signal.SIGKILL:
        return ""
    if end.code is not None:
        return end.code
    return next((one.name for one in signal.Signals if one == end.signal), "")


def death_cure(end: Exit | None, exchange: Exchange) -> str:
    """Return the cure for an end in the middle of an ``exchange``."""
    if _is_unknown(end):
        return _TAKEN
    if end is not None and end.signal == 9:
        return "SIGKILL came from outside, from the kernel's memory killer say; see `limits` and the machine's log"
    if end is not None and end.signal is not None:
        return "the program has crashed; see its stderr, and what was sent last"
    if exchange.cut is whole:
        cure = "see its stderr, and what it was told last; where its end is that of the episode, its last result must"
        return f"{cure} say so, and `terminated` ask for it"
    label = f"{{over: {{exit: {end.code if end and end.code is not None else 0}}}}}"
    beside = f"{exchange.end_key}, " if exchange.end_key else ""
    way = f"`until: [..., {label}]`" if exchange.has_until else f"`{beside}until: {label}`"
    return f"if its end is the end of the episode, say so: {way}; otherwise see what was sent last"


def ending_cure(dialogue: Dialogue) -> str:
    """Return the cure for an end that came after a whole reply."""
    text = last_line(dialogue.pending) or last_line(dialogue.reply)
    known = "its last reply was whole before it ended: "
    if not text:
        return (known if dialogue.reply else "") + "it may have ended by what was sent before; see its stderr"
    shown = quoted(text)
    if dialogue.exchange.has_until:
        return f"{known}label the text it says last, `until: [..., {{over: {shown}}}]`, and say `terminated: over`"
    shown = quoted(text.rstrip("\r\n"))
    return f"{known}look for the text it says last, `fields: {{over: {{seen: {shown}}}}}`, and say `terminated: over`"
