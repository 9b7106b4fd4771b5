"""What is said of each socket when a simulator is started: addresses, directions, who is let in."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Counter", "Endpoint", "Endpoints", "Service"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A socket that leads to the simulator, back, or both; all names in its addresses are filled in.

    ``kind`` is "tcp", "unix", "udp". ``connect`` is ``HOST:PORT``, or a path seen from the folder that the simulator
    starts in, where it listens; ``listen`` where we do, ``bound`` the socket that has that address by then (tcp, udp).
    ``each_episode``: a new connection for each. ``peer`` says who is let in: "process", what carries ``run`` in its
    environment; "token", who says ``token`` first; "any".
    """

    kind: Literal["tcp", "unix", "udp"]
    connect: str = ""
    listen: str = ""
    bound: socket.socket | None = None
    carries: Literal["both", "actions", "replies"] = "both"
    each_episode: bool = False
    peer: Literal["process", "token", "any"] = "process"
    token: str = field(default="", repr=False)
    run: str = ""
    telnet: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """An HTTP service of the simulator, at ``url``.

    ``headers`` are header fields of all requests, those of ``secrets`` are never shown. ``ready`` is a path that is
    asked for until it answers; empty: a connection will do. ``cap`` is the largest body in bytes.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ready: str = ""
    cap: int = 1 << 20
    kind: Literal["service"] = "service"
    carries: Literal["both"] = "both"
    each_episode: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """Our HTTP server, at the address of the listening socket ``bound``, where the simulator fetches and posts.

    ``action`` is the path of what we send, ``observation`` of what is posted. ``wait`` is the number of seconds after
    which a request for an action is answered by 204. ``peer``, ``token`` and ``run`` are as in Endpoint.
    """

    bound: socket.socket
    name: str
    action: str = "/action"
    observation: str = "/observation"
    type: str = "text/plain; charset=utf-8"
    wait: float = 20.0
    peer: Literal["token", "process", "any"] = "token"
    token: str = field(default="", repr=False)
    run: str = ""
    cap: int = 1 << 20
    kind: Literal["counter"] = "counter"
    carries: Literal["both"] = "both"
    each_episode: bool = False


Endpoints = tuple[Endpoint | Service | Counter, ...]
