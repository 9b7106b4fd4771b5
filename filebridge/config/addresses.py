"""Addresses of sockets as they are written in a configuration: what is wrong with one, and whom it is open to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from filebridge.config import substitution
from filebridge.config.problems import Problem, nearest

__all__ = ["PORTS", "check_address", "check_names", "check_path", "check_url", "is_loopback"]

PORTS = ("port", "port2", "port3")
"""The names of free ports."""

LONGEST_PATH = 107
"""Bytes of the path of a Unix socket that the kernel takes."""

Place = tuple[str | int, ...]

_ADDRESS = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*):(?P<port>.*)", re.DOTALL)
_PORT = re.compile(r"\$\{port[23]?\}|[0-9]{1,5}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?")
_URL = re.compile(r"(?P<scheme>[^:/]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<rest>.*)", re.DOTALL)
_EXAMPLE = "`127.0.0.1:${port}`"


def check_address(text: str, place: Place, listens: bool) -> Iterator[Problem]:
    """Yield what is wrong with ``text`` as `HOST:PORT`; where we listen, only the port may be a name."""
    unknown = list(check_names(text, place))
    yield from unknown
    if unknown:
        return
    if "://" in text:
        yield Problem(place, "an address is no URL", text, f"`HOST:PORT`, {_EXAMPLE} say")
        return
    parts = _ADDRESS.fullmatch(text if listens else _seated(text))
    if parts is None or ":" in parts["port"]:
        yield from _no_address(text, place)
        return
    yield from _check_host(parts["host"], place, _EXAMPLE)
    yield from _check_port(parts["port"], place)


def _seated(text: str) -> str:
    """Return ``text`` as a copy of the simulator may see it: numbers stand for what tells the copies apart."""
    return re.sub(r"\$\{(?:seat|episode|seed)\}", "1", text)


def _no_address(text: str, place: Place) -> Iterator[Problem]:
    if text.count(":") > 1:
        yield Problem(place, "an IPv6 address wants brackets", text, "`[::1]:${port}`, say")
        return
    wanted = f"{_EXAMPLE}, say" if text.isdigit() else f"`{text}:PORT`"
    yield Problem(place, "no port", text, wanted if re.fullmatch(r"[\w.-]+", text) else f"`HOST:PORT`, {_EXAMPLE} say")


def _check_host(host: str, place: Place, example: str) -> Iterator[Problem]:
    if host.startswith("["):
        try:
            ip_address(host[1:-1].partition("%")[0])
        except ValueError:
            yield Problem(place, "no IPv6 address in the brackets", host, "`[::1]`, say")
    elif not host:
        yield Problem(place, "no host", "nothing in its place", f"{example}, say")
    elif not _HOST.fullmatch(host):
        yield Problem(place, "not the name or the number of a machine", host, f"{example}, say")


def _check_port(port: str, place: Place) -> Iterator[Problem]:
    if not _PORT.fullmatch(port) or (port.isdigit() and not 1 <= int(port) <= 65535):
        wanted = "a number from 1 to 65535, or `${port}` for a free one"
        yield Problem(place, "not a port", port or "nothing behind the colon", wanted)


_DOLLAR = "`$$` for a dollar sign; no variables of the environment are filled in"


def check_names(text: str, place: Place) -> Iterator[Problem]:
    """Yield the unknown names in ``text``."""
    for fault in substitution.faults(text):
        span, name = (fault.offset, fault.length), fault.name.lstrip("${")
        if fault.name.startswith("$"):
            wanted = f"`${{{name}}}`" if name in substitution.KNOWN else _DOLLAR
            yield Problem(place, "a bare `$`", fault.name, wanted, "", "value", *span)
            continue
        near = nearest(fault.name, substitution.KNOWN)
        wanted = f"one of {substitution.KNOWN_TEXT}; `$$` is a dollar sign"
        yield Problem(place, "an unknown name in `${...}`", fault.name, wanted, near, "value", *span)


def check_path(path: str, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the path of a Unix socket."""
    yield from check_names(path, place)
    if ".." in path.split("/") or path.endswith("/") or "\0" in path:
        wanted = "a name in the folder that the program starts in, or an absolute path, without `..`"
        yield Problem(place, "not a path that a socket can have", path, wanted)
    length = len(path.encode("utf-8", "surrogatepass"))
    if path.startswith("/") and "${" not in path and length > LONGEST_PATH:
        yield Problem(place, "longer than a socket's path can be", f"{length} bytes", f"at most {LONGEST_PATH} bytes")


def check_url(url: str, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the URL of a service: its beginning, to which requests add their paths."""
    unknown = list(check_names(url, place))
    yield from unknown
    if unknown:
        return
    parts = _URL.fullmatch(_seated(url))
    if parts is None or parts["scheme"] not in ("http", "https"):
        found = url if parts is None else parts["scheme"] or url
        yield Problem(place, "not an HTTP address", found, "`http://127.0.0.1:${port}` or `https://HOST`")
        return
    authority = parts["authority"]
    if "@" in authority:
        what, wanted = "a name or a password in an address is seen by everybody", "`secrets: {Authorization: VARIABLE}`"
        yield Problem(place, what, "`...@`", wanted)
        return
    if parts["rest"]:
        yield Problem(place, "the address goes on behind its path", parts["rest"], "this in the path of each `request`")
    if re.search(r"[^!-~]", parts["path"]):
        yield Problem(place, "a blank or an odd character in the path", parts["path"], "`%20` for a blank, say")
    host = re.fullmatch(r"(\[[^\[\]]*\]|[^:]*)(?::(.*))?", authority, re.DOTALL)
    if host is None:
        yield Problem(place, "an IPv6 address wants brackets", authority, "`http://[::1]:${port}`, say")
        return
    yield from _check_host(host[1], place, "`http://127.0.0.1:${port}`")
    if host[2] is not None:
        yield from _check_port(host[2], place)


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches ``address``, a `HOST:PORT` that is in order."""
    host = address.rpartition(":")[0].strip("[]")
    if host.casefold() == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
