"""A state that the simulator saves and loads again, so that a further episode needs no new process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from filebridge.config.exchange import Dialogue
from filebridge.config.part import Part
from filebridge.config.problems import Problem

if TYPE_CHECKING:
    from filebridge.config.model import Config

__all__ = ["Restore", "check_restore"]


class Restore(Part):
    """How a running process is taken back to where it stood after its start."""

    save: Dialogue = Field(min_length=1, description="What is said once, after the start: it saves its state.")
    load: Dialogue = Field(
        min_length=1,
        description="What is said at the beginning of each further episode: it loads that state. The first observation"
        " is the one that was read after the start.",
    )


def check_restore(config: Config) -> Iterator[Problem]:
    """Yield what contradicts `restore`."""
    if config.restore is None:
        return
    if config.reset is not None:
        yield Problem(("restore",), "both say how a further episode begins", "`restore` and `reset`", "one of them",
                      on="key")  # fmt: skip
    if config.simulator.each == "step" or not config.simulator.command:
        why = "each step has a process of its own" if config.simulator.command else "the program runs already"
        yield Problem(("restore",), "there is no process for an episode", f"`restore`; {why}", "leave it out", on="key")
