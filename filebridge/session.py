"""The episodes of one simulator: when a process is started or reused, and what a step consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from filebridge import diagnosis
from filebridge.config.dialogues import reconnects
from filebridge.connecting import establish
from filebridge.errors import (
    ActionError,
    BridgeError,
    PeerClosed,
    SimulatorError,
    Situation,
    TransportError,
    UsageError,
)
from filebridge.interrupt import unbroken
from filebridge.link import Link
from filebridge.loop import exchange, repeated
from filebridge.program import Program
from filebridge.program.deadlines import scaled
from filebridge.program.options import first_values, options_mapping, seed_within
from filebridge.program.seat import Seat, needs_seat
from filebridge.program.slots import ACTIONS, EPISODE, SEAT, SEED, STEP

__all__ = ["Session", "Step"]

Step = tuple[Any, float, bool, bool, dict[str, Any]]

GRACE_BETWEEN = 0.5
"""Seconds that a process has to end by itself when an episode makes room for the next."""

FIRST_STEP = 3.0
"""How many times as long the first step of a process may take: caches are cold, files are opened."""


class Session:
    """One seat: a program and, while an episode is on, the link to a running simulator.

    Where no ``seat`` is given, and the configuration uses it, the least that is free is taken before the
    first process starts and kept until ``vacate``; otherwise it is 0.

    ``over`` says that the episode has ended and a reset is due. ``link`` is None while nothing runs.
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
        self.episode = 0
        self.values: dict[str, object] = {}
        self._talk: Callable[[float], None]
        self._step_seconds = self._deadlines.step
        self.phase = "start"
        self.actions: list[Any] = []
        self._view = program.view
        self._runs = program.config.simulator.each == "step"
        self._reconnects = reconnects(program.config)
        self._uses_previous = program.uses_previous
        self._read_action = program.read_action
        self._decode = program.decoder.decode
        self._judge = program.outcome.judge
        self._observe = program.observer.observe
        self._info = program.info
        self._more = program.outcome.is_more
        self._max_steps = program.config.max_steps or (1 << 62)

    def reset(
        self, generator: np.random.Generator, seed: int | None, options: Mapping[str, Any] | None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; return its first observation and info.

        Raises UsageError for options that are no variables, StartError and its kin, SimulatorError,
        ProtocolError; the process is ended then.
        """
        values = self._first_values(generator, seed, options_mapping(options))
        self.over = True
        self.episode += 1
        return self.begin(values, fresh=self._wants_fresh(seed))

    def begin(self, values: dict[str, object], fresh: bool) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with these values of variables and seed, in a fresh process if that is asked for."""
        self.values = values
        self.over = True
        self._failure = ""
        if not fresh and self.link is not None:
            try:
                self._again(self.link)
                return self._begun(self.link)
            except (SimulatorError, TransportError):
                # It ended between two episodes, as some programs do; that is no failure of an episode.
                if self.link.alive:
                    raise
        self.end(grace=GRACE_BETWEEN)
        self.phase = "start"
        link = unbroken(self._launched)
        self._start(link)
        return self._begun(link)

    def _launched(self) -> Link:
        if self._takes_seat and self._seat is None:
            self._seat = Seat(self.program.config.name)
            self.seat = self._seat.number
        values = {**self.values, "seat": self.seat, "episode": self.episode}
        self.link = Link(self.program, self.seat, values, self.transcripts)
        return self.link

    def step(self, action: Any) -> Step:
        """Take one step; return observation, reward, terminated, truncated and info.

        Raises ActionError for an action that cannot be sent, and then the simulator is untouched;
        SimulatorError, TransportError, ProtocolError, ExpressionError otherwise.
        """
        link = self.link
        if link is None or self.over:
            raise self._not_begun()
        dialogue = link.dialogue
        row = dialogue.row
        previous = dialogue.previous
        if self._uses_previous:
            previous[:] = row
        self._read_action(action, row)
        if self._view is not None:
            row[ACTIONS] = [*self.actions, self._view(row)]
        row[STEP] = step = row[STEP] + 1  # type: ignore[operator]
        try:
            self._talk(self._step_seconds if step > 1 else self._first_seconds(link))
        except ActionError:
            row[STEP] = step - 1
            self._take_back(link)
            raise
        if self._view is not None:
            self.actions = row[ACTIONS]  # type: ignore[assignment]
        self._decode(dialogue.reply, row, previous)
        reward, terminated, truncated = self._judge(row, previous)
        observation = self._observe(row)
        info = self._info(row)
        if self._more:
            outcome = self.program.outcome
            outcome.inform(row, previous, info)
            outcome.advance(row, previous)
        if step >= self._max_steps and not terminated:
            truncated = True
        if terminated or truncated:
            self.over = True
        return observation, reward, terminated, truncated, info

    def situated(self, error: BridgeError, phase: str) -> BridgeError:
        """Return ``error`` with the situation in which it happened; a step too many is told of it.

        A connection that was lost because the process ended is that end.
        """
        if self.link is not None and isinstance(error, PeerClosed):
            error = diagnosis.parted(self.link, error, phase)
        self._failure = f"; the last {phase} failed: {type(error).__name__}: {error.what.partition(chr(10))[0]}"
        if error.situation is None:
            if self.link is not None:
                error.situation = diagnosis.situation(self.link, phase, error)
            else:
                error.situation = Situation(self.program.config.name, phase, self.seat, self.episode)
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
        if polite and self.program.phases["stop"].exchanges and link.alive:
            self._say_goodbye(link)
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

    def _say_goodbye(self, link: Link) -> None:
        try:
            exchange(link, self.program.phases["stop"], self._deadlines.stop * 0.4)
        except BridgeError:
            # It is ended by signals next, whatever it said or did not say.
            return

    def _wants_fresh(self, seed: int | None) -> bool:
        link, reset = self.link, self.program.config.reset
        if link is None or (reset is None and not self._runs and not self._reconnects):
            return True
        if not link.alive and not (self._reconnects and link.process.exit() is None):
            return True
        if seed is not None and self.program.config.simulator.seed is not None and not self.program.seed_at_reset:
            return True
        label = None if reset is None else reset.start_from
        return label is not None and not link.dialogue.row[self.program.names[label].index]

    def _first_seconds(self, link: Link) -> float:
        """Return the time for the first step of an episode, longer if it is the first of the process."""
        factor = FIRST_STEP if link.first_step else 1.0
        link.first_step = False
        return self._step_seconds * factor

    def _take_back(self, link: Link) -> None:
        """After an action was refused, put all back as before the step; end the process if it heard some of it."""
        dialogue = link.dialogue
        if not dialogue.is_opening:
            self.end(polite=False, grace=0.0)
        elif self._uses_previous:
            dialogue.row[:] = dialogue.previous

    def _start(self, link: Link) -> None:
        self._fill(link)
        deadlines = self._deadlines
        exchange(link, self.program.phases["start"], establish(link, deadlines.start))
        reset = self.program.config.reset
        if reset is not None and reset.start_from is None:
            self.phase = "reset"
            exchange(link, self.program.phases["reset"], deadlines.reset)

    def _again(self, link: Link) -> None:
        if self._reconnects:
            link.transport.reopen()
            self._start(link)
            return
        self.phase = "reset"
        self._fill(link)
        exchange(link, self.program.phases["reset"], self._deadlines.reset)

    def _begun(self, link: Link) -> tuple[Any, dict[str, Any]]:
        dialogue, program = link.dialogue, self.program
        row = dialogue.row
        program.decoder.decode(dialogue.reply, row, row)  # `prev.x` is x itself
        dialogue.previous[:] = row
        observation = program.observer.observe(row)
        info = program.info(row)
        program.outcome.inform_first(row, dialogue.previous, info)
        self._talk = repeated(link, program.phases["step"])
        self.over = False
        return observation, info

    def _fill(self, link: Link) -> None:
        """Give the row the values that an episode begins with; nothing of the last one remains."""
        row = link.dialogue.row
        row[:] = [None] * len(row)
        row[STEP], row[EPISODE], row[SEAT], row[SEED] = 0, self.episode, self.seat, self.values["seed"]
        row[ACTIONS] = self.actions = []
        for first in self.program.firsts:
            row[first.index] = self.values[first.name]

    def _first_values(
        self, generator: np.random.Generator, seed: int | None, options: Mapping[str, Any]
    ) -> dict[str, object]:
        program = self.program
        number = seed_within(program.config.simulator.seed, generator, seed)
        return {"seed": number, **first_values(program.firsts, program.observer.names, generator, options)}

    def _not_begun(self) -> UsageError:
        if self.link is None:
            found = f"no simulator runs{self._failure}"
            return UsageError("step without a running episode", found=found, cure="call reset() first")
        return UsageError(
            "step after the end of the episode", found="the last step ended it", cure="call reset() to begin another"
        )
