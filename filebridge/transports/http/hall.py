"""The connections of the counter: let in, read, timed, and sent away."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic

from filebridge.transports.http.answers import CONTINUE, Refusal, refused
from filebridge.transports.http.door import Door
from filebridge.transports.http.gate import Gate
from filebridge.transports.http.intake import Entry, Head, Intake
from filebridge.transports.http.kin import Kin
from filebridge.transports.http.visitor import Visitor
from filebridge.transports.watching.bell import Bell

__all__ = ["CONNECTIONS", "SECONDS", "Hall"]

CONNECTIONS = 128

SECONDS = 10.0
"""Time for the head of a request, and again for its body, and for taking an answer."""

PARTING = 1.0
"""Seconds that a client has to close a connection on which all is said."""

TURNS = 8
"""Requests of one connection that are served before others are looked at."""

PIPELINED = 65536
"""Bytes that may be held of a client which speaks on while it awaits an answer."""

Serve = Callable[[Visitor, Entry, bytes], None]


class Hall:
    """Takes connections at ``bound`` and gives each request to ``serve``; never waits.

    ``fileno()`` is readable while there is something to do. ``stamp`` is put on each request when its first byte
    comes. ``seconds`` is the time for a head, a body, an answer. ``left`` is called with a visitor that goes while it
    awaits an answer, ``expired`` with one whose answer is due. ``refusals`` counts, ``refusal`` tells the last,
    ``turned_away`` what that asked for.
    """

    def __init__(
        self, bound: socket.socket, gate: Gate, cap: int, run: str, seconds: float,
        serve: Serve, left: Callable[[Visitor], None], expired: Callable[[Visitor], None],
    ) -> None:  # fmt: skip
        self._door, self._gate, self._cap = Door(bound), gate, cap
        self._seconds = seconds
        self._serve, self._left, self._expired = serve, left, expired
        self._kin = Kin(run)
        self._backlog: list[Visitor] = []
        self._is_rung = self._is_closed = False
        self.visitors: dict[Visitor, None] = {}
        self.stamp = self.refusals = 0
        self.refusal = self.turned_away = ""
        self.tick = min(0.25, seconds / 4)
        self._looked = self._next = monotonic()
        self._bell = Bell()
        self._selector = DefaultSelector()
        self._select = self._selector.select
        self._selector.register(self._door, EVENT_READ)
        self._selector.register(self._bell, EVENT_READ)

    def fileno(self) -> int:
        """Return the descriptor that is readable while there is something to do; -1 once closed."""
        return -1 if self._is_closed else self._selector.fileno()

    def attend(self) -> bool:
        """Do all that is ready, a bounded part of it for each connection; return whether there was anything."""
        ready = self._select(0)
        if not ready:
            return False
        for key, events in ready:
            if key.data is not None:
                self._turn(key.data, events)
            elif key.fileobj is self._door:
                self._accept()
        backlog, self._backlog = self._backlog, []
        for visitor in backlog:
            if visitor in self.visitors:
                self._requests(visitor)
        return True

    def watch(self) -> None:
        """See to those that were too slow, now and then."""
        now = monotonic()
        if now < self._next:
            return
        pause, self._looked, self._next = now - self._looked, now, now + self.tick
        # What a client has sent while nobody looked is not known yet: that time does not count.
        is_late = pause > max(1.0, 4 * self.tick)
        for visitor in list(self.visitors):
            if is_late:
                visitor.due += pause
            elif visitor.due <= now:
                self._expire(visitor)

    def ring(self, is_wanted: bool) -> None:
        """Make the descriptor readable although nothing has come, or no longer."""
        is_wanted = is_wanted or bool(self._backlog)
        if is_wanted is not self._is_rung:
            self._is_rung = is_wanted
            self._bell.ring() if is_wanted else self._bell.silence()

    def answer(self, visitor: Visitor, data: bytes) -> bool:
        """Send an answer to the request of ``visitor``; return False where not a byte of it can arrive."""
        entry, visitor.entry, visitor.due = visitor.entry, None, math.inf
        if not visitor.send(data):
            self.drop(visitor)
            return False
        visitor.is_parting = entry is None or not entry.keeps or visitor.is_ended
        if visitor.unsent:
            visitor.due = monotonic() + self._seconds
            self._listen(visitor, EVENT_WRITE if visitor.is_ended else EVENT_READ | EVENT_WRITE)
        elif visitor.is_parting:
            self._part(visitor)
        elif visitor.intake.held:
            self._backlog.append(visitor)
            self.ring(True)
        return True

    def drop(self, visitor: Visitor) -> None:
        """Close a connection; twice is harmless."""
        if visitor in self.visitors:
            del self.visitors[visitor]
            self._listen(visitor, 0)
            visitor.socket.close()
            self._left(visitor)

    def close(self) -> None:
        """Close all descriptors, twice is harmless; a fork's copies are closed without a word to the clients."""
        self._is_closed = True
        for visitor in self.visitors:
            visitor.socket.close()
        self.visitors.clear()
        self._selector.close()
        self._bell.close()
        self._door.close()

    def _accept(self) -> None:
        """Take who has come, then hear them: one look at all processes, where that is wanted, serves for all."""
        come = [self._welcomed(connection) for connection in self._door.come(self._make_room)]
        self._kin.forget()
        for visitor in come:
            self._turn(visitor, EVENT_READ)

    def _welcomed(self, connection: socket.socket) -> Visitor:
        if len(self.visitors) >= CONNECTIONS:
            self._make_room()
        now = monotonic()
        address = connection.getsockname()[0] if self._gate.wild else ""
        visitor = Visitor(connection, Intake(self._cap, self._gate.known(address)), now, address)
        visitor.due = now + self._seconds
        self.visitors[visitor] = None
        self._listen(visitor, EVENT_READ)
        return visitor

    def _make_room(self) -> bool:
        """Close the oldest connection that has not proven itself, or else the oldest that awaits nothing."""
        idle = [visitor for visitor in self.visitors if visitor.entry is None]
        if idle:
            self.drop(min(idle, key=lambda one: (one.is_proven, one.since)))
        return bool(idle)

    def _turn(self, visitor: Visitor, events: int) -> None:
        """Take what one connection has for us, and give it what it takes."""
        if visitor not in self.visitors:
            return
        if events & EVENT_WRITE and visitor.unsent and not self._flushed(visitor):
            return
        data = visitor.receive() if events & EVENT_READ and not visitor.intake.is_behind else None
        if data is None:
            return
        if not data:
            self._ended(visitor)
        elif not visitor.is_parting:
            self._heard(visitor, data)

    def _flushed(self, visitor: Visitor) -> bool:
        if not visitor.flush():
            self.drop(visitor)
            return False
        if not visitor.unsent:
            self._listen(visitor, 0 if visitor.is_ended else EVENT_READ)
            visitor.due = math.inf
            if visitor.is_parting:
                self._part(visitor)
            else:
                self._requests(visitor)
        return visitor in self.visitors

    def _ended(self, visitor: Visitor) -> None:
        """See to a client that says no more: it may still listen where it awaits an answer."""
        if (visitor.entry is None and not visitor.unsent) or visitor.is_gone():
            self.drop(visitor)
            return
        visitor.is_ended = visitor.is_parting = True
        self._listen(visitor, EVENT_WRITE if visitor.unsent else 0)

    def _listen(self, visitor: Visitor, events: int) -> None:
        """Be told of ``events`` of a connection from now on."""
        before, visitor.events = visitor.events, events
        if before and events:
            self._selector.modify(visitor.socket, events, visitor)
        elif events:
            self._selector.register(visitor.socket, events, visitor)
        elif before:
            self._selector.unregister(visitor.socket)

    def _heard(self, visitor: Visitor, data: bytes) -> None:
        intake = visitor.intake
        if not intake.held and not intake.awaits_body:
            visitor.stamp = self.stamp
        intake.held += data
        if visitor.entry is not None and len(intake.held) > PIPELINED:
            self.drop(visitor)
        else:
            self._requests(visitor)

    def _requests(self, visitor: Visitor) -> None:
        """Serve what is whole of what a connection has said."""
        intake, admit = visitor.intake, partial(self._admit, visitor)
        for _ in range(TURNS):
            if visitor.entry is not None or visitor.unsent or visitor.is_parting:
                return
            begun = intake.awaits_body
            try:
                request = intake.next(admit)
            except Refusal as refusal:
                self._refuse(visitor, refusal)
                return
            if request is None:
                self._await(visitor, begun)
                if intake.is_behind:
                    break
                return
            visitor.entry, body = request
            visitor.is_proven, visitor.due = True, math.inf
            self._serve(visitor, visitor.entry, body)
            if not intake.held:
                return
        self._backlog.append(visitor)
        self.ring(True)

    def _await(self, visitor: Visitor, begun: bool) -> None:
        """Wait for the rest of a request: once for its head, once for its body."""
        intake = visitor.intake
        if intake.due_word():
            visitor.send(CONTINUE)
        if visitor.due == math.inf or (intake.awaits_body and not begun):
            visitor.due = monotonic() + self._seconds
        visitor.hasten()

    def _admit(self, visitor: Visitor, head: Head) -> Entry:
        return self._gate.admit(head, visitor.address, partial(self._kin.knows, visitor))

    def _refuse(self, visitor: Visitor, refusal: Refusal) -> None:
        self.refusals += 1
        self.refusal = f"{refusal.status} {refusal.text}"
        known = f", where {refusal.allow} is known" if refusal.allow else ""
        self.turned_away = f"{refusal.asked}, {refusal.status}{known}" if refusal.asked else self.refusal
        visitor.entry = None
        self.answer(visitor, refused(refusal))

    def _expire(self, visitor: Visitor) -> None:
        """End the patience with a connection: what it waits for in vain, or what we do."""
        if visitor.entry is not None:
            self._expired(visitor)
        elif visitor.is_parting or visitor.unsent or not (visitor.intake.held or visitor.intake.awaits_body):
            self.drop(visitor)
        else:
            what = "the body" if visitor.intake.awaits_body else "the head"
            self._refuse(visitor, Refusal(408, f"{what} of the request was not whole after {self._seconds:g} s"))

    def _part(self, visitor: Visitor) -> None:
        if visitor.is_ended:
            self.drop(visitor)
            return
        visitor.part()
        visitor.due = monotonic() + min(PARTING, self._seconds)
