"""Being called by a simulator: whoever calls is looked at, ours is let in, and strangers cannot hold it up."""

from __future__ import annotations

import errno
import math
import select
import socket
from collections.abc import Callable
from select import POLLIN

from filebridge.transports.sockets.peer import Admission, Candidate
from filebridge.transports.sockets.ports import no_socket
from filebridge.transports.sockets.table import Sight

__all__ = ["Accepting"]

_CANDIDATES = 64
"""Callers that may be undecided at a time; the oldest has to go for a new one."""

_PAUSE = 0.005
"""Seconds after which an undecided caller is looked at again."""

_HINTS = {
    "token": "let it say `${token}` and a line end first, and nothing else in that line",
    "process": "only what was started for this run is let in; where another program is to call, `peer: token`",
}
_EDGE = getattr(select, "EPOLLIN", 0) | getattr(select, "EPOLLET", 0)
_OVER = frozenset((errno.ECONNABORTED, errno.EPROTO, errno.EINTR))


class Accepting:
    """The first caller at ``listener`` who is let in by ``admission``; ``taken`` gets the connection, and owns it then.

    ``text`` is the address as it is written. No process of the run has a pid below ``first_pid``. The listener is
    closed by who made it.
    """

    __slots__ = (
        "_admission", "_candidates", "_epoll", "_first_pid", "_listener", "_taken", "_text", "_turned_away", "events",
        "patience",
    )  # fmt: skip

    def __init__(
        self,
        listener: socket.socket,
        admission: Admission,
        text: str,
        first_pid: int,
        taken: Callable[[socket.socket], None],
    ) -> None:
        self._listener, self._admission, self._text = listener, admission, text
        self._first_pid, self._taken = first_pid, taken
        self._candidates: list[Candidate] = []
        self._turned_away = 0
        self.events, self.patience = POLLIN, 0.0
        # One descriptor for all of them. Each says once what is new, so that half a line wakes nobody twice.
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            self._epoll.register(listener, select.EPOLLIN)

    def fileno(self) -> int:
        """Return a descriptor that is readable when somebody calls, or has said something; -1 once closed."""
        if self._epoll is None:
            return self._listener.fileno()
        return -1 if self._epoll.closed else self._epoll.fileno()

    def advance(self) -> bool:
        """Look at all callers; return whether one was let in.

        Raises LimitReached when there are no descriptors left.
        """
        if self._epoll is not None:
            self._epoll.poll(0)
        self._welcome()
        # After all of them were accepted, so that one look at the processes does for all.
        sight = Sight(self._admission.run, self._first_pid)
        undecided: list[Candidate] = []
        for at, candidate in enumerate(self._candidates):
            verdict = candidate.accepted(sight)
            if verdict:
                self._candidates = undecided + self._candidates[at + 1 :]
                self._let_in(candidate.connection)
                return True
            if verdict is None:
                undecided.append(candidate)
            else:
                self._turn_away(candidate)
        self._candidates = undecided
        while len(self._candidates) > _CANDIDATES:
            self._turn_away(self._candidates.pop(0))
        announced = self._epoll is not None and (self._admission.peer == "token" or not self._candidates)
        self.patience = math.inf if announced else _PAUSE
        return False

    def awaited(self) -> str:
        """Return the address, and how many strangers called there."""
        strangers = self._turned_away + len(self._candidates)
        if not strangers:
            return f"a call at {self._text}, where nobody has called"
        who = "1 stranger has" if strangers == 1 else f"{strangers} strangers have"
        return f"a call at {self._text}, where only {who} called, and not who is let in (peer: {self._admission.peer})"

    def met(self) -> str:
        """Return how many strangers called and were turned away, empty where nobody was."""
        if not self._turned_away:
            return ""
        who = "1 caller was" if self._turned_away == 1 else f"{self._turned_away} callers were"
        return f"{who} turned away at {self._text} (peer: {self._admission.peer})"

    @property
    def hint(self) -> str:
        """Return how one who called is let in, empty where nobody has called."""
        if not (self._turned_away or self._candidates):
            return ""
        return _HINTS.get(self._admission.peer, "")

    def close(self) -> None:
        """Turn all away who wait; twice is harmless. The listener stays open."""
        while self._candidates:
            self._turn_away(self._candidates.pop())
        if self._epoll is not None:
            self._epoll.close()

    def _welcome(self) -> None:
        for _ in range(_CANDIDATES):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno in _OVER:
                    continue  # the caller has given up
                raise no_socket(exc) from exc
            connection.setblocking(False)
            self._candidates.append(Candidate(connection, self._admission))
            if self._epoll is not None:
                self._epoll.register(connection, _EDGE)

    def _let_in(self, connection: socket.socket) -> None:
        if self._epoll is not None:
            self._epoll.unregister(connection)
        self.close()
        self._taken(connection)

    def _turn_away(self, candidate: Candidate) -> None:
        # A forked copy of the trainer may keep the socket open, so that closing alone would not end its events.
        if self._epoll is not None:
            self._epoll.unregister(candidate.connection)
        candidate.connection.close()
        self._turned_away += 1
