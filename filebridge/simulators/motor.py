"""Hold the shaft of a motor at its set-point: one model of a drive, and every way in which such a program is reached.

    python -m filebridge.simulators.motor [--seed N] [WAY]

The ways: none, standard input and output; --fifo IN OUT, two named pipes; --files, order.txt and state.txt in the
folder in which it starts; --listen PORT and --dial HOST:PORT, TCP; --unix PATH and --dial-unix PATH; --udp PORT and
--udp-to HOST:PORT; --http PORT, a server, --http10 PORT, one that closes the connection after each answer; --poll URL,
a client of one, which says the token in the environment variable MOTOR_TOKEN.

The program speaks first, and answers each order with its state:

    STEP POSITION SPEED SETPOINT STATUS        rad, rad/s, rad

in all digits that there are. An order is a voltage, -12 to 12 V, which is held for a twentieth of a second; or RESET
N, a new run from the seed N; or QUIT. The load on the shaft changes as the seed wills. STATUS is RUN, after a hundred
steps END, and TRIP once the shaft has run into its stop. Then only RESET helps. What is no such order is answered with
ERROR and the reason, and no time passes.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TextIO

__all__ = ["Motor", "main"]

MOST = 12.0
STOP = 7.0
STEPS = 100
PARTS, PART = 10, 0.005
CONSTANT, RESISTANCE, INERTIA, FRICTION = 0.5, 2.0, 0.02, 0.01
WAYS = {
    "--fifo": ("motor_lines", "fifos", 2),
    "--listen": ("motor_lines", "listen", 1),
    "--dial": ("motor_lines", "dial", 1),
    "--unix": ("motor_lines", "listen_unix", 1),
    "--dial-unix": ("motor_lines", "dial_unix", 1),
    "--files": ("motor_files", "share", 0),
    "--udp": ("motor_udp", "receive", 1),
    "--udp-to": ("motor_udp", "call", 1),
    "--http": ("motor_http", "serve", 1),
    "--http10": ("motor_http", "serve_once_each", 1),
    "--poll": ("motor_poll", "poll", 1),
}
"""Option -> file beside this one, function in it, how many words follow."""
USAGE = (
    "USAGE: MOTOR [--seed N] [--fifo IN OUT | --files | --listen PORT | --dial HOST:PORT | --unix PATH | "
    "--dial-unix PATH | --udp PORT | --udp-to HOST:PORT | --http PORT | --http10 PORT | --poll URL]\n"
)


class Motor:
    """The drive: ``position`` and ``setpoint`` in rad, ``speed`` in rad/s, ``load`` in Nm, ``step`` from 0 on."""

    def __init__(self, seed: int) -> None:
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin a run from ``seed``."""
        self._state = seed % 2147483646 + 1
        for _ in range(3):  # the first draws of neighbouring seeds are nearly the same
            self._uniform(0, 1)
        self.step = 0
        self.position, self.speed = 0.0, 0.0
        self.setpoint = self._uniform(-2, 2)
        self.load = self._uniform(-0.5, 0.5)

    def _uniform(self, low: float, high: float) -> float:
        self._state = self._state * 16807 % 2147483647
        return low + (high - low) * self._state / 2147483647

    @property
    def status(self) -> str:
        """RUN, or why the run is over."""
        if abs(self.position) >= STOP:
            return "TRIP"
        return "RUN" if self.step < STEPS else "END"

    def drive(self, voltage: float) -> None:
        """Let a step pass with ``voltage`` V; raises ValueError where the drive cannot do that."""
        if not -MOST <= voltage <= MOST:
            raise ValueError(f"A VOLTAGE IS FROM -{MOST:.0f} TO {MOST:.0f}")
        if self.status != "RUN":
            raise ValueError("THE RUN IS OVER")
        self.step += 1
        self.load = min(max(self.load + self._uniform(-0.1, 0.1), -1.0), 1.0)
        for _ in range(PARTS):
            torque = CONSTANT * (voltage - CONSTANT * self.speed) / RESISTANCE
            self.speed += (torque - FRICTION * self.speed - self.load) / INERTIA * PART
            self.position = min(max(self.position + self.speed * PART, -STOP), STOP)

    def obey(self, order: str) -> None:
        """Do what ``order`` says; raises ValueError that tells why not, and EOFError for QUIT."""
        word, _, rest = order.strip().partition(" ")
        if word == "QUIT":
            raise EOFError
        try:
            number = int(rest) if word == "RESET" else float(order)
        except ValueError:
            raise ValueError(f"NO VOLTAGE: {order.strip()[:40]}") from None
        if word == "RESET":
            self.reset(int(number))
        else:
            self.drive(number)

    def line(self) -> str:
        """Return the state in a line."""
        return f"{self.step} {self.position!r} {self.speed!r} {self.setpoint!r} {self.status}\n"

    def record(self) -> dict[str, object]:
        """Return the state by names, for those who talk in JSON."""
        numbers = {"position": self.position, "speed": self.speed, "setpoint": self.setpoint}
        return {"step": self.step, **numbers, "status": self.status}

    def answer(self, order: str) -> str:
        """Do what ``order`` says and return the line that answers it."""
        try:
            self.obey(order)
        except ValueError as error:
            return f"ERROR {error}\n"
        return self.line()

    def talk(self, orders: TextIO, answers: TextIO) -> None:
        """Talk in lines to the end of the orders; raises EOFError for QUIT."""
        answers.write(self.line())
        answers.flush()
        for order in orders:
            answers.write(self.answer(order))
            answers.flush()


def go(motor: Motor, option: str, words: list[str]) -> None:
    """Talk in the way that ``option`` names."""
    if not option:
        motor.talk(sys.stdin, sys.stdout)
        return
    file, function, _ = WAYS[option]
    # Imported by need: sockets and HTTP take longer to load than a run takes. With -I this folder is on no path.
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    getattr(importlib.import_module(file), function)(motor, *words)


def main(arguments: list[str]) -> int:
    """Run as the ``arguments`` say; return the exit status, 2 for arguments that mean nothing."""
    words, seed = list(arguments), "1"
    if words and words[0].partition("=")[0] == "--seed":
        seed = words.pop(0).partition("=")[2] or (words.pop(0) if words else "")
    option = words.pop(0) if words else ""
    wanted = WAYS[option][2] if option in WAYS else 0
    if not seed.removeprefix("-").isdecimal() or len(words) != wanted or (option and option not in WAYS):
        sys.stderr.write(USAGE)
        return 2
    try:
        go(Motor(int(seed)), option, words)
    except EOFError:
        pass
    except (BrokenPipeError, ConnectionError):
        os._exit(1)  # an ordinary exit would try to flush once more and complain
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
