"""A console simulator whose behaviour is the Python source in its first argument; started with -S -E, so in 10 ms."""

import os
import signal
import sys
import time

__all__ = ["hear", "note", "os", "say", "signal", "sys", "time"]


def say(text: "str | bytes") -> None:
    """Write ``text`` to stdout at once."""
    data = text.encode() if isinstance(text, str) else text
    while data:
        data = data[os.write(1, data) :]


def note(text: str) -> None:
    """Write ``text`` to stderr at once."""
    data = text.encode()
    while data:
        data = data[os.write(2, data) :]


def hear() -> str:
    """Return the next line of stdin without its end; the end of the input ends the program."""
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return line.rstrip("\n")


exec(sys.argv[1], globals())
