"""Requests as they go over the wire: an envelope, and what every request to one service has besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from filebridge._version import VERSION
from filebridge.envelope import opened_request
from filebridge.errors import ActionError, ConfigError

__all__ = ["Requests", "Site", "site"]

_PORTS = {"http": 80, "https": 443}
_OURS = frozenset(("content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"))
_BODIES = frozenset(("POST", "PUT", "PATCH"))
_NO_ANSWER = frozenset(("HEAD", "CONNECT"))
_REMEMBERED = 256


class Site(NamedTuple):
    """Where a service is: ``path`` begins the target of each request, without a slash at its end."""

    secure: bool
    host: str
    port: int
    authority: str
    path: str

    def whole(self, target: str) -> str:
        """Return ``target`` with ``path`` before it, where it does not begin with that."""
        if self.path and target.startswith(f"{self.path}/"):
            return target
        return self.path + (target if target.startswith("/") else f"/{target}")


def site(url: str) -> Site:
    """Return what ``url`` says. Raises ConfigError for what is no plain address of HTTP; a password is never shown."""
    try:
        found = urlsplit(url)
        port = found.port or _PORTS.get(found.scheme, 0)
    except ValueError as exc:
        raise ConfigError("the `url` of `http` is no address", found=str(exc), cure=_FORM) from exc
    if found.username is not None or found.password is not None:
        raise ConfigError(
            "the `url` of `http` holds a name or a password",
            cure="leave it out and write `secrets: {Authorization: VARIABLE}`, where the environment variable VARIABLE"
            " holds the whole value, `Basic ...`",
        )
    if found.scheme not in _PORTS or not found.hostname or not port:
        raise ConfigError("the `url` of `http` is no address", found=repr(url), cure=_FORM)
    if found.query or found.fragment:
        raise ConfigError("the `url` of `http` says more than an address", found=repr(url), cure=_FORM)
    return Site(found.scheme == "https", found.hostname, port, found.netloc, found.path.rstrip("/"))


_FORM = "write `http://HOST:PORT`, or `https://HOST`, with the beginning of all paths behind it if they have one"


class _Form(NamedTuple):
    start: bytes
    counted: bool


class Requests:
    """Makes the bytes of a request from an envelope; what was made of one head is kept for the next.

    ``headers`` and ``secrets`` go with all requests, where the envelope does not say otherwise. Raises ConfigError
    for a header field that cannot be sent; the value of a secret is not shown.
    """

    __slots__ = ("_forms", "_site", "_standing")

    def __init__(self, where: Site, headers: Sequence[tuple[str, str]], secrets: Sequence[tuple[str, str]]) -> None:
        self._site = where
        self._forms: dict[bytes, _Form] = {}
        own = (
            ("Host", where.authority), ("User-Agent", f"filebridge/{VERSION}"), ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
        )  # fmt: skip
        for name, value in (*headers, *secrets):
            shown = "a secret value" if (name, value) in secrets else repr(value)
            if name.lower() in _OURS or not _is_sendable("/", (*own[:1], (name, value))):
                raise _bad_field(name, shown)
        self._standing = tuple(_merged(own, headers, secrets))

    def made(self, envelope: bytes) -> bytes:
        """Return the bytes of one request.

        Raises ActionError for what cannot be sent, ConfigError for a header field that is not the user's to choose.
        """
        head, _, body = envelope.partition(b"\n\n")
        form = self._forms.get(head)
        if form is None:
            form = self._form(envelope)
            if len(self._forms) >= _REMEMBERED:
                self._forms.clear()
            self._forms[head] = form
        if form.counted or body:
            return b"%bContent-Length: %d\r\n\r\n%b" % (form.start, len(body), body)
        return form.start + b"\r\n"

    def _form(self, envelope: bytes) -> _Form:
        asked = opened_request(envelope)
        for name, value in asked.headers:
            if name.lower() in _OURS:
                raise _bad_field(name, repr(value))
        target = self._site.whole(asked.target)
        fields = tuple(_merged(self._standing, asked.headers))
        if asked.method in _NO_ANSWER:
            raise ActionError("the request cannot be sent", found=f"the method {asked.method}", cure=_METHODS)
        try:
            data = _head(asked.method, target, fields)
        except h11.LocalProtocolError as exc:
            raise ActionError(
                "the request cannot be sent",
                found=str(exc) if _is_sendable(target, self._standing) else f"the target {asked.target!r}",
                cure="see the texts that `request` fills in: HTTP takes no line ends and the like in its head",
            ) from exc
        return _Form(data[:-2], asked.method in _BODIES)


_METHODS = "use `get`, `post`, `put`, `patch` or `delete`, whose answers have a body"


def _merged(*lists: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Return header fields in their order; a name in a later list replaces that in an earlier one."""
    fields: list[tuple[str, str]] = []
    for more in lists:
        names = {name.lower() for name, _ in more}
        fields = [field for field in fields if field[0].lower() not in names] + list(more)
    return fields


def _head(method: str, target: str, fields: Sequence[tuple[str, str]]) -> bytes:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    data = h11.Connection(h11.CLIENT).send(h11.Request(method=method, target=target, headers=headers))
    assert data is not None
    return data


def _is_sendable(target: str, fields: Sequence[tuple[str, str]]) -> bool:
    try:
        _head("GET", target, fields)
    except (h11.LocalProtocolError, UnicodeEncodeError):
        return False
    return True


def _bad_field(name: str, shown: str) -> ConfigError:
    if name.lower() in _OURS:
        return ConfigError(
            f"the header field {name} is not to be chosen",
            found=f"{name}: {shown}",
            cure="leave it out: filebridge sends what it needs of it",
        )
    return ConfigError(
        f"the header field {name!r} cannot be sent",
        found=shown,
        cure="write a name of letters, digits and `-`, and a value of one line without spaces at its ends",
    )
