"""The counter's two trays: the actions that are to be fetched, the observations that were posted."""

from __future__ import annotations

from collections import deque
from time import monotonic

from filebridge.errors import SendBlocked
from filebridge.transports.http.answers import answer, bodiless
from filebridge.transports.http.hall import Hall
from filebridge.transports.http.intake import Entry, Route
from filebridge.transports.http.visitor import Visitor

__all__ = ["ACTIONS", "Desk"]

ACTIONS = 64
"""Actions that may wait to be fetched."""

_NONE_YET = bodiless(204)
_GONE = bodiless(410) + b"Content-Length: 0\r\n"


class Desk:
    """Hands out each action once, in order, and takes observations that answer the last one.

    ``kind`` is the content type of actions, ``wait`` the seconds that a request for one is kept. ``bodies`` are the
    observations that nobody has read. ``handed`` counts the actions that were fetched, ``posted`` the observations,
    ``old`` those that came too early to answer the last action. ``action`` and ``observation`` are the last of each.
    """

    __slots__ = (
        "_answered", "_asked", "_begun", "_fetched", "_hall", "_head", "_is_over", "_offered", "_wait", "_waiting",
        "action", "actions", "bodies", "handed", "observation", "old", "posted",
    )  # fmt: skip

    def __init__(self, kind: str, wait: float) -> None:
        self._head = answer(200, kind)
        self._wait = wait
        self._waiting: Visitor | None = None
        self._is_over = False
        self.actions: deque[bytes] = deque()
        self.bodies: deque[bytes] = deque()
        self.action = self.observation = b""
        self.handed = self.old = self.posted = 0
        self._begun = monotonic()
        self._fetched = self._asked = self._offered = self._answered = 0.0

    def stand_in(self, hall: Hall) -> None:
        """Answer through ``hall`` from now on."""
        self._hall = hall

    def standing(self) -> tuple[str, float]:
        """Return in words who waits for what, and since which monotonic time."""
        if self.actions:
            return "an action was not fetched", self._offered
        if self._waiting is not None:
            return "the simulator waits for an action", self._asked
        if self._fetched > self._answered:
            return "an action was fetched, no observation was posted", self._fetched
        if self._answered:
            return "an observation was posted, no action was asked for", self._answered
        return "nothing was asked and nothing posted", self._begun

    @property
    def is_known(self) -> bool:
        """Return whether a request was served by now."""
        return bool(self._asked or self._fetched or self.posted)

    def offer(self, data: bytes) -> None:
        """Put out an action; whoever waits gets it at once.

        Raises SendBlocked where too many wait already.
        """
        if len(self.actions) >= ACTIONS:
            raise SendBlocked(
                "the simulator does not fetch what is sent",
                found=f"{len(self.actions)} actions wait at the HTTP counter",
                cure="await a reply to each action, or correct the address that the simulator asks",
            )
        self.actions.append(data)
        self._offered = monotonic()
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            if waiting.is_gone():
                self._hall.drop(waiting)
            else:
                self._hand(waiting)

    def serve(self, visitor: Visitor, entry: Entry, body: bytes) -> None:
        """Serve a request for an action, or with an observation."""
        if entry.posts:
            self._take(visitor, body)
        if entry.route is Route.OBSERVATION:
            self.turn_away(visitor)
        elif not self.actions:
            self._keep(visitor)
        elif visitor.is_gone():
            self._hall.drop(visitor)
        else:
            self._hand(visitor)

    def turn_away(self, visitor: Visitor) -> None:
        """Answer that there is nothing: to be asked again, or because it was a post."""
        self._forget(visitor)
        if visitor.entry is not None:
            self._hall.answer(visitor, b"%s%s\r\n" % (_NONE_YET, visitor.entry.ending))

    def left(self, visitor: Visitor) -> None:
        """Take note that a connection is gone."""
        self._forget(visitor)

    def end(self) -> None:
        """Tell whoever waits that no more actions come."""
        self._is_over = True
        if self._waiting is not None:
            self._keep(self._waiting)

    def _take(self, visitor: Visitor, body: bytes) -> None:
        if not body:
            return
        self.observation = body
        self.posted += 1
        if self.actions or visitor.stamp < self.handed:
            self.old += 1
        else:
            self.bodies.append(body)
            self._answered = monotonic()

    def _keep(self, visitor: Visitor) -> None:
        """Let a request wait for an action; one that waited before is answered."""
        older, self._waiting = self._waiting, None
        if self._is_over and visitor.entry is not None:
            self._hall.answer(visitor, b"%s%s\r\n" % (_GONE, visitor.entry.ending))
            return
        if older is not None:
            self.turn_away(older)
        self._waiting = visitor
        self._asked = monotonic()
        visitor.due = self._asked + self._wait

    def _hand(self, visitor: Visitor) -> None:
        data, entry = self.actions[0], visitor.entry
        assert entry is not None
        head = b"%s%d\r\n%s\r\n" % (self._head, len(data), entry.ending)
        self._hall.stamp = self.handed + 1
        if not self._hall.answer(visitor, head + data):
            self._hall.stamp = self.handed
            return
        self.actions.popleft()
        self.handed += 1
        self.action, self._fetched = data, monotonic()

    def _forget(self, visitor: Visitor) -> None:
        if self._waiting is visitor:
            self._waiting = None
