"""Actions: what the agent may choose, one Gymnasium space each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part, Word
from filebridge.config.units import RANGE_SCHEMA, NumberRange, expected, first_and_last

__all__ = ["KINDS", "Action", "Box", "Choices", "TextAction"]

KINDS = ("box", "choices", "multi", "bits", "text", "parts")
"""The keys of an action of which exactly one is given."""


class Box(Part):
    """Real numbers between bounds."""

    low: float | list[float] = Field(description="Least value: one number for all parts, or a list.")
    high: float | list[float] = Field(description="Greatest value: one number for all parts, or a list.")
    size: int | None = Field(
        None, ge=1, le=1_000_000, description="How many numbers, where low and high are single numbers."
    )
    names: list[Word] | None = Field(
        None, description="Names of the parts: `{action.throttle}`. Otherwise `{action[0]}`."
    )
    dtype: Literal["float32", "float64"] = Field("float32", description="Type of the numbers in the space.")


def _choices(value: object) -> object:
    if type(value) is int:
        if not 1 <= value <= 1 << 31:
            raise expected("not a number of choices", "a positive number")
        return (0, value - 1)
    if isinstance(value, str) and ".." in value:
        return first_and_last(value)
    if isinstance(value, list | tuple) or value is None:
        return value
    raise expected("neither a list of labels, a range nor a count", "`[left, right]`, `1..20` or `4`")


Choices = Annotated[
    list[str | int] | NumberRange,
    BeforeValidator(_choices),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                RANGE_SCHEMA,
                {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
            ]
        }
    ),
]
"""A list of labels, a range ``1..20``, or a count ``4`` (0 to 3)."""


class TextAction(Part):
    """A text of printable characters."""

    max_length: int = Field(80, ge=1, le=100_000, description="Longest text, in characters.")
    min_length: int = Field(1, ge=0, description="Shortest text, in characters.")
    charset: str | None = Field(None, min_length=1, description="Characters allowed; by default printable ASCII.")


def _bits(value: object) -> object:
    if isinstance(value, list) or value is None:
        return value
    if type(value) is not int or not 1 <= value <= 100_000:
        raise expected("neither a number of switches nor a list of names", "`8` or `[pump, valve]`")
    return [f"b{number}" for number in range(value)]


_BITS_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
    ]
}


class Action(Part):
    """What the agent chooses; exactly one of the keys."""

    box: Box | None = Field(None, description="Real numbers between bounds: a Box.")
    choices: Choices | None = Field(
        None,
        description="One of several: a Discrete. A list of labels (`{action}` is the label), a range `1..20`, or a"
        " count.",
    )
    multi: dict[Word, Choices] | None = Field(
        None,
        min_length=1,
        description="Several choices at once: a MultiDiscrete; `{action.NAME}` is each one's label or number.",
    )
    bits: Annotated[list[Word] | None, BeforeValidator(_bits), WithJsonSchema(_BITS_SCHEMA)] = Field(
        None, min_length=1, description="Switches: a MultiBinary; a count or names. `{action.NAME}` is 0 or 1."
    )
    text: TextAction | None = Field(None, description="A text.")
    parts: dict[Word, Action] | None = Field(
        None, min_length=1, description="Named actions of different kinds: a Dict; `{action.NAME}`."
    )
    mask: Word | None = Field(
        None,
        description="Beside `choices`: the field that says which of them may be taken now. Either a text in which they"
        " stand as words, or a number for each, 0 for no. `info[\"action_mask\"]` tells the agent.",
    )
    label: str | None = Field(None, description="One line for people about what the action means.")


def kind(action: Action) -> str:
    """Return the key which says what sort of action it is; rules make sure that there is exactly one."""
    return next(name for name in KINDS if getattr(action, name) is not None)
