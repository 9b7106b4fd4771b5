"""What the episodes of one seat begin with: seeds and variables, drawn, given, or drawn ahead for a warm start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from filebridge.program import Program
from filebridge.program.options import drawn_values, first_values, options_mapping, seed_drawn, seed_within

__all__ = ["Draws", "Values"]

Values = dict[str, object]
"""The seed and the variables of an episode, by name."""


class Draws:
    """The seeds and variables of ``program``, as the generator of an environment gives them.

    Those of the next episode may be asked for beforehand; the order of all draws stays the same.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._ahead: tuple[int, Values] | None = None

    def values(self, generator: np.random.Generator, seed: int | None, options: Mapping[str, Any] | None) -> Values:
        """Return what an episode begins with; ``seed`` and ``options`` are those of its reset.

        Raises UsageError for options that are no variables, or do not fit.
        """
        given, program = options_mapping(options), self._program
        ahead, self._ahead = self._ahead, None
        # With a seed the generator is a new one, and what the old one gave is void.
        number, variables = self._drawn(generator) if ahead is None or seed is not None else ahead
        number = seed_within(program.config.simulator.seed, number, seed)
        return {"seed": number, **first_values(program.firsts, program.observer.names, variables, given)}

    def next(self, generator: np.random.Generator) -> Values:
        """Return what the next episode will begin with, if its reset says nothing else."""
        if self._ahead is None:
            self._ahead = self._drawn(generator)
        return {"seed": self._ahead[0], **self._ahead[1]}

    def key(self, values: Values, episode: int) -> tuple[object, ...]:
        """Return those of ``values`` on which the start of a simulator depends, the number of the ``episode`` too."""
        return tuple(episode if name == "episode" else values[name] for name in self._program.start_names)

    def _drawn(self, generator: np.random.Generator) -> tuple[int, Values]:
        number = seed_drawn(self._program.config.simulator.seed, generator)
        return number, drawn_values(self._program.firsts, generator)
