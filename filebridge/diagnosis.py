"""Failures of a running simulator, with everything that is known about them and the probable cause."""

from __future__ import annotations

import re
from time import monotonic

from filebridge.attention import EOF_GRACE
from filebridge.config.dialogues import draws_screen
from filebridge.errors import (
    BridgeError,
    Desync,
    ExpressionError,
    MessageTooLarge,
    PeerClosed,
    ProtocolError,
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
from filebridge.parcel import pack
from filebridge.program.causes import probable_cause
from filebridge.program.end_cures import death_cure, ending_cure, run_cure
from filebridge.program.file_causes import (
    fifo_cause,
    file_cause,
    gathered_cause,
    run_cause,
    silent_cause,
    stale_cause,
    told,
)
from filebridge.program.ignoring import ignored_cause
from filebridge.program.lacking import install_cure, lacking, left_cure
from filebridge.program.screen_causes import screen_cause, undrawn_cause
from filebridge.program.slots import EPISODE, STEP
from filebridge.program.socket_causes import socket_cause, turned_away_cure
from filebridge.transports.base import Opening
from filebridge.transports.condition import innermost
from filebridge.transports.process import Exit
from filebridge.transports.results.sight import Sight
from filebridge.wire.dialogue import Dialogue

__all__ = ["blocked", "closed_input", "closed_output", "died", "late", "restless", "situation", "unconnected"]

PROMPT_ANSWER = 0.1
"""Seconds for which a repeated command may be without an answer before that is told."""


def situation(link: Link, phase: str, error: BridgeError, action: str = "") -> Situation:
    """Return what is known about ``link`` now, in a step with its ``action``; a reply not understood is shown too."""
    dialogue, process = link.dialogue, link.process
    end = process.exit()
    process.drain_stderr()
    unmatched = dialogue.unmatched
    if draws_screen(link.program.config):
        # Most of a screen is blank, and its styles are nothing to be read.
        unmatched = re.sub(rb" +(?=\n)|[\x10-\x17]+(?=\x1b\[[0-9;]+H\Z)", b"", unmatched)
    understood = not isinstance(error, ProtocolError | ExpressionError)
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
        action=action,
        sent=escaped(pack(link.delivered) + dialogue.sent),
        awaited=dialogue.awaited if _awaits(error) else "",
        received=escaped(unmatched if understood or unmatched else dialogue.reply),
        stderr=escaped(process.stderr_tail()),
        transcript=escaped(str(link.transcript.path)) if link.transcript else "",
    )


def _awaits(error: BridgeError) -> bool:
    """Return whether a reply was awaited when ``error`` came."""
    if isinstance(error, SimulatorExited):
        return not error.between
    return isinstance(error, ReadyTimeout | SimulatorTimeout | StartCrashed | MessageTooLarge)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def died(link: Link, phase: str, between: bool = False) -> BridgeError:
    """Return the error for a process that has ended in ``phase``, or ``between`` the one before and this one."""
    end = link.process.exit()
    runs = link.program.config.simulator.each == "step"
    # Without a `start` the first thing that is held is a reset.
    never_spoke = phase == "reset" and link.first_step and not link.dialogue.reply and not runs
    if phase == "start" or never_spoke:
        return _ended_at_once(link, end)
    when = f"between two {'episodes' if phase == 'reset' else 'steps'}" if between else f"in the middle of a {phase}"
    death = run_cure(end, link.program.config.simulator.exit_ok) if runs else death_cure(end, link.dialogue.exchange)
    death = ending_cure(link.dialogue) if between and (end is None or end.signal is None) else death
    left = left_cure(link.program, link.process.stderr_tail())
    error = SimulatorExited(f"the simulator ended {when}: {end}", cure=left or death)
    error.between = between
    if end is not None:
        error.code, error.signal = end.code, end.signal
    return error


def _ended_at_once(link: Link, end: Exit | None) -> StartCrashed:
    left = left_cure(link.program, words := link.process.stderr_tail() + b"\n" + link.dialogue.pending)
    install = link.program.config.simulator.install
    if (part := lacking(words)) and not left:
        what = f"the simulator ended before it was ready, since it lacks {part}: {end}"
        return StartCrashed(what, cure=install_cure(install))
    met = link.transport.met()
    cure = left or "read its last words above; run the command by hand, and correct `simulator` or `start`"
    if install and not left:
        cure += f"; where a part of it is missing: {install}"
    what = f"the simulator ended before it was ready: {end}"
    return StartCrashed(what, found=met, cure=f"{_met_cure(link, met)}{cure}")


def _met_cure(link: Link, met: str) -> str:
    """Return what lets in one who was turned away, empty where nobody was."""
    if "turned away" not in met:
        return ""
    hints = [getattr(opening, "hint", "") for opening in link.transport.openings]
    hint = next(filter(None, hints), "") or turned_away_cure(link.program.config)
    return f"{hint}; " if hint else ""


def parted(link: Link, error: PeerClosed, phase: str) -> BridgeError:
    """Return ``error`` of a lost connection, or the end of the process where that is why."""
    if not link.await_exit(0.0 if link.output_ended else EOF_GRACE):
        return error
    link.drain_stderr()
    ended = died(link, phase)
    ended.__cause__ = error
    return ended


def closed_input(error: TransportError) -> TransportError:
    """Return ``error``, which a write met, with the cure for a process that runs on all the same."""
    if isinstance(error, PeerClosed):
        return error
    error.cure = "it closed its standard input and runs on: see what was sent before, which may have told it to"
    return error


def closed_output(link: Link) -> BridgeError:
    """Return the error for a process that runs on but has closed its output."""
    if link.program.config.transport.sockets:
        return PeerClosed(
            "the simulator closed its connection in the middle of a reply" if link.dialogue.pending else
            "the simulator closed its connection and runs on",
            found=f"{len(link.dialogue.pending)} bytes that are no whole reply" if link.dialogue.pending else "",
            cure="see what was sent last; a program that takes a connection for each episode wants `each: episode`",
        )
    return TransportError(
        "the simulator closed its output and runs on",
        cure="it may have gone to the background: use the option that keeps it in the foreground",
    )


def unconnected(link: Link, opening: Opening) -> BridgeError:
    """Return the error for a connection that was not made in time."""
    slow = "if it is only slow, raise `deadlines: {start: ...}`"
    hint = getattr(opening, "hint", "")
    if hint:
        cure = f"{hint}; {slow}"
    elif link.process.pid:
        cure = f"see whether it is told this address, and what it says on stderr; {slow}"
    else:
        cure = f"`simulator` has no `command`, so it is not started by us: start it, or correct the address; {slow}"
    what = f"the simulator was not ready within {link.deadline:g} s: awaited was {opening.awaited()}"
    return ReadyTimeout(what, cure=cure)


def blocked(link: Link) -> BridgeError:
    """Return the error for bytes that the simulator did not take."""
    what = f"the simulator did not read what was sent within {link.deadline:g} s"
    seen = link.transport.standing(monotonic() - link.begun)
    way = None if seen is None else fifo_cause(seen)
    if way is not None:
        return SendBlocked(f"{what}: {way[0]}", cure=way[1])
    cure = "it is busy, or it waits for something else; a longer `deadlines` helps only if it is slow"
    return SendBlocked(what, cure=cure)


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
    repeats = dialogue.tries > 0 and (dialogue.is_pausing or _answers_yet(link))
    cause, cure, found = (*_repeated(dialogue), escaped(dialogue.refused.lstrip(b"\n"))) if repeats else _cause(link)
    if dialogue.tries and not repeats and dialogue.exchange.condition:
        cause = f"`{dialogue.exchange.condition}` was not true after {_tries(dialogue)}, then {cause}"
    if dialogue.phase_name == "start":
        return ReadyTimeout(f"the simulator was not ready within {link.deadline:g} s: {cause}", found=found, cure=cure)
    return SimulatorTimeout(f"no whole reply within {link.deadline:g} s: {cause}", found=found, cure=cure)


def _answers_yet(link: Link) -> bool:
    """Return whether the reply to the last try is not later than those before it, as far as that can be told."""
    usual = (link.last_try - link.begun) / link.dialogue.tries
    return monotonic() - link.last_try < max(10 * usual, PROMPT_ANSWER)


def _repeated(dialogue: Dialogue) -> tuple[str, str]:
    name = dialogue.phase_name
    if not dialogue.exchange.condition:
        return f"it was not ready after {_tries(dialogue)}", f"correct `again`, or raise `deadlines: {{{name}: ...}}`"
    cause = f"`{dialogue.exchange.condition}` was not true after {_tries(dialogue)}"
    return cause, f"correct `repeat: {{until: ...}}`, or raise `deadlines: {{{name}: ...}}`"


def _tries(dialogue: Dialogue) -> str:
    return "1 try" if dialogue.tries == 1 else f"{dialogue.tries} tries"


def _cause(link: Link) -> tuple[str, str, str]:
    """Return the probable cause, its cure, and what was found in files."""
    dialogue, config, doing = link.dialogue, link.program.config, link.process.state()
    state = innermost(doing)
    exchange, text = dialogue.exchange, bytes(dialogue.pending)
    spoken = bool(dialogue.reply or dialogue.said)
    if not state.startswith("stopped"):
        if dialogue.stale and not text.strip():
            return *stale_cause(exchange, dialogue.stale), escaped(dialogue.refused.lstrip(b"\n"))
        if dialogue.gathered and not text.strip():
            return *gathered_cause(exchange, dialogue.gathered), escaped(dialogue.said[-1])
        if dialogue.ignored and not text.strip():
            return *ignored_cause(dialogue.ignored, exchange.encode is not None), ""
        if config.simulator.each == "step":
            return *run_cause(doing), ""
        if draws_screen(config):
            return *(screen_cause(text, exchange) if text else undrawn_cause(state, exchange)), ""
        sent, met = exchange.encode is not None, link.transport.met()
        heard = None if text.strip() else socket_cause(config, state, sent, spoken, met)
        if heard is not None:
            return *heard, ""
        seen = link.transport.standing(monotonic() - link.begun)
        if seen is not None:
            return _seen_cause(link, seen, state, text)
    return *probable_cause(state, text, exchange, spoken, link.on_terminal), ""


def _seen_cause(link: Link, seen: Sight, state: str, text: bytes) -> tuple[str, str, str]:
    """Return the cause where files or FIFOs lead to the reply."""
    files, exchange = link.program.config.transport.files, link.dialogue.exchange
    ours = [name for name, _ in link.delivered] + list(link.program.config.simulator.files)
    written = files.written if files is not None else "closed"
    if not text.strip():
        cause = fifo_cause(seen) or (file_cause(seen, state, written, ours) if seen.files else silent_cause(seen))
        if cause is not None:
            return *cause, told(seen, ours)
    # A program that looks for its input again and again is always busy: that says nothing.
    doing = "" if seen.files else state
    spoken = bool(link.dialogue.reply or link.dialogue.said)
    return *probable_cause(doing, text, exchange, spoken, link.on_terminal), told(seen, ours)
