"""Gymnasium ids: one for any configuration, one for each bundled simulator, more through ``register``."""

from __future__ import annotations

import sys

# Nothing else is imported before it is needed: each start of an embedded simulator pays for it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType
    from typing import Any

__all__ = ["enrol", "register", "register_bundled"]

ENTRY_POINT = "filebridge.env:BridgeEnv"
VECTOR_ENTRY_POINT = "filebridge.vector:BridgeVectorEnv"
REGISTRY = "gymnasium.envs.registration"


def enrol() -> None:
    """Register the ids with Gymnasium, now if it is imported, else when it is.

    Importing it here would cost every embedded simulator and every ``filebridge --help`` its import time.
    """
    if REGISTRY in sys.modules:
        register_bundled()
    else:
        sys.meta_path.insert(0, _Arrival())


def register_bundled() -> None:
    """Register ``filebridge/Bridge-v0`` and an id for each bundled simulator."""
    from filebridge.config.find import bundled

    _register("filebridge/Bridge-v0", {})
    # The names are those of the files, so that no YAML is read before a simulator is asked for.
    for name, path in bundled().items():
        _register(f"filebridge/{name}-v0", {"config": str(path)})


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
    from gymnasium.envs import registration

    # The order of calls and the step limit are kept by the environment itself, without a wrapper's cost per step.
    registration.registry.pop(name, None)
    registration.register(
        name,
        entry_point=ENTRY_POINT,
        vector_entry_point=VECTOR_ENTRY_POINT,
        kwargs=arguments,
        order_enforce=False,
        disable_env_checker=True,
        nondeterministic=True,
    )


class _Arrival:
    """Waits for Gymnasium's registry to be imported, steps aside, and registers the ids once it is there."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != REGISTRY:
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec.loader)  # type: ignore[assignment]  # a loader by its methods
        return spec


class _Registering:
    """Executes the registry's module as its own loader would, then registers the ids."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        register_bundled()
