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

    Raises ConfigError with the nearest known name, and for a target that is neither a text nor a path.
    """
    if not isinstance(target, str | Path):
        raise ConfigError(
            "this is no configuration",
            found=f"{escaped(repr(target), 100)}, of type {type(target).__name__}",
            cure="give a path of a YAML file, the name of a bundled simulator, or a mapping",
        )
    if "\n" in str(target):
        what = "the text of a configuration stands where a path is due"
        found = escaped(str(target)[:60])
        raise ConfigError(what, found=found, cure="write it to a file and give its path, or give a mapping")
    path = Path(target)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if _exists(path):
            return path
        looked = f"looked in {escaped(str(Path.cwd()))}" if not path.is_absolute() else ""
        near = _beside(path)
        cure = f"did you mean {near}?" if near else "check the path"
        raise ConfigError(f"{escaped(str(target))}: no such file", found=looked, cure=cure)
    if not path.name:
        raise ConfigError("no configuration is named", cure="name a bundled simulator, or the path of a YAML file")
    known = bundled()
    if str(target) in known:
        return known[str(target)]
    near = nearest(str(target), known)
    names = ", ".join(known)
    raise ConfigError(
        f"no simulator is called {escaped(str(target), 100)}",
        found=f"bundled are {names}",
        cure=f"did you mean {near}?" if near else "name one of these, or the path of a YAML file",
    )


def _beside(path: Path) -> str:
    """Return the YAML file in the folder of ``path`` that has nearly its name, or ""."""
    try:
        names = sorted(other.name for other in path.parent.iterdir() if other.suffix in (".yaml", ".yml"))
    except (OSError, ValueError):
        return ""  # there is no such folder
    near = nearest(path.name, names)
    return escaped(str(path.parent / near)) if near else ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # a name that no file system takes
