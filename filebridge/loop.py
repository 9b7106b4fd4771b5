"""The code that waits: it carries what one simulator is asked through, under one absolute deadline.

``crowd`` waits for many at once; what is waited for, and what becomes of it, is the same for both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from select import poll
from time import monotonic
from typing import TypeVar

from filebridge.conversation import Events, Need, Talk, talk
from filebridge.eager import first_piece
from filebridge.link import Link
from filebridge.plain import Plain
from filebridge.wire.dialogue import Phase

__all__ = ["carry", "exchange", "glance", "repeated"]

T = TypeVar("T")


def carry(talk: Talk[T]) -> T:
    """Wait for whatever ``talk`` needs until it has ended; return or raise what it returns or raises."""
    try:
        need = next(talk)
        while True:
            need = talk.send(_wait(need))
    except StopIteration as end:
        result: T = end.value
        return result


def glance(need: Need) -> Events:
    """Return what of ``need`` has come by now."""
    return _wait((need[0], 0.0, need[2]))


def exchange(link: Link, phase: Phase, seconds: float) -> None:
    """Hold the dialogue of ``phase`` with the simulator of ``link``; return when its reply is whole. See ``talk``."""
    carry(talk(link, phase, seconds, first_piece))


def repeated(link: Link, phase: Phase, plain: Plain | None) -> Callable[[float], None]:
    """Return what does the same as ``exchange(link, phase, seconds)``, quicker from the second time on if ``plain``."""
    if plain is None:
        return lambda seconds: exchange(link, phase, seconds)
    say, hear = plain
    dialogue, poll, read = link.dialogue, link.poll, link.read

    def again(seconds: float) -> None:
        if link.phase is not phase or dialogue.pending or poll(0):
            exchange(link, phase, seconds)
            return
        left = say(seconds)
        if left is None:
            left = hear((read() if link.looks else None) or first_piece(link))
            if left is None:
                return
        carry(left)

    return again


def _wait(need: Need) -> Events:
    link, until, further = need
    milliseconds = math.ceil(max(0.0, until - monotonic()) * 1000.0)
    if link is not None and not further:
        return link.poll(milliseconds)
    poller = poll()
    if link is not None:
        link.register(poller, further)
    else:
        for descriptor, mask in further:
            poller.register(descriptor, mask)
    return poller.poll(milliseconds)
