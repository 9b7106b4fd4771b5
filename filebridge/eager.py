"""Waiting awake: for a simulator that answers at once, a look or two is quicker than to sleep and be woken."""

from __future__ import annotations

from os import sched_yield
from time import monotonic

from filebridge.link import Link

__all__ = ["Eagerness", "first_piece"]

# Looks before blocking: about what two idle cores need to hand a message back and forth.
EAGER_TRIES = range(24)

EAGERNESS = 8
"""Vain attempts in a row after which no more are made for a while."""

EAGER_SECONDS = 0.0005
"""A step that took longer was not worth waiting for awake."""

EAGER_BATCH = 0.01
"""The same of a batch, for all of its replies together."""

EAGER_BATCHES = 64
"""Batches that block at once after several vain attempts."""

EAGER_REST = 512
"""Steps that block at once after several vain attempts."""

YIELDS = 32
"""Steps that give way before the first look once one without came too early."""


def first_piece(link: Link) -> bytes | None:
    """Wait for the first piece of an answer; None where something else happens first."""
    chunk = None
    if link.eagerness > 0:
        chunk = _eager_read(link)
    else:
        link.eagerness += 1
        link.looks = link.eagerness > 0
    if chunk is None and link.poll(link.deadline * 1000.0) == link.readable:
        chunk = link.read()
    return chunk


def _eager_read(link: Link) -> bytes | None:
    """Give way to the simulator and look whether it has answered, some times, before blocking.

    On one core the simulator runs while we write or give way; on two it answers sooner than a blocked process
    is woken. Where this was in vain, or took long because others wanted the core, it is given up for a while.
    """
    read = link.read
    for tries in EAGER_TRIES:
        sched_yield()
        chunk = read()
        if chunk is not None:
            if monotonic() - link.begun > EAGER_SECONDS:
                break
            if link.eagerness < EAGERNESS:
                link.eagerness = EAGERNESS
            # A look that comes too early costs more than to give way first.
            link.yields = 0 if tries else (link.yields - 1) % YIELDS
            link.looks = not link.yields
            return chunk
    else:
        chunk = None
    link.eagerness = link.eagerness - 1 if link.eagerness > 1 else -EAGER_REST
    link.looks = link.eagerness > 0
    return chunk


class Eagerness:
    """How often it is worth to look for the replies of a batch before blocking; given up for a while where it is not.

    ``begin`` returns the number of looks, ``end`` is told whether all had answered by then.
    """

    __slots__ = ("_begun", "_level")

    def __init__(self) -> None:
        self._level = EAGERNESS
        self._begun = 0.0

    def begin(self) -> int:
        """Return how many looks may be in vain."""
        if self._level <= 0:
            self._level += 1
            return 0
        self._begun = monotonic()
        return len(EAGER_TRIES)

    def end(self, complete: bool) -> None:
        """Take note of how it went."""
        if self._level <= 0:
            return
        if complete and monotonic() - self._begun < EAGER_BATCH:
            self._level = EAGERNESS
        else:
            self._level = self._level - 1 if self._level > 1 else -EAGER_BATCHES
