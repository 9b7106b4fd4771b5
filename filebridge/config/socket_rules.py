"""Rules for sockets and HTTP: which side listens and where, who is let in, what belongs to which side."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filebridge.config.action_rules import one_of
from filebridge.config.addresses import check_address, check_names, check_path, check_url, is_loopback
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.sockets import Http, Tcp, Udp, Unix

__all__ = ["check_header", "check_sockets"]

Place = tuple[str | int, ...]

_SERVICE = ("headers", "secrets", "ready")
_COUNTER = ("action", "observation", "type", "wait", "peer", "allow_remote")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = ("host", "content-length", "transfer-encoding", "connection")


def check_sockets(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the sockets of the transport, each by itself."""
    for name, socket in config.transport.sockets.items():
        place = ("transport", name)
        if isinstance(socket, Http):
            yield from _http(socket, place)
        elif isinstance(socket, Unix):
            yield from _unix(socket, place)
        else:
            yield from _internet(socket, place)


def _internet(socket: Tcp | Udp, place: Place) -> Iterator[Problem]:
    if isinstance(socket, Tcp):
        yield from one_of(socket, ("connect", "listen"), place, "the side that listens")
    elif socket.connect is None and socket.listen is None:
        yield Problem(place, "the address is missing", "none of its keys", "one of connect, listen", on="key")
    for key in ("connect", "listen"):
        address = getattr(socket, key)
        if address is not None:
            yield from check_address(address, (*place, key), key == "listen")
    if socket.listen is None:
        yield from _idle(socket, ("peer", "allow_remote"), place)
    else:
        yield from _openness(socket, socket.listen, (*place, "listen"), "any" if isinstance(socket, Udp) else "token")


def _unix(socket: Unix, place: Place) -> Iterator[Problem]:
    yield from one_of(socket, ("connect", "listen"), place, "the side that listens")
    for key in ("connect", "listen"):
        path = getattr(socket, key)
        if path is not None:
            yield from check_path(path, (*place, key))
    if socket.listen is None:
        yield from _idle(socket, ("peer",), place)


def _idle(socket: Tcp | Unix | Udp, keys: tuple[str, ...], place: Place) -> Iterator[Problem]:
    for key in keys:
        if socket.connect is not None and key in socket.model_fields_set:
            what = "holds where we listen; with `connect` it is we who call"
            yield Problem((*place, key), what, f"`{key}` without `listen`", "leave it out", on="key")


def _openness(socket: Tcp | Udp | Http, address: str, at: Place, peer: str) -> Iterator[Problem]:
    """Yield what is wrong with whom the ``address`` is open to; an open one wants this ``peer``."""
    if next(check_address(address, at, True), None) is not None:
        return
    if is_loopback(address):
        if socket.allow_remote:
            what, wanted = "no other machine reaches this address", "leave it out, or listen on another address"
            yield Problem((*at[:-1], "allow_remote"), what, address, wanted, on="key")
        return
    if not socket.allow_remote or socket.peer != peer:
        wanted = "`127.0.0.1:${port}`; or, where it must be, " + f"`allow_remote: true` and `peer: {peer}` too"
        yield Problem(at, "other machines reach this address", address, wanted)


def _http(http: Http, place: Place) -> Iterator[Problem]:
    yield from one_of(http, ("url", "serve"), place, "the side that serves")
    if (http.url is None) == (http.serve is None):
        return
    keys, wrong = (_COUNTER, "`url`") if http.url is not None else (_SERVICE, "`serve`")
    what = "holds where we serve" if http.url is not None else "holds where the program serves"
    for key in keys:
        if key in http.model_fields_set:
            yield Problem((*place, key), what, f"`{key}` with {wrong}", "leave it out", on="key")
    yield from _service(http, place) if http.url is not None else _counter(http, place)


def _service(http: Http, place: Place) -> Iterator[Problem]:
    yield from check_url(http.url or "", (*place, "url"))
    for name, text in http.headers.items():
        yield from check_header(name, (*place, "headers", name))
        yield from check_names(text, (*place, "headers", name))
        yield from _value(text, (*place, "headers", name))
    for name, variable in http.secrets.items():
        at = (*place, "secrets", name)
        yield from check_header(name, at)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            wanted = "the variable's name, without its value and without `$`"
            # What stands here may be the secret itself, so it is not repeated.
            yield Problem(at, "not the name of an environment variable", f"{len(variable)} characters", wanted)
        if name.casefold() in {header.casefold() for header in http.headers}:
            yield Problem(at, "the header field is given twice", name, "`secrets` or `headers`", on="key")
    if http.ready is not None:
        yield from _path(http.ready, (*place, "ready"))


def _counter(http: Http, place: Place) -> Iterator[Problem]:
    address = http.serve or ""
    yield from check_address(address, (*place, "serve"), True)
    yield from _openness(http, address, (*place, "serve"), "token")
    for key in ("action", "observation"):
        yield from _path(getattr(http, key), (*place, key))
    yield from _value(http.type, (*place, "type"))


def check_header(name: str, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the name of a header field."""
    if not _TOKEN.fullmatch(name):
        yield Problem(place, "not the name of a header field", name, "letters, digits and `-`", on="key")
    elif name.casefold() in _OURS:
        yield Problem(place, "this header field is made by the bridge", name, "leave it out", on="key")


def _value(text: str, place: Place) -> Iterator[Problem]:
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        yield Problem(place, "a header field has one line", text, "one line without control characters")


def _path(path: str, place: Place) -> Iterator[Problem]:
    if not path.startswith("/") or re.search(r"[^!-~]|#", path):
        yield Problem(place, "not a path", path, "one that begins with `/`, without blanks")
