"""Put any legacy simulator behind the Gymnasium API with one YAML file.

    import gymnasium as gym, filebridge
    env = gym.make("filebridge/Lander-v0")
    env = gym.make("filebridge/Bridge-v0", config="my_simulator.yaml")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from filebridge import errors, registration
from filebridge._version import VERSION as __version__
from filebridge.errors import *  # noqa: F403

if TYPE_CHECKING:
    from filebridge.env import BridgeEnv, SeedWarning
    from filebridge.program import Program, load_program
    from filebridge.registration import register

_LAZY = {
    "BridgeEnv": "filebridge.env",
    "SeedWarning": "filebridge.env",
    "Program": "filebridge.program",
    "load_program": "filebridge.program",
    "register": "filebridge.registration",
}

__all__ = [*errors.__all__, "BridgeEnv", "Program", "SeedWarning", "__version__", "load_program", "register"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the embedded simulators must start fast, without numpy."""
    if name not in _LAZY:
        raise AttributeError(f"module 'filebridge' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


registration.enrol()
