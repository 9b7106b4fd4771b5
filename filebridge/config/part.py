"""What every part of a configuration has in common: unknown keys are refused, values never change."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = ["Name", "Part", "Word"]


class Part(BaseModel):
    """A mapping of the YAML; strict about types, closed to unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=False, hide_input_in_errors=True)


Word = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,63}$")]
"""A name that can stand in an expression: lower case letters, digits, underscores."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
"""The name of a simulator, as in the Gymnasium id: letters and digits, the first a capital."""
