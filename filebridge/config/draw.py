"""How the first value of a variable is drawn: ``uniform(200, 400)`` and its kin."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from filebridge.config.problems import Problem, nearest

__all__ = ["USAGE", "check_draw", "compile_draw", "draw_kind"]

Place = tuple[str | int, ...]
# Within this the difference of two numbers is finite too.
_LARGEST = 1e307
Draw = Callable[[np.random.Generator], Any]

_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)
USAGE = {
    "uniform": "uniform(low, high)",
    "loguniform": "loguniform(low, high)",
    "normal": "normal(mean, deviation)",
    "integers": "integers(first, last)",
    "choice": "choice(a, b, ...)",
}


def _arguments(text: str) -> list[Any]:
    """Return the constants in ``text``; ValueError if there is anything else."""
    try:
        values = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError("the arguments are not numbers") from error
    if not all(isinstance(value, int | float | str) and not isinstance(value, bool) for value in values):
        raise ValueError("the arguments are not numbers")
    return list(values)


def _parsed(text: str) -> tuple[str, list[Any]]:
    match = _CALL.fullmatch(text[:2000])
    if match is None or match[1] not in USAGE:
        raise ValueError("not a way to draw a value")
    name, arguments = match[1], _arguments(match[2])
    numbers = all(isinstance(value, int | float) for value in arguments)
    if numbers and not all(abs(value) < _LARGEST for value in arguments):
        raise ValueError("a number that is not finite, or too large")
    if name == "choice":
        if not arguments or len({isinstance(value, str) for value in arguments}) > 1:
            raise ValueError("a choice is between numbers or between texts")
    elif len(arguments) != 2 or not numbers:
        raise ValueError("two numbers are due")
    elif name == "normal" and arguments[1] < 0:
        raise ValueError("a negative deviation")
    elif name != "normal" and not arguments[0] <= arguments[1]:
        raise ValueError("the first number is above the second")
    elif name == "integers" and not all(isinstance(value, int) and abs(value) < 2**62 for value in arguments):
        raise ValueError("whole numbers are due")
    elif name == "loguniform" and arguments[0] <= 0:
        raise ValueError("a logarithm needs positive numbers")
    return name, arguments


def check_draw(text: str, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with ``text`` as a way to draw."""
    try:
        _parsed(text)
    except ValueError as error:
        word = text.partition("(")[0].strip()
        expected = USAGE.get(word) or "one of " + ", ".join(USAGE.values())
        near = "" if word in USAGE else nearest(word, USAGE)
        yield Problem(place, str(error), text[:100] or "an empty text", expected, near)


def compile_draw(text: str) -> Draw:
    """Return the function that draws a value from a generator, as a Python number or text."""
    name, values = _parsed(text)
    if name == "choice":
        return lambda generator: values[int(generator.integers(len(values)))]
    low, high = values
    if name == "uniform":
        return lambda generator: float(generator.uniform(low, high))
    if name == "normal":
        return lambda generator: float(generator.normal(low, high))
    if name == "integers":
        return lambda generator: int(generator.integers(low, high, endpoint=True))
    return lambda generator: float(np.exp(generator.uniform(np.log(low), np.log(high))))


def draw_kind(text: str) -> type:
    """Return the type of what is drawn: int, float or str."""
    name, values = _parsed(text)
    if name == "integers":
        return int
    if name == "choice":
        return str if isinstance(values[0], str) else int if all(isinstance(value, int) for value in values) else float
    return float
