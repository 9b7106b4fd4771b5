"""The values that an episode begins with: drawn, constant, or given as options of a reset."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from filebridge.config.problems import nearest
from filebridge.errors import UsageError
from filebridge.program.slots import First
from filebridge.spaces.observations import CHARSET

__all__ = ["drawn_values", "first_values", "options_mapping", "seed_drawn", "seed_within"]

LONGEST = 4096
"""Characters of a text that is observed, at most."""

_SEEDS = 0, 2**31 - 1

KINDS = {int: "a whole number", float: "a number", str: "a printable text"}


def options_mapping(options: object) -> Mapping[str, Any]:
    """Return the ``options`` of a reset, empty for None; raises UsageError for what is no mapping."""
    if options is None:
        return {}
    if isinstance(options, Mapping):
        return options
    raise UsageError(
        "the options of a reset are no mapping",
        found=repr(options)[:100],
        cure='give values for variables, `reset(options={"name": value})`',
    )


def drawn_values(firsts: Sequence[First], generator: np.random.Generator) -> dict[str, object]:
    """Return the first value of each variable by name, drawn where it is to be drawn."""
    return {first.name: first.draw(generator) if first.draw else first.value for first in firsts}


def first_values(
    firsts: Sequence[First], observed: Collection[str], drawn: Mapping[str, object], options: Mapping[str, Any]
) -> dict[str, object]:
    """Return the first value of each variable by name, that of ``options`` before the one ``drawn``.

    ``observed`` are the names in the observation. Raises UsageError for an option that is no variable, or has a
    value that does not fit, before any process is started.
    """
    known = {first.name: first for first in firsts}
    for name in options:
        if name not in known:
            near = nearest(str(name), known)
            raise UsageError(
                f"reset has no option {str(name)!r}",
                found="the variables of the configuration: " + (", ".join(known) or "none"),
                cure=f"did you mean {near!r}?" if near else "declare it under `variables`",
            )
    # All were drawn in any case: an option must not shift what the generator gives to the others.
    return {
        name: _option(first, options[name], name in observed) if name in options else drawn[name]
        for name, first in known.items()
    }


def _option(first: First, value: Any, observed: bool) -> object:
    """Return an option as a value of its variable."""
    if first.kind is str and isinstance(value, str) and value.isprintable():
        if not observed or (len(value) <= LONGEST and CHARSET.issuperset(value)):
            return value
        raise _misfit(first, value, f"it is observed: give a text of at most {LONGEST} characters of Latin-1")
    number = _number(value)
    fits = number is not None and first.low <= number <= first.high
    if fits and (first.kind is float or (first.kind is int and float(value).is_integer())):
        return first.kind(value)
    bounds = "" if first.kind is str or first.high - first.low == np.inf else f" from {first.low:g} to {first.high:g}"
    raise _misfit(first, value, f"give {KINDS[first.kind]}{bounds}")


def _number(value: Any) -> float | None:
    """Return ``value`` as a finite float, None where it is none."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _misfit(first: First, value: object, cure: str) -> UsageError:
    try:
        found = repr(value)[:100]
    except ValueError:
        # Python does not print whole numbers of more than 4300 digits.
        found = "a number of very many digits"
    return UsageError(f"the option {first.name!r} has a value that does not fit", found=found, cure=cure)


def seed_drawn(declared: tuple[int, int] | None, generator: np.random.Generator) -> int:
    """Return a seed of the range that the configuration declares."""
    low, high = declared or _SEEDS
    return int(generator.integers(low, high, endpoint=True))


def seed_within(declared: tuple[int, int] | None, drawn: int, seed: int | None) -> int:
    """Return the simulator's seed: the one that was asked for, or the one that was drawn.

    One outside the range that the configuration declares is folded into it, without a word, since trainers
    give seeds of 32 bits to programs that take 16: seeds that differ by a multiple of the range's size are one.
    """
    low, high = declared or _SEEDS
    return drawn if seed is None else seed if low <= seed <= high else low + seed % (high - low + 1)
