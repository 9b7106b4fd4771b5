"""Whether a simulator's program is there, found out without starting anything."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from filebridge.config import substitution
from filebridge.config.model import Config
from filebridge.errors import ExecFailed, StartError
from filebridge.program.lacking import install_cure
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
    path = word if _is_placed(word, config) else _found(word, config, folder)
    _refuse_missing_module(config)
    return path


def _refuse_missing_module(config: Config) -> None:
    """Raise ExecFailed where the command is this very Python, with a module to be installed that is not there."""
    simulator = config.simulator
    if simulator.command[:2] != ["${python}", "-m"] or not simulator.install or len(simulator.command) == 2:
        return
    package = str(simulator.command[2]).split(".")[0]
    # It may lie in the folder in which it is started, or where the environment says.
    beside = {name.split("/")[0] for name in simulator.files} & {package, f"{package}.py"}
    elsewhere = beside or simulator.directory != "${workdir}" or "PYTHONPATH" in {*simulator.environment, *os.environ}
    if not elsewhere and package.isidentifier() and find_spec(package) is None:
        raise ExecFailed(
            f"{package} is no module of this Python", found=sys.executable, cure=install_cure(simulator.install)
        )


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
