"""Whether a simulator's program is there, found out without starting anything."""

from __future__ import annotations

import os
from pathlib import Path

from filebridge.config import substitution
from filebridge.config.model import Config
from filebridge.errors import StartError
from filebridge.transports.base import Launch
from filebridge.transports.process import exec_path

__all__ = ["executable", "missing"]


def executable(config: Config, folder: Path | None) -> str:
    """Return the path of the program that ``config`` starts; what its run folder will hold is returned as it is.

    ``folder`` is that of the YAML, None for the present one. Raises ExecFailed, with the line that installs it,
    where there is no such program, or one of those that it requires is missing.
    """
    for required in config.simulator.requires:
        _found(required, config, folder)
    if not config.simulator.command:
        return ""  # it is started by somebody else
    word = config.simulator.command[0]
    return word if _is_placed(word, config) else _found(word, config, folder)


def _found(word: str, config: Config, folder: Path | None) -> str:
    simulator = config.simulator
    numbers = {"seed": 0, "seat": 0, "episode": 0}
    values = {**numbers, **substitution.places(folder), "workdir": "/"}
    placed_in_folder = substitution.uses([simulator.directory], "workdir")
    launch = Launch(
        argv=(substitution.fill(word, values),),
        directory="/" if placed_in_folder else substitution.fill(simulator.directory, values),
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        search=tuple(substitution.fill(place, values) for place in simulator.path),
        install=simulator.install,
    )
    return exec_path(launch)


def _is_placed(word: str, config: Config) -> bool:
    """Return whether ``word`` lies in the run folder, which does not exist before the start."""
    if substitution.uses([word], "workdir"):
        return True
    relative = os.sep in word and not os.path.isabs(word) and not word.startswith("$")
    return relative and substitution.uses([config.simulator.directory], "workdir")


def missing(config: Config, folder: Path | None) -> StartError | None:
    """Return why the program of ``config`` cannot be started, None if it is there."""
    try:
        executable(config, folder)
    except StartError as error:
        return error
    return None
