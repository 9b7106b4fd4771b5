"""One phase of a dialogue with one simulator, carried on step by step: it says what it waits for and never waits.

Each of these is a generator. It yields a ``Need``, is sent the events that came, and ends when its phase is done;
``loop`` waits for one of them, ``crowd`` for many at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from select import POLLIN, POLLOUT
from time import monotonic
from typing import TypeVar

from filebridge import diagnosis
from filebridge.attention import EOF_GRACE
from filebridge.errors import TransportError
from filebridge.link import Link
from filebridge.program.slots import STEP
from filebridge.wire.dialogue import DONE, UNCHANGED, Phase

__all__ = ["Events", "Need", "Talk", "conversation", "cut_off", "exited", "talk"]

T = TypeVar("T")

Events = list[tuple[int, int]]
"""Pairs of a descriptor and what ``select.poll`` tells of it."""

Need = tuple["Link | None", float, tuple[tuple[int, int], ...]]
"""What is waited for: all that a link watches (None: nothing), until a monotonic time, and further descriptors."""

Talk = Generator[Need, Events, T]

# A grandchild may go on writing for ever: what was said before the end fits into the pipe.
DRAIN_READS = 64

PAUSE_READS = 4096
"""More than the datagrams that a socket holds."""

_PAUSE = 0.005
"""Seconds between two looks at a process whose end cannot be awaited."""


def talk(
    link: Link, phase: Phase, seconds: float, look: Callable[[Link], bytes | None] | None = None
) -> Talk[None]:
    """Hold the dialogue of ``phase`` with the simulator of ``link``; end when its reply is whole.

    ``seconds`` is the time for all of it. Output that waits before anything is sent is shown to the dialogue first, and
    a death that went unnoticed so far is reported before anything is sent. ``look`` may wait for the first piece.

    Raises:
        SimulatorExited, SimulatorTimeout, SendBlocked, TransportError, ProtocolError: see there; in the
            start phase StartCrashed and ReadyTimeout. The link is out of step then and must be closed.
    """
    link.phase, link.deadline, link.begun = phase, seconds, monotonic()
    if phase.pace:
        _keep_pace(link, phase.pace)
    if not phase.unprompted:
        events = link.poll(0)
        if events:
            yield from _attend(link, phase, events)
    dialogue = link.dialogue
    unsent = dialogue.begin(phase)
    if unsent is DONE:
        return
    told = bool(unsent) or dialogue.files is not None
    if dialogue.files is not None:
        unsent = link.deliver(unsent)
    chunk = None
    if told and not dialogue.timer and not dialogue.pending:
        try:
            unsent = unsent and unsent[link.write(unsent) :]
        except TransportError as error:
            yield from cut_off(link, error)
            return
        if not unsent and look is not None:
            chunk = look(link)
    result = dialogue.receive(chunk) if chunk else None
    if result is not DONE:
        yield from conversation(link, result or unsent, bool(chunk) and result is None)


def _keep_pace(link: Link, pace: float) -> None:
    """Set when the step was due: right after the last one where the trainer was in time, else now."""
    due = link.nominal + pace
    link.nominal = due if link.begun - due < pace / 2 and link.dialogue.row[STEP] != 1 else link.begun


def _attend(link: Link, phase: Phase, events: Events) -> Talk[None]:
    """See to what happened since the last exchange: stray output, text on stderr, a death."""
    process = link.process
    for descriptor, _ in events:
        if descriptor == process.stderr_fd:
            link.judge_stderr(before=True)
        elif descriptor == process.pidfd:
            _raise_if_dead(link, phase)
        else:
            yield from _read_stray(link, phase)


def _read_stray(link: Link, phase: Phase) -> Talk[None]:
    """Show the dialogue all the output that is there already; what is said next may be a reply."""
    until = link.begun + link.deadline
    while chunk := link.read():
        link.dialogue.stray(chunk)
        if monotonic() > until:
            raise diagnosis.restless(link)
    if chunk == b"":
        link.end_output()
        yield from exited(link, EOF_GRACE)
        _raise_if_dead(link, phase)
        raise diagnosis.closed_output(link)


def _raise_if_dead(link: Link, phase: Phase) -> None:
    if link.process.exit() is not None:
        link.drain_stderr()
        raise diagnosis.died(link, phase.name, between=True)


def exited(link: Link, seconds: float) -> Talk[bool]:
    """Wait until the process has ended, at most ``seconds``; return whether it has."""
    process, until = link.process, monotonic() + seconds
    while process.exit() is None and (now := monotonic()) < until:
        if process.pidfd >= 0:
            yield None, until, ((process.pidfd, POLLIN),)
        else:
            yield None, min(until, now + _PAUSE), ()
    return process.exit() is not None


def cut_off(link: Link, error: TransportError) -> Talk[None]:
    """Find out why the simulator takes no input: its own end may have been awaited; raise otherwise."""
    if not (yield from exited(link, EOF_GRACE)):
        raise diagnosis.closed_input(error)
    _last_words(link)


def conversation(link: Link, unsent: bytes, searched: bool) -> Talk[None]:
    """Read, answer and wait until the phase is done or something fails.

    ``searched``: what is there already was found to be no whole reply.
    """
    dialogue, timer_at = link.dialogue, math.inf
    result: bytes | None = dialogue.receive(b"") if dialogue.pending and not searched else None
    while True:
        timer_at = _timer(link, timer_at)
        if dialogue.files is not None:
            result = link.deliver(result or b"")
        if result:
            unsent += result
            # What stands behind a question may be the next one: they came in one piece by chance.
            result = dialogue.receive(b"") if dialogue.pending else None
            continue
        if unsent:
            try:
                unsent = unsent[link.write(unsent) :]
            except TransportError as error:
                if result is not DONE:
                    yield from cut_off(link, error)
                return
        if result is DONE and not unsent:
            return
        further = ((link.transport.write_fileno(), POLLOUT),) if unsent else ()
        # Whoever waits may put off when it began, by a time in which nobody listened.
        events = yield link, min(link.begun + link.deadline, timer_at, link.eof_deadline), further
        result = _progress(link, events, result is DONE)
        timer_at = _timer(link, timer_at)
        if result is not DONE or unsent:
            expired = _expired(link, math.inf if result else timer_at, bool(unsent))
            result = result if expired is None else expired


def _timer(link: Link, previous: float) -> float:
    """Return when the dialogue's timer runs out; each setting of it counts once, from now."""
    dialogue = link.dialogue
    seconds = dialogue.timer
    dialogue.timer = UNCHANGED
    if seconds == UNCHANGED:
        return previous
    if dialogue.from_begin:
        link.heard = monotonic()
        return link.nominal + seconds
    if dialogue.from_last:
        dialogue.from_last = False
        return link.heard + seconds if seconds else math.inf
    if dialogue.is_pausing:
        link.last_try = monotonic()
    return monotonic() + seconds if seconds else math.inf


def _expired(link: Link, timer_at: float, unsent: bool) -> bytes | None:
    """See whether a time has run out; return what the dialogue makes of its own."""
    now, deadline = monotonic(), link.begun + link.deadline
    if timer_at <= now and timer_at <= deadline:
        dialogue = link.dialogue
        if dialogue.from_begin:
            _hear_out(link)
        if dialogue.unanswered and (unsent or not _waits_for_keys(link)):
            dialogue.timer = dialogue.exchange.quiet
        else:
            return dialogue.expire()
    if link.eof_deadline <= now:
        raise diagnosis.closed_output(link)
    if deadline <= now:
        link.drain_stderr()
        raise diagnosis.blocked(link) if unsent else diagnosis.late(link)
    return None


def _hear_out(link: Link) -> None:
    """Take all that came before the end of a pause, however late that is seen."""
    for _ in range(PAUSE_READS):
        chunk = None if link.output_ended else link.read()
        if not chunk:
            return
        link.heard = monotonic()
        link.dialogue.receive(chunk)


def _waits_for_keys(link: Link) -> bool:
    """Return whether the program has read all keys and waits for the next one, and all that it drew was read."""
    return link.transport.waits_for_keys() and not link.poll(0)


def _progress(link: Link, events: Events, done: bool) -> bytes | None:
    """Take what the events announce; return what the dialogue made of it, or DONE if that is all ``done``."""
    process, output = link.process, link.transport.fileno()
    announced = {descriptor for descriptor, _ in events}
    if process.stderr_fd in announced:
        link.drain_stderr()
    if done:
        return DONE
    if output in announced and not link.output_ended:
        chunk = link.read()
        if link.dialogue.from_begin:
            link.heard = monotonic()
        heard = link.dialogue.receive(chunk) if chunk else None
        if heard is not None:
            return heard
        if chunk == b"":
            link.end_output()
    if (process.pidfd in announced or process.pidfd < 0 or link.output_ended) and process.exit() is not None:
        return _last_words(link)
    return None


def _last_words(link: Link) -> bytes:
    """Read what a dead process said before, and see whether that, or its end, was awaited."""
    dialogue = link.dialogue
    for _ in range(DRAIN_READS):
        chunk = None if link.output_ended else link.last_read()
        if not chunk:
            break
        if dialogue.receive(chunk) is DONE:
            return DONE
    end = link.process.exit()
    if dialogue.ended(end.code if end else None) is DONE:
        return DONE
    link.drain_stderr()
    raise diagnosis.died(link, dialogue.phase_name)
