"""What the start of a simulator depends on: what it needs to know of an episode before that begins."""

from __future__ import annotations

import os
import re
from typing import Any

from filebridge.config.model import Config
from filebridge.config.source import Source
from filebridge.program.adapters import Adapters

__all__ = ["names_at_start"]

_BY_TRAINER = ("seed", "episode")
_PARTS: Any = {
    "simulator": {"command", "environment", "directory", "files", "path"},
    "transport": True,
    "start": True,
    "reset": True,
    "restore": True,
    "adapter": True,
}


def names_at_start(config: Config, source: Source, adapter: Adapters | None) -> tuple[str, ...]:
    """Return those of "seed", "episode" and the variables that the start of a process may depend on.

    A name that only looks like one is in it too: a process that was started with another value is then not used.
    """
    known = (*_BY_TRAINER, *config.variables)
    if adapter is not None and adapter.phases & {"start", "reset"}:
        return known
    text = config.model_dump_json(include=_PARTS) + "".join(map(_content, _templates(config, source)))
    return tuple(name for name in known if re.search(rf"\b{re.escape(name)}\b", text))


def _templates(config: Config, source: Source) -> list[str]:
    folder = str(source.folder or "")
    named = [file.template for file in config.simulator.files.values() if file.template]
    for exchange in (*config.start, *(config.reset.exchanges if config.reset else ())):
        named += [
            written.template for written in (exchange.write or {}).values()
            if not isinstance(written, str) and written.template
        ]  # fmt: skip
    return [os.path.join(folder, name) for name in named]


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # reported where it is to be placed
