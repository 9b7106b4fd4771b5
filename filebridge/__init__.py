"""Put any legacy simulator behind the Gymnasium API with one YAML file: ``gym.make("filebridge/Lander-v0")``.

Yours is ``gym.make("filebridge/Bridge-v0", config="my_simulator.yaml")``.
"""

from __future__ import annotations

from filebridge import _version, registration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from filebridge.env import BridgeEnv, SeedWarning
    from filebridge.errors import (
        ActionError,
        BridgeError,
        CleanupError,
        ConfigError,
        ConfigSecurityError,
        DecodeError,
        Desync,
        EndpointInUse,
        ExecFailed,
        ExpressionError,
        LimitReached,
        MessageTooLarge,
        ParseError,
        PeerClosed,
        PeerRejected,
        ProtocolError,
        ReadyTimeout,
        Refused,
        ReplayMismatch,
        RestartBudgetExceeded,
        SendBlocked,
        SimulatorError,
        SimulatorExited,
        SimulatorTimeout,
        Situation,
        StartCrashed,
        StartError,
        TransportError,
        UsageError,
        ValueOutOfRange,
        WatchLost,
        escaped,
    )
    from filebridge.program import Program, load_program
    from filebridge.registration import register
    from filebridge.transports.watching.watch import WatchWarning
    from filebridge.vector import BridgeVectorEnv, Received
    from filebridge.wire.adapter import Adapter

__all__ = [
    "ActionError",
    "Adapter",
    "BridgeEnv",
    "BridgeError",
    "BridgeVectorEnv",
    "CleanupError",
    "ConfigError",
    "ConfigSecurityError",
    "DecodeError",
    "Desync",
    "EndpointInUse",
    "ExecFailed",
    "ExpressionError",
    "LimitReached",
    "MessageTooLarge",
    "ParseError",
    "PeerClosed",
    "PeerRejected",
    "Program",
    "ProtocolError",
    "ReadyTimeout",
    "Received",
    "Refused",
    "ReplayMismatch",
    "RestartBudgetExceeded",
    "SeedWarning",
    "SendBlocked",
    "SimulatorError",
    "SimulatorExited",
    "SimulatorTimeout",
    "Situation",
    "StartCrashed",
    "StartError",
    "TransportError",
    "UsageError",
    "ValueOutOfRange",
    "WatchLost",
    "WatchWarning",
    "__version__",
    "escaped",
    "load_program",
    "register",
]

__version__ = _version.VERSION

_HOMES = {
    "Adapter": "wire.adapter",
    "BridgeEnv": "env",
    "BridgeVectorEnv": "vector",
    "Received": "vector",
    "Program": "program",
    "SeedWarning": "env",
    "load_program": "program",
    "register": "registration",
    "WatchWarning": "transports.watching.watch",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: an embedded simulator imports this too, and must start fast."""
    if name not in __all__:
        raise AttributeError(f"module 'filebridge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"filebridge.{_HOMES.get(name, 'errors')}"), name)


registration.enrol()
