"""Who takes part: each makes an environment for the path of the simulator, started by its `reset`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium

from benchmarks.bridge import bridge
from benchmarks.expected import ExpectEnv
from benchmarks.written import BarePipeEnv, BarePtyEnv, PipeEnv, PtyEnv

__all__ = ["CONTESTANTS", "Maker"]

Maker = Callable[[str], gymnasium.Env[Any, Any]]

CONTESTANTS: dict[str, tuple[Maker, str]] = {
    "bridge-pipe": (partial(bridge, terminal=False), "the bridge on pipes"),
    "bridge-pty": (partial(bridge, terminal=True), "the bridge on a terminal"),
    "pexpect": (partial(ExpectEnv, before=True, after=True), "pexpect with its defaults"),
    "pexpect-send": (partial(ExpectEnv, before=False, after=True), "pexpect without its delay before a send"),
    "pexpect-tuned": (partial(ExpectEnv, before=False, after=False), "pexpect without any delay"),
    "written-pipe": (PipeEnv, "written by hand on pipes"),
    "written-pty": (PtyEnv, "written by hand on a terminal"),
    "bare-pipe": (BarePipeEnv, "nothing parsed, pipes: the kernel's cost"),
    "bare-pty": (BarePtyEnv, "nothing parsed, terminal: the kernel's cost"),
}
"""Name -> how it is made, and what it is."""
