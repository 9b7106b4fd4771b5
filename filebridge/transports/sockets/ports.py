"""Ports for a simulator: numbers of our own that are bound at once, and numbers that it is going to listen on.

The latter lie below the range from which the kernel takes the ports of those who connect, so that neither a stranger
nor our own attempt to connect gets one by chance; and no other filebridge of this machine gets it meanwhile.
"""

from __future__ import annotations

import errno
import random
import socket
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from filebridge import sweep
from filebridge.errors import EndpointInUse, LimitReached, StartError
from filebridge.transports.sockets.address import resolved, shown
from filebridge.transports.sockets.table import listening, owner

__all__ = ["BACKLOG", "Ports", "Wanted", "bound_at", "check_free", "no_socket"]

BACKLOG = 128
"""Callers that may wait until they are seen."""

_LOWEST = 10240
_EPHEMERAL = 32768, 60999
_TRIES = 2048
_BOTH_TRIES = 64
_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_TAKEN = frozenset((errno.EADDRINUSE, errno.EACCES))
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number that is asked for as ``${name}``, at ``host``.

    ``listens`` says for which of "tcp" and "udp" we listen there; empty: the simulator does.
    """

    name: str
    host: str = "127.0.0.1"
    listens: frozenset[str] = frozenset()


class Ports:
    """The ports of one simulator: their ``numbers`` by name, held until ``close``.

    ``bound`` are our sockets by name and kind, never blocking, those of "tcp" listening already. Who pops one owns it.
    """

    __slots__ = ("_reserved", "bound", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.bound: dict[tuple[str, str], socket.socket] = {}
        self._reserved: list[socket.socket] = []

    @classmethod
    def take(cls, wanted: Sequence[Wanted]) -> Ports:
        """Return free ports for all that are ``wanted``.

        Raises LimitReached when there are none left, or no descriptors; StartError where a host is none of this
        machine. Nothing is held then.
        """
        ports = cls()
        try:
            for each in wanted:
                ports.numbers[each.name] = ports._bind(each) if each.listens else ports._reserve(each)
        except BaseException:
            ports.close()
            raise
        return ports

    def close(self) -> None:
        """Give up the reservations, and the sockets that are still here; twice is harmless."""
        while self.bound:
            self.bound.popitem()[1].close()
        while self._reserved:
            self._reserved.pop().close()

    def _bind(self, wanted: Wanted) -> int:
        first, *more = sorted(wanted.listens)
        for _ in range(_BOTH_TRIES):
            mine = {first: bound_at(first, wanted.host, 0)}
            number = int(mine[first].getsockname()[1])
            try:
                for kind in more:
                    mine[kind] = bound_at(kind, wanted.host, number)
            except EndpointInUse:
                # The other kind of port has its numbers given out on its own.
                mine[first].close()
                continue
            except BaseException:
                mine[first].close()
                raise
            self.bound.update({(wanted.name, kind): each for kind, each in mine.items()})
            return number
        raise _none_left(wanted.host)

    def _reserve(self, wanted: Wanted) -> int:
        for number in _candidates(self.numbers.values()):
            try:
                reserved = _reservation(number)
                if reserved is None:
                    continue
                if _is_free(wanted.host, number):
                    self._reserved.append(reserved)
                    return number
                reserved.close()
            except OSError as exc:
                raise _unusable(wanted.host, number, exc) from exc
        raise _none_left(wanted.host)


def bound_at(kind: str, host: str, port: int) -> socket.socket:
    """Return a socket of the ``kind`` "tcp" or "udp" bound to an address, that of "tcp" listening; it never blocks.

    ``port`` 0 is any that is free. Raises EndpointInUse when somebody else has it, StartError when the address is none
    of this machine or not for this user, LimitReached when there are no descriptors left.
    """
    family, where = resolved(host, port, kind)[0]
    try:
        bound = socket.socket(family, _KINDS[kind])
    except OSError as exc:
        raise _unusable(host, port, exc) from exc
    try:
        bound.setblocking(False)
        if kind == "tcp":
            # Connections of an earlier run that still fade away are no owners of the port.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
        if kind == "tcp":
            bound.listen(BACKLOG)
    except OSError as exc:
        bound.close()
        if exc.errno == errno.EADDRINUSE:
            raise _in_use(kind, host, where) from exc
        raise _unusable(host, port, exc) from exc
    return bound


def check_free(host: str, port: int, kind: str = "tcp") -> None:
    """Raise EndpointInUse if somebody listens already at an address where a simulator is to listen."""
    family, where = resolved(host, port, kind)[0]
    with socket.socket(family, _KINDS[kind]) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == "tcp")
        try:
            tried.bind(where)
        except OSError as exc:
            # Only what is there is refused here; why else it cannot be used the simulator will say itself.
            if listening(kind, *where):
                raise _in_use(kind, host, where) from exc


def no_socket(exc: OSError) -> StartError:
    """Return why a socket cannot be made, or takes no more connections."""
    if exc.errno in _SCARCE:
        return LimitReached(
            "no more sockets can be opened",
            found=str(exc.strerror),
            cure="close environments that are done, or raise `ulimit -n`",
        )
    return StartError("a socket cannot be made", found=str(exc.strerror), cure="see whether this machine has its kind")


def _reservation(number: int) -> socket.socket | None:
    """Return what keeps a number from all other filebridges of this machine; None where one of them has it."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        if sys.platform == "linux":
            # A name without a file: all users see it, and it goes with its last holder, however that ends.
            mark.bind(f"\0filebridge-port-{number}")
    except OSError as exc:
        mark.close()
        if exc.errno == errno.EADDRINUSE:
            return None
        raise
    return mark


def _is_free(host: str, number: int) -> bool:
    """Return whether both kinds of port can be bound, even by a program that takes no pains to."""
    for kind, code in _KINDS.items():
        family, where = resolved(host, number, kind)[0]
        with socket.socket(family, code) as tried:
            try:
                tried.bind(where)
            except OSError as exc:
                if exc.errno in _TAKEN:
                    return False
                raise
    return True


def _candidates(used: Collection[int]) -> list[int]:
    """Return numbers to try, in an order that no two processes share."""
    words = (sweep._read("/proc/sys/net/ipv4/ip_local_port_range") or b"").split()
    first, last = (int(words[0]), int(words[1])) if len(words) == 2 else _EPHEMERAL
    numbers = range(_LOWEST, first) if first - _LOWEST >= _TRIES else range(last + 1, 65536)
    if len(numbers) < _TRIES:
        numbers = range(min(1024, first), first) if first > 1024 + _TRIES else range(_LOWEST, 65536)
    drawn = random.SystemRandom().sample(numbers, min(_TRIES, len(numbers)))
    return [number for number in drawn if number not in used]


def _in_use(kind: str, host: str, where: tuple[str, int]) -> EndpointInUse:
    port = where[1]
    return EndpointInUse(
        f"port {shown(host, port)} is taken",
        found=f"by {owner(listening(kind, *where))}",
        cure="end it, or write `${port}` for a free one",
    )


def _unusable(host: str, port: int, exc: OSError) -> StartError:
    if exc.errno in _SCARCE:
        return no_socket(exc)
    cures = {
        errno.EADDRNOTAVAIL: "write an address of this machine, `127.0.0.1` say",
        errno.EACCES: "write a port above 1023, or `${port}` for a free one",
    }
    return StartError(
        f"nobody can listen at {shown(host, port)}",
        found=str(exc.strerror),
        cure=cures.get(exc.errno or 0, "write an address of this machine, and a port that is free"),
    )


def _none_left(host: str) -> LimitReached:
    return LimitReached(
        f"no free port was found at {host}",
        found=f"{_TRIES} that were tried are taken",
        cure="end what holds them: `ss -tulpn` lists it",
    )
