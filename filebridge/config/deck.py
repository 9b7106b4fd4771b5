"""Input decks: what is written into a file before something is sent, and the places of a deck that are replaced."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part, ShortForm
from filebridge.config.places import Which
from filebridge.config.units import NumberRange, expected

__all__ = ["DECK_WAYS", "EDIT_WAYS", "Content", "Deck", "Edit"]

DECK_WAYS = ("template", "text", "edit", "namelist")
"""The keys of a deck of which exactly one is given."""

EDIT_WAYS = ("key", "card", "after")
"""The keys of an edit of which exactly one is given."""


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Template = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number"]})]


class Edit(Part):
    """One place of a deck, and what is put there; exactly one of `key`, `card` and `after`."""

    key: str | None = Field(
        None,
        min_length=1,
        description="The name in `name = value` or `name: value`. The value is replaced, with its quotes if it has any;"
        " a comment, a comma, and what else is in the line stay.",
    )
    group: str | None = Field(
        None, min_length=1, description="The section or the namelist group in which `key` stands: `control`."
    )
    card: str | None = Field(None, min_length=1, description="The first word of a line: `GW`.")
    after: str | None = Field(None, min_length=1, description="Text of a heading; `line` counts from it.")
    line: int = Field(1, ge=1, le=100_000, description="With `after`: which line below the heading.")
    which: Which | None = Field(
        None, description="Which of several, needed where there is more than one: `first`, `last`, or its number."
    )
    column: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="The word of the line that is replaced, counted from 1; the card is the first.",
    )
    chars: NumberRange | None = Field(
        None, description="The characters of the line that are replaced, `11..20`; the new text is put to the right."
    )
    to: Template = Field(description="What is put there, a template as in `send`: `{action:.3f}`.")


def _edits(value: object) -> object:
    if isinstance(value, dict):
        return [{"key": key, "to": to} for key, to in value.items()]
    return value


_KEYED = {"type": "object", "additionalProperties": {"type": ["string", "number"]}, "minProperties": 1}


class Deck(Part):
    """The content of a file that is written; exactly one of `template`, `text`, `edit` and `namelist`."""

    template: str | None = Field(
        None,
        description="Path of a jinja2 template, relative to this YAML. It sees the action, fields, variables, `seed`,"
        " `step`, `episode`, `seat`, and `actions`, the list of this episode's actions so far.",
    )
    text: str | None = Field(None, description="Such a template itself.")
    edit: str | None = Field(
        None, description="Path of an existing deck, relative to this YAML, in which places are replaced: `set`."
    )
    set: Annotated[
        Annotated[list[Edit], Field(min_length=1)] | None,
        BeforeValidator(_edits),
        ShortForm(lambda several: _KEYED),
    ] = Field(None, description="The places: a list, or `{name: template}` for `name = value` lines.")
    namelist: dict[str, dict[str, Template | Annotated[list[Template], Field(min_length=1)]]] | None = Field(
        None,
        min_length=1,
        description="Groups of a Fortran namelist: `{plant: {gain: action.gain}}`, each value an expression, or a list"
        " of them for an array.",
    )
    patch: str | None = Field(
        None, description="Path of an existing namelist that `namelist` changes, relative to this YAML."
    )


def _content(value: object) -> object:
    if isinstance(value, list) or value is None:
        wanted = "a text, `{template: PATH}`, `{text: ...}` or `{edit: PATH, set: ...}`"
        raise expected("not the content of a file", wanted)
    return _as_text(value)


Content = Annotated[str | Deck, BeforeValidator(_content), ShortForm(lambda text: {"type": "number"})]
"""What a file holds: a template in the language of `send`, or a deck."""
