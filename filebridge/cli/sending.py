"""What an exchange sends, told as lines of a script: text, keys, JSON, binary numbers, requests, files."""

from __future__ import annotations

import json
from collections.abc import Iterator

from filebridge.cli.texts import count, duration
from filebridge.config.deck import Deck
from filebridge.config.exchange import Exchange
from filebridge.config.request import METHODS, Pack, Request
from filebridge.errors import escaped

__all__ = ["Line", "quoted", "sendings"]

Line = tuple[str, str]
"""A word for what happens, and what."""


def sendings(exchange: Exchange) -> Iterator[Line]:
    """Yield what is written and sent, in the order in which it is."""
    for name, content in (exchange.write or {}).items():
        yield "write", f"{name}: {_content(content)}"
    for line in exchange.send if isinstance(exchange.send, list) else [exchange.send]:
        if line is not None:
            yield "send", quoted(line)
    if exchange.press is not None:
        yield "press", quoted(exchange.press)
    if exchange.send_json is not None:
        yield "send", f"json {_tree(exchange.send_json)}"
    if exchange.pack is not None:
        yield "send", _pack(exchange.pack)
    if exchange.request is not None:
        yield from _request(exchange.request)


def _pack(pack: Pack) -> str:
    values = ", ".join(map(str, pack.values))
    return f"binary {pack.layout}" + (f" of {values}" if values else "")


def _request(request: Request) -> Iterator[Line]:
    method = next(name for name in METHODS if getattr(request, name) is not None)
    body = _body(request)
    yield "request", f"{method.upper()} {getattr(request, method)}" + (f" {body}" if body else "")
    for name, value in request.headers.items():
        yield "", f"{name}: {value}"
    if request.expect:
        yield "expect", "status " + " or ".join(map(str, request.expect))
    if request.again:
        codes = " or ".join(map(str, request.again))
        yield "ask again", f"after {duration(request.every)} where the status is {codes}"


def _body(request: Request) -> str:
    if request.body is not None:
        return f"with {quoted(request.body)}"
    if request.form is not None:
        return "form " + _tree(request.form)
    return f"json {_tree(request.json_body)}" if "json_body" in request.model_fields_set else ""


def _tree(value: object) -> str:
    """Return a document as in a YAML on one line: texts, which are expressions, without quotation marks."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_tree(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_tree, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _content(content: str | Deck) -> str:
    """Return what is written into a file, in a few words."""
    if isinstance(content, str):
        return quoted(content)
    if content.namelist is not None:
        groups = ", ".join(f"&{name}" for name in content.namelist)
        return f"the namelist {groups}" + (f", patched into {content.patch}" if content.patch else "")
    if content.edit is not None:
        return f"{content.edit} with {count(len(content.set or ()), 'place')} replaced"
    return f"template {content.template}" if content.template is not None else "a template that is in the YAML"


def quoted(text: str) -> str:
    """Return ``text`` in quotation marks, its blanks and line ends visible."""
    return '"' + "".join(char if char.isprintable() else escaped(char) for char in text) + '"'
