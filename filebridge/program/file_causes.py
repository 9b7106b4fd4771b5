"""Why no reply came through files, FIFOs or a run: the probable cause, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence

from filebridge.config.problems import nearest
from filebridge.errors import escaped
from filebridge.transports.results.sight import Seen, Sight
from filebridge.wire.phase import Exchange

__all__ = [
    "fifo_cause", "file_cause", "gathered_cause", "run_cause", "silent_cause", "stale_cause", "told",
]  # fmt: skip

MOST = 4
"""Files that are told of."""

_SLOW = "if it is only slow, raise `deadlines`"


def fifo_cause(seen: Sight) -> tuple[str, str] | None:
    """Return the cause where a FIFO has only our end."""
    for name in seen.unopened:
        cause = f"the program has not opened the FIFO {escaped(name)}"
        return cause, "see which name it is told, in `command` say, and which file it waits for"
    return None


def silent_cause(seen: Sight) -> tuple[str, str] | None:
    """Return the cause where a program has the FIFO of its answers open, and wrote nothing; None without one."""
    if not seen.answers_in_fifo:
        return None
    cause = "nothing has come through the FIFO: it may wait for more input, or hold back its output in a buffer"
    return cause, "see what was sent; let the program flush what it writes, `stdbuf -oL` before the command say"


def file_cause(seen: Sight, state: str, written: str, ours: Sequence[str]) -> tuple[str, str] | None:
    """Return the probable cause and its cure, None where nothing that is seen explains it.

    ``state`` is that of the process, ``written`` how it is said to write, ``ours`` are the files that it was given.
    """
    if seen.lock is not None and seen.lock.state != "missing":
        cause = f"the lock {escaped(seen.lock.name)} is still there, {seen.lock.age:.1f} s old"
        return cause, "see why the program leaves it; a file that does not mean that it writes is no `lock`"
    for file in seen.files:
        if file.state in ("missing", "old"):
            left = next((other.name for other in seen.others if other.name in ours), "")
            return _unwritten(file, _others(seen, ours), state, ours, left)
    if seen.flag is not None and seen.flag.state != "new":
        cause = f"{escaped(seen.files[0].name)} was written, but its flag {escaped(seen.flag.name)} was not"
        return cause, "correct `flag`, or leave it out if the program makes none"
    return _not_whole(seen.files, written)


def _others(seen: Sight, ours: Sequence[str]) -> list[str]:
    return [other.name for other in seen.others if other.name not in ours]


def _unwritten(file: Seen, others: list[str], state: str, ours: Sequence[str], left: str) -> tuple[str, str]:
    """Return the cause where ``file`` was not written, but ``others`` may have been; ``left`` is one of ``ours``."""
    name = escaped(file.name)
    cause = f"{name} was not written"
    if file.state == "old":
        cause = f"{name} was not written again: it is {file.age:.1f} s old, older than the action"
    if others:
        like = nearest(file.name, others)
        other = escaped(like or others[0])
        cure = f"is that the reply? `files: {{read: {other}}}`"
        if left and not like:
            cure += f"; if not, {escaped(left)} is still there: it may wait for another name, or another end of it"
        return f"{cause}, but {other} was", cure
    if state.startswith("running"):
        cause += "; the program is busy"
    cure = "see where it writes, and under which name, `files: {read: ...}`"
    if ours:
        cure = f"it may wait for another file than {escaped(ours[-1])}; {cure}"
    return cause, f"{cure}; {_SLOW}"


def _not_whole(files: Sequence[Seen], written: str) -> tuple[str, str] | None:
    for file in files:
        name = escaped(file.name)
        if file.state == "open" and written == "closed":
            cause = f"{name} was written, {file.size} bytes, but not closed"
            return cause, "if the program never closes it: `written: open`, and `framing: {lines: 1}` or `until`"
        if file.size == 0:
            return f"{name} was made, but nothing was written to it", f"see why the program wrote nothing; {_SLOW}"
        if written == "renamed":
            return f"{name} was written in place, and not renamed", "`files: {written: closed}`"
    return None


def told(seen: Sight, ours: Sequence[str]) -> str:
    """Return what is seen in one line, empty where there is nothing to tell."""
    others = [other for other in seen.others if other.name not in ours]
    parts = [_told(file) for file in (*seen.files, seen.flag, seen.lock) if file is not None]
    if parts and not others:
        parts.append("no other new file")
    more = [f"and {len(others) - MOST} more"] if len(others) > MOST else []
    return "; ".join([*parts, *(f"new: {_told(other)}" for other in others[:MOST]), *more])


def _told(file: Seen) -> str:
    if file.state == "missing":
        return f"no {escaped(file.name)}"
    still = ", open for writing" if file.state == "open" else ""
    return f"{escaped(file.name)}, {file.size} bytes, {file.age:.1f} s old{still}"


def stale_cause(exchange: Exchange, replies: int) -> tuple[str, str]:
    """Return the cause where whole replies came for which ``fresh`` was false."""
    times = "the 1 reply that came" if replies == 1 else f"any of the {replies} replies that came"
    cause = f"`{exchange.freshness}` was not true of {times}: {'it was' if replies == 1 else 'they were'} taken for old"
    return cause, "correct `fresh`, or see why the program answers what it was told before"


def gathered_cause(exchange: Exchange, replies: int) -> tuple[str, str]:
    """Return the cause where whole replies came, after none of which ``gather`` was true."""
    times = "the 1 reply that was gathered" if replies == 1 else f"the {replies} replies that were gathered"
    return f"`{exchange.gathering}` was not true of {times}", "correct `gather`, or see what the program says"


def run_cause(state: str) -> tuple[str, str]:
    """Return the cause where the run of a step had not ended."""
    doing = "busy computing" if state.startswith("running") else state.removeprefix("sleeping, ")
    cure = "raise `deadlines`, or see what it waits for: its input ends after what was sent"
    return f"the run has not ended: it is {doing}" if doing else "the run has not ended", cure
