"""Rules for the directions of sockets: each direction has one way, and every way has something to carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filebridge.config.directions import carries, way_back, way_there
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.sockets import Http

__all__ = ["check_directions"]


def check_directions(config: Config, reads: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the ways of a transport that has sockets; ``reads`` are its keys `read`."""
    transport = config.transport
    writes = ["fifo.write"] if transport.fifo is not None and transport.fifo.write else []
    back = list(_twice(config, "replies", "the way back is given twice", reads))
    there = list(_twice(config, "actions", "the way to the program is given twice", writes))
    yield from back
    # Two sockets that both carry both ways are one mistake.
    yield from (problem for problem in there if not any(problem.found == other.found for other in back))
    used = {way_there(config), way_back(config)}
    if transport.console is not None and "console" not in used:
        what, wanted = "nothing is left for the console to carry", "leave it out; what the program prints is kept"
        found = " and ".join(f"`{name}`" for name in sorted(used))
        yield Problem(("transport", "console"), what, found, wanted, on="key")
    if not way_back(config):
        name = next(iter(transport.sockets))
        wanted = "`carries: both`, or `console: {}` beside it"
        yield Problem(("transport", name, "carries"), "nothing leads back from the program", "actions", wanted)


def _twice(config: Config, direction: str, what: str, others: Sequence[str]) -> Iterator[Problem]:
    sockets = [name for name, socket in config.transport.sockets.items() if carries(socket, direction)]
    given = [*sockets, *others]
    if not sockets or len(given) < 2:
        return
    found = " and ".join(f"`{name}`" for name in given[:2])
    free = [name for name in given[:2] if name in sockets and not isinstance(config.transport.sockets[name], Http)]
    if not free:
        wanted = "one of them"
    elif others and len(sockets) == 1:
        other = "actions" if direction == "replies" else "replies"
        wanted = f"`carries: {other}` in `{free[0]}`, or leave `{others[0]}` out"
    elif len(free) == 2:
        wanted = "`carries: actions` in one, `carries: replies` in the other"
    else:
        wanted = "one of them"
    place = ("transport", given[1]) if len(sockets) > 1 else ("transport", sockets[0])
    yield Problem(place, what, found, wanted, on="key")
