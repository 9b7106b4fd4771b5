"""JSON documents of the configuration, each text in them an expression."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from filebridge.config.problems import Problem
from filebridge.program.faults import Faults
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Kind, Names
from filebridge.wire.jsontree import compile_json

__all__ = ["compile_tree"]

Place = tuple[str | int, ...]


def compile_tree(
    tree: Any, names: Names, place: Place, faults: Faults, line_end: str = "", encoding: str = "utf-8"
) -> Template | None:
    """Return the JSON document ``tree`` at ``place`` compiled; None where problems were added to ``faults``."""
    odd = list(_odd_leaves(tree, place))
    faults.problems += odd
    if odd:
        return None
    return compile_json(
        tree,
        lambda text, path: faults.expression(text, names, (*place, *path), *Kind),
        line_end,
        encoding,
        str(place[-1]),
    )


def _odd_leaves(tree: Any, place: Place) -> Iterator[Problem]:
    """Yield the leaves that JSON does not have."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _odd_leaves(value, (*place, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from _odd_leaves(value, (*place, number))
    elif isinstance(tree, float) and not math.isfinite(tree):
        yield Problem(place, "JSON does not have this number", str(tree), "a finite number, or `null`")
