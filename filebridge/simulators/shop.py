"""A workshop with one machine, as event-driven simulators tell of it: a line for each event, when it happens.

    python -m filebridge.simulators.shop [--seed N] [--json] [--pulse SECONDS] [--listen PORT | --dial HOST:PORT]

Two kinds of jobs arrive, small and large. Whenever the machine is free and there is work the program says DECIDE and
reads which kind is next: SMALL or LARGE, or WAIT for the next arrival; where none of the kind is there, the other is
taken. A day has 480 minutes. Each event tells what it was, when (min), how many small and large jobs wait, and what the
waiting has cost since the event before:

    EVENT ARRIVE 12.25 1 0 0.0          START, DONE, DECIDE, at last CLOSE

With --json the same as documents, {"event": "ARRIVE", "time": 12.25, ...}. Every fifteen minutes there is a HEARTBEAT
N between the events, and with --pulse one so often, by the clock on the wall, while the program waits for a decision.
What is no decision is answered with ERROR; no time passes. After CLOSE the program ends.
"""

from __future__ import annotations

import json
import math
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator

__all__ = ["Shop", "main"]

DAY, BEAT = 480.0, 15.0
KINDS = ("SMALL", "LARGE")
BETWEEN = (9.0, 25.0)
LASTS = ((3.0, 6.0), (8.0, 14.0))
PRICES = (1.0, 3.0)
"""Of small and large jobs: mean minutes between two arrivals, minutes of work, cost of a minute's wait."""
USAGE = "USAGE: SHOP [--seed N] [--json] [--pulse SECONDS] [--listen PORT | --dial HOST:PORT]\n"
Event = dict[str, object]


class Shop:
    """A day in the shop; ``time`` in min, ``waiting`` small and large jobs."""

    def __init__(self, seed: int) -> None:
        self._state = seed % 2147483646 + 1
        for _ in range(3):  # the first draws of neighbouring seeds are nearly the same
            self._uniform(0, 1)
        self.time, self.waiting = 0.0, [0, 0]
        self._arrivals = [self._pause(kind) for kind in (0, 1)]
        self._done = math.inf
        self._told, self._before = 0.0, [0, 0]
        self._beats = 0

    def _uniform(self, low: float, high: float) -> float:
        self._state = self._state * 16807 % 2147483647
        return low + (high - low) * self._state / 2147483647

    def _pause(self, kind: int) -> float:
        return -BETWEEN[kind] * math.log(self._uniform(0, 1))

    def beat(self) -> Event:
        """Return the next sign of life."""
        self._beats += 1
        return {"event": "HEARTBEAT", "number": self._beats}

    def _event(self, name: str) -> Event:
        cost = (self.time - self._told) * sum(price * jobs for price, jobs in zip(PRICES, self._before, strict=True))
        self._told, self._before = self.time, list(self.waiting)
        small, large = self.waiting
        return {"event": name, "time": self.time, "small": small, "large": large, "cost": cost}

    def day(self, decide: Callable[[], str]) -> Iterator[Event]:
        """Yield the events of the day; ``decide`` is asked after each DECIDE."""
        beat = BEAT
        while (until := min(*self._arrivals, self._done)) < DAY:
            while beat <= until:
                yield self.beat()
                beat += BEAT
            self.time = until
            if until == self._done:
                self._done = math.inf
                yield self._event("DONE")
            else:
                kind = self._arrivals.index(until)
                self._arrivals[kind] = until + self._pause(kind)
                self.waiting[kind] += 1
                yield self._event("ARRIVE")
            if self._done == math.inf and any(self.waiting):
                yield self._event("DECIDE")
                yield from self._start(decide())
        self.time = DAY
        yield self._event("CLOSE")

    def _start(self, decision: str) -> Iterator[Event]:
        if decision == "WAIT":
            return
        kind = KINDS.index(decision)
        if not self.waiting[kind]:
            kind = 1 - kind
        self.waiting[kind] -= 1
        self._done = self.time + self._uniform(*LASTS[kind])
        yield self._event("START")


def line(event: Event) -> str:
    """Return ``event`` as a line of words."""
    if event["event"] == "HEARTBEAT":
        return f"HEARTBEAT {event['number']}\n"
    return "EVENT " + " ".join(str(value) for value in event.values()) + "\n"


def document(event: Event) -> str:
    """Return ``event`` as a JSON document over several lines, as some programs print it."""
    return json.dumps(event, indent=1) + "\n"


class Desk:
    """Where the events are told and the decisions made: two descriptors, which may be the same."""

    def __init__(self, read: int, write: int, tell: Callable[[Event], str], pulse: float) -> None:
        self._read, self._write, self._tell, self._pulse = read, write, tell, pulse or None
        self._typed = b""

    def say(self, text: str) -> None:
        """Write ``text``, all of it."""
        data = text.encode()
        while data:
            data = data[os.write(self._write, data) :]

    def run(self, shop: Shop) -> None:
        """Tell the day; raises EOFError where nobody decides any more."""
        for event in shop.day(lambda: self.decision(shop)):
            self.say(self._tell(event))

    def decision(self, shop: Shop) -> str:
        """Return what is decided; signs of life meanwhile, if they are wanted."""
        while True:
            word = self._word(shop)
            if word in (*KINDS, "WAIT"):
                return word
            self.say(f"ERROR SMALL, LARGE OR WAIT, NOT {word[:40]}\n")

    def _word(self, shop: Shop) -> str:
        while b"\n" not in self._typed:
            if not select.select([self._read], [], [], self._pulse)[0]:
                self.say(self._tell(shop.beat()))
                continue
            more = os.read(self._read, 4096)
            if not more:
                raise EOFError
            self._typed += more
        word, _, self._typed = self._typed.partition(b"\n")
        return word.decode("ascii", "replace").strip()


def connected(option: str, where: str) -> socket.socket:
    """Return the connection: the first to come at a port, or the one to ``HOST:PORT``."""
    if option == "--dial":
        host, _, port = where.rpartition(":")
        connection = socket.create_connection((host, int(port)))
    else:
        with socket.create_server(("127.0.0.1", int(where))) as server:
            connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def options(arguments: list[str]) -> dict[str, str]:
    """Return what the ``arguments`` say, by option; raises ValueError where they mean nothing."""
    found, rest = {"--seed": "1", "--pulse": "0"}, list(arguments)
    while rest:
        option = rest.pop(0)
        if option == "--json":
            found[option] = "yes"
        elif rest and option in ("--seed", "--pulse", "--listen", "--dial"):
            found[option] = rest.pop(0)
        else:
            raise ValueError(option)
    int(found["--seed"])
    float(found["--pulse"])
    return found


def main(arguments: list[str]) -> int:
    """Run the shop for a day; return the exit status, 2 for arguments that mean nothing."""
    try:
        said = options(arguments)
    except ValueError:
        sys.stderr.write(USAGE)
        return 2
    way = next((option for option in ("--listen", "--dial") if option in said), "")
    connection = connected(way, said[way]) if way else None
    read, write = (connection.fileno(), connection.fileno()) if connection else (0, 1)
    desk = Desk(read, write, document if "--json" in said else line, float(said["--pulse"]))
    try:
        desk.run(Shop(int(said["--seed"])))
    except (EOFError, ConnectionError):
        pass
    finally:
        if connection:
            connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
