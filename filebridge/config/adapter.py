"""An adapter: Python for a program that a YAML cannot describe."""

from __future__ import annotations

from pydantic import Field

from filebridge.config.part import Part

__all__ = ["AdapterModel", "adapter_form"]


class AdapterModel(Part):
    """Which adapter, and what it is told."""

    name: str = Field(
        min_length=1,
        alias="class",
        description="`module:Class`, or the name under which an installed package offers it.",
    )
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="What it is made with, by name."
    )


def adapter_form(value: object) -> object:
    """Turn the short form, the name by itself, into the long one."""
    return {"class": value} if isinstance(value, str) else value
