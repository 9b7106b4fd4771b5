"""Who is at the other end of a connection: what we started, who says the token, or anybody."""

from __future__ import annotations

import hmac
import socket
import struct
from time import monotonic
from typing import Protocol

from filebridge.transports.sockets.table import Sight, far_end, listening

__all__ = ["Admission", "Candidate", "accepted", "is_sender"]

_CREDENTIALS = struct.Struct("3i")
_SURE_LOOKS = 2
"""Looks in which a process must be missed before it is a stranger: a socket may be handed on during the first."""

_LOADING = 1.0  # seconds in which a process that was just being loaded shows its environment


class Admission(Protocol):
    """What is asked of a peer, in an Endpoint or a Counter."""

    @property
    def peer(self) -> str:
        """Return "process", "token" or "any"."""

    @property
    def token(self) -> str:
        """Return what is to be said first, without its line end."""

    @property
    def run(self) -> str:
        """Return what a process of ours carries in its environment."""


def accepted(connection: socket.socket, admission: Admission, sight: Sight | None = None) -> bool | None:
    """Return whether the other end of ``connection`` is let in; None while that is not certain. Never waits.

    A token that is right is taken from the connection with its line end, and nothing of what follows. A process that
    is not seen to be ours is "not certain" for as long as one cares to look again, see Candidate. ``sight`` is a look
    at the processes of the run that was taken after the connection was there; without it one is taken here.
    """
    if admission.peer == "any":
        return True
    try:
        if admission.peer == "token":
            return _says(connection, admission.token.encode())
        return _is_ours(connection, Sight(admission.run) if sight is None else sight) or None
    except OSError:
        return False  # it has gone


def is_sender(address: tuple[str, int], sight: Sight) -> bool:
    """Return whether a process of the run has the UDP socket that sends from ``address``, host and port."""
    return any(sight.holds(inode) for inode in listening("udp", *address))


class Candidate:
    """Somebody who has connected and is not let in yet."""

    __slots__ = ("_admission", "_looks", "_since", "connection")

    def __init__(self, connection: socket.socket, admission: Admission) -> None:
        self.connection = connection
        self._admission = admission
        self._looks = 0
        self._since = monotonic()

    def accepted(self, sight: Sight) -> bool | None:
        """Return whether it is let in; None while that is not certain. A process not seen twice is a stranger."""
        verdict = accepted(self.connection, self._admission, sight)
        if verdict is not None or self._admission.peer == "token":
            return verdict
        self._looks += 1
        if self._looks < _SURE_LOOKS or (sight.unsure and monotonic() - self._since < _LOADING):
            return None
        return False


def _is_ours(connection: socket.socket, sight: Sight) -> bool:
    if connection.family == socket.AF_UNIX:
        known = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return _CREDENTIALS.unpack(known)[0] in sight.pids()
    inode = far_end(connection)
    return inode > 0 and sight.holds(inode)


def _says(connection: socket.socket, token: bytes) -> bool | None:
    """Return whether the first line is ``token``.

    What is too short yet tells nothing, even where it is wrong already: else it could be guessed byte by byte.
    """
    try:
        heard = connection.recv(len(token) + 2, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    line, ended, _ = heard.partition(b"\n")
    if not ended and heard and len(heard) < len(token) + 2:
        return None
    right = bool(ended) and bool(token) and hmac.compare_digest(line.removesuffix(b"\r"), token)
    if right:
        connection.recv(len(line) + 1)
    return right
