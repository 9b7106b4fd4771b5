"""Very many steps against writers of files that make it hard, with every observation checked.

Each answer carries its step and a hash over itself. One that is cut, mixed of two, old, or given twice is bad.
"""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

import filebridge

__all__ = ["WAYS", "soaked"]

WRITER = str(Path(__file__).with_name("writer.py"))
WAYS = {"truncated": ("closed", 0.0001), "appended": ("appended", 0.0), "renamed": ("renamed", 0.0)}
"""What the writer does -> what the configuration says of it, and the seconds between two pieces."""

Observation = np.ndarray[Any, np.dtype[np.float64]]


def soaked(steps: int) -> list[dict[str, Any]]:
    """Take ``steps`` steps of each way to write; print and return what came of it."""
    print(f"{'writer':<12}{'steps':>10}{'seconds':>10}{'steps/s':>10}{'bad':>6}")
    rows = []
    for way in WAYS:
        began = time.monotonic()
        bad = faults(way, steps)
        seconds = time.monotonic() - began
        print(f"{way:<12}{steps:>10}{seconds:>10.1f}{steps / seconds:>10.0f}{len(bad):>6}", *bad[:3], sep="\n  ")
        rows.append({"writer": way, "steps": steps, "seconds": seconds, "bad": len(bad), "first": bad[:3]})
    return rows


def faults(way: str, steps: int) -> list[str]:
    """Return what is wrong with each observation that is, of ``steps`` in one episode where all goes well."""
    env = gymnasium.make("filebridge/Bridge-v0", config=configuration(way))
    found: list[str] = []
    try:
        env.reset()
        taken = 0
        for number in range(steps):
            taken += 1
            try:
                wrong = fault(env.step(number % 2)[0], taken)
            except filebridge.BridgeError as error:
                wrong = f"step {taken}: {error}"
                env.reset()
                taken = 0
            if wrong:
                found.append(wrong)
    finally:
        env.close()
    return found


def fault(observation: Observation, step: int) -> str:
    """Return what is wrong with the observation of ``step``, "" if it is the whole answer to it."""
    number, crc, *values = map(int, observation)
    if number != step:
        return f"step {step}: an answer to step {number}"
    words = " ".join(map(str, [number, *values]))
    return "" if zlib.crc32(words.encode()) == crc else f"step {step}: cut or mixed, {words}"


def configuration(way: str) -> dict[str, Any]:
    """Return the YAML of the writer, as a dict."""
    written, pause = WAYS[way]
    return {
        "filebridge": 1,
        "name": "Soak",
        "simulator": {"command": ["${python}", "-S", "-E", WRITER, way, str(pause)], "seed": "none"},
        "transport": {"console": {}, "files": {"read": "obs.txt", "written": written}},
        "framing": {"until": "END\n"} if written == "appended" else {"whole": True},
        "action": {"choices": 2},
        "start": [{"send": "0"}],
        "step": [{"send": "{step}", "fresh": "seq == step"}],
        "fields": {"seq": {"column": 1, "type": "int"}, "answer": {"columns": "1..26"}},
        "observation": ["answer"],
        "max_steps": 1_000_000_000,
    }
