"""The episodes of one simulator: when a process is started or reused, and what a step consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from filebridge.config.dialogues import reconnects
from filebridge.conversation import Talk, talk
from filebridge.draws import Draws, Values
from filebridge.errors import ActionError, SimulatorError, TransportError, UsageError
from filebridge.link import Link
from filebridge.loop import repeated
from filebridge.plain import Plain, plain
from filebridge.program import Program
from filebridge.program.slots import ACTIONS, EPISODE, SEAT, SEED, STEP
from filebridge.running import Running
from filebridge.spares import Pool, Spare

__all__ = ["Beginning", "Session", "Step"]

Step = tuple[Any, float, bool, bool, dict[str, Any]]
Beginning = tuple[Any, dict[str, Any]]
Row = list[object]

FIRST_STEP = 3.0
"""How many times as long the first step of a process may take: caches are cold, files are opened."""


class Session(Running):
    """One seat: what runs there, its episodes and its steps. ``seconds`` is the time that the step under way has."""

    def __init__(self, program: Program, seat: int | None, transcripts: Path | None = None) -> None:
        super().__init__(program, seat, transcripts)
        self.values: Values = {}
        self._started: Values = {}
        self._talk: Callable[[float], None]
        self.plain: Plain | None = None
        self._step_seconds = self.seconds = self._deadlines.step
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
        self.pool: Pool | None = None
        self._draws = Draws(program)
        self._served = 0
        self._restart_every = program.config.simulator.restart_every
        self._max_steps = program.config.max_steps or (1 << 62)

    def resetting(
        self, generator: np.random.Generator, seed: int | None, options: Mapping[str, Any] | None
    ) -> Talk[Beginning]:
        """Begin an episode; return its first observation and info.

        Raises UsageError for options that are no variables, StartError and its kin, SimulatorError,
        ProtocolError; the process is to be ended then.
        """
        values = self._draws.values(generator, seed, options)
        self.over = True
        self.episode += 1
        begun = yield from self.beginning(values, fresh=self._wants_fresh(seed, values))
        if self.pool is not None:
            self._want_spare(self.pool, generator)
        return begun

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
        spare = self.pool.take(self, self._draws.key(values, self.episode)) if self.pool else None
        yield from self.ending()
        self._served, self._started = 0, values
        if spare is not None:
            yield from spare.rest()
            if spare.is_fit:
                return self._begun(self._adopted(spare))
            spare.end(polite=False, grace=0.0)
            spare.vacate()
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

    def step(self, action: Any) -> Step:
        """Take one step; return observation, reward, terminated, truncated and info.

        Raises ActionError for an action that cannot be sent, and then the simulator is untouched;
        SimulatorError, TransportError, ProtocolError, ExpressionError otherwise.
        """
        self.prepare(action)
        try:
            self._talk(self.seconds)
        except ActionError:
            self._take_back()
            raise
        return self.conclude(self._observe)

    def stepping(self, action: Any) -> Talk[Step]:
        """Do as ``step`` does."""
        self.prepare(action)
        assert self.link is not None
        return (yield from self.concluding(talk(self.link, self.program.phases["step"], self.seconds)))

    def concluding(self, talk: Talk[None], observe: Callable[[Row], Any] | None = None) -> Talk[Step]:
        """Carry on the ``talk`` of a step that has been prepared, and return what the step gives; see ``conclude``."""
        try:
            yield from talk
        except ActionError:
            self._take_back()
            raise
        return self.conclude(observe or self._observe)

    def prepare(self, action: Any) -> None:
        """Check ``action`` and put it into the row, with all that is known before it is sent.

        ``seconds`` is then the time that the step has. Raises ActionError, UsageError; nothing has changed then.
        """
        link = self.link
        if link is None or self.over:
            raise self._not_begun()
        dialogue = link.dialogue
        row = dialogue.row
        if self._uses_previous:
            dialogue.previous[:] = row
        self._read_action(action, row)
        if self._view is not None:
            row[ACTIONS] = [*self.actions, self._view(row)]
        row[STEP] = step = row[STEP] + 1  # type: ignore[operator]
        self.seconds = self._step_seconds if step > 1 else self._first_seconds(link)

    def withdraw(self) -> None:
        """Take back ``prepare``, where nothing has been sent."""
        link = self.link
        assert link is not None
        row = link.dialogue.row
        row[STEP] -= 1  # type: ignore[operator]
        link.first_step = link.first_step or self.seconds > self._step_seconds
        if self._uses_previous:
            row[:] = link.dialogue.previous

    def conclude(self, observe: Callable[[Row], Any]) -> Step:
        """Read the reply to a step; ``observe`` makes the observation of the row."""
        assert self.link is not None
        dialogue = self.link.dialogue
        row, previous = dialogue.row, dialogue.previous
        if self._view is not None:
            self.actions = row[ACTIONS]  # type: ignore[assignment]
        self._decode(dialogue.reply, row, previous)
        reward, terminated, truncated = self._judge(row, previous)
        observation = observe(row)
        info = self._info(row)
        if self._more:
            outcome = self.program.outcome
            outcome.inform(row, previous, info)
            outcome.advance(row, previous)
        if row[STEP] >= self._max_steps and not terminated:  # type: ignore[operator]
            truncated = True
        if terminated or truncated:
            self.over = True
        return observation, reward, terminated, truncated, info

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

    def _first_seconds(self, link: Link) -> float:
        """Return the time for the first step of an episode, longer if it is the first of the process."""
        factor = FIRST_STEP if link.first_step else 1.0
        link.first_step = False
        return self._step_seconds * factor

    def _take_back(self) -> None:
        """After an action was refused, put all back as before the step; end the process if it heard some of it."""
        assert self.link is not None
        if self.link.dialogue.is_opening:
            self.withdraw()
        else:
            self.end(polite=False, grace=0.0)

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
        link.dialogue.reply, link.dialogue.row[:] = link.saved
        self._name_episode(link)

    def _begun(self, link: Link) -> Beginning:
        dialogue, program = link.dialogue, self.program
        row = dialogue.row
        program.decoder.decode(dialogue.reply, row, row)  # `prev.x` is x itself
        dialogue.previous[:] = row
        observation = program.observer.observe(row)
        info = program.info(row)
        program.outcome.inform_first(row, dialogue.previous, info)
        step = program.phases["step"]
        self.plain = plain(link, step)
        self._talk = repeated(link, step, self.plain)
        self.actions = row[ACTIONS]  # type: ignore[assignment]
        self.over = False
        self._served += 1
        return observation, info

    def _not_begun(self) -> UsageError:
        if self.link is None:
            found = f"no simulator runs{self._failure}"
            return UsageError("step without a running episode", found=found, cure="call reset() first")
        return UsageError(
            "step after the end of the episode", found="the last step ended it", cure="call reset() to begin another"
        )
