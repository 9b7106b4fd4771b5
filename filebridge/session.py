"""The episodes of one simulator: when a process is started, taken from those that wait, or used again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filebridge.config.dialogues import reconnects
from filebridge.conversation import Talk, talk
from filebridge.draws import Draws, Values
from filebridge.errors import Refused, SimulatorError, TransportError
from filebridge.link import Link
from filebridge.program import Program
from filebridge.program.slots import ACTIONS, EPISODE, SEAT, SEED
from filebridge.spares import Pool, Spare
from filebridge.stepping import Stepping

__all__ = ["Beginning", "Session"]

Beginning = tuple[Any, dict[str, Any]]


class Session(Stepping):
    """One seat: what runs there, its episodes and its steps."""

    def __init__(self, program: Program, seat: int | None, transcripts: Path | None = None) -> None:
        super().__init__(program, seat, transcripts)
        self.values: Values = {}
        self._started: Values = {}
        self._runs = program.config.simulator.each == "step"
        self._reconnects = reconnects(program.config)
        self.pool: Pool | None = None
        self._draws = Draws(program)
        self._served = 0
        self._restart_every = program.config.simulator.restart_every

    def resetting(
        self, generator: np.random.Generator, seed: int | None, options: Mapping[str, Any] | None
    ) -> Talk[Beginning]:
        """Begin an episode; return its first observation and info.

        Raises UsageError for options that are no variables, StartError and its kin, SimulatorError,
        ProtocolError; the process is to be ended then.
        """
        if self.torn:
            # An interrupt of an interrupt may have left it to be ended here.
            self.end(polite=False, grace=0.0)
            self.torn = False
        values = self._draws.values(generator, seed, options)
        self._hear_out()
        self.over = True
        self.episode += 1
        begun = yield from self.beginning(values, fresh=self._wants_fresh(seed, values))
        if self.pool is not None:
            self._want_spare(self.pool, generator)
        return begun

    def _hear_out(self) -> None:
        """Raise Refused for a complaint on stderr that came after the last reply of an episode."""
        link = self.link
        if link is not None and link.process.heard is not None:
            try:
                link.judge_stderr(before=True)
            except Refused as error:
                raise self.situated(error, "step") from None

    def beginning(self, values: Values, fresh: bool) -> Talk[Beginning]:
        """Begin an episode with these values of variables and seed, in a fresh process if that is asked for."""
        self.values = values
        self.over = True
        self._failure = ""
        if not fresh and self.link is not None:
            try:
                yield from self._again(self.link)
                return self._begun(self.link)
            except (SimulatorError, TransportError):
                # It ended between two episodes, as some programs do; that is no failure of an episode.
                if self.link.alive:
                    raise
        yield from self.ending()
        self._served, self._started = 0, values
        spare = self.pool.take(self, self._draws.key(values, self.episode)) if self.pool else None
        if spare is not None and (yield from spare.rested()):
            return self._begun(self._adopted(spare))
        link = self.launch(values)
        yield from self.starting(link, values)
        return self._begun(link)

    def _adopted(self, spare: Spare) -> Link:
        """Make the simulator of ``spare`` one's own, with the values of this episode."""
        self.adopt(spare)
        assert self.link is not None
        self._name_episode(self.link)
        return self.link

    def _name_episode(self, link: Link) -> None:
        """Give the row, which has been filled for another episode, the values of this one."""
        row = link.dialogue.row
        row[EPISODE], row[SEAT], row[SEED] = self.episode, self.seat, self.values["seed"]
        row[ACTIONS] = []
        for first in self.program.firsts:
            row[first.index] = self.values[first.name]

    def _want_spare(self, pool: Pool, generator: np.random.Generator) -> None:
        """Have a simulator started for the next episode, where that will not be held in the process of this one."""
        if not self.program.start_names:
            pool.want(self, (), self.episode + 1, self.values)
        elif self._is_last():
            values, episode = self._draws.next(generator), self.episode + 1
            pool.want(self, self._draws.key(values, episode), episode, values)

    def _is_last(self) -> bool:
        """Return whether the process that runs will be replaced for the next episode."""
        if self._restart_every is not None and self._served >= self._restart_every:
            return True
        return not self._is_reused

    @property
    def _is_reused(self) -> bool:
        """Whether a process can hold more than one episode."""
        config = self.program.config
        return config.reset is not None or config.restore is not None or self._runs or self._reconnects

    def _wants_fresh(self, seed: int | None, values: Values) -> bool:
        link, reset = self.link, self.program.config.reset
        if link is None or not self._is_reused:
            return True
        if self._restart_every is not None and self._served >= self._restart_every:
            return True
        if not link.alive and not (self._reconnects and link.process.exit() is None):
            return True
        if seed is not None and self.program.config.simulator.seed is not None and not self.program.seed_at_reset:
            return True
        if self.program.config.restore is not None and self._differs_at_start(values):
            return True
        label = None if reset is None else reset.start_from
        return label is not None and not link.dialogue.row[self.program.names[label].index]

    def _differs_at_start(self, values: Values) -> bool:
        """Return whether the process that runs was started with other variables."""
        names = set(self.program.start_names) - {"seed", "episode"}
        return any(self._started[name] != values[name] for name in names)

    def mask(self) -> NDArray[np.int8] | None:
        """Return which choices may be taken now, shape (choices,), all while nothing runs; None without a mask."""
        made = self.program.outcome.mask
        if made is None:
            return None
        if self.link is None:
            return np.ones(self.program.action_space.n, np.int8)  # type: ignore[attr-defined]  # it is a Discrete
        return made(self.link.dialogue.row, True)

    def _again(self, link: Link) -> Talk[None]:
        """Begin another episode in the process that runs."""
        if self._reconnects:
            link.transport.reopen()
            yield from self.starting(link, self.values)
            return
        self.phase = "reset"
        self.fill(link, self.values)
        if self.program.config.restore is None:
            yield from talk(link, self.program.phases["reset"], self._deadlines.reset)
            return
        yield from talk(link, self.program.phases["load"], self._deadlines.reset)
        self.program.decoder.refuse(link.dialogue.reply)
        link.dialogue.reply, link.dialogue.row[:] = link.saved
        self._name_episode(link)

    def _begun(self, link: Link) -> Beginning:
        dialogue, program = link.dialogue, self.program
        row = dialogue.row
        if link.process.heard is not None:
            link.judge_stderr()
        program.decoder.decode(dialogue.reply, row, row)  # `prev.x` is x itself
        dialogue.previous[:] = row
        observation = program.observer.observe(row)
        info = program.info(row)
        program.outcome.inform_first(row, dialogue.previous, info)
        self._get_ready(link)
        self._served += 1
        return observation, info
