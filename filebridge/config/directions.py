"""Which way carries what is sent to the program, and which what it replies."""

from __future__ import annotations

from filebridge.config.model import Config
from filebridge.config.sockets import Http, Tcp, Udp, Unix

__all__ = ["carries", "way_back", "way_there"]


def carries(socket: Tcp | Unix | Udp | Http, direction: str) -> bool:
    """Return whether ``socket`` carries the ``direction``, "actions" or "replies"."""
    return isinstance(socket, Http) or socket.carries in ("both", direction)


def way_back(config: Config) -> str:
    """Return the key of the transport that replies come by; empty where none leads back."""
    transport = config.transport
    for name, socket in transport.sockets.items():
        if carries(socket, "replies"):
            return name
    if transport.fifo is not None and transport.fifo.read:
        return "fifo"
    if transport.files is not None and transport.files.read:
        return "files"
    return "console" if transport.console is not None else ""


def way_there(config: Config) -> str:
    """Return the key of the transport that takes what is sent; empty where there is none, and files are all."""
    transport = config.transport
    for name, socket in transport.sockets.items():
        if carries(socket, "actions"):
            return name
    if transport.fifo is not None and transport.fifo.write:
        return "fifo"
    return "console" if transport.console is not None else ""
