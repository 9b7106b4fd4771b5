"""What is sent other than text: binary numbers, and requests of HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from filebridge.config.part import Part
from filebridge.config.units import Time

__all__ = ["BODIES", "METHODS", "Pack", "Request"]


class Pack(Part):
    """Numbers in binary."""

    layout: str = Field(
        min_length=1,
        max_length=4096,
        description="As in Python's `struct`: `<` little or `>` big endian, then a letter for each number: `b B h H i I"
        " q Q` whole ones of 1, 2, 4, 8 bytes, capitals without a sign, `f d` floats of 4 and 8; `3f` are three, `x` is"
        " a byte of padding.",
    )
    values: list[str | int | float] = Field(
        default_factory=list, max_length=4096, description="Numbers and expressions, one for each letter but `x`."
    )


def _numbers(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


_Status = Annotated[int, Field(ge=100, le=599)]
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_STATUS_SCHEMA = {"anyOf": [_STATUS, {"type": "array", "items": _STATUS}]}
Statuses = Annotated[tuple[_Status, ...], BeforeValidator(_numbers), WithJsonSchema(_STATUS_SCHEMA)]


METHODS = ("get", "post", "put", "patch", "delete")
"""The keys of a request of which exactly one is given."""

BODIES = ("json_body", "form", "body")
"""The keys of a request of which at most one is given."""


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
        None, description="A form as browsers send it: name -> number, or text with `{action}` and the like."
    )
    body: str | None = Field(None, description="A plain body with `{action}` and the like.")
    expect: Statuses = Field((), description="Status codes of a good answer; by default 200 to 299.")
    again: Statuses = Field((), description="Status codes that mean: not ready, ask again within the deadline.")
    every: Time = Field(0.05, description="Pause before it is asked again.")
