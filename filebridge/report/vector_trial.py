"""A random agent in many seats: all stepped together, or those that are ready; what it measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector.utils import iterate

from filebridge.errors import ActionError, BridgeError, UsageError
from filebridge.report.load import Meter
from filebridge.report.sample import Sample
from filebridge.report.trial import Ending, Episode, recorded, reset_seed
from filebridge.vector.received import Received

if TYPE_CHECKING:
    from filebridge.vector import BridgeVectorEnv

__all__ = ["VectorTrial"]


class VectorTrial:
    """Runs episodes in all seats of ``envs`` and keeps what they measured; it may be left and read after any call.

    ``wait_for`` is the number of seats whose steps are awaited before the agent acts again, all without it. ``quota``
    is how many episodes of each seat are kept: were the first ones kept that end anywhere, short ones would be
    too many. ``episodes`` are those that ended and were kept, ``counted`` their number for each seat, ``steps`` all
    steps of each seat, int64, shape (num_envs,). ``call_times`` are the times in seconds of a step of those seats that
    were stepped together, ``start`` is that of the first reset. ``failure`` is the first failure. Equal seeds
    choose equal actions where all seats are stepped together.
    """

    def __init__(
        self, envs: BridgeVectorEnv, seed: int, wait_for: int | None = None, quota: Sequence[int] | None = None
    ) -> None:
        count = envs.num_envs
        self.envs = envs
        self.seed = seed
        self.wait_for = count if wait_for is None else min(wait_for, count)
        self.episodes: list[Episode] = []
        self.counted = np.zeros(count, np.int64)
        self.steps = np.zeros(count, np.int64)
        self.call_times = Sample()
        self.start = 0.0
        self.meter: Meter | None = None
        self.failure: BridgeError | None = None
        self._quota = None if quota is None else np.array(quota)
        self._lengths = np.zeros(count, np.int64)
        self._totals = np.zeros(count)
        self._due = np.zeros(count, np.bool_)
        self._idle = self._everyone = np.arange(count)
        self._drawn: list[Any] = []
        self._masked = envs.program.outcome.mask is not None
        envs.action_space.seed(seed)

    @property
    def is_complete(self) -> bool:
        """Whether each seat has ended as many episodes as are kept of it."""
        return self._quota is not None and bool((self.counted >= self._quota).all())

    def begin(self) -> None:
        """Start all simulators and begin an episode in each seat; a failure is kept. From then on the load counts."""
        begun = perf_counter()
        try:
            self.envs.reset(seed=reset_seed(self.envs.program.config, self.seed))
        except BridgeError as error:
            self._fail(error)
        self.start = perf_counter() - begun
        self.meter = Meter(self.envs)

    def calls(self) -> Iterator[None]:
        """Let the agent act for ever; yield after each call, which stepped those that were ready.

        A failure ends the episode of its seat and is kept, the next one begins in a new process. Where an action
        cannot be taken, or no seat can go on, this ends.
        """
        envs, least, times = self.envs, self.wait_for, self.call_times
        while True:
            begun = perf_counter()
            try:
                received = self._stepped() if least == envs.num_envs else self._exchanged(least)
            except BridgeError as error:
                if not self._fail(error):
                    return
            else:
                self._take(received)
            times.add(perf_counter() - begun)
            yield

    def _stepped(self) -> Received:
        masks = [env.session.mask() for env in self.envs.envs] if self._masked else None
        return Received(self._everyone, *self.envs.step(self.envs.action_space.sample(masks and tuple(masks))))

    def _exchanged(self, least: int) -> Received:
        self.envs.send(self._allowed() if self._masked else self._actions(len(self._idle)), self._idle)
        return self.envs.recv(least)

    def _allowed(self) -> list[Any]:
        space, envs = self.envs.single_action_space, self.envs.envs
        return [space.sample(envs[seat].session.mask()) for seat in self._idle.tolist()]

    def _actions(self, count: int) -> list[Any]:
        """Return so many actions, out of batches that are drawn for all seats."""
        space = self.envs.action_space
        while len(self._drawn) < count:
            self._drawn += iterate(space, space.sample())
        some, self._drawn = self._drawn[:count], self._drawn[count:]
        return some

    def _take(self, received: Received) -> None:
        """Take what came of some seats, which then wait for an action."""
        seats = received.seats
        # The step after the last one of an episode begins the next, and is none.
        stepped = seats[~self._due[seats]]
        self.steps[stepped] += 1
        self._lengths[stepped] += 1
        self._totals[seats] += received.rewards
        over = received.terminations | received.truncations
        self._due[seats] = over
        self._idle = seats
        for place in np.flatnonzero(over).tolist():
            terminated = bool(received.terminations[place])
            self._end(int(seats[place]), self._ending(received.infos, place, terminated))

    def _ending(self, infos: dict[str, Any], place: int, terminated: bool) -> Ending:
        if not infos.get("_bridge_failure", _NONE).any() or not infos["_bridge_failure"][place]:
            return Ending.TERMINATED if terminated else Ending.TRUNCATED
        record = {name: one[place] for name, one in infos["bridge_failure"].items() if not name.startswith("_")}
        self.failure = self.failure or recorded(record)
        return Ending.FAILED

    def _end(self, seat: int, ending: Ending) -> None:
        if self._quota is None or self.counted[seat] < self._quota[seat]:
            self.episodes.append(Episode(int(self._lengths[seat]), float(self._totals[seat]), ending))
            self.counted[seat] += 1
        self._lengths[seat], self._totals[seat], self._due[seat] = 0, 0.0, True

    def _fail(self, error: BridgeError) -> bool:
        """Take a failure, and what the other seats gave; return whether the trial can go on."""
        self.failure = self.failure or error
        failed = [one.situation for one in (error, *error.others) if isinstance(one, BridgeError)]
        numbers = {env.seat: seat for seat, env in enumerate(self.envs.envs)}
        seats = [numbers[one.seat] for one in failed if one is not None and one.seat in numbers]
        if isinstance(error, ActionError | UsageError) or error.partial is None or len(seats) <= len(error.others):
            return False
        if self.meter is not None:
            self._take(error.partial)
            self._idle = np.sort(np.concatenate([error.partial.seats, np.array(seats, np.int64)]))
        for seat in seats:
            self._end(seat, Ending.FAILED)
        return True


_NONE = np.zeros(1, np.bool_)
