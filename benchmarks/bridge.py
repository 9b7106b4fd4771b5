"""The bridge under measurement: the configuration that a user would write for `answer.c`."""

from __future__ import annotations

from typing import Any

import gymnasium

import filebridge  # noqa: F401 - registers the ids

__all__ = ["bridge", "configuration"]


def configuration(program: str, terminal: bool) -> dict[str, Any]:
    """Return the YAML of the simulator, as a dict."""
    return {
        "filebridge": 1,
        "name": "Answer",
        "simulator": {"command": [program], "seed": "none"},
        "transport": {"console": {"terminal": terminal}},
        "action": {"box": {"low": -1, "high": 1}},
        "start": [{"send": "0"}],
        "step": [{"send": "{action:.3f}"}],
        "fields": {"state": {"columns": "1..6"}},
        "observation": ["state"],
        "reward": "-abs(state[0])",
        "max_steps": 1_000_000_000,
    }


def bridge(program: str, terminal: bool) -> gymnasium.Env[Any, Any]:
    """Return the environment as `gymnasium.make` hands it out, with whatever it puts around a step."""
    return gymnasium.make("filebridge/Bridge-v0", config=configuration(program, terminal))
