"""The deadlines of a configuration as they hold here: a slow machine may give all of them more time."""

from __future__ import annotations

import math
import os

from filebridge.config.model import Deadlines
from filebridge.config.units import LONGEST_TIME
from filebridge.errors import UsageError, escaped

__all__ = ["SCALE", "scaled"]

SCALE = "FILEBRIDGE_TIMEOUT_SCALE"
"""The environment variable with the positive number by which all deadlines are multiplied."""


def scaled(deadlines: Deadlines) -> Deadlines:
    """Return ``deadlines`` in seconds, each multiplied by the number in the environment where there is one.

    None gets longer than a week.

    Raises UsageError for a text that is no positive number.
    """
    text = os.environ.get(SCALE)
    if not text:
        return deadlines
    factor = _factor(text)
    return Deadlines.model_construct(**{name: min(seconds * factor, LONGEST_TIME) for name, seconds in deadlines})


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if 0 < factor < math.inf:
        return factor
    raise UsageError(
        f"the environment variable {SCALE} is no positive number",
        found=escaped(text, 100),
        cure=f"{SCALE}=3 gives three times as long for everything; or unset it",
    )
