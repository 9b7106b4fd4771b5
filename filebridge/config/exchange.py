"""Dialogues: what is sent, and how the end of the reply is known."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.deck import Content
from filebridge.config.part import Part, ShortForm, Word
from filebridge.config.units import RANGE_SCHEMA, Duration, Expression, expected, first_and_last, regex_source

__all__ = ["FRAMINGS", "Alternative", "Exchange", "Framing", "Repeat", "Reset"]

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


_PLACE = Annotated[int, Field(ge=1, le=500)]
Cursor = Annotated[list[_PLACE], Field(min_length=2, max_length=2)]


class Length(Part):
    """The length of a message, as a number in its head."""

    size: int = Field(ge=1, le=8, description="Bytes of the number.")
    order: Literal["big", "little"] = Field("big", description="Which of its bytes comes first.")
    offset: int = Field(0, ge=0, le=4096, description="Bytes before the number.")
    counts: Literal["rest", "message"] = Field(
        "rest", description="What it counts: the bytes behind it, or the whole `message`, itself included."
    )
    keep: bool = Field(
        False, description="`true`: what is before the text, the number included, is part of the message, in both directions."
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
        " end with this code, one of `[0, 3]` or of `0..3`; by itself it may stand beside another key.",
    )
    lines: int | None = Field(None, ge=1, le=1_000_000, description="So many lines.")
    blank: bool | None = Field(None, description="`true`: everything up to a blank line.")
    bytes: int | None = Field(None, ge=1, le=1 << 30, description="So many bytes.")
    quiet: Duration | None = Field(None, description="Everything until nothing has come for so long.")
    whole: bool | None = Field(
        None, description="`true`: all that the files, or the run, hold; the default of these."
    )
    cursor: Cursor | None = Field(
        None, description="Of a full screen: everything until the cursor stands at `[ROW, COLUMN]`, counted from 1."
    )
    length: Annotated[Length | None, BeforeValidator(_length), ShortForm(lambda _: _COUNT_SCHEMA)] = Field(
        None,
        description="A length stands in front, in so many bytes: `length: 4`. What is sent gets one too, instead of a"
        " line end.",
    )
    document: Literal["json", "xml"] | None = Field(
        None, description="One document, which ends where its own structure says: a JSON value, an XML element."
    )
    datagrams: int | None = Field(
        None, ge=1, le=100_000, description="So many datagrams, read together; by default one."
    )


FRAMINGS = (
    "until", "lines", "blank", "bytes", "quiet", "whole", "cursor", "length", "document", "datagrams",
)  # fmt: skip
"""The keys of a framing of which at most one is given; an `until` with nothing but exit codes goes with any other."""


class Repeat(Part):
    """Send again until an expression over the fields is true."""

    until: Expression = Field(description="An expression over the fields, true when the reply is the awaited one.")
    every: Duration = Field(0.01, description="Pause between two tries.")


def _lines(value: object) -> object:
    if isinstance(value, list):
        return [_lines(line) if not isinstance(line, list) else line for line in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _answers(value: object) -> object:
    if isinstance(value, dict):
        return {prompt: _lines(reply) for prompt, reply in value.items()}
    return value


Leaf = str | int | float | bool | None
Tree = dict[str, Any] | list[Any] | Leaf


class Pack(Part):
    """Numbers in binary."""

    layout: str = Field(
        min_length=1,
        max_length=4096,
        description="As of Python's `struct`: `<` little or `>` big endian, then one letter a number: `b B h H i I q Q`"
        " whole numbers of 1, 2, 4, 8 bytes, `f d` floats, `x` a byte of padding, `3f` three of them.",
    )
    values: list[str | int | float] = Field(
        default_factory=list, max_length=4096, description="Numbers and expressions, one for each letter."
    )


def _numbers(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


_Status = Annotated[int, Field(ge=100, le=599)]
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_STATUS_SCHEMA = {"anyOf": [_STATUS, {"type": "array", "items": _STATUS}]}
Statuses = Annotated[tuple[_Status, ...], BeforeValidator(_numbers), WithJsonSchema(_STATUS_SCHEMA)]


class Request(Part):
    """An HTTP request: exactly one of the methods, with the path behind the `url`."""

    get: str | None = Field(None, description="Path that is got; `{action}` and the like are filled in, and quoted.")
    post: str | None = Field(None, description="Path that is posted to.")
    put: str | None = Field(None, description="Path that is put to.")
    patch: str | None = Field(None, description="Path that is patched.")
    delete: str | None = Field(None, description="Path that is deleted.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Header field -> value, with `{action}` and the like."
    )
    json_body: Any = Field(
        None, alias="json", description="A JSON body: texts in it are expressions, `'go'` in quotes is a text."
    )
    form: dict[str, str | int | float] | None = Field(
        None, description="A form: name -> text with `{action}` and the like."
    )
    body: str | None = Field(None, description="A plain body with `{action}` and the like.")
    expect: Statuses = Field(
        (), description="Status codes of a good answer; by default 200 to 299."
    )
    again: Statuses = Field((), description="Status codes that mean: not ready, ask again within the deadline.")
    every: Duration = Field(0.05, description="Pause before it is asked again.")


class Exchange(Framing):
    """One thing sent and the reply awaited."""

    send: Annotated[str | list[str] | None, BeforeValidator(_lines)] = Field(
        None,
        description="What is sent, a line end is added. `{action}`, `{action:.2f}`, fields, variables, `{step}`,"
        " `{seed}` and expressions are filled in. A list: several lines at once, with a reply awaited for each. Left"
        " out: only wait.",
        json_schema_extra={
            "anyOf": [
                {"type": ["string", "number"]},
                {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
            ],
        },
    )
    press: Annotated[
        str | None, BeforeValidator(_lines), WithJsonSchema({"type": ["string", "number"]})
    ] = Field(
        None,
        description="Keys that are pressed, for a full screen: characters as themselves, named ones in angle brackets,"
        " `<esc>`, `<enter>`, `<up>`, `<ctrl-l>`; no line end is added. `{action}` is filled in as in `send`.",
    )
    send_json: dict[str, Any] | list[Any] | None = Field(
        None,
        description="A JSON document that is sent on one line: texts in it are expressions, `{move: action, name:"
        " \"'left'\"}`.",
    )
    pack: Pack | None = Field(None, description="Binary numbers that are sent.")
    request: Request | None = Field(None, description="An HTTP request that is made; its answer's body is the reply.")
    write: dict[str, Content] | None = Field(
        None,
        min_length=1,
        description="Files that are written before anything is sent, each complete at once: name -> a text as in"
        " `send`, or `template`, `text`, `edit`, `namelist`. Names are seen from the folder that the program starts in,"
        " and may hold `{step}`, `{episode}`, `{seed}` and `{seat}`.",
    )
    answer: Annotated[
        dict[str, str], BeforeValidator(_answers), WithJsonSchema(
            {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
        )
    ] = Field(
        default_factory=dict,
        description="Questions on the way: text or `/regular expression/` -> what is answered; then reading goes on.",
    )
    when: Expression | None = Field(None, description="An expression; the exchange takes place only if it is true.")
    repeat: Repeat | None = Field(None, description="Send again until an expression over the fields is true.")
    silent: Duration | None = Field(None, description="No reply within this time is a normal, empty reply.")
    fresh: Expression | None = Field(
        None,
        description="An expression over the fields, `seq == step`: a reply for which it is false is an old one, and the"
        " next is awaited.",
    )
    gather: Expression | None = Field(
        None,
        description="An expression over the fields, `event == 'decide'`: replies are gathered until it is true, and read"
        " together.",
    )
    resend: Duration | None = Field(
        None,
        gt=0,
        description="Send again what has no reply after this time; only where the program may get an action twice.",
    )
    at: Duration | None = Field(
        None,
        description="The exchange takes place so long after the beginning of the step; steps follow each other without"
        " drift.",
    )


class Reset(Part):
    """How a running simulator begins a further episode."""

    start_from: Word | None = Field(
        None,
        alias="from",
        description="The label which the last reply must have ended with; otherwise a new process is started. Without"
        " it the dialogue is held at the beginning of every episode, the first one included.",
    )
    exchanges: list[Exchange] = Field(min_length=1, description="What is said.")


def reset_form(value: object) -> object:
    """Turn the short forms of `reset`, a list of exchanges or one by itself, into the long one."""
    if is_single_exchange(value):
        return {"exchanges": [value]}
    beside = next((key for key in value if key in Exchange.model_fields), "") if isinstance(value, dict) else ""
    if beside and "exchanges" not in value:  # type: ignore[operator]  # it is a mapping
        raise expected(f"`{beside}` beside `from`", f"`exchanges: [{{{beside}: ...}}]` beside it")
    return {"exchanges": value} if isinstance(value, list) else value


def is_single_exchange(value: object) -> bool:
    """Return whether what stands as `reset` is one exchange by itself."""
    return isinstance(value, dict) and bool(value) and not {"from", "exchanges"} & value.keys()


def exchange_list(value: object) -> object:
    """Turn the short form of a dialogue, one exchange, into a list."""
    return [value] if isinstance(value, dict) else value


def labels(exchanges: list[Any]) -> list[str]:
    """Return the labels of all ends in ``exchanges``, in order, each once."""
    found = [end.label for exchange in exchanges for end in exchange.until or () if end.label]
    return list(dict.fromkeys(found))
