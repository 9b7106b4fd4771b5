"""Addresses that all copies of a simulator would have in common, although only one of them can listen there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filebridge.config import substitution
from filebridge.config.addresses import PORTS
from filebridge.config.model import Config
from filebridge.config.sockets import Http

__all__ = ["addresses", "is_shared", "shared_address"]

Place = tuple[str | int, ...]

_APART = (*PORTS, "seat", "seed", "token", "workdir")
"""The names that stand for something else in each copy."""

_HOST = re.compile(r"[^/]*//[^/]*|[^/]*")


def addresses(config: Config) -> Iterator[tuple[Place, str]]:
    """Yield the addresses of all sockets, with their places."""
    for name, socket in config.transport.sockets.items():
        for key in ("url", "serve") if isinstance(socket, Http) else ("connect", "listen"):
            if getattr(socket, key) is not None:
                yield ("transport", name, key), getattr(socket, key)


def shared_address(config: Config) -> tuple[Place, str] | None:
    """Return the first address that is the same for all copies of a program that we start, None without one.

    A program that runs already may serve several connections.
    """
    if not config.simulator.command:
        return None
    return next(((place, text) for place, text in addresses(config) if is_shared(config, place, text)), None)


def is_shared(config: Config, place: Place, text: str) -> bool:
    """Return whether the address ``text`` at ``place`` is the same for all copies."""
    if place[1] == "unix":
        where = text if text.startswith("/") else f"{config.simulator.directory}/{text}"
    else:
        # What stands behind host and port of a URL is no address.
        where = (_HOST.match(text) or [""])[0]
    return not any(substitution.uses([where], name) for name in _APART)
