"""The simulator of one seat: how it is started, begun anew for another episode, and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from signal import SIGCONT, SIGTERM
from time import monotonic
from typing import Any

from filebridge import diagnosis
from filebridge.connecting import establish
from filebridge.conversation import Talk, exited, talk
from filebridge.errors import BridgeError, CleanupError, ParseError, PeerClosed, Situation
from filebridge.interrupt import unbroken
from filebridge.link import Link
from filebridge.loop import carry
from filebridge.program import Program
from filebridge.program.deadlines import scaled
from filebridge.program.seat import Seat, needs_seat
from filebridge.program.slots import ACTIONS, EPISODE, SEAT, SEED, STEP
from filebridge.spaces import shown_action
from filebridge.transports.birth import nothing_ignored
from filebridge.wire.refusals import cut_short

__all__ = ["Running", "end_each"]

GRACE_BETWEEN = 0.5
"""Seconds that a process has to end by itself when an episode makes room for the next."""


class Running:
    """A program and, while something runs, the link to it.

    Where no ``seat`` is given, and the configuration uses it, the least that is free is taken before the
    first process starts and kept until ``vacate``; otherwise it is 0.

    ``over`` says that the episode has ended and a reset is due. ``link`` is None while nothing runs.
    ``torn`` says that an interrupt may have left what runs out of step with us: nothing more is said to it.
    ``phase`` is the last one but for steps, "start" or "reset". Raises UsageError for a FILEBRIDGE_TIMEOUT_SCALE
    that is no positive number.
    """

    def __init__(self, program: Program, seat: int | None, transcripts: Path | None = None) -> None:
        self.program = program
        self.seat = seat or 0
        self._seat: Seat | None = None
        self._takes_seat = seat is None and needs_seat(program.config, program.source)
        self._failure = ""
        self._deadlines = scaled(program.config.deadlines)
        self.transcripts = transcripts
        self.link: Link | None = None
        self.over = True
        self.torn = False
        self.episode = 0
        self.phase = "start"

    @property
    def stop_seconds(self) -> float:
        """How long the stop dialogue and the end of all processes may take."""
        return self._deadlines.stop

    def number(self, seat: int) -> None:
        """Give it a number among others of the same trainer, where the configuration needs none of its own."""
        if not self._takes_seat:
            self.seat = seat

    def launch(self, values: Mapping[str, object]) -> Link:
        """Start the simulator for an episode with these ``values`` of variables and seed, in place of the one before.

        Raises StartError and its kin.
        """
        self.phase = "start"
        # With a process for each step none is started here.
        with nothing_ignored() if self.program.config.simulator.each == "episode" else nullcontext():
            return unbroken(lambda: self._launched(values))

    def _launched(self, values: Mapping[str, object]) -> Link:
        if self._takes_seat and self._seat is None:
            self._seat = Seat(self.program.config.name)
            self.seat = self._seat.number
        known = {**values, "seat": self.seat, "episode": self.episode}
        self.link = Link(self.program, self.seat, known, self.transcripts)
        return self.link

    def starting(self, link: Link, values: Mapping[str, object]) -> Talk[None]:
        """Hold the dialogues that stand between the start of a process and its first episode."""
        self.fill(link, values)
        left = yield from establish(link, self._deadlines.start)
        yield from talk(link, self.program.phases["start"], left)
        reset = self.program.config.reset
        if reset is not None and reset.start_from is None:
            self.phase = "reset"
            yield from talk(link, self.program.phases["reset"], self._deadlines.reset)
        if self.program.phases["save"].exchanges:
            dialogue = link.dialogue
            link.saved = dialogue.reply, tuple(dialogue.row)
            yield from talk(link, self.program.phases["save"], self._deadlines.reset)
            # Of what is said to `save` and `load` nothing is read, and so nobody else would see a complaint.
            self.program.decoder.refuse(dialogue.reply)
            dialogue.reply, dialogue.row[:] = link.saved

    def fill(self, link: Link, values: Mapping[str, object]) -> None:
        """Give the row the values that an episode begins with; nothing of the last one remains."""
        row = link.dialogue.row
        row[:] = [None] * len(row)
        row[STEP], row[EPISODE], row[SEAT], row[SEED] = 0, self.episode, self.seat, values["seed"]
        row[ACTIONS] = []
        for first in self.program.firsts:
            row[first.index] = values[first.name]

    def adopt(self, other: Running) -> None:
        """Take over what runs in ``other``, and its seat where it has one of its own."""
        self.link, other.link = other.link, None
        if self._takes_seat:
            self.vacate()
            self._seat, other._seat, self.seat = other._seat, None, other.seat
        assert self.link is not None
        self.link.seat = self.seat

    def situated(self, error: BridgeError, phase: str, action: Any = None) -> BridgeError:
        """Return ``error`` with the situation in which it happened; a step too many is told of it.

        ``action`` is that of a step, None elsewhere.

        A connection that was lost because the process ended is that end.
        """
        if self.link is not None and isinstance(error, PeerClosed):
            error = diagnosis.parted(self.link, error, phase)
        if self.link is not None and type(error) is ParseError and error.situation is None:
            error.cure = cut_short(self.link.dialogue.exchange, self.link.dialogue.pending) + error.cure
        if error.situation is None:
            shown = "" if action is None else shown_action(self.program.config.action, action)
            if self.link is not None:
                error.situation = diagnosis.situation(self.link, phase, error, shown)
            else:
                error.situation = Situation(self.program.config.name, phase, self.seat, self.episode, action=shown)
        if self.link is not None:
            self.link.redaction.clear(error)
        self._failure = f"; the last {phase} failed: {type(error).__name__}: {error.what.partition(chr(10))[0]}"
        return error

    def end(self, polite: bool = True, grace: float = 2.0, shielded: bool = True) -> None:
        """End the process, politely if it is in step with us; raises CleanupError for what remains.

        ``shielded``: an interrupt (Ctrl-C) is raised only when all is done.
        """
        link = self.link
        self.over = True
        if link is None:
            return
        deadline = monotonic() + self._deadlines.stop
        if polite:
            carry(self.goodbye())
        self._close(link, deadline, grace, shielded)

    def ending(self) -> Talk[None]:
        """End the process, as ``end`` does, where an episode makes room for the next."""
        link = self.link
        self.over = True
        if link is None:
            return
        deadline = monotonic() + self._deadlines.stop
        yield from self.goodbye()
        process = link.process
        if process.pid and process.exit() is None:
            link.closing = True
            process.signal_group(SIGTERM)
            process.signal_group(SIGCONT)
            yield from exited(link, min(GRACE_BETWEEN, max(0.0, (deadline - monotonic()) / 2)))
        self._close(link, deadline, 0.0, shielded=True)

    def _close(self, link: Link, deadline: float, grace: float, shielded: bool) -> None:
        grace = min(grace, max(0.0, (deadline - monotonic()) / 2))

        def close() -> None:
            try:
                link.close(deadline, grace)
            finally:
                self.link = None

        if shielded:
            unbroken(close)
        else:
            close()

    def vacate(self) -> None:
        """Give a seat that was taken back, for the next copy; twice is harmless."""
        held, self._seat = self._seat, None
        if held is not None:
            held.leave()

    def disown(self) -> None:
        """Forget the process in a forked child: it belongs to the parent."""
        link, self.link, self.over = self.link, None, True
        self.vacate()
        if link is not None:
            link.disown()

    def goodbye(self) -> Talk[None]:
        """Hold the stop dialogue, if there is one and somebody to hear it; how it goes does not matter."""
        phase, link = self.program.phases["stop"], self.link
        if not phase.exchanges or link is None or not link.alive:
            return
        try:
            yield from talk(link, phase, self._deadlines.stop * 0.4)
        except BridgeError:
            # It is ended by signals next, whatever it said or did not say.
            return


def end_each(ends: Iterable[Callable[[], None]]) -> None:
    """Call all of ``ends``, whatever becomes of the others; raises one CleanupError for all that remains."""
    left: list[str] = []
    for end in ends:
        try:
            end()
        except CleanupError as error:  # noqa: PERF203 - the others are to be ended all the same
            left += error.left
    if left:
        remains = CleanupError("simulators left something behind", found=", ".join(left), cure="remove it by hand")
        remains.left = tuple(left)
        raise remains
