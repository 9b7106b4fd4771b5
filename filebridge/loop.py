"""The only code that waits: it carries one phase of a dialogue through, under one absolute deadline.

The short road is for the common step: send, one wait, one read, done; shorter still where a phase is one plain
exchange, held again and again. Everything else, replies in pieces, questions on the way, silence, death, goes the
long road of ``_converse``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from select import poll
from time import monotonic

from filebridge import diagnosis
from filebridge.eager import first_piece
from filebridge.errors import TransportError
from filebridge.link import EOF_GRACE, Link
from filebridge.program.slots import STEP
from filebridge.wire.dialogue import DONE, UNCHANGED, Dialogue, Exchange, Phase

__all__ = ["exchange", "repeated"]

# A grandchild may go on writing for ever: what was said before the end fits into the pipe.
DRAIN_READS = 64


def exchange(link: Link, phase: Phase, seconds: float) -> None:
    """Hold the dialogue of ``phase`` with the simulator of ``link``; return when its reply is whole.

    ``seconds`` is the time for all of it. Output that waits before anything is sent is shown to the
    dialogue first, and a death that went unnoticed so far is reported before anything is sent.

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
            _attend(link, phase, events)
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
            _cut_off(link, error)
            return
        if not unsent:
            chunk = first_piece(link)
    result = dialogue.receive(chunk) if chunk else None
    if result is not DONE:
        _converse(link, result or unsent, bool(chunk) and result is None)


def _keep_pace(link: Link, pace: float) -> None:
    """Set when the step was due: right after the last one where the trainer was in time, else now."""
    due = link.nominal + pace
    link.nominal = due if link.begun - due < pace / 2 and link.dialogue.row[STEP] != 1 else link.begun


def repeated(link: Link, phase: Phase) -> Callable[[float], None]:
    """Return what does the same as ``exchange(link, phase, seconds)``, quicker from the second time on.

    It makes of one plain exchange, its reply whole and alone in one piece, what ``begin`` and ``receive`` would.
    """
    dialogue, only = link.dialogue, phase.only
    # Another class listens to what is begun and received.
    if only is None or dialogue.filter is None or type(dialogue) is not Dialogue:
        return lambda seconds: exchange(link, phase, seconds)
    poll, read, row, previous = link.poll, link.read, dialogue.row, dialogue.previous
    encode, deliver, write = only.encode or _nothing, _delivering(link, only), link.write
    cut, clean, labels = only.cut, dialogue.filter.clean, link.program.rules.labels

    def again(seconds: float) -> None:
        if link.phase is not phase or dialogue.pending or poll(0):
            exchange(link, phase, seconds)
            return
        link.deadline, link.begun = seconds, monotonic()
        for label in labels:
            row[label] = False
        dialogue.sent = command = encode(row, previous)
        if deliver is not None:
            command = deliver(command)
        try:
            accepted = write(command) if command else 0
        except TransportError as error:
            _cut_off(link, error)
            return
        data = b""
        if accepted == len(command):
            chunk = (read() if link.looks else None) or first_piece(link)
            if chunk:
                data = clean(chunk)
                found = cut(data, 0)
                if found is not None and found[0] == len(data):
                    which = found[1]
                    if which.label >= 0:
                        row[which.label] = True
                    dialogue.reply = which.text(data, len(data)) if which.trims else data
                    return
        dialogue.timer = 0.0
        if not data or dialogue.take(data) is not DONE:
            _converse(link, command[accepted:], bool(data))

    return again


def _nothing(row: list[object], previous: list[object]) -> bytes:
    """Be the command of an exchange that sends none."""
    return b""


def _delivering(link: Link, only: Exchange) -> Callable[[bytes], bytes] | None:
    """Return what delivers the files of an exchange and returns what is to be sent still; None where it has none."""
    files, put, row, previous = only.files, link.transport.deliver, link.dialogue.row, link.dialogue.previous
    if files is None:
        return None

    def deliver(command: bytes) -> bytes:
        link.delivered = contents = files(row, previous)
        return put(contents, command)

    return deliver


def _attend(link: Link, phase: Phase, events: list[tuple[int, int]]) -> None:
    """See to what happened since the last exchange: stray output, text on stderr, a death."""
    process = link.process
    for descriptor, _ in events:
        if descriptor == process.stderr_fd:
            link.drain_stderr()
        elif descriptor == process.pidfd:
            _raise_if_dead(link, phase)
        else:
            _read_stray(link, phase)


def _read_stray(link: Link, phase: Phase) -> None:
    """Show the dialogue all the output that is there already; what is said next may be a reply."""
    until = link.begun + link.deadline
    while chunk := link.read():
        link.dialogue.stray(chunk)
        if monotonic() > until:
            raise diagnosis.restless(link)
    if chunk == b"":
        link.end_output()
        link.await_exit(EOF_GRACE)
        _raise_if_dead(link, phase)
        raise diagnosis.closed_output(link)


def _raise_if_dead(link: Link, phase: Phase) -> None:
    if link.process.exit() is not None:
        link.drain_stderr()
        raise diagnosis.died(link, phase.name, between=True)


def _cut_off(link: Link, error: TransportError) -> None:
    """Find out why the simulator takes no input: its own end may have been awaited; raise otherwise."""
    if not link.await_exit(EOF_GRACE):
        raise diagnosis.closed_input(error)
    _last_words(link)


def _converse(link: Link, unsent: bytes, searched: bool) -> None:
    """Read, answer and wait until the phase is done or something fails.

    ``searched``: what is there already was found to be no whole reply.
    """
    dialogue, deadline = link.dialogue, link.begun + link.deadline
    timer_at = math.inf
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
                    _cut_off(link, error)
                return
        if result is DONE and not unsent:
            return
        limit = min(deadline, timer_at, link.eof_deadline)
        events = _wait(link, max(0.0, limit - monotonic()), bool(unsent))
        result = _progress(link, events, result is DONE)
        timer_at = _timer(link, timer_at)
        if result is not DONE or unsent:
            expired = _expired(link, deadline, math.inf if result else timer_at, bool(unsent))
            result = result if expired is None else expired


def _timer(link: Link, previous: float) -> float:
    """Return when the dialogue's timer runs out; each setting of it counts once, from now."""
    dialogue = link.dialogue
    seconds = dialogue.timer
    dialogue.timer = UNCHANGED
    if seconds == UNCHANGED:
        return previous
    if dialogue.from_begin:
        return link.nominal + seconds
    if dialogue.is_pausing:
        link.last_try = monotonic()
    return monotonic() + seconds if seconds else math.inf


def _wait(link: Link, seconds: float, writing: bool) -> list[tuple[int, int]]:
    milliseconds = math.ceil(seconds * 1000.0)
    if not writing:
        return link.poll(milliseconds)
    poller = poll()
    link.register(poller, writing=True)
    return poller.poll(milliseconds)


def _expired(link: Link, deadline: float, timer_at: float, unsent: bool) -> bytes | None:
    """See whether a time has run out; return what the dialogue makes of its own."""
    now = monotonic()
    if timer_at <= now and timer_at <= deadline:
        return link.dialogue.expire()
    if link.eof_deadline <= now:
        raise diagnosis.closed_output(link)
    if deadline <= now:
        link.drain_stderr()
        raise diagnosis.blocked(link) if unsent else diagnosis.late(link)
    return None


def _progress(link: Link, events: list[tuple[int, int]], done: bool) -> bytes | None:
    """Take what the events announce; return what the dialogue made of it, or DONE if that is all ``done``."""
    process, output = link.process, link.transport.fileno()
    announced = {descriptor for descriptor, _ in events}
    if process.stderr_fd in announced:
        link.drain_stderr()
    if done:
        return DONE
    if output in announced and not link.output_ended:
        chunk = link.read()
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
