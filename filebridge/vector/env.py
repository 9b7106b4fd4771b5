"""The Gymnasium vector environment: the order of calls, and batches made of what the seats give."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from filebridge import misuse
from filebridge.env import BridgeEnv
from filebridge.errors import BridgeError, UsageError
from filebridge.placement import placement_of
from filebridge.program import Program, load_program
from filebridge.spares import pool_of
from filebridge.vector.actions import apart
from filebridge.vector.arguments import autoreset, named, until, whole
from filebridge.vector.call import FRAMES, Calls, one_call
from filebridge.vector.closing import close_all
from filebridge.vector.copies import Copies
from filebridge.vector.infos import joined
from filebridge.vector.limits import check_addresses, check_descriptors, room_for_spares
from filebridge.vector.received import Received
from filebridge.vector.resets import chosen, seeds_of, spread
from filebridge.vector.seats import Seats

__all__ = ["BridgeVectorEnv"]

Steps = tuple[Any, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]


class BridgeVectorEnv(Copies):
    """Many copies of a simulator, stepped from one thread without a Python worker for each.

    What ``reset`` and ``step`` give is what Gymnasium's SyncVectorEnv gives around as many ``BridgeEnv``; but all
    simulators compute at the same time. ``send`` and ``recv`` do not wait for the slow ones.

    Args:
        config: a path of a YAML file, the name of a bundled simulator, a mapping, or a compiled program.
        num_envs: how many seats there are.
        render_mode: as for ``BridgeEnv``; ``render`` returns a tuple with a frame for each seat.
        autoreset_mode: what becomes of a seat whose episode has ended: in the next step it begins another
            (NEXT_STEP), it does so in the same step (SAME_STEP), or waits for ``reset`` with a mask (DISABLED).
        wait_for: how many seats ``recv`` waits for where it is not told.
        warm: how many simulators, for all seats together, may be started before the episodes that they are for begin;
            None: what the configuration says.
        transcript: None, or a folder for a transcript of each process.

    ``waited`` is the time in seconds in which there was nothing to do but wait for simulators, ``busy`` for each
    seat the time between what was sent and its reply, and that of its starts, float64, shape (num_envs,).

    Raises:
        ConfigError: the configuration is wrong. LimitReached: this process may not open so many descriptors.
        UsageError: an argument does not fit, or all seats would have the same address.
    """

    metadata: ClassVar[dict[str, Any]] = {**BridgeEnv.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # type: ignore[misc]

    def __init__(
        self,
        config: str | Path | Mapping[str, Any] | Program = "",
        num_envs: int = 1,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        wait_for: int = 1,
        warm: int | None = None,
        transcript: str | Path | None = None,
    ) -> None:
        super().__init__()
        self._arguments = (config, num_envs, render_mode, autoreset_mode, wait_for, warm, transcript)
        self.num_envs = whole("num_envs", num_envs)
        self.autoreset_mode = autoreset(autoreset_mode)
        self.wait_for = min(whole("wait_for", wait_for), self.num_envs)
        program = config if isinstance(config, Program) or not config else load_program(config)
        self.render_mode = render_mode
        self.envs = [BridgeEnv(program, render_mode, None, transcript, 0)]
        self.program = self.envs[0].program
        check_addresses(self.program, self.num_envs)
        check_descriptors(self.program, self.num_envs, transcript is not None)
        self.envs += [BridgeEnv(self.program, render_mode, None, transcript, 0) for _ in range(1, self.num_envs)]
        for number, env in enumerate(self.envs):
            env.session.number(number)
            env.session.placement = placement_of(self.program.config, number, alone=self.num_envs == 1)
            env.recovery.budget = self.envs[0].recovery.budget
        self.metadata = {**BridgeEnv.metadata, "autoreset_mode": self.autoreset_mode}  # type: ignore[misc]
        self.single_action_space = self.envs[0].action_space
        self.single_observation_space = self.envs[0].observation_space
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._warm = warm, None if transcript is None else Path(transcript).absolute()
        self._begin()
        self._everyone = range(self.num_envs)
        self._process = os.getpid()
        self._calls = Calls(self._entered, lambda: self._seats.drop())
        for env in self.envs:
            env.within = lambda: self._calls.busy

    @property
    def waited(self) -> float:
        """Seconds so far in which there was nothing to do but wait for simulators."""
        return self._seats.crowd.waited

    @property
    def busy(self) -> npt.NDArray[np.float64]:
        """Seconds so far between what was sent and its reply, starts included, float64, shape (num_envs,)."""
        return np.array(self._seats.busy)

    @one_call
    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every seat, or in those of ``options["reset_mask"]``; return observations and infos.

        Args:
            seed: of the first seat, the others get the numbers after it; or one for each seat.
            options: values of variables for these episodes; ``reset_mask`` is a bool array, shape (num_envs,), and
                the observations of the seats that are not reset are those that they had last.

        Raises:
            UsageError: closed, in use by another thread, or seats have been sent to and not received from; a seed or
                an option that does not fit.
            StartError, SimulatorError, TransportError, ProtocolError: one failed; ``partial`` of it has the others.
        """
        self._refuse_pending("reset")
        seats, options = chosen(options, self.num_envs)
        seeds = seeds_of(seed, self.num_envs)
        if seed is not None:
            self.envs[0].warn_of_seed(FRAMES)
        inner = self._seats
        if any(one is None and seat not in seats for seat, one in enumerate(inner.last)):
            cure = "reset all of them at first, or call send_reset()"
            raise UsageError("seats that never began are not in the mask", cure=cure)
        inner.reset(seats, seeds, options)
        inner.gather(len(seats), math.inf)
        received = self._ready(seats)
        if len(seats) == self.num_envs:
            return received.observations, received.infos
        return inner.batcher.join(inner.last), spread(received, self.num_envs)

    @one_call
    def send_reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> None:
        """Let seats begin an episode, as ``reset`` does, and return at once; ``recv`` gives those that have begun.

        Their reward is 0 then. Seats of ``options["reset_mask"]`` are meant, all without it.

        Raises UsageError as ``reset`` does, and for a seat that was sent to already.
        """
        seats, options = chosen(options, self.num_envs)
        self._refuse_asked(seats)
        seeds = seeds_of(seed, self.num_envs)
        if seed is not None:
            self.envs[0].warn_of_seed(FRAMES)
        self._seats.reset(seats, seeds, options)

    @one_call
    def step(self, actions: Any) -> Steps:
        """Take an action in every seat and return observations, rewards, terminations, truncations, infos.

        All simulators compute at the same time, and the step takes as long as the slowest of them.

        Raises:
            ActionError, UsageError: an action is outside its space, or nothing runs; nothing was sent to any simulator.
                Where it shows only when it is sent that an action cannot be, the others' steps are in ``partial``.
            SimulatorError, TransportError, ProtocolError: a simulator failed, and was ended; the steps of the others
                are in the error's ``partial``. Its seat begins another episode in the next step (with
                autoreset_mode DISABLED: by ``reset`` with a mask).
        """
        self._refuse_pending("step")
        several = apart(self.single_action_space, self.action_space, actions, self.num_envs)
        self._act(self._everyone, several)
        self._seats.gather(self.num_envs, math.inf)
        return self._ready(self._everyone)[1:]

    @one_call
    def send(self, actions: Any, seats: Sequence[int] | npt.NDArray[np.integer[Any]] | None = None) -> None:
        """Send an action to each of ``seats``, all without it, and return at once.

        Where an episode is due to begin the seat does that instead, and its action is not looked at.

        Raises ActionError, UsageError as ``step`` does; UsageError for a seat that was sent to already.
        """
        some = named(seats, self.num_envs)
        self._refuse_asked(some)
        several = apart(self.single_action_space, self.action_space, actions, len(some))
        self._act(some, several)

    @one_call
    def recv(self, min_seats: int | None = None, timeout: float | None = None) -> Received:
        """Return the steps that are ready, those of ``min_seats`` at least, in the order of the seats.

        Waits for no more than were sent to, and for ``timeout`` seconds at most; what is ready then is returned, which
        may be nothing. Raises as ``step`` does; a seat that failed is one that has answered.
        """
        inner = self._seats
        least = self.wait_for if min_seats is None else whole("min_seats", min_seats, 0)
        inner.gather(min(least, len(inner.asked)), until("timeout", timeout))
        return self._ready(sorted([*inner.results, *inner.failed]))

    def close_extras(self, **kwargs: Any) -> None:
        """End all simulators at the same time, within the deadline of one; raises CleanupError for what remains."""
        if hasattr(self, "_calls"):
            self._calls.last(self._end)

    def _end(self) -> None:
        self._seats.crowd.close()
        close_all(self.envs, self._pool)

    def __reduce__(self) -> tuple[Any, ...]:
        if any(env.session.link is not None for env in self.envs):
            raise misuse.running()
        return type(self), (self.envs[0].__reduce__()[1][0], *self._arguments[1:]), {"spec": self.spec}

    def _entered(self) -> None:
        if self._process != os.getpid():
            # After a fork what runs is the parent's, and so is what waits for it.
            self._process = os.getpid()
            self._begin()

    def _begin(self) -> None:
        """Make what waits for the seats, and a pool of simulators for all of them where one is wanted."""
        self._seats = Seats(self.program, self.envs, self.autoreset_mode)
        warm, transcripts = self._warm
        self._pool = pool_of(self.program, None, transcripts, warm, self._seats.crowd)
        if self._pool is not None:
            records = transcripts is not None
            self._pool.size = room_for_spares(self.program, self.num_envs, records, self._pool.size)
        for env in self.envs:
            env.session.pool = self._pool

    def _act(self, seats: Sequence[int], actions: Sequence[Any]) -> None:
        for seat in seats:
            if self._seats.due[seat]:
                self._refuse_due(seat)
        self._seats.act(seats, actions)

    def _refuse_due(self, seat: int) -> None:
        """Raise UsageError where an episode is due that does not begin by itself."""
        never = UsageError("step without a running episode", found="no reset so far", cure="call reset() first")
        told = self.envs[seat].explained(never)
        if self.envs[seat].session.episode == 0 or told is not never:
            raise told
        if self.autoreset_mode is AutoresetMode.DISABLED:
            raise UsageError(
                f"no episode runs in seat {seat}",
                found="it has ended, or failed, and the autoreset_mode is DISABLED",
                cure='reset(options={"reset_mask": ...}), a bool array that is True for this seat',
            )

    def _refuse_asked(self, seats: Sequence[int]) -> None:
        asked = next((seat for seat in seats if seat in self._seats.asked), None)
        if asked is not None:
            raise UsageError(f"seat {asked} has been sent to already", cure="call recv() until it has answered")

    def _refuse_pending(self, call: str) -> None:
        if self._seats.asked:
            seat = min(self._seats.asked)
            cure = "call recv() until they have answered"
            raise UsageError(f"{call} while seats have been sent to", found=f"seat {seat}", cure=cure)

    def _ready(self, seats: Sequence[int]) -> Received:
        """Return what has come of ``seats``; raise the error of the first that failed, with the others in it."""
        inner = self._seats
        failed = {seat: inner.failed.pop(seat) for seat in seats if seat in inner.failed}
        if failed:
            inner.recall(failed)
        received = self._batch([seat for seat in seats if seat in inner.results] if failed else seats)
        inner.asked.difference_update(seats)
        if not failed:
            return received
        for seat, error in failed.items():
            if isinstance(error, BridgeError):
                error.seat = seat
        first, *others = failed.values()
        if isinstance(first, BridgeError):
            first.partial, first.others = received, tuple(others)
        raise first

    def _batch(self, seats: Sequence[int]) -> Received:
        inner = self._seats
        outcomes = [inner.results.pop(seat) for seat in seats]
        count = len(outcomes)
        return Received(
            np.array(seats, np.int64),
            inner.batcher.join([inner.last[seat] for seat in seats]),
            np.fromiter([one[1] for one in outcomes], np.float64, count),
            np.fromiter([one[2] for one in outcomes], np.bool_, count),
            np.fromiter([one[3] for one in outcomes], np.bool_, count),
            joined([one[4] for one in outcomes], [one[5] for one in outcomes]),
        )
