"""The bridge under measurement: for each simulator the configuration that a user would write."""

from __future__ import annotations

from typing import Any

import gymnasium

import filebridge  # noqa: F401 - registers the ids

__all__ = ["bridge", "deck_bridge", "fifo_bridge", "file_bridge", "many_bridge", "nec_bridge", "screen_bridge"]

Env = gymnasium.Env[Any, Any]
DECK = "TITLE answer\nVALUE {action:.3f}\nEND"
DIPOLE = (
    "CM dipole\nCE\nGW 1 21 0 0 {-action:.3f} 0 0 {action:.3f} 0.001\nGE 0\n"
    "EX 0 1 11 0 1 0\nFR 0 1 0 0 150 0\nXQ\nEN"
)
PARTS: dict[str, Any] = {
    "filebridge": 1,
    "name": "Answer",
    "action": {"box": {"low": -1, "high": 1}},
    "fields": {"state": {"columns": "1..6"}},
    "observation": ["state"],
    "reward": "-abs(state[0])",
    "max_steps": 1_000_000_000,
}


def bridge(program: str, terminal: bool) -> Env:
    """`answer.c` on its console."""
    return made(
        [program],
        transport={"console": {"terminal": terminal}},
        start=[{"send": "0"}],
        step=[{"send": "{action:.3f}"}],
    )


def fifo_bridge(program: str) -> Env:
    """`answer.c` between two FIFOs."""
    return made(
        ["/bin/sh", "-c", 'exec "$$0" <to >from', program],
        transport={"fifo": {"write": "to", "read": "from"}},
        start=[{"send": "0"}],
        step=[{"send": "{action:.3f}"}],
    )


def file_bridge(program: str) -> Env:
    """`file.c`, which answers in a file."""
    return made(
        [program],
        transport={"files": {"read": "obs.txt", "written": "renamed"}},
        start=[{"write": {"act.txt": "0 0"}}],
        step=[{"write": {"act.txt": "{step} {action:.3f}"}}],
    )


def deck_bridge(program: str) -> Env:
    """`deck.c`, a process for each step."""
    return made(
        [program],
        transport={"files": {"read": "listing.txt"}},
        reset=[{"write": {"deck.txt": DECK.replace("{action:.3f}", "0")}}],
        step=[{"write": {"deck.txt": DECK}}],
        each="step",
    )


def nec_bridge(program: str) -> Env:
    """nec2c, a process for each step; the state is the impedance of a dipole whose half length is the action."""
    return made(
        [program, "-i", "dipole.nec", "-o", "dipole.out"],
        transport={"files": {"read": "dipole.out"}},
        reset=[{"write": {"dipole.nec": DIPOLE.replace("{-action:.3f}", "-0.5").replace("{action:.3f}", "0.5")}}],
        step=[{"write": {"dipole.nec": DIPOLE}}],
        each="step",
        action={"box": {"low": 0.3, "high": 0.7}},
        fields={"state": {"columns": [7, 8], "line": 3, "within": {"after": "ANTENNA INPUT PARAMETERS"}}},
    )


def screen_bridge(program: str) -> Env:
    """`screen.c`, a full screen that is settled once the cursor is back at its place."""
    return made(
        [program],
        transport={"console": {"terminal": True, "screen": "80x24"}},
        framing={"cursor": [23, 1]},
        start=[{}],
        step=[{"press": "{action}"}],
        action={"choices": ["h", "j", "k", "l"]},
        fields={"state": {"columns": "1..6", "line": 24}},
    )


def many_bridge(command: list[str], seats: int, **options: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """`answer.c` on the console of each seat; ``options`` are those of `gymnasium.make_vec`."""
    parts: dict[str, Any] = {"transport": {"console": {}}, "start": [{"send": "0"}], "step": [{"send": "{action:.3f}"}]}
    return gymnasium.make_vec("filebridge/Bridge-v0", seats, config=configuration(command, **parts), **options)


def made(command: list[str], each: str = "episode", **parts: Any) -> Env:
    """Return the environment as `gymnasium.make` hands it out, with whatever it puts around a step."""
    return gymnasium.make("filebridge/Bridge-v0", config=configuration(command, each, **parts))


def configuration(command: list[str], each: str = "episode", **parts: Any) -> dict[str, Any]:
    """Return a configuration of a simulator that is started by ``command``."""
    return {**PARTS, "simulator": {"command": command, "seed": "none", "each": each}, **parts}
