"""Failures of a running simulator, with everything that is known about them and the probable cause."""

from __future__ import annotations

import re
from time import monotonic

from filebridge.errors import (
    BridgeError,
    ReadyTimeout,
    SendBlocked,
    SimulatorExited,
    SimulatorTimeout,
    Situation,
    StartCrashed,
    TransportError,
    escaped,
)
from filebridge.link import Link
from filebridge.program.slots import EPISODE, STEP

__all__ = ["blocked", "closed_output", "died", "late", "situation"]

_QUESTION = re.compile(r"(\?|\[[^\]]{1,12}\]|\([^)]{1,12}\)|--More--|[Pp]assword|[Pp]ress|:)[:>\s]*$")


def situation(link: Link, phase: str) -> Situation:
    """Return what is known about ``link`` now."""
    dialogue, process = link.dialogue, link.process
    exit = process.exit()
    process.drain_stderr()
    stderr = process.stderr_tail()
    return Situation(
        simulator=link.program.config.name,
        phase=phase,
        seat=link.seat,
        episode=_number(dialogue.row[EPISODE]),
        step=_number(dialogue.row[STEP]),
        pid=process.pid,
        process="" if exit else process.state(),
        exit=str(exit) if exit else "",
        elapsed=round(monotonic() - link.begun, 3),
        deadline=link.deadline,
        sent=escaped(dialogue.sent),
        received=escaped(received(link)),
        stderr=escaped(stderr) if stderr else "",
        transcript=escaped(str(link.transcript.path)) if link.transcript else "",
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def received(link: Link) -> bytes:
    """Return what was received in this phase and not taken as a whole reply."""
    return b"".join(link.dialogue.said[-8:]) + bytes(link.dialogue.pending)


def _in_start(link: Link) -> bool:
    return link.dialogue.phase_name == "start"


def died(link: Link) -> BridgeError:
    """Return the error for a process that has ended."""
    exit = link.process.exit()
    if _in_start(link):
        return StartCrashed(
            f"the simulator ended before it was ready: {exit}",
            cure="read its last words above; run the command by hand, and correct `simulator` or `start`",
        )
    error = SimulatorExited(f"the simulator ended in the middle of a {link.dialogue.phase_name}: {exit}", cure=_death_cure(link))
    if exit is not None:
        error.code, error.signal = exit.code, exit.signal
    return error


def _death_cure(link: Link) -> str:
    exit = link.process.exit()
    if exit is not None and exit.signal == 9:
        return "SIGKILL came from outside, from the kernel's memory killer say; see `limits` and the machine's log"
    if exit is not None and exit.signal is not None:
        return "the program has crashed; see its stderr, and what was sent last"
    label = "{over: {exit: 0}}"
    return f"if its end is the end of the episode, say so: `until: [..., {label}]`; otherwise see what was sent last"


def closed_output(link: Link) -> BridgeError:
    """Return the error for a process that runs on but has closed its output."""
    return TransportError(
        "the simulator closed its output and runs on",
        cure="it may have gone to the background: use the option that keeps it in the foreground",
    )


def blocked(link: Link) -> BridgeError:
    """Return the error for bytes that the simulator did not take."""
    return SendBlocked(
        f"the simulator did not read what was sent within {link.deadline:g} s",
        cure="it is busy, or it waits for something else; a longer `deadlines` helps only if it is slow",
    )


def late(link: Link) -> BridgeError:
    """Return the error for a reply that was not whole at the deadline, with its probable cause."""
    cause, cure = probable_cause(link.process.state(), received(link), bool(link.dialogue.reply), _on_terminal(link))
    if _in_start(link):
        return ReadyTimeout(f"the simulator was not ready within {link.deadline:g} s: {cause}", cure=cure)
    return SimulatorTimeout(f"no whole reply within {link.deadline:g} s: {cause}", cure=cure)


def _on_terminal(link: Link) -> bool:
    console = link.program.config.transport.console
    return console is not None and console.terminal != "none"


def probable_cause(state: str, text: bytes, has_spoken: bool, on_terminal: bool) -> tuple[str, str]:
    """Return the probable cause of a missing reply and its cure.

    ``state`` is that of the process, ``text`` what was received since the last whole reply,
    ``has_spoken`` whether there ever was one.
    """
    if state.startswith("stopped"):
        return "its process is stopped", "something sent it SIGSTOP; a terminal stop key in the input would too"
    if state.startswith("running"):
        return "it is busy computing", "raise `deadlines`, or see whether the last thing sent makes it loop"
    if text.strip():
        return _unmatched(text)
    if not has_spoken and not on_terminal:
        return (
            "it runs but nothing has come: its output is probably held back in a buffer, as programs do on a pipe",
            "`transport: {console: {terminal: true}}`, or put `stdbuf, -oL` before the command",
        )
    if has_spoken and not on_terminal:
        return (
            "it said nothing to what was sent: it may wait for more input, or hold back its output in a buffer",
            "see `text: {line_end: ...}` and what was sent; `transport: {console: {terminal: true}}` against a buffer",
        )
    return "it said nothing to what was sent: it may wait for more input", "see `text: {line_end: ...}` and what was sent"


def _unmatched(text: bytes) -> tuple[str, str]:
    line = text.rsplit(b"\n", 1)[-1].decode("utf-8", "replace")
    shown = escaped(line, 120)
    if not line.strip():
        return "the end of its reply was never seen", "compare `until` with what was received; spaces and capitals count"
    if _QUESTION.search(line):
        return (
            f"it waits at another question: `{shown}`",
            f'answer it on the way, `answer: {{"{shown}": "..."}}`, or make it an end of the reply in `until`',
        )
    return f"the end of its reply was never seen; the last line looks like `{shown}`", "correct `until`; spaces and capitals count"
