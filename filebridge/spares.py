"""Warm starts: simulators that are started, and spoken to, before the episode that they are for begins."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from filebridge.config.dialogues import cannot_be_warm
from filebridge.config.sharing import shared_address
from filebridge.conversation import Events, Need, Talk
from filebridge.crowd import Crowd
from filebridge.errors import BridgeError, LimitReached, UsageError
from filebridge.link import Link
from filebridge.loop import glance
from filebridge.memory import has_room
from filebridge.program import Program
from filebridge.program.seat import needs_seat
from filebridge.running import Running, end_each

__all__ = ["Key", "Pool", "Spare", "pool_of"]

Key = tuple[object, ...]
"""The values that a start depended on; a spare serves an episode with the same ones."""

REST = 30.0
"""Seconds without warm starts after this machine had no more of something."""

READS = 64
"""Pieces that are read of a spare before it is used; the first step reads what a busier one has said besides."""

LEAST_MEMORY = 0.05
"""Share of the memory, of the machine and of each container around us, that has to be free for a warm start."""


class Spare(Running):
    """A simulator that waits for its episode; it is held by ``owner``, and started with the values of ``key``."""

    def __init__(self, program: Program, transcripts: Path | None, owner: object, key: Key, episode: int) -> None:
        super().__init__(program, None, transcripts)
        self.owner = owner
        self.key = key
        self.episode = episode
        self.broken = False
        self._talk: Talk[None] | None = None
        self._need: Need | None = None

    def begin(self, values: Mapping[str, object]) -> None:
        """Start the process and go on until something has to be awaited; raises LimitReached where that is why."""
        try:
            self._talk = self.starting(self.launch(values), values)
        except LimitReached:
            raise
        except BridgeError:
            # Whoever needs the simulator starts it again, and tells what is wrong.
            self.broken = True
        except BaseException:
            self.broken = True
            raise
        else:
            self._go_on(None)

    def rest(self) -> Talk[None]:
        """Carry on what its start still needs; may be let go of and taken up again."""
        while self._need is not None:
            self._go_on((yield self._need))

    def rested(self) -> Talk[bool]:
        """Carry its start through; return whether it can be used, and end it otherwise."""
        fit = False
        try:
            yield from self.rest()
            fit = self.is_fit
        finally:
            if not fit:
                self.end(polite=False, grace=0.0)
                self.vacate()
        return fit

    def poke(self) -> None:
        """Carry on its start with what has happened so far, without waiting."""
        if self._need is not None:
            events = glance(self._need)
            if events or self._need[1] <= monotonic():
                self._go_on(events)

    @property
    def waits(self) -> bool:
        """Whether its start is under way."""
        return self._need is not None

    @property
    def is_fit(self) -> bool:
        """Whether it can be used still: it runs, and has said nothing since that its configuration does not expect.

        What it has said is read, and settled as between two steps of an episode.
        """
        link = self.link
        if self.broken or link is None or not link.alive:
            return False
        try:
            self.broken = not self._settled(link)
        except BridgeError:
            self.broken = True
        except BaseException:
            # An interrupt may have lost a piece of what it has said.
            self.broken = True
            raise
        return not self.broken

    def _settled(self, link: Link) -> bool:
        """Read what it has said since its start; return whether it runs. Raises what the first step would."""
        for descriptor, _ in link.poll(0):
            if descriptor == link.process.stderr_fd:
                link.judge_stderr(before=True)
            elif descriptor == link.process.pidfd or not _heard(link):
                return False
        link.dialogue.settle(self.program.phases["step"])
        return link.alive

    def _go_on(self, events: Events | None) -> None:
        assert self._talk is not None
        try:
            self._need = next(self._talk) if events is None else self._talk.send(events)
        except StopIteration:
            self._need = None
        except BridgeError:
            self._need, self.broken = None, True
        except BaseException:
            # An interrupt has cut its start short.
            self._need, self.broken = None, True
            raise


class Pool:
    """At most ``size`` spares of a program, for one environment or for all seats of a vector environment.

    A ``crowd`` carries on their starts, if there is one, else ``poke``. ``taken`` counts those that were used,
    ``lost`` those that were found dead, or had said what nobody expects, and were replaced.
    """

    def __init__(self, program: Program, size: int, transcripts: Path | None, crowd: Crowd | None = None) -> None:
        self.program = program
        self.size = size
        self.spares: list[Spare] = []
        self.taken = self.lost = 0
        self._transcripts = transcripts
        # What is under way in the crowd knows its environment, and this must not keep that alive.
        self._crowd: Callable[[], Crowd | None] = (lambda: None) if crowd is None else weakref.ref(crowd)
        self._wanted: dict[object, tuple[Key, int, Mapping[str, object]]] = {}
        self._taken_by: dict[object, Spare] = {}
        self._resting_until = 0.0

    def want(self, owner: object, key: Key, episode: int, values: Mapping[str, object]) -> None:
        """Have a simulator started for the ``episode`` of ``owner`` with these values, as soon as there is room.

        Where nothing depends on an episode, and ``key`` is empty, as many are started as there is room for.
        """
        for spare in [one for one in self.spares if one.owner is owner and one.key != key]:
            self._discard(spare)
        if not key:
            # Each serves whoever begins an episode first, and others may begin theirs before another is ready.
            self._wanted = {owner: (key, episode, values)}
        elif not any(self._serves(spare, owner, key) for spare in self.spares):
            self._wanted.pop(owner, None)
            self._wanted[owner] = key, episode, values
        self._fill()

    def take(self, owner: object, key: Key) -> Spare | None:
        """Return a spare for ``owner`` that was started with the values of ``key``; None where there is none.

        One that is not fit any more is ended and counted; of several the first that has started is taken.
        """
        self._wanted.pop(owner, None)
        self._settle(owner)
        serving = [one for one in self.spares if self._serves(one, owner, key)]
        for spare in sorted(serving, key=lambda one: one.waits):
            if spare.broken or not (spare.waits or spare.is_fit):
                self.lost += 1
                self._discard(spare)
                continue
            self._let_go(spare)
            self._taken_by[owner] = spare
            self.spares.remove(spare)
            self.taken += 1
            return spare
        return None

    def poke(self) -> None:
        """Carry on the starts that are under way, without waiting."""
        for spare in self.spares:
            spare.poke()

    def close(self, shielded: bool = True) -> None:
        """End all spares, ``shielded`` as in ``Running.end``; twice is harmless.

        Raises CleanupError for what remains.
        """
        self._wanted.clear()
        ends = [partial(self._settle, owner, shielded) for owner in self._taken_by]
        end_each([*ends, *(partial(self._discard, spare, shielded) for spare in self.spares)])

    def disown(self) -> None:
        """Forget the spares in a forked child: they belong to the parent."""
        spares, self.spares = [*self.spares, *self._taken_by.values()], []
        self._wanted.clear()
        self._taken_by.clear()
        self._crowd = lambda: None
        for spare in spares:
            spare.disown()

    def _serves(self, spare: Spare, owner: object, key: Key) -> bool:
        """Return whether ``spare`` is for ``owner``; where nothing depends on an episode all are for everybody."""
        return spare.key == key and (spare.owner is owner or not key)

    def _fill(self) -> None:
        while self._wanted and len(self.spares) < self.size and monotonic() >= self._resting_until:
            if not has_room(LEAST_MEMORY):
                return
            owner = next(iter(self._wanted))
            key, episode, values = self._wanted[owner]
            if key:
                del self._wanted[owner]
            spare = Spare(self.program, self._transcripts, owner, key, episode)
            # Before it is started, so that it is known of whatever interrupts that.
            self.spares.append(spare)
            try:
                spare.begin(values)
            except LimitReached:
                self.spares.remove(spare)
                self._resting_until = monotonic() + REST
                return
            crowd = self._crowd()
            if crowd is not None and spare.waits:
                crowd.begin(spare, spare.rest())

    def _settle(self, owner: object, shielded: bool = True) -> None:
        """End what ``owner`` has taken and, for an interrupt, not made its own."""
        spare = self._taken_by.get(owner)
        if spare is not None:
            spare.end(polite=False, grace=0.0, shielded=shielded)
            spare.vacate()
            del self._taken_by[owner]

    def _let_go(self, spare: Spare) -> None:
        crowd = self._crowd()
        if crowd is not None:
            crowd.drop(spare)

    def _discard(self, spare: Spare, shielded: bool = True) -> None:
        self._let_go(spare)
        spare.end(polite=False, grace=0.0, shielded=shielded)
        spare.vacate()
        # At last: whatever interrupts this, it is known of until it has ended.
        self.spares.remove(spare)


def pool_of(
    program: Program, seat: int | None, transcripts: Path | None, warm: int | None, crowd: Crowd | None = None
) -> Pool | None:
    """Return a pool of ``warm`` spares, or of as many as the configuration says; None for none.

    Raises UsageError where the simulator cannot be started ahead.
    """
    simulator = program.config.simulator
    size = simulator.warm if warm is None else _checked(warm)
    if not size:
        return None
    why = cannot_be_warm(program.config)
    if not why and seat is not None and needs_seat(program.config, program.source):
        why = "a simulator that waits for its episode has a seat of its own, and `seat` gives all of them the same"
    shared = shared_address(program.config)
    if not why and shared is not None:
        why = f"a simulator that waits would have the address of the one that runs, {shared[1]}"
    if why:
        raise UsageError(f"warm={size} cannot be had", found=why, cure="leave it out")
    return Pool(program, size, transcripts, crowd)


def _heard(link: Link) -> bool:
    """Show the dialogue what the simulator has said; return False where its output has ended."""
    for _ in range(READS):
        chunk = link.read()
        if not chunk:
            return chunk is None
        link.dialogue.stray(chunk)
    return True


def _checked(warm: Any) -> int:
    if isinstance(warm, bool) or not isinstance(warm, int) or warm < 0:
        raise UsageError("warm must be a whole number", found=repr(warm)[:100], cure="warm=1, say; 0 for none")
    return warm
