"""How the end of a reply is known: a text, a count, a length in front, a silence, the document's own structure."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part, ShortForm, Word
from filebridge.config.units import RANGE_SCHEMA, Time, expected, first_and_last, regex_source

__all__ = ["FRAMINGS", "Alternative", "Framing", "Length"]

_MOST_CODES = 512


class Alternative(Part):
    """One way in which a reply may end: a text, a regular expression, or the end of the process."""

    label: Word | None = None
    text: str | None = None
    regex: str | None = None
    exit: tuple[int, ...] | None = None


def _alternative(value: object) -> object:
    if isinstance(value, dict) and len(value) == 1:
        ((label, inner),) = value.items()
        if not re.fullmatch("[a-z_][a-z0-9_]{0,63}", label) or iskeyword(label):
            raise expected(f"`{label[:70]}` is no label", "a name of lower case letters, digits and `_`")
        return {**_end(inner), "label": label}
    return _end(value)


def _end(value: object) -> dict[str, object]:
    """Return the keys of the alternative that ``value`` says: a text, a regular expression, exit codes."""
    if isinstance(value, str) and value:
        regex = regex_source(value)
        return {"text": value} if regex is None else {"regex": regex}
    if isinstance(value, dict) and set(value) == {"exit"}:
        codes = _codes(value["exit"])
        if codes and all(type(code) is int for code in codes):
            return {"exit": tuple(codes)}
    raise expected(
        "not an end of a reply", "a text, a `/regular expression/`, `{label: text}`, or `{label: {exit: 0}}`"
    )


def _codes(value: object) -> list[object]:
    if isinstance(value, str) and ".." in value:
        first, last = first_and_last(value)
        if last - first > _MOST_CODES:
            raise expected("a range of more codes than there are", "`0..1`, say")
        return list(range(first, last + 1))
    return value if isinstance(value, list) else [value]


def _until(value: object) -> object:
    if isinstance(value, list) and not value:
        raise expected("no end is given", "at least one text")
    if isinstance(value, dict) and len(value) > 1:
        return tuple({label: inner} for label, inner in value.items())
    return tuple(value) if isinstance(value, list) else (value,)


_CODES = {"anyOf": [{"type": "integer"}, RANGE_SCHEMA, {"type": "array", "items": {"type": "integer"}, "minItems": 1}]}
_EXIT = {"type": "object", "properties": {"exit": _CODES}, "required": ["exit"], "additionalProperties": False}
_ONE = {"type": "string", "minLength": 1}
_LABELLED = {
    "type": "object",
    "patternProperties": {"^[a-z_][a-z0-9_]{0,63}$": {"anyOf": [_ONE, _EXIT]}},
    "additionalProperties": False,
    "minProperties": 1,
}
_END_SCHEMA = {"anyOf": [_ONE, {**_LABELLED, "maxProperties": 1}]}
_UNTIL_SCHEMA = {"anyOf": [_ONE, _LABELLED, {"type": "array", "items": _END_SCHEMA, "minItems": 1}]}
End = Annotated[Alternative, BeforeValidator(_alternative)]

_Place = Annotated[int, Field(ge=1, le=500)]
Cursor = Annotated[list[_Place], Field(min_length=2, max_length=2)]


class Length(Part):
    """The length of a message, as a number in its head."""

    size: int = Field(ge=1, le=8, description="Bytes of the number.")
    order: Literal["big", "little"] = Field("big", description="Which of its bytes comes first.")
    offset: int = Field(0, ge=0, le=4096, description="Bytes before the number.")
    counts: Literal["rest", "message"] = Field(
        "rest", description="What it counts: the bytes behind it, or the whole `message`, itself included."
    )
    keep: bool = Field(
        False,
        description="`true`: what is before the text, the number included, is part of the message, in both directions.",
    )


def _length(value: object) -> object:
    return {"size": value} if isinstance(value, int) and not isinstance(value, bool) else value


_COUNT_SCHEMA: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 8}


class Framing(Part):
    """How the end of a reply is known; at most one of the keys. Without any: one line."""

    until: Annotated[tuple[End, ...] | None, BeforeValidator(_until), WithJsonSchema(_UNTIL_SCHEMA)] = Field(
        None,
        description="The text that ends a reply: a literal, a `/regular expression/`, or a list of them. A labelled"
        " one, `{landed: TOUCHDOWN}`, sets the flag `landed` when it was this one. `{over: {exit: 0}}`: the program's"
        " end with this code, one of `[0, 3]` or of `0..3`. By itself it may stand beside another key, and is added to"
        " the ends of the common `framing`; in `stop` it is all that is awaited.",
    )
    lines: int | None = Field(None, ge=1, le=1_000_000, description="So many lines.")
    blank: bool | None = Field(None, description="`true`: everything up to a blank line.")
    bytes: int | None = Field(None, ge=1, le=1 << 30, description="So many bytes.")
    quiet: Time | None = Field(None, description="Everything until nothing has come for so long.")
    whole: bool | None = Field(
        None,
        description="`true`: all that the files, the run, the datagram or the HTTP body hold; the default of these.",
    )
    cursor: Cursor | None = Field(
        None, description="Of a full screen: everything until the cursor stands at `[ROW, COLUMN]`, counted from 1."
    )
    length: Annotated[Length | None, BeforeValidator(_length), ShortForm(lambda _: _COUNT_SCHEMA)] = Field(
        None,
        description="A number in front says how long it is, in so many bytes: `length: 4`. What is sent gets one too,"
        " instead of a line end.",
    )
    document: Literal["json", "xml"] | None = Field(
        None, description="One document, which ends where its own structure says: a JSON value, an XML element."
    )
    datagrams: int | None = Field(
        None, ge=1, le=100_000, description="So many datagrams, joined and read together; by default one."
    )

    @property
    def ends_by_exit(self) -> bool:
        """Whether nothing but the end of the program is given as an end."""
        given = [name for name in FRAMINGS if getattr(self, name) is not None]
        return given == ["until"] and all(end.exit is not None for end in self.until or ())


FRAMINGS = (
    "until", "lines", "blank", "bytes", "quiet", "whole", "cursor", "length", "document", "datagrams",
)  # fmt: skip
"""The keys of a framing of which at most one is given; an `until` with nothing but exit codes goes with any other."""
