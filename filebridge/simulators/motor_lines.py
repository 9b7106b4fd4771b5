"""The motor at the end of anything that carries lines: named pipes, TCP and Unix sockets, either side listening."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filebridge.simulators.motor import Motor

__all__ = ["dial", "dial_unix", "fifos", "listen", "listen_unix"]


def fifos(motor: Motor, orders: str, answers: str) -> None:
    """Read the named pipe ``orders`` and write the named pipe ``answers``, which somebody else has made."""
    with open(orders, encoding="ascii", errors="replace") as source, open(answers, "w", encoding="ascii") as sink:
        motor.talk(source, sink)


def listen(motor: Motor, port: str) -> None:
    """Serve whoever connects to ``port``, one after another; the run goes on from one to the next."""
    with socket.create_server(("127.0.0.1", int(port))) as server:
        serve(motor, server)


def listen_unix(motor: Motor, path: str) -> None:
    """Serve whoever connects to the Unix socket ``path``."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        try:
            serve(motor, server)
        finally:
            os.remove(path)


def dial(motor: Motor, address: str) -> None:
    """Call ``HOST:PORT`` and take orders from there."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        converse(motor, connection)


def dial_unix(motor: Motor, path: str) -> None:
    """Call the Unix socket ``path`` and take orders from there."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        converse(motor, connection)


def serve(motor: Motor, server: socket.socket) -> None:
    """Take one connection after another; a client that goes away is no reason to end."""
    while True:
        connection, _ = server.accept()
        with connection:
            try:
                converse(motor, connection)
            except ConnectionError:
                continue


def converse(motor: Motor, connection: socket.socket) -> None:
    """Talk in lines over ``connection`` until it is closed."""
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    orders = connection.makefile("r", encoding="ascii", errors="replace")
    answers = connection.makefile("w", encoding="ascii")
    try:
        motor.talk(orders, answers)
    finally:
        orders.close()
        answers.close()
