"""Rules for HTTP requests: one method, one body at most, and nothing else where a service takes requests."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.action_rules import one_of
from filebridge.config.exchange import Exchange
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.request import BODIES, METHODS, Request
from filebridge.config.socket_rules import check_header

__all__ = ["check_requests"]

Place = tuple[str | int, ...]

_INSTEAD = {
    "send": "`request: {post: /PATH, body: ...}`",
    "send_json": "`request: {post: /PATH, json: ...}`",
    "pack": "`request: {post: /PATH, json: ...}`",
    "press": "`request: {post: /PATH, body: ...}`",
}
_BODY_NAMES = {"json_body": "json", "form": "form", "body": "body"}


def check_requests(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with ``exchange`` where requests are made, or with a request where none can be made."""
    http = config.transport.http
    request = exchange.request
    if http is not None and (http.url is None) == (http.serve is None):
        # Which side serves is not known, and told elsewhere.
        return
    if http is None or http.url is None:
        if request is not None:
            wanted = "`http: {url: ...}` in `transport`, or `send`"
            found = "no `http: {url: ...}`" if http is None else "`http: {serve: ...}`"
            yield Problem((*place, "request"), "there is no service that takes requests", found, wanted, on="key")
    else:
        yield from _instead(config, exchange, place)
    if request is not None:
        yield from _request(request, (*place, "request"))


def _instead(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    others = [key for key in _INSTEAD if getattr(exchange, key) is not None]
    for key in others:
        yield Problem((*place, key), "a service takes requests", f"`{key}`", _INSTEAD[key], on="key")
    if exchange.request is None and not others and config.adapter is None:
        what, wanted = "a service says nothing that it is not asked", "`request: {get: /PATH}`"
        yield Problem(place, what, "no `request`", wanted, on="key")
    if exchange.answer:
        what, wanted = "a service asks no questions on the way", "an exchange with `when` and `request`"
        yield Problem((*place, "answer"), what, "`answer`", wanted, on="key")
    if exchange.request is not None and exchange.silent is not None:
        what, wanted = "a request always has an answer, an empty one perhaps", "leave it out"
        yield Problem((*place, "silent"), what, "`silent`", wanted, on="key")


def _request(request: Request, place: Place) -> Iterator[Problem]:
    yield from one_of(request, METHODS, place, "the method")
    methods = [method for method in METHODS if getattr(request, method) is not None]
    for method in methods:
        path = getattr(request, method)
        if not path.startswith("/"):
            yield Problem((*place, method), "a path begins with `/`", path or "an empty text", f"`/{path}`")
        elif "#" in path.partition("{")[0] or any(char < " " or char == "\x7f" for char in path):
            wanted = "a path, and `?name=value` behind it where it wants one"
            yield Problem((*place, method), "not a path", path, wanted)
    bodies = [_BODY_NAMES[key] for key in BODIES if key in request.model_fields_set]
    if len(bodies) > 1:
        yield Problem((*place, bodies[1]), "a request has one body", " and ".join(bodies), "one of them", on="key")
    elif bodies and len(methods) == 1 and methods[0] in ("get", "delete"):
        what, wanted = f"a {methods[0].upper()} has no body", "`post`, or `?name={value}` in the path"
        yield Problem((*place, bodies[0]), what, f"`{bodies[0]}`", wanted, on="key")
    for name in request.headers:
        yield from check_header(name, (*place, "headers", name))
    yield from _codes(request, place)


def _codes(request: Request, place: Place) -> Iterator[Problem]:
    both = [code for code in request.again if code in request.expect]
    if both:
        what = "a code is either a good answer or a reason to ask again"
        found = ", ".join(map(str, both)) + " in `expect` and `again`"
        yield Problem((*place, "again"), what, found, "each code in one of them", on="key")
    if "every" in request.model_fields_set and not request.again:
        what, wanted = "nothing is asked again", "`again: 409` too, say, or leave it out"
        yield Problem((*place, "every"), what, "`every` without `again`", wanted, on="key")
