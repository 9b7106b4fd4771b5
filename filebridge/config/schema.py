"""The JSON Schema of a configuration, for editors that complete and check YAML while it is written.

It is made from the models, so it says what they say; the order of keys is theirs. Rules across keys are
in it where the schema has words for them: that exactly one of several keys is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from filebridge.config.action import KINDS
from filebridge.config.deck import DECK_WAYS, EDIT_WAYS
from filebridge.config.exchange import FRAMINGS, SENDS
from filebridge.config.field import WAYS
from filebridge.config.model import Config
from filebridge.config.request import METHODS

__all__ = ["json_schema", "json_schema_text"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ALTERNATIVES = {
    "Action": KINDS,
    "FieldModel": tuple("json" if name == "json_pointer" else name for name in WAYS),
    "File": ("copy", "link", "template", "text"),
    "Table": ("column", "columns"),
    "Deck": DECK_WAYS,
    "Edit": EDIT_WAYS,
    "Variable": ("start", "draw"),
    "Tcp": ("connect", "listen"),
    "Unix": ("connect", "listen"),
    "Http": ("url", "serve"),
    "Request": METHODS,
}
"""Parts of which exactly one of these keys is given."""

_RIVALS: dict[str, list[tuple[str, ...]]] = {
    "Framing": [FRAMINGS[1:]],
    "Exchange": [FRAMINGS[1:], SENDS],
    "Request": [("json", "form", "body")],
    "Files": [("flag", "lock")],
    "Grid": [("after", "before", "first_row")],
}
"""Parts of which at most one of these keys is given."""

_AT_LEAST = {"Within": ("after", "before"), "Udp": ("connect", "listen")}
"""Parts of which at least one of these keys is given."""

_PARTNERS = {"Deck": {"edit": ["set"], "set": ["edit"], "patch": ["namelist"]}}
"""Parts of which keys are given with others."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration, short forms included.

    Every key has the description and the default of its model.
    """
    schema = _tidied(Config.model_json_schema(by_alias=True))
    parts = {name: _with_alternatives(name, part) for name, part in schema.pop("$defs").items()}
    return {"$schema": _DIALECT, "title": "filebridge configuration", **schema, "$defs": parts}


def json_schema_text() -> str:
    """Return the JSON Schema as it is kept in ``filebridge.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_alternatives(name: str, part: dict[str, Any]) -> dict[str, Any]:
    part = dict(part)
    if name in ("Transport", "Fifo"):
        part["minProperties"] = 1
    if name in _AT_LEAST:
        part["anyOf"] = [{"required": [key]} for key in _AT_LEAST[name]]
    if name in _RIVALS:
        part["allOf"] = [{"not": {"required": list(pair)}} for rivals in _RIVALS[name] for pair in _pairs(rivals)]
    if name in _PARTNERS:
        part["dependentRequired"] = _PARTNERS[name]
    if name in _ALTERNATIVES:
        part["oneOf"] = [{"required": [key]} for key in _ALTERNATIVES[name]]
    return part


def _pairs(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(first, second) for number, first in enumerate(names) for second in names[number + 1 :]]


def _tidied(schema: Any) -> Any:
    """Return ``schema`` without what pydantic adds for its own sake, and with names of free keys enforced."""
    if isinstance(schema, list):
        return [_tidied(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    tidied: dict[str, Any] = {}
    for key, value in schema.items():
        tidy = _TIDY.get(key)
        if tidy is None:
            tidied[key] = {name: _tidied(inner) for name, inner in value.items()} if key in _NAMED else _tidied(value)
        else:
            tidied |= tidy(value)
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
    # Other versions of pydantic give the same keys in another order, or an `enum` of one beside a `const`.
    if "const" in tidied:
        tidied.pop("enum", None)
    return {key: tidied[key] for key in sorted(tidied, key=lambda key: (key != "description", key))}


_NAMED = ("properties", "patternProperties", "$defs")
"""Keys whose values are mappings with free names, among which `title` and `default` mean nothing special."""


def _title(value: Any) -> dict[str, Any]:
    return {}


def _default(value: Any) -> dict[str, Any]:
    # An empty default is no default, and a default that is a range has another form in the file.
    if value in (None, [], {}, "") or isinstance(value, list | dict):
        return {}
    return {"default": value}


def _any_of(value: list[Any]) -> dict[str, Any]:
    # A key without a value is a slip of the pen, though the models take it as left out.
    kept = [_tidied(entry) for entry in value if entry != {"type": "null"}]
    flat: list[Any] = []
    for entry in kept:
        flat += entry["anyOf"] if list(entry) == ["anyOf"] else [entry]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


_TIDY: dict[str, Callable[[Any], dict[str, Any]]] = {"title": _title, "default": _default, "anyOf": _any_of}
