"""The motor at a UDP port: a datagram each way.

An order has the number of its step in front, ``13 2.5``, and so does the answer; so a datagram that was lost can be
sent again: the step that has been done already is not done twice, but answered as before.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filebridge.simulators.motor import Motor

__all__ = ["call", "receive"]


def receive(motor: Motor, port: str) -> None:
    """Answer each datagram to where it came from; raises EOFError for QUIT."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", int(port)))
        _answer(motor, wire)


def call(motor: Motor, address: str) -> None:
    """Tell the state to HOST:PORT first, then answer as ``receive`` does; raises EOFError for QUIT."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(motor.line().encode(), (host, int(port)))
        _answer(motor, wire)


def _answer(motor: Motor, wire: socket.socket) -> None:
    while True:
        data, sender = wire.recvfrom(65536)
        wire.sendto(reply(motor, data.decode("ascii", "replace")).encode(), sender)


def reply(motor: Motor, text: str) -> str:
    """Return what answers the datagram ``text``."""
    number, _, order = text.partition(" ")
    if number in ("RESET", "QUIT"):
        return motor.answer(text)
    if number.strip() == str(motor.step):
        return motor.line()
    if number == str(motor.step + 1):
        return motor.answer(order)
    return f"ERROR STEP {motor.step + 1} IS NEXT\n"
