"""Failures of a running simulator, with everything that is known about them and the probable cause."""

from __future__ import annotations

import re
from time import monotonic

from filebridge.errors import (
    BridgeError,
    Desync,
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
from filebridge.transports.process import Exit

__all__ = ["blocked", "closed_output", "died", "late", "probable_cause", "restless", "situation"]

_QUESTION = re.compile(r"(\?|\[[^\]]{1,12}\]|\([^)]{1,12}\)|--More--|[Pp]assword|[Pp]ress|:)[:>\s]*$")


def situation(link: Link, phase: str, understood: bool = True) -> Situation:
    """Return what is known about ``link`` now; where a whole reply was not ``understood`` it is shown too."""
    dialogue, process = link.dialogue, link.process
    end = process.exit()
    process.drain_stderr()
    unmatched = dialogue.unmatched
    return Situation(
        simulator=link.program.config.name,
        phase=phase,
        seat=link.seat,
        episode=_number(dialogue.row[EPISODE]),
        step=_number(dialogue.row[STEP]),
        pid=process.pid,
        process="" if end else process.state(),
        exit=str(end) if end else "",
        elapsed=round(monotonic() - link.begun, 3),
        deadline=link.deadline,
        sent=escaped(dialogue.sent),
        received=escaped(unmatched if understood or unmatched else dialogue.reply),
        stderr=escaped(process.stderr_tail()),
        transcript=escaped(str(link.transcript.path)) if link.transcript else "",
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def died(link: Link, phase: str, between: bool = False) -> BridgeError:
    """Return the error for a process that has ended in ``phase``, or ``between`` the one before and this one."""
    end = link.process.exit()
    if phase == "start":
        return StartCrashed(
            f"the simulator ended before it was ready: {end}",
            cure="read its last words above; run the command by hand, and correct `simulator` or `start`",
        )
    when = f"between two {'episodes' if phase == 'reset' else 'steps'}" if between else f"in the middle of a {phase}"
    error = SimulatorExited(f"the simulator ended {when}: {end}", cure=_death_cure(end))
    if end is not None:
        error.code, error.signal = end.code, end.signal
    return error


def _death_cure(end: Exit | None) -> str:
    if end is not None and end.signal == 9:
        return "SIGKILL came from outside, from the kernel's memory killer say; see `limits` and the machine's log"
    if end is not None and end.signal is not None:
        return "the program has crashed; see its stderr, and what was sent last"
    label = f"{{over: {{exit: {end.code if end and end.code is not None else 0}}}}}"
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


def restless(link: Link) -> BridgeError:
    """Return the error for a simulator whose output does not pause before the next thing can be sent."""
    return Desync(
        "the simulator talks on without being asked",
        found=f"output for {link.deadline:g} s without a pause",
        cure="use an option that makes it wait for input",
    )


def late(link: Link) -> BridgeError:
    """Return the error for a reply that was not whole at the deadline, with its probable cause."""
    dialogue = link.dialogue
    cause, cure = probable_cause(link.process.state(), dialogue.unmatched, bool(dialogue.reply), link.on_terminal)
    if dialogue.phase_name == "start":
        return ReadyTimeout(f"the simulator was not ready within {link.deadline:g} s: {cause}", cure=cure)
    return SimulatorTimeout(f"no whole reply within {link.deadline:g} s: {cause}", cure=cure)


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
    if "child" in state:
        cure = "see what that program waits for; raise `deadlines` if it is slow"
        return "it waits for a program that it has started", cure
    if "set time" in state:
        return "it sleeps for a set time", "raise `deadlines`, or see why it waits"
    if not on_terminal:
        return _silent_on_pipe(has_spoken)
    cause = "it said nothing to what was sent: it may wait for more input"
    return cause, "see `text: {line_end: ...}` and what was sent"


def _silent_on_pipe(has_spoken: bool) -> tuple[str, str]:
    if not has_spoken:
        return (
            "it runs but nothing has come: its output is probably held back in a buffer, as programs do on a pipe",
            "`transport: {console: {terminal: true}}`, or put `stdbuf, -oL` before the command",
        )
    return (
        "it said nothing to what was sent: it may wait for more input, or hold back its output in a buffer",
        "see `text: {line_end: ...}` and what was sent; `transport: {console: {terminal: true}}` against a buffer",
    )


def _unmatched(text: bytes) -> tuple[str, str]:
    line = text.rsplit(b"\n", 1)[-1].decode("utf-8", "replace")
    shown = escaped(line, 120)
    unseen = "the end of its reply was never seen"
    if not line.strip():
        return unseen, "compare `until` with what was received; spaces and capitals count"
    if _QUESTION.search(line):
        return (
            f"it waits at another question: `{shown}`",
            f'answer it on the way, `answer: {{"{shown}": "..."}}`, or make it an end of the reply in `until`',
        )
    return f"{unseen}; the last line looks like `{shown}`", "correct `until`; spaces and capitals count"
