"""The number that keeps one copy of a simulator apart from the others on this machine."""

from __future__ import annotations

import errno
import os
import re
import socket
import sys

from filebridge.config.model import Config
from filebridge.config.source import Source
from filebridge.errors import LimitReached

__all__ = ["Seat", "needs_seat"]

MOST = 65536
"""Seats that are tried before it is given up."""

_CURE = "give each environment its `seat`"
_NAME = re.compile(r"\bseat\b")


def needs_seat(config: Config, source: Source) -> bool:
    """Return whether anything in the configuration, or in a template that it names, looks at the seat."""
    if _NAME.search(config.model_dump_json(exclude={"name", "about"})):
        return True
    folder = source.folder
    templates = [file.template for file in config.simulator.files.values() if file.template]
    return any(_mentions(os.path.join(folder or "", name)) for name in templates)


def _mentions(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _NAME.search(file.read()) is not None
    except OSError:
        return False  # reported where it is to be placed


class Seat:
    """A number that no other copy of the simulator ``name`` has while this one is held: the least that is free.

    It is held by a socket with a name in the kernel, which it keeps for each network, as it keeps the ports
    that seats mostly stand for. Nothing is left on disk, and a process that dies, by whatever means, gives its
    seats back. Elsewhere than on Linux the number is always 0.
    """

    def __init__(self, name: str) -> None:
        self._holder: socket.socket | None = None
        self.number = self._taken(name) if sys.platform == "linux" else 0

    def _taken(self, name: str) -> int:
        prefix = b"\0filebridge-%d-%b-" % (os.getuid(), name.encode()[:60])
        try:
            self._holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            for number in range(MOST):
                if _binds(self._holder, prefix + b"%d" % number):
                    return number
        except OSError as exc:
            self.leave()
            raise LimitReached("no seat can be taken", found=str(exc.strerror), cure=_CURE) from exc
        self.leave()
        raise LimitReached("no seat is free", found=f"{MOST} are taken", cure=_CURE)

    def leave(self) -> None:
        """Give the seat back; twice is harmless. In a fork only the copy is let go of."""
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.close()


def _binds(holder: socket.socket, name: bytes) -> bool:
    """Give the socket its name; False where another has it."""
    try:
        holder.bind(name)
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        return False
    return True
