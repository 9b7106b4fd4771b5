"""A path or the name of a bundled simulator -> a file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from filebridge.config.problems import nearest
from filebridge.errors import ConfigError, escaped

__all__ = ["bundled", "find"]


def folder() -> Path:
    """Return the folder of the bundled configurations."""
    # The package is mapped by setup.cfg to a folder of another name; a configuration refers to files beside it by path.


    return Path(next(iter(import_module("filebridge.configs").__path__)))


def bundled() -> dict[str, Path]:
    """Return the bundled configurations: name as in the Gymnasium id -> file."""
    return {path.stem: path for path in sorted(folder().glob("*.yaml"))}


def find(target: str | Path) -> Path:
    """Return the file for ``target``: a path that ends in .yaml or .yml, or the name of a bundled simulator.

    Raises ConfigError with the nearest known name.
    """
    path = Path(target)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if path.exists():
            return path
        raise ConfigError(f"{escaped(str(target))}: no such file", found=f"looked in {Path.cwd()}", cure="check the path")
    known = bundled()
    if str(target) in known:
        return known[str(target)]
    near = nearest(str(target), known)
    names = ", ".join(known)
    raise ConfigError(
        f"no simulator is called {escaped(str(target))}",
        found=f"bundled are {names}",
        cure=f"did you mean {near}?" if near else "name one of these, or the path of a YAML file",
    )
