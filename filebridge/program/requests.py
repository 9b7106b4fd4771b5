"""HTTP requests: path, head and body compiled to a function of the row that makes their envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import quote, quote_from_bytes, urlsplit

from filebridge import envelope
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.request import METHODS, Request
from filebridge.errors import ActionError, escaped
from filebridge.program.decks import outgoing_encoding
from filebridge.program.faults import Faults
from filebridge.program.trees import compile_tree
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.encoder import Template, compile_template
from filebridge.wire.expression import Names

__all__ = ["compile_request"]

Row = list[object]
Encode = Callable[[Row, Row], bytes]
Place = tuple[str | int, ...]

_PIECE = re.compile(r"\{\{|\}\}|\{[^}]*\}|[^{}]+")
_SAFE = "%/?:@&=+$,;~!*'()[]"
"""What an author may write in a path as it is; anything else is quoted."""


def compile_request(
    request: Request, names: Names, place: Place, config: Config, faults: Faults
) -> Template | None:
    """Return ``request`` at ``place`` as the template of its envelope; None where problems were added to ``faults``.

    What is filled into the path is quoted, so that it never begins another segment or parameter. ``encode`` raises
    ActionError for what can stand in no head, and what the templates and documents in it raise.
    """
    method = next((key for key in METHODS if getattr(request, key) is not None), None)
    if method is None:
        return None  # the rules have reported it
    path = _behind(_prefix(config), _path(getattr(request, method), names, (*place, method), faults))
    headers = _headers(request, names, (*place, "headers"), config, faults)
    body = _body(request, names, place, config, faults)
    if path is None or body is None or any(problem.path[: len(place)] == place for problem in faults.problems):
        return None
    parts = [path, *(value for _, value in headers), body]
    try:
        encode = _encoder(method.upper(), path, headers, body)
    except ActionError as error:
        faults.problems.append(Problem((*place, method), error.what, error.found, "another path"))
        return None
    uses = frozenset[str]().union(*(part.uses for part in parts))
    return Template(encode, uses, frozenset[str]().union(*(part.uses_previous for part in parts)))


def _is_fixed(template: Template) -> bool:
    return not template.uses and not template.uses_previous


def _constant(text: bytes) -> Template:
    return Template(lambda row, previous: text, frozenset(), frozenset())


def _encoder(method: str, path: Template, headers: Sequence[tuple[str, Template]], body: Template) -> Encode:
    encode = body.encode
    if _is_fixed(path) and all(_is_fixed(value) for _, value in headers):
        head = _envelope(method, path, headers, b"", [], [])
        if _is_fixed(body):
            constant = head + encode([], [])
            return lambda row, previous: constant
        return lambda row, previous: head + encode(row, previous)
    return lambda row, previous: _envelope(method, path, headers, encode(row, previous), row, previous)


def _envelope(
    method: str, path: Template, headers: Sequence[tuple[str, Template]], body: bytes, row: Row, previous: Row
) -> bytes:
    target = path.encode(row, previous).decode("ascii")
    pairs = [(name, value.encode(row, previous).decode("latin-1").strip(" \t")) for name, value in headers]
    try:
        return envelope.request(method, target, pairs, body)
    except ValueError as error:
        what = "the request cannot be made"
        raise ActionError(what, found=str(error), cure="see what is filled into its path and its `headers`") from error


def _filled(text: str, names: Names, quoted: Callable[[bytes], bytes], literal: Callable[[str], bytes]) -> Template:
    """Return ``text``, a template that is known to be right, with ``quoted`` applied to what stands in its holes."""
    plain, holes = b"", list[Template]()
    for piece in _PIECE.findall(text):
        if piece in ("{{", "}}") or piece[0] != "{":
            plain += literal(piece[:1] if piece in ("{{", "}}") else piece).replace(b"%", b"%%")
        else:
            holes.append(compile_template(piece, names, "", "utf-8"))
            plain += b"%b"
    encodes = [hole.encode for hole in holes]
    if not holes:
        return _constant(plain.replace(b"%%", b"%"))
    uses = frozenset[str]().union(*(hole.uses for hole in holes))
    before = frozenset[str]().union(*(hole.uses_previous for hole in holes))
    return Template(
        lambda row, previous: plain % tuple([quoted(encode(row, previous)) for encode in encodes]), uses, before
    )


def _path(text: str, names: Names, place: Place, faults: Faults) -> Template | None:
    if faults.template(text, names, place, "", "utf-8") is None:
        return None
    return _filled(text, names, _segment, lambda piece: quote(piece, safe=_SAFE).encode("ascii"))


def _prefix(config: Config) -> bytes:
    """Return the path of the `url`; empty where a seat or a port is still to be filled in, and the client adds it."""
    http = config.transport.http
    try:
        path = urlsplit(http.url).path.rstrip("/").encode("ascii") if http is not None and http.url else b""
    except ValueError:
        return b""  # the rules have reported it
    return b"" if b"$" in path else path


def _behind(prefix: bytes, path: Template | None) -> Template | None:
    if path is None or not prefix:
        return path
    encode = path.encode
    return Template(lambda row, previous: prefix + encode(row, previous), path.uses, path.uses_previous)


def _segment(value: bytes) -> bytes:
    if value in (b".", b".."):
        cure = "send another value: the simulator would take this one for a step up, or none, in the path"
        raise ActionError("a path cannot be filled with this", found=escaped(value), cure=cure)
    return quote_from_bytes(value, safe="").encode("ascii")


def _headers(
    request: Request, names: Names, place: Place, config: Config, faults: Faults
) -> list[tuple[str, Template]]:
    """Return the fields of the head, the content type first, where the author gives none."""
    given = {name.lower() for name in request.headers}
    given |= {name.lower() for name in (config.transport.http.headers if config.transport.http else ())}
    kind = _content_type(request, config)
    headers = [("Content-Type", _constant(kind.encode()))] if kind and "content-type" not in given else []
    for name, text in request.headers.items():
        value = faults.template(text, names, (*place, name), "", "utf-8")
        if value is not None:
            headers.append((name, value))
            odd = next((character for character in text if not character.isprintable()), "")
            if odd:
                what, wanted = "a header field holds a control character", "printable characters"
                faults.problems.append(Problem((*place, name), what, escaped(odd), wanted))
    return headers


def _content_type(request: Request, config: Config) -> str:
    if "json_body" in request.model_fields_set:
        return "application/json"
    if request.form is not None:
        return "application/x-www-form-urlencoded"
    return f"text/plain; charset={outgoing_encoding(config.text.encoding)}" if request.body is not None else ""


def _body(request: Request, names: Names, place: Place, config: Config, faults: Faults) -> Template | None:
    if "json_body" in request.model_fields_set:
        return compile_tree(request.json_body, names, (*place, "json"), faults)
    if request.form is not None:
        return _form(request.form, names, (*place, "form"), faults)
    if request.body is None:
        return _constant(b"")
    inner, outer = clean_encoding(config.text.encoding), outgoing_encoding(config.text.encoding)
    template = faults.template(request.body, names, (*place, "body"), "", inner)
    if template is None or inner == outer:
        return template
    encode = template.encode
    return Template(
        lambda row, previous: encode(row, previous).decode(inner).encode(outer),
        template.uses,
        template.uses_previous,
    )


def _form(form: dict[str, str | int | float], names: Names, place: Place, faults: Faults) -> Template | None:
    pairs = list[Template]()
    for name, value in form.items():
        if not isinstance(value, str):
            text = repr(value).replace("{", "{{")
        elif faults.template(value, names, (*place, name), "", "utf-8") is None:
            continue
        else:
            text = value
        filled = _filled(text, names, _quoted, lambda piece: _quoted(piece.encode()))
        pairs.append(Template(partial(_pair, _quoted(name.encode()), filled.encode), filled.uses, filled.uses_previous))
    if len(pairs) < len(form):
        return None
    encodes = [pair.encode for pair in pairs]
    return Template(
        lambda row, previous: b"&".join([encode(row, previous) for encode in encodes]),
        frozenset[str]().union(*(pair.uses for pair in pairs)),
        frozenset[str]().union(*(pair.uses_previous for pair in pairs)),
    )


def _pair(name: bytes, encode: Encode, row: Row, previous: Row) -> bytes:
    return name + b"=" + encode(row, previous)


def _quoted(value: bytes) -> bytes:
    return quote_from_bytes(value, safe=" ").replace(" ", "+").encode("ascii")
