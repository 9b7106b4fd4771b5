"""The seats of a vector environment: what each is asked, what came back, which are due to begin anew."""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from gymnasium.vector import AutoresetMode

from filebridge.conversation import Talk, talk
from filebridge.crowd import Crowd
from filebridge.eager import Eagerness
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, BridgeError, UsageError
from filebridge.program import Program
from filebridge.spares import Spare
from filebridge.stepping import Step
from filebridge.vector.actions import placed, rehearsal
from filebridge.vector.turns import Outcome, Turns

__all__ = ["Seats"]

AT_ONCE = max(64, 16 * (os.cpu_count() or 1))
"""Episodes that begin at the same time, at most: what starts takes time from all others that start."""

AWAY = 0.1
"""Seconds between two calls from which on they count as a time in which nobody listened to the simulators."""


class Seats(Turns):
    """All that goes on in the seats.

    ``asked`` are the seats that were asked something and not fetched, ``results`` the outcomes that have come of them,
    ``failed`` the errors, both by seat; ``last`` is what was taken last as the observation of each seat, None before
    there is one.
    """

    def __init__(self, program: Program, envs: Sequence[BridgeEnv], mode: AutoresetMode) -> None:
        super().__init__(program, envs, mode)
        self.crowd = Crowd()
        self.results: dict[int, Outcome] = {}
        self.failed: dict[int, Exception] = {}
        self.asked: set[int] = set()
        self.last: list[Any] = [None] * len(envs)
        self._step = program.phases["step"]
        self._rehearse = rehearsal(program)
        self._said: list[int] = []
        self._eagerness = Eagerness()
        self._queue: deque[tuple[int, Talk[Outcome]]] = deque()
        self._beginning: set[int] = set()
        self._left = monotonic()

    def reset(self, seats: Iterable[int], seeds: Sequence[int | None], options: dict[str, Any] | None) -> None:
        """Begin an episode in each of ``seats``; ``seeds`` are those of all seats."""
        self._come_back()
        for seat in seats:
            self.due[seat] = True
            self.asked.add(seat)
            self._queue.append((seat, self.begun(seat, seeds[seat], options)))
        self._admit()
        self._left = monotonic()

    def act(self, seats: Sequence[int], actions: Sequence[Any]) -> None:
        """Let each of ``seats`` take its action, or begin an episode where that is due; nobody is waited for.

        Raises ActionError, UsageError for a seat whose action cannot be taken; then nothing was sent to any.
        """
        going: list[int] = []
        beginning: list[int] = []
        self._come_back()
        # From here on: an interrupt ends those whose action may be half taken.
        self.asked.update(seats)
        for seat, action in zip(seats, actions, strict=True):
            if self.due[seat]:
                beginning.append(seat)
                continue
            try:
                self.sessions[seat].prepare(action)
                going.append(seat)
                if self._rehearse is not None:
                    self._rehearse(self.sessions[seat].link.dialogue)  # type: ignore[union-attr]  # it is prepared
            except (ActionError, UsageError) as error:
                for prepared in going:
                    self.sessions[prepared].withdraw()
                self.asked.difference_update(seats)
                raise placed(error, self.envs[seat]) from None
            # What is told to a replayed simulator is what was sent, whatever became of the caller's array.
            self.actions[seat] = copy.deepcopy(action) if self.keeps else action
        if going:
            self.crowd.look()
        for seat in going:
            self._say(seat)
        if beginning:
            self.reset(beginning, [None] * len(self.envs), None)
        self._left = monotonic()

    def gather(self, count: int, until: float) -> None:
        """Wait until ``count`` outcomes and errors are there, or the monotonic time ``until``."""
        self._come_back()
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
        self._left = monotonic()

    def _come_back(self) -> None:
        """See to the deadlines where the trainer did something else for long, and nobody listened meanwhile.

        That time is not counted to those who have said something in it: they may have waited for us. To a silent one
        it is, or it would never be known to hang.
        """
        now = monotonic()
        away, self._left = now - self._left, now
        if away < AWAY:
            return
        for seat in self.asked:
            link = self.sessions[seat].link
            if link is not None and (away > link.deadline / 4 if link.speaks_for_others else link.poll(0)):
                link.begun += away

    def recall(self, seats: Iterable[int]) -> None:
        """Count the last steps in those of ``seats`` whose next episode failed to begin among the results."""
        for seat in self.ends.keys() & set(seats):
            self.results[seat] = outcome = self.ends.pop(seat)
            self.last[seat] = outcome[0]

    def drop(self) -> None:
        """Let go of all that is under way after an interrupt; seats that were asked something lose their simulator.

        Of none of them is known how far it has come. An interrupt of this is made up for by doing it again.
        """
        crowd = self.crowd
        self._said.clear()
        self._queue.clear()
        crowd.heard.clear()
        crowd.ended.clear()
        crowd.failed.clear()
        for seat in sorted(self.asked):
            crowd.drop(seat)
            self.due[seat] = True
            self.sessions[seat].end(polite=False, grace=0.0)
        self._beginning.clear()
        self.results.clear()
        self.failed.clear()
        self.ends.clear()
        self.asked.clear()

    def _say(self, seat: int) -> None:
        """Send what the prepared step of ``seat`` sends."""
        session = self.sessions[seat]
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
            self._listen(seat)

    def _listen(self, seat: int) -> None:
        """Wait for the first piece of a reply of ``seat``, which has said nothing yet."""
        link, plain = self.sessions[seat].link, self.sessions[seat].plain
        assert link is not None
        assert plain is not None
        hear = plain[1]

        def otherwise() -> Talk[Outcome]:
            talk = hear(None)
            assert talk is not None
            return self.stepping(seat, talk)

        self.crowd.listen(seat, link, link.begun + link.deadline, otherwise)

    def _heard(self, seat: int) -> bool:
        """Take what ``seat`` has said, if it has said something."""
        session = self.sessions[seat]
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
        env, session = self.envs[seat], self.sessions[seat]
        step = session.conclude(self.take)
        assert session.link is not None
        self.busy[seat] += monotonic() - session.link.begun
        if self.keeps:
            env.recovery.keep(self.actions[seat], self.batcher.single(step[0]))
        over = step[2] or step[3]
        if over and self.same_step:
            self._renew(seat, step)
        else:
            self.due[seat] = over
            self.last[seat] = step[0]
            self.results[seat] = (*step, None)

    def _renew(self, seat: int, step: Step) -> None:
        self.due[seat] = True
        self._queue.append((seat, self.begun_again(seat, step)))
        self._admit()

    def _carry(self, seat: int, talk: Talk[None] | None) -> None:
        assert talk is not None
        self.crowd.begin(seat, self.stepping(seat, talk))

    def _admit(self) -> None:
        """Begin the episodes that wait for their turn, as far as there is room."""
        while self._queue and len(self._beginning) < AT_ONCE:
            seat, talk = self._queue.popleft()
            self._beginning.add(seat)
            self.crowd.begin(seat, talk)

    def _collect(self) -> None:
        """Take over what has ended in the crowd."""
        crowd = self.crowd
        heard, crowd.heard = crowd.heard, []
        for seat in heard:
            if not self._heard(seat):  # type: ignore[arg-type]
                self._listen(seat)  # type: ignore[arg-type]
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
        session = self.sessions[seat]
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
