"""Environments over small fake simulators: a configuration around a piece of Python, and short waits on conditions."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from filebridge.env import BridgeEnv

CONSOLE = str(Path(__file__).with_name("console.py"))
PYTHON = ["${python}", "-S", "-E"]

COUNTER = """
x = 0
say("x=0\\n> ")
while True:
    hear()
    x += 1
    say(f"x={x}\\n> ")
"""
"""Counts its commands."""

MIDWAY = """
say("x=0\\n> ")
hear()
say("x=1\\n> ")
hear()
"""
"""Answers one command; what stands behind it happens in the second step."""


def config(code: str = COUNTER, **keys: Any) -> dict[str, Any]:
    """Return a configuration of a simulator that runs ``code``; ``keys`` replace or, between mappings, extend."""
    made: dict[str, Any] = {
        "filebridge": 1,
        "name": "Fake",
        "simulator": {"command": [*PYTHON, CONSOLE, code.replace("$", "$$")], "seed": "none"},
        "transport": {"console": {}},
        "action": {"box": {"low": 0, "high": 9}},
        "start": [{"until": "> "}],
        "step": [{"send": "{action:.0f}", "until": "> "}],
        "fields": {"x": {"find": "x={int}"}},
        "observation": ["x"],
        "reward": "x",
        "max_steps": 1_000_000,
        "deadlines": {"start": 10, "reset": 10, "step": 10, "stop": 5},
    }
    for key, value in keys.items():
        old = made.get(key)
        both = isinstance(old, dict) and isinstance(value, dict) and key != "action"
        made[key] = {**old, **value} if both else value
    return {key: value for key, value in made.items() if value is not None}


@contextmanager
def bridge(code: str = COUNTER, /, **keys: Any) -> Iterator[BridgeEnv]:
    """Give an environment of ``config(code, **keys)`` and close it."""
    env = BridgeEnv(config(code, **keys))
    try:
        yield env
    finally:
        env.close()


def interrupting(play: Callable[[], None], longest: float) -> Callable[[int, Any], None]:
    """Return a handler of SIGALRM that interrupts ``play``, and has itself called again after ``longest`` s at most.

    It comes again and again, also when ``play`` has been left: then it is no interrupt.
    """

    def interrupt(number: int, frame: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.005, longest))
        while frame is not None:
            if frame.f_code is play.__code__:
                raise KeyboardInterrupt
            frame = frame.f_back

    return interrupt


def act(value: float = 1) -> np.ndarray[Any, Any]:
    """Return an action of the fake simulators."""
    return np.array([value], np.float32)


def pid(env: BridgeEnv) -> int:
    """Return the process id of the running simulator."""
    link = env._session.link
    assert link is not None
    return link.process.pid


def gone(number: int) -> bool:
    """Return whether there is no process ``number``, or only what is left of it for its parent to see."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until ``condition()`` is true."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "the condition never came true"
        time.sleep(0.002)


def folders() -> list[str]:
    """Return the names of the run folders that there are now."""
    return os.listdir(os.environ["FILEBRIDGE_WORKDIR"])


def inhabitants() -> list[int]:
    """Return the processes that stand in a run folder of these tests, also in one that is removed already."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            place = os.readlink(f"/proc/{name}/cwd")
        except OSError:
            continue
        if place.startswith(os.environ["FILEBRIDGE_WORKDIR"]) and not gone(int(name)):
            found.append(int(name))
    return found
