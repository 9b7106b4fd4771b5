"""Environments over simulators that answer in files, with short programs for them, and what every failure owes."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import BridgeError, UsageError


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = _loaded("simulated")
act = fake.act
SIMULATOR = str(Path(__file__).with_name("folder_side.py"))

ANSWERS = """
step = 0
while True:
    put(reply(step))
    step = act()
"""
"""Answers each step in place, then polls for the next."""

MIDWAY = """
put(reply(0))
act()
put(reply(1))
act()
"""
"""Answers one step; what stands behind it happens in the second."""


def config(code: str = ANSWERS, /, **keys: Any) -> dict[str, Any]:
    """Return the configuration of a simulator that runs ``code`` in its folder; ``keys`` as in ``simulated.config``."""
    made = {
        "simulator": {"command": [*fake.PYTHON, SIMULATOR, code.replace("$", "$$")], "seed": "none"},
        "transport": {"console": None, "files": {"read": "obs.txt"}},
        "start": [{}],
        "step": [{"write": {"act.txt": "{step} {action:.0f}"}}],
        "fields": {"seq": {"find": "seq={int}"}, "x": {"find": "x={int}"}},
        "observation": ["seq", "x"],
    }
    for key, value in keys.items():
        both = isinstance(made.get(key), dict) and isinstance(value, dict)
        made[key] = {**made[key], **value} if both else value
    transport = made["transport"]
    made["transport"] = {key: value for key, value in transport.items() if value is not None}
    built: dict[str, Any] = fake.config("", **{**made, "transport": None})
    built["transport"] = made["transport"]
    return built


@contextmanager
def bridge(code: str = ANSWERS, /, **keys: Any) -> Iterator[BridgeEnv]:
    """Give an environment of ``config(code, **keys)`` and close it."""
    env = BridgeEnv(config(code, **keys))
    try:
        yield env
    finally:
        env.close()


def files(**keys: Any) -> dict[str, Any]:
    """Return the transport of results in ``obs.txt`` with more that is said of them."""
    return {"files": {"read": "obs.txt", **keys}}


def right(step: int) -> list[int]:
    """Return the observation that is the right one after ``step``."""
    return [step, step * step]


def play(env: BridgeEnv, steps: int, first: int = 1) -> None:
    """Take ``steps`` steps, of which each must give its own observation."""
    for step in range(first, first + steps):
        assert env.step(act())[0].tolist() == right(step)


def failure(env: BridgeEnv, kind: type[BridgeError], at: int = 2) -> tuple[Any, float]:
    """Return the error of step ``at`` and the seconds it took; nothing may be left, and all must work again then."""
    assert env.reset()[0].tolist() == right(0)
    play(env, at - 1)
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        env.step(act())
    took = time.monotonic() - begun
    error = caught.value
    assert type(error) is kind
    situation = error.situation
    assert situation is not None
    assert (situation.simulator, situation.phase, situation.episode, situation.step, situation.seat) == (
        "Fake", "step", env._session.episode, at, 0
    )
    assert error.cure
    assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    with pytest.raises(UsageError, match=r"^step without a running episode"):
        env.step(act())
    assert env.reset()[0].tolist() == right(0)
    play(env, 1)
    return error, took
