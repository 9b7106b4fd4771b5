"""What a crowd keeps of each: of a talk that waits, what it waits for; of a link that is watched, its place."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from filebridge.conversation import Talk
from filebridge.link import Link

__all__ = ["Place", "Waiting", "Watcher"]


class Watcher(Protocol):
    """Whoever watches descriptors for many links."""

    def hush(self, descriptor: int, owner: Link | None) -> None:
        """Watch ``descriptor`` no longer, which was watched for ``owner``, or for none."""


class Waiting:
    """One talk under way: what it needs, and what has been announced to it."""

    __slots__ = ("further", "key", "link", "look_at", "otherwise", "talk", "until")

    def __init__(self, key: Hashable, talk: Talk[Any] | None, otherwise: Callable[[], Talk[Any]] | None = None) -> None:
        self.key = key
        self.talk = talk
        self.otherwise = otherwise
        self.link: Link | None = None
        self.further: tuple[tuple[int, int], ...] = ()
        self.until = self.look_at = math.inf


class Place:
    """The place of a link with one who watches many, and what is watched for it."""

    __slots__ = ("_crowd", "current", "descriptors", "link")

    def __init__(self, crowd: Watcher, link: Link) -> None:
        # What is under way in the crowd knows its environment, and a link must not keep that alive.
        self._crowd = weakref.ref(crowd)
        self.link = link
        self.current = False
        self.descriptors: tuple[int, ...] = ()

    def leave(self) -> None:
        """Have nothing of the link watched any more; twice is harmless."""
        crowd = self._crowd()
        if crowd is not None:
            for descriptor in self.descriptors:
                crowd.hush(descriptor, self.link)
        self.descriptors, self.current = (), False

    def is_of(self, crowd: Watcher) -> bool:
        """Return whether it is a place in ``crowd``."""
        return self._crowd() is crowd
