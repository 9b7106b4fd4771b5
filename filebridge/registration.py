"""Gymnasium ids: one for any configuration, one for each bundled simulator, more through ``register``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gymnasium.envs import registration as gymnasium_registration

__all__ = ["register", "register_bundled"]

ENTRY_POINT = "filebridge.env:BridgeEnv"


def register_bundled() -> None:
    """Register ``filebridge/Bridge-v0`` and the bundled simulators; Gymnasium calls this when it is imported."""
    _register("filebridge/Bridge-v0", {})
    # The names are those of the files, so that no YAML is read before a simulator is asked for.
    for path in sorted((Path(__file__).parent.parent / "configs").glob("*.yaml")) or sorted((Path(__file__).parent / "configs").glob("*.yaml")):
        _register(f"filebridge/{path.stem}-v0", {"config": str(path)})


def register(config: str | Path, id: str | None = None) -> str:  # noqa: A002
    """Register a YAML file with Gymnasium and return its id, by default ``filebridge/NAME-v0``.

    Raises:
        ConfigError: the configuration is wrong.
    """
    from filebridge.config.find import find
    from filebridge.program import load_program

    path = find(config).absolute()
    name = id or f"filebridge/{load_program(path).config.name}-v0"
    _register(name, {"config": str(path)})
    return name


def _register(name: str, arguments: dict[str, Any]) -> None:
    # The order of calls and the step limit are kept by the environment itself, without a wrapper's cost per step.
    if name in gymnasium_registration.registry:
        del gymnasium_registration.registry[name]
    gymnasium_registration.register(
        name, entry_point=ENTRY_POINT, kwargs=arguments, order_enforce=False, disable_env_checker=True, nondeterministic=True
    )
