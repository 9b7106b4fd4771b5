"""Dialogues: what is sent, and how the end of the reply is known."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.deck import Content
from filebridge.config.framing import FRAMINGS, Alternative, Framing, Length
from filebridge.config.part import Part, ShortForm, Word
from filebridge.config.request import Pack, Request
from filebridge.config.units import Duration, Expression, Time, expected

__all__ = [
    "FRAMINGS", "SENDS", "Alternative", "Dialogue", "Exchange", "Framing", "Length", "Pack", "Repeat", "Request",
    "Reset",
]  # fmt: skip


class Repeat(Part):
    """Send again until an expression over the fields is true."""

    until: Expression = Field(description="An expression over the fields, true when the reply is the awaited one.")
    every: Time = Field(0.01, description="Pause between two tries.")


def _lines(value: object) -> object:
    if isinstance(value, list):
        return [_lines(line) if not isinstance(line, list) else line for line in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _answers(value: object) -> object:
    if isinstance(value, dict):
        return {prompt: _lines(reply) for prompt, reply in value.items()}
    return value


SENDS = ("send", "press", "send_json", "pack", "request")
"""The keys of an exchange that send something, of which at most one is given; `write` may stand beside."""


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
    pack: Pack | None = Field(None, description="Binary numbers that are sent, without a line end.")
    request: Request | None = Field(
        None, description="An HTTP request that is made, with `http: {url: ...}`; the body of its answer is the reply."
    )
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
    silent: Time | None = Field(
        None,
        description="No reply within this time is a normal, empty reply; of a full screen, the screen as it stands.",
    )
    fresh: Expression | None = Field(
        None,
        description="An expression over the fields, `seq == step`: a reply for which it is false is an old one, and the"
        " next is awaited.",
    )
    gather: Expression | None = Field(
        None,
        description="An expression over the fields, `event == 'decide'`: replies are gathered until it is true, and"
        " read together.",
    )
    resend: Time | None = Field(
        None,
        description="Over UDP: what has no reply after this time is sent again; only where the program may get an"
        " action twice.",
    )
    at: Duration | None = Field(
        None,
        description="In `step`: the exchange takes place so long after the step's beginning; the steps follow each"
        " other without drift.",
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


Dialogue = Annotated[list[Exchange], BeforeValidator(exchange_list), ShortForm(lambda several: several["items"])]
"""Exchanges in their order; one by itself needs no list."""


def labels(exchanges: list[Any]) -> list[str]:
    """Return the labels of all ends in ``exchanges``, in order, each once."""
    found = [end.label for exchange in exchanges for end in exchange.until or () if end.label]
    return list(dict.fromkeys(found))
