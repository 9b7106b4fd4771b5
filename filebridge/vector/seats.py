"""The seats of a vector environment: what each is asked, what came back, which are due to begin anew."""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from filebridge.conversation import Talk, talk
from filebridge.crowd import Crowd
from filebridge.eager import Eagerness
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, BridgeError, UsageError
from filebridge.program import Program
from filebridge.spaces.batches import batcher
from filebridge.spares import Spare
from filebridge.vector.actions import placed, rehearsal

__all__ = ["Outcome", "Seats"]

AT_ONCE = max(64, 16 * (os.cpu_count() or 1))
"""Episodes that begin at the same time, at most: what starts takes time from all others that start."""

Final = tuple[Any, dict[str, Any]]
Outcome = tuple[Any, float, bool, bool, dict[str, Any], Final | None]
"""Of one seat: what was taken as its observation, reward, terminated, truncated, info; in what an episode ended."""


class Seats:
    """All that goes on in the seats ``envs``, which share a ``program``.

    ``asked`` are the seats that were asked something and not fetched, ``results`` the outcomes that have come of them,
    ``failed`` the errors, both by seat; ``last`` is what was taken last as the observation of each seat, None before
    there is one. ``due`` says of each seat that an episode must begin before it can take a step, ``busy`` for how many
    seconds its simulator was asked, or started.
    """

    def __init__(self, program: Program, envs: Sequence[BridgeEnv], mode: AutoresetMode) -> None:
        self.envs = envs
        self.batcher = batcher(program.observer)
        self.crowd = Crowd()
        self.results: dict[int, Outcome] = {}
        self.failed: dict[int, Exception] = {}
        self.asked: set[int] = set()
        self.last: list[Any] = [None] * len(envs)
        self.due = [True] * len(envs)
        self.busy = np.zeros(len(envs))
        self._sessions = [env.session for env in envs]
        self._keeps = envs[0].recovery.keeps
        self._same_step = mode is AutoresetMode.SAME_STEP
        self._step = program.phases["step"]
        self._rehearse = rehearsal(program)
        self._take = self.batcher.take
        self._actions: list[Any] = [None] * len(envs)
        self._said: list[int] = []
        self._eagerness = Eagerness()
        self._queue: deque[tuple[int, Talk[Outcome]]] = deque()
        self._beginning: set[int] = set()

    def reset(self, seats: Iterable[int], seeds: Sequence[int | None], options: dict[str, Any] | None) -> None:
        """Begin an episode in each of ``seats``; ``seeds`` are those of all seats."""
        for seat in seats:
            self.due[seat] = True
            self.asked.add(seat)
            self._queue.append((seat, self._begun(seat, seeds[seat], options)))
        self._admit()

    def act(self, seats: Sequence[int], actions: Sequence[Any]) -> None:
        """Let each of ``seats`` take its action, or begin an episode where that is due; nobody is waited for.

        Raises ActionError, UsageError for a seat whose action cannot be taken; then nothing was sent to any.
        """
        going: list[int] = []
        beginning: list[int] = []
        # From here on: an interrupt ends those whose action may be half taken.
        self.asked.update(seats)
        for seat, action in zip(seats, actions, strict=True):
            if self.due[seat]:
                beginning.append(seat)
                continue
            try:
                self._sessions[seat].prepare(action)
                going.append(seat)
                if self._rehearse is not None:
                    self._rehearse(self._sessions[seat].link.dialogue)  # type: ignore[union-attr]  # it is prepared
            except (ActionError, UsageError) as error:
                for prepared in going:
                    self._sessions[prepared].withdraw()
                self.asked.difference_update(seats)
                raise placed(error, self.envs[seat]) from None
            # What is told to a replayed simulator is what was sent, whatever became of the caller's array.
            self._actions[seat] = copy.deepcopy(action) if self._keeps else action
        if going:
            self.crowd.look()
        for seat in going:
            self._say(seat)
        if beginning:
            self.reset(beginning, [None] * len(self.envs), None)

    def gather(self, count: int, until: float) -> None:
        """Wait until ``count`` outcomes and errors are there, or the monotonic time ``until``."""
        self._sweep()
        crowd = self.crowd
        self._collect()
        if count <= 0:
            # Nobody is waited for, but those who have answered are heard.
            crowd.wait(0.0)
            self._collect()
        while len(self.results) + len(self.failed) < count and (len(crowd) or self._queue):
            crowd.wait(until)
            self._collect()
            if monotonic() >= until:
                break

    def drop(self) -> None:
        """Let go of all that is under way after an interrupt; seats that were asked something lose their simulator.

        Of none of them is known how far it has come. An interrupt of this is made up for by doing it again.
        """
        crowd = self.crowd
        self._said.clear()
        self._queue.clear()
        crowd.ended.clear()
        crowd.failed.clear()
        for seat in sorted(self.asked):
            crowd.drop(seat)
            self.due[seat] = True
            self._sessions[seat].end(polite=False, grace=0.0)
        self._beginning.clear()
        self.results.clear()
        self.failed.clear()
        self.asked.clear()

    def _say(self, seat: int) -> None:
        """Send what the prepared step of ``seat`` sends."""
        session = self._sessions[seat]
        link, plain = session.link, session.plain
        assert link is not None
        place = link.enrolment
        is_quiet = place is not None and place.current and not link.dialogue.pending
        if plain is None or not is_quiet or link.phase is not self._step:
            self._carry(seat, talk(link, self._step, session.seconds))
            return
        try:
            left = plain[0](session.seconds)
        except BridgeError as error:
            left = _raising(error)
        if left is None:
            self._said.append(seat)
        else:
            self._carry(seat, left)

    def _sweep(self) -> None:
        """Take the replies that are there already; wait for the others with the crowd.

        A simulator that answers at once has answered by now, and to look costs less than to be told.
        """
        said, self._said = self._said, []
        patience = self._eagerness.begin()
        while said:
            # Those who were asked first answer first, most of the time: it is enough to look at one of them.
            if patience and not self._heard(said[0]):
                patience -= 1
                self.crowd.give_way()
                continue
            later = [seat for seat in (said[1:] if patience else said) if not self._heard(seat)]
            if not patience and len(later) == len(said):
                break
            said = later
        self._eagerness.end(not said)
        for seat in said:
            plain = self._sessions[seat].plain
            assert plain is not None
            self._carry(seat, plain[1](None))

    def _heard(self, seat: int) -> bool:
        """Take what ``seat`` has said, if it has said something."""
        session = self._sessions[seat]
        link, plain = session.link, session.plain
        assert link is not None
        assert plain is not None
        try:
            chunk = link.read()
            if chunk is None:
                return False
            left = plain[1](chunk)
            if left is None:
                self._conclude(seat)
                return True
        except BridgeError as error:
            left = _raising(error)
        self._carry(seat, left)
        return True

    def _conclude(self, seat: int) -> None:
        """Read the reply of ``seat``, which is whole."""
        env, session = self.envs[seat], self._sessions[seat]
        step = session.conclude(self._take)
        assert session.link is not None
        self.busy[seat] += monotonic() - session.link.begun
        if self._keeps:
            env.recovery.keep(self._actions[seat], self.batcher.single(step[0]))
        over = step[2] or step[3]
        if over and self._same_step:
            self._renew(seat, step)
        else:
            self.due[seat] = over
            self.last[seat] = step[0]
            self.results[seat] = (*step, None)

    def _renew(self, seat: int, step: tuple[Any, float, bool, bool, dict[str, Any]]) -> None:
        self.due[seat] = True
        self._queue.append((seat, self._begun_again(seat, step)))
        self._admit()

    def _carry(self, seat: int, talk: Talk[None] | None) -> None:
        assert talk is not None
        self.crowd.begin(seat, self._stepping(seat, talk))

    def _stepping(self, seat: int, talk: Talk[None]) -> Talk[Outcome]:
        """Carry on the step of ``seat``, whatever becomes of it."""
        env, session, action = self.envs[seat], self._sessions[seat], self._actions[seat]
        try:
            step = yield from session.concluding(talk, self._take)
        except (ActionError, UsageError):
            raise
        except BridgeError as error:
            step = yield from env.failing(action, error)
        else:
            assert session.link is not None
            self.busy[seat] += monotonic() - session.link.begun
            if self._keeps:
                env.recovery.keep(action, self.batcher.single(step[0]))
        over = step[2] or step[3]
        if over and self._same_step:
            self.due[seat] = True
            return (yield from self._begun_again(seat, step))
        self.due[seat] = over
        return (*step, None)

    def _begun(self, seat: int, seed: int | None, options: dict[str, Any] | None) -> Talk[Outcome]:
        begun = monotonic()
        observation, info = yield from self.envs[seat].resetting(seed, options)
        self.busy[seat] += monotonic() - begun
        self.due[seat] = False
        return observation, 0.0, False, False, info, None

    def _begun_again(self, seat: int, step: tuple[Any, float, bool, bool, dict[str, Any]]) -> Talk[Outcome]:
        taken, reward, terminated, truncated, last = step
        final = self.batcher.single(taken)
        begun = monotonic()
        observation, info = yield from self.envs[seat].resetting(None, None)
        self.busy[seat] += monotonic() - begun
        self.due[seat] = False
        return observation, reward, terminated, truncated, info, (final, last)

    def _admit(self) -> None:
        """Begin the episodes that wait for their turn, as far as there is room."""
        while self._queue and len(self._beginning) < AT_ONCE:
            seat, talk = self._queue.popleft()
            self._beginning.add(seat)
            self.crowd.begin(seat, talk)

    def _collect(self) -> None:
        """Take over what has ended in the crowd."""
        crowd = self.crowd
        while crowd.ended or crowd.failed:
            ended, crowd.ended = crowd.ended, {}
            failed, crowd.failed = crowd.failed, {}
            self._beginning.difference_update(ended, failed)
            for seat, outcome in ended.items():
                if isinstance(seat, Spare):
                    continue
                self.last[seat] = outcome[0]  # type: ignore[call-overload]
                self.results[seat] = outcome  # type: ignore[index]
            for seat, error in failed.items():
                self._fail(seat, error)  # type: ignore[arg-type]
            self._admit()

    def _fail(self, seat: int, error: Exception) -> None:
        session = self._sessions[seat]
        if isinstance(error, ActionError | UsageError):
            # Where nothing was sent the episode goes on.
            self.due[seat] = session.over
        else:
            self.due[seat] = True
            session.end(polite=False, grace=0.0)
        self.failed[seat] = placed(error, self.envs[seat]) if isinstance(error, ActionError) else error


def _raising(error: BridgeError) -> Talk[None]:
    raise error
    yield  # a generator, that ends at once
