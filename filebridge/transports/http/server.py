"""Our HTTP server: the simulator fetches actions there and posts observations."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from filebridge.transports.http.desk import Desk
from filebridge.transports.http.gate import Gate
from filebridge.transports.http.hall import SECONDS, Hall
from filebridge.transports.http.intake import Entry, Route
from filebridge.transports.http.visitor import Visitor
from filebridge.transports.sockets.address import shown
from filebridge.transports.sockets.endpoint import Counter

if TYPE_CHECKING:
    from filebridge.transports.http.page import Glance

__all__ = ["HttpServer"]

_ROUNDS = range(8)


class HttpServer:
    """Hands out what is written as the answer to GET ``counter.action``; gives the body of each post.

    A request for an action waits until there is one, at most ``counter.wait`` seconds; 204 then says "ask again". Each
    action is handed out once. ``read`` gives one body at a time; a post that came before the last action was fetched
    is answered and dropped. ``seconds`` is the time for the head of a request, for its body, for taking an answer.
    """

    __slots__ = ("_counter", "_desk", "_gate", "_hall", "patience", "snapshots", "url")

    def __init__(self, counter: Counter, directory: str, seconds: float = SECONDS) -> None:
        self._counter = counter
        self._gate = Gate(counter)
        self._desk = Desk(counter.type, counter.wait)
        self._hall = Hall(
            counter.bound, self._gate, counter.cap, counter.run, seconds,
            self._serve, self._desk.left, self._desk.turn_away,
        )  # fmt: skip
        self._desk.stand_in(self._hall)
        self._hall.tick = min(self._hall.tick, counter.wait / 4)
        self.patience = self._hall.tick
        self.snapshots = True
        host, port = counter.bound.getsockname()[:2]
        self.url = _root(host, port, counter.token)
        """Where a person finds the page, with the token: not to be put into an error or a transcript."""

    def open(self) -> None:
        """Do nothing: the simulator's first request is awaited by the dialogue."""

    def fileno(self) -> int:
        """Return the descriptor that is readable when somebody wants something."""
        return self._hall.fileno()

    def write_fileno(self) -> int:
        """Return -1: an action is always taken at once."""
        return -1

    def expect(self) -> None:
        """Drop what was posted up to now: it is no answer to the next action."""
        for _ in _ROUNDS:
            if not self._hall.attend():
                break
        self._desk.bodies.clear()
        self._hall.ring(False)

    def write(self, data: bytes) -> int:
        """Put out an action, which a waiting request gets at once; return its size.

        Raises SendBlocked where 64 were not fetched.
        """
        if data:
            self._desk.offer(data)
        return len(data)

    def read(self) -> bytes | None:
        """Return the body of a post, None when there is none; raises LimitReached without descriptors."""
        bodies = self._desk.bodies
        if not bodies:
            self._hall.attend()
            self._hall.watch()
        body = bodies.popleft() if bodies else None
        self._hall.ring(bool(bodies))
        return body

    def look(self) -> bytes | None:
        """Return the same as ``read``, which also sees to those who are too slow."""
        return self.read()

    def end_input(self) -> None:
        """Answer requests for an action by 410: no more come."""
        self._desk.end()

    def close(self) -> None:
        """Close all connections and the listening socket; twice is harmless."""
        self._hall.close()

    def told(self) -> str:
        """Return in words what was asked here and what was not, for an error: without the token."""
        glance = self._glance()
        refusal = f"; {glance.refused} requests were refused, the last by {glance.refusal}" if glance.refused else ""
        return f"{glance.state}, for {glance.seconds:.1f} s{refusal}"

    def met(self) -> str:
        """Return in words what was served and turned away, empty where nobody asked: without the token."""
        count, served = self._hall.refusals, self._desk.is_known
        turned = f"{count} {'was' if count == 1 else 'were'} turned away, the last: {self._hall.turned_away}"
        return "; ".join(filter(None, (self._desk.standing()[0] if served else "", turned if count else "")))

    def _serve(self, visitor: Visitor, entry: Entry, body: bytes) -> None:
        if entry.route is Route.PAGE or entry.route is Route.STATE:
            self._show(visitor, entry)
        else:
            self._desk.serve(visitor, entry, body)

    def _show(self, visitor: Visitor, entry: Entry) -> None:
        from filebridge.transports.http.page import page, record

        glance = self._glance()
        if entry.route is Route.STATE:
            head, text = record(glance)
        else:
            host, port = visitor.socket.getsockname()[:2]
            head, text = page(glance, self._counter, _root(host, port, self._counter.token))
        self._hall.answer(visitor, b"%s%d\r\n%s\r\n%s" % (head, len(text), entry.ending, text))

    def _glance(self) -> Glance:
        from filebridge.transports.http.page import Glance

        desk, hall = self._desk, self._hall
        state, since = desk.standing()
        return Glance(
            state, monotonic() - since, desk.handed, desk.posted, desk.old, len(hall.visitors), hall.refusals,
            hall.refusal, Glance.shown(desk.action), Glance.shown(desk.observation),
        )  # fmt: skip


def _root(host: str, port: int, token: str) -> str:
    return f"http://{shown(host, port)}/{token}/" if token else f"http://{shown(host, port)}/"
