"""Who is served at the counter, and what a request is for."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_to_bytes

from filebridge.errors import ConfigError, escaped
from filebridge.transports.http.answers import Refusal
from filebridge.transports.http.intake import Entry, Head, Route
from filebridge.transports.sockets.endpoint import Counter

__all__ = ["Gate"]

_METHODS = {
    Route.ACTION: "GET",
    Route.OBSERVATION: "POST, PUT",
    Route.BOTH: "GET, POST, PUT",
    Route.PAGE: "GET",
    Route.STATE: "GET",
}
_NAME_IT = "name the token of this run: /TOKEN/action, ?token=TOKEN, `Authorization: Bearer TOKEN` or `X-Token: TOKEN`"

_SHOWN = 80
_NOT_OURS = "only the programs that were started for this run are served"
_WILD = frozenset(("", "0.0.0.0", "::"))  # noqa: S104  # not bound here: no name of a server


class Gate:
    """Decides on the head of each request, the address, the token, the path and the method, in this order.

    ``wild`` says that we listen on all addresses, so that our name is the address that was called.

    Raises ConfigError for a counter that wants a token and has none.
    """

    __slots__ = ("_known", "_names", "_peer", "_port", "_routes", "_token", "wild")

    def __init__(self, counter: Counter) -> None:
        if counter.peer == "token" and not counter.token:
            raise ConfigError(
                "the HTTP counter serves whoever names the token, and there is none",
                found="an empty token",
                cure="peer: process, or peer: any",
            )
        self._token = counter.token.encode()
        self._peer = counter.peer
        address, self._port = counter.bound.getsockname()[:2]
        self.wild = ipaddress.ip_address(address).is_unspecified
        self._names = _names(address, counter.name)
        self._routes = _routes(counter)
        self._known: dict[str, dict[bytes, Entry]] = {}

    def known(self, address: str) -> dict[bytes, Entry]:
        """Return the heads that were admitted, and would be again, on a new connection that came to ``address``."""
        return {} if self._peer == "process" else self._known.setdefault(address, {})

    def admit(self, head: Head, address: str, is_ours: Callable[[], bool]) -> Entry:
        """Return where the request leads; raises Refusal.

        ``address`` is our end of the connection, ``is_ours`` tells whether the other end belongs to a process of this
        run; it is asked where that matters.
        """
        try:
            return self._admitted(head, address, is_ours)
        except Refusal as refusal:
            refusal.asked = self._shown(head)
            raise

    def _shown(self, head: Head) -> str:
        """Return method and path, in which the token is left out."""
        path = unquote_to_bytes(head.target.partition(b"?")[0])
        if self._token:
            path = path.replace(b"/" + self._token + b"/", b"/").replace(self._token, b"${token}")
        return escaped((head.method + b" " + path)[:_SHOWN])

    def _admitted(self, head: Head, address: str, is_ours: Callable[[], bool]) -> Entry:
        path, query = self._origin_form(head, address)
        self._check_origin(head, address)
        path, is_told = self._without_token(path, query, head)
        route = self._routes.get(path)
        if self._peer == "token" and not is_told:
            raise Refusal(403, _NAME_IT, bare=head.method == b"HEAD")
        # A person's browser is no process of the run.
        if self._peer == "process" and not (is_told and route in (Route.PAGE, Route.STATE)) and not is_ours():
            raise Refusal(403, _NOT_OURS, bare=head.method == b"HEAD")
        if route is None:
            raise Refusal(404, "nothing is here", bare=head.method == b"HEAD")
        return self._entry(route, head)

    def _entry(self, route: Route, head: Head) -> Entry:
        allowed = _METHODS[route]
        if head.method.decode("latin-1") not in allowed.split(", "):
            raise Refusal(405, f"known here: {allowed}", allowed, bare=head.method == b"HEAD")
        if head.words(b"content-encoding") - {b"identity"}:
            raise Refusal(415, "the body is encoded: send it as it is, without Content-Encoding")
        posts = head.method != b"GET"
        if posts and head.length == -2 and route is Route.OBSERVATION:
            raise Refusal(411, "how long is the body? Send Content-Length, or chunks")
        words, modern = head.words(b"connection"), head.version >= b"1.1"
        keeps = b"close" not in words and (modern or b"keep-alive" in words)
        ending = b"" if keeps and modern else b"Connection: keep-alive\r\n" if keeps else b"Connection: close\r\n"
        length = 0 if head.length == -2 else head.length
        expects = modern and b"100-continue" in head.words(b"expect")
        return Entry(route, length, posts, ending, keeps, expects)

    def _origin_form(self, head: Head, address: str) -> tuple[bytes, bytes]:
        """Return path and query of the target; the host of the request must be ours: names can be bent (rebinding)."""
        hosts, target = head.all(b"host"), head.target
        if target.lower().startswith(b"http://"):
            authority, slash, rest = target[7:].partition(b"/")
            hosts, target = [*hosts, authority], slash + rest or b"/"
        for host in hosts:
            name, port = _place(host)
            if port not in (-1, self._port) or not self._is_ours(name, address):
                raise Refusal(421, "the Host of the request is another: ask at the address that the page names")
        path, _, query = target.partition(b"?")
        return path, query

    def _check_origin(self, head: Head, address: str) -> None:
        for origin in head.all(b"origin"):
            scheme, _, place = origin.lower().partition(b"://")
            name, port = _place(place) if scheme == b"http" else ("", -1)
            if (80 if port == -1 else port) != self._port or not self._is_ours(name, address):
                raise Refusal(403, "a page of another origin is not served")

    def _is_ours(self, name: str, address: str) -> bool:
        return name in self._names or (self.wild and bool(name) and name == _plain(address))

    def _without_token(self, path: bytes, query: bytes, head: Head) -> tuple[bytes, bool]:
        """Return the path without the token, and whether that was named anywhere."""
        path = unquote_to_bytes(path)
        first, _, rest = path[1:].partition(b"/")
        if self._is_token(first):
            return b"/" + rest, True
        return path, any(self._is_token(word) for word in _told(query, head))

    def _is_token(self, word: bytes) -> bool:
        return bool(self._token) and hmac.compare_digest(word, self._token)


def _told(query: bytes, head: Head) -> list[bytes]:
    """Return all that may be the token."""
    try:
        pairs = parse_qsl(query, max_num_fields=64)
    except ValueError as exc:
        raise Refusal(400, "the query has too many parts") from exc
    words = [value for name, value in pairs if name == b"token"] + head.all(b"x-token")
    for value in head.all(b"authorization"):
        scheme, _, word = value.partition(b" ")
        if scheme.lower() == b"bearer":
            words.append(word.strip())
    return words


def _routes(counter: Counter) -> dict[bytes, Route]:
    action, observation = (b"/" + path.lstrip("/").encode() for path in (counter.action, counter.observation))
    routes = {b"/": Route.PAGE, b"/state": Route.STATE, action: Route.ACTION, observation: Route.OBSERVATION}
    if action == observation:
        routes[action] = Route.BOTH
    return routes


def _names(address: str, name: str) -> frozenset[str]:
    """Return the names of this server in lower case."""
    place = ipaddress.ip_address(address)
    names = {_plain(address), _place(name.encode())[0]}
    if place.is_loopback or place.is_unspecified:
        names.add("localhost")
    if place.is_unspecified:
        names.add(socket.gethostname().lower())
    return frozenset(names - _WILD)


def _plain(address: str) -> str:
    """Return an address in its one usual form; what is no address as it is."""
    try:
        place = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = getattr(place, "ipv4_mapped", None)
    return str(mapped or place)


def _place(text: bytes) -> tuple[str, int]:
    """Return name and port of ``HOST[:PORT]``, the port -1 where there is none; a name of "" fits nothing."""
    word = text.decode("latin-1").strip().lower()
    if word.startswith("["):
        name, bracket, rest = word[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            return "", -1
    else:
        name, colon, port = word.partition(":")
    if not colon:
        return _plain(name), -1
    return (_plain(name), int(port)) if port.isascii() and port.isdigit() and len(port) < 6 else ("", -1)
