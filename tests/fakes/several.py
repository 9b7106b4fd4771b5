"""Vector environments over small simulators, and comparison of what they give value by value."""

from __future__ import annotations

import importlib.util
import os
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import filebridge


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = _loaded("simulated")
MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]
MODE_NAMES = [mode.name for mode in MODES]

SHELL = r"""
x=$1
while printf 'x=%s a=%s\n> ' $x $a && read -r a; do
    case $a in
        7) exit 3 ;;
        8) printf 'half a reply'; read -r never ;;
        9) exec sleep 99 ;;
    esac
    x=$((x + a))
done
"""
"""Adds up what it is told, from its seed on. 7 ends it, after 8 it says half a reply, after 9 it hangs."""


def shell(code: str = SHELL, *words: str) -> list[str]:
    """Return the command that runs ``code`` with the seed as its first word."""
    return ["sh", "-c", code.replace("$", "$$"), "sh", "${seed}", *words]


def config(**keys: Any) -> dict[str, Any]:
    """Return the configuration of ``SHELL``, which starts in a millisecond; ``keys`` as in ``simulated.config``."""
    made = {
        "simulator": {"command": shell(), "seed": "0..999"},
        "action": {"choices": "0..9"},
        "step": [{"send": "{action}", "until": "> "}],
        "fields": {"x": {"find": "x={int}"}, "a": {"find": "a={int}", "default": 0}},
        "reward": "0.1 * x - prev.x",
        "info": {"told": "a"},
        "deterministic": True,
    }
    for key, value in keys.items():
        both = isinstance(made.get(key), dict) and isinstance(value, dict) and key != "action"
        made[key] = {**made[key], **value} if both else value
    built: dict[str, Any] = fake.config("", **made)
    return built


def counting(**keys: Any) -> dict[str, Any]:
    """Return the configuration of one that says how many actions it has heard: ``heard``, which must be ``number``."""
    code = SHELL.replace("x=$1", "x=0 a=0 n=0").replace("a=%s", "a=%s n=%s").replace("$x $a", "$x $a $n")
    code = code.replace("x=$((x + a))", "x=$((x + a)) n=$((n + 1))")
    made = {
        "simulator": {"command": shell(code)},
        "fields": {"x": {"find": "x={int}"}, "a": {"find": "a={int}"}, "n": {"find": "n={int}"}},
        "info": {"number": "step", "heard": "n"},
    }
    return config(**{**made, **keys})


@contextmanager
def vector(num_envs: int, made: Mapping[str, Any] | None = None, /, **keys: Any) -> Iterator[Any]:
    """Give a vector environment of ``made``, by default of ``config()``, and close it."""
    envs = filebridge.BridgeVectorEnv(made or config(), num_envs, **keys)
    try:
        yield envs
    finally:
        envs.close()


@contextmanager
def both(name: str, num_envs: int, mode: AutoresetMode, **keys: Any) -> Iterator[tuple[Any, SyncVectorEnv]]:
    """Give the vector environment of an id, and Gymnasium's own around as many environments of it."""
    ours = gymnasium.make_vec(name, num_envs=num_envs, autoreset_mode=mode, **keys)
    theirs = gymnasium.make_vec(
        name, num_envs=num_envs, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **keys
    )
    assert isinstance(ours, filebridge.BridgeVectorEnv)
    assert isinstance(theirs, SyncVectorEnv)
    try:
        yield ours, theirs
    finally:
        ours.close()
        theirs.close()


def pid(envs: Any, seat: int) -> int:
    """Return the process id of a seat's simulator."""
    number: int = fake.pid(envs.envs[seat])
    return number


def is_stopped(number: int) -> bool:
    """Return whether the process ``number`` was stopped by a signal."""
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stop(envs: Any, seat: int) -> int:
    """Stop a seat's simulator, so that it answers nothing until ``os.kill(pid, SIGCONT)``; return its process id."""
    number = pid(envs, seat)
    os.kill(number, signal.SIGSTOP)
    fake.until(lambda: is_stopped(number))
    return number


def has_said(envs: Any, seat: int) -> bool:
    """Return whether there is output of a seat's simulator that was not read."""
    return bool(select.select([envs.envs[seat].session.link.transport.fileno()], [], [], 0)[0])


def same(one: Any, other: Any, where: str = "") -> None:
    """Raise AssertionError unless two values are equal, in their types, shapes, dtypes and keys too."""
    if isinstance(one, dict):
        assert isinstance(other, dict), where
        assert set(one) == set(other), f"{where}: {set(one) ^ set(other)}"
        for key in one:
            same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray), where
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        if one.dtype == object:
            for number, pair in enumerate(zip(one.ravel(), other.ravel(), strict=True)):
                same(*pair, f"{where}[{number}]")
        else:
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), f"{where}: {one} and {other}"
    elif isinstance(one, tuple | list):
        assert type(one) is type(other), where
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            same(*pair, f"{where}[{number}]")
    else:
        assert type(one) is type(other), f"{where}: {type(one)} and {type(other)}"
        assert one == other or (one != one and other != other), f"{where}: {one!r} and {other!r}"
