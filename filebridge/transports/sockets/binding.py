"""Waits until a program receives datagrams, since what is sent before that is lost."""

from __future__ import annotations

import math

from filebridge.transports.sockets.table import listening

__all__ = ["Binding"]

_FIRST, _LONGEST = 0.005, 0.05


class Binding:
    """Looks into the kernel's table, ever less often, until ``address`` of this machine is bound by somebody.

    ``name`` is the address as the configuration says it, ``address`` as the kernel does: host and port.
    """

    __slots__ = ("_address", "_name", "events", "patience")

    def __init__(self, address: tuple[str, int], name: str) -> None:
        self._address, self._name = address, name
        self.events = 0
        self.patience = 0.0

    def fileno(self) -> int:
        """Return -1: nothing announces that a port is bound."""
        return -1

    def advance(self) -> bool:
        """Return whether somebody receives there by now."""
        if listening("udp", *self._address):
            self.patience = math.inf
            return True
        self.patience = min(_LONGEST, self.patience * 2) if self.patience else _FIRST
        return False

    def awaited(self) -> str:
        """Return in words what is awaited."""
        return f"somebody who receives datagrams at {self._name}, where no program has bound a UDP socket"
