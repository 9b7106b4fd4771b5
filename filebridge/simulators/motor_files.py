"""The motor in a folder that it shares with whoever drives it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filebridge.simulators.motor import Motor

__all__ = ["share"]


def share(motor: Motor) -> None:
    """Look for order.txt a thousand times a second, take it away, and answer in state.txt."""
    put(motor.line())
    while True:
        try:
            with open("order.txt", encoding="ascii", errors="replace") as file:
                order = file.read()
        except FileNotFoundError:
            time.sleep(0.001)
            continue
        os.remove("order.txt")
        put(motor.answer(order))


def put(text: str) -> None:
    """Write state.txt so that nobody ever sees a part of it."""
    with open("state.new", "w", encoding="ascii") as file:
        file.write(text)
    os.replace("state.new", "state.txt")
