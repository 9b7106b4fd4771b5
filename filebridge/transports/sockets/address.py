"""Addresses as they are written in a configuration: `HOST:PORT`, `[::1]:PORT`, and paths of Unix sockets."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence

from filebridge.errors import ConfigError, StartError

__all__ = ["PATH_BYTES", "Resolved", "is_loopback", "parse", "resolved", "shown", "unix_path"]

PATH_BYTES = 107
"""The longest path of a Unix socket in bytes; the kernel has room for one more, a zero."""

Resolved = tuple[socket.AddressFamily, tuple[str, int]]
"""A family of addresses, and what `connect` and `bind` take there: a numeric host, a port."""

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def parse(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; an IPv6 address stands in brackets, ``[::1]:5000``.

    Raises ConfigError for anything else.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        raise _wrong(text, "there is no port", "write `HOST:PORT`, say `127.0.0.1:5000` or `127.0.0.1:${port}`")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise _wrong(text, f"{host!r} in brackets is no IPv6 address", "write `[::1]:PORT`")
    elif ":" in host:
        raise _wrong(text, "several colons", f"write an IPv6 address in brackets, `[{host}]:{port}`")
    if not host or host == "*" or host != host.strip() or "\0" in host:
        raise _wrong(text, "there is no host", "write `127.0.0.1:PORT`, or `0.0.0.0:PORT` for all addresses")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise _wrong(
            text, f"the port is {port!r}", "write a number from 1 to 65535, or `${port}` for one that is free"
        )
    return host, int(port)


def shown(host: str, port: int) -> str:
    """Return an address as it is written: ``127.0.0.1:5000``, ``[::1]:5000``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def resolved(host: str, port: int, kind: str) -> Sequence[Resolved]:
    """Return the numeric addresses of ``host`` for the ``kind`` "tcp" or "udp", at least one.

    May ask a name server, and wait for it, where ``host`` is the name of another machine. Raises StartError where
    the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=_KINDS[kind])
    except (OSError, UnicodeError) as exc:
        raise StartError(
            f"the host {host} is not known",
            found=str(getattr(exc, "strerror", None) or exc),
            cure="see whether its name is right, or write its address in numbers",
        ) from exc
    # The scope of a link-local address is dropped: what is left is what all of Python's calls take.
    return tuple(dict.fromkeys((family, (str(where[0]), port)) for family, _, _, _, where in found))


def unix_path(directory: str, name: str) -> str:
    """Return the path of the Unix socket ``name``, seen from ``directory``.

    Raises ConfigError for one of more than 107 bytes, which no program can use.
    """
    path = os.path.join(directory, name)
    size = len(os.fsencode(path))
    if "\0" in path:
        raise ConfigError(
            f"{name!r} is no path of a Unix socket", found="a zero in it", cure="write a path, say `sim.sock`"
        )
    if size > PATH_BYTES:
        raise ConfigError(
            f"the path of the Unix socket {name} is too long",
            found=f"{size} bytes, {path}",
            cure=f"set FILEBRIDGE_WORKDIR to a folder of a shorter path, or shorten the name; at most {PATH_BYTES}",
        )
    return path


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _wrong(text: str, found: str, cure: str) -> ConfigError:
    return ConfigError(f"{text!r} is no address of a socket", found=found, cure=cure)
