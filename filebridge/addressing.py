"""Where the sockets of a simulator are: free ports are taken for it, and its addresses are filled in."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from typing import Any

from filebridge.config import substitution
from filebridge.config.model import Config
from filebridge.config.sockets import Http, Tcp, Udp, Unix
from filebridge.errors import ConfigError
from filebridge.redaction import HIDES_NOTHING, Redaction
from filebridge.transports.sockets.address import is_loopback, parse
from filebridge.transports.sockets.endpoint import Counter, Endpoint, Endpoints, Service
from filebridge.transports.sockets.ports import Ports, Wanted, bound_at, check_free

__all__ = ["Addresses"]

_PORT = re.compile(r"(?<!\$)\$\{(port[23]?)\}")


class Addresses:
    """The free ports and the secret of one running simulator, held until ``close``.

    ``values`` are what the names `${port}`, `${port2}`, `${port3}` and `${token}` stand for; ``redaction`` hides the
    secrets once there are ``endpoints``.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.redaction: Redaction = HIDES_NOTHING
        self._ports = Ports.take(_wanted(config))
        self.values: dict[str, object] = {"token": secrets.token_hex(16), **self._ports.numbers}

    def endpoints(self, values: Mapping[str, Any], run: str) -> Endpoints:
        """Return the sockets of the configuration, ``values`` filled in; ``run`` marks the processes that are ours.

        Raises EndpointInUse for a fixed port that somebody has; ConfigError for a secret that is not there.
        """
        given = self._config.transport.sockets.values()
        return tuple(self._endpoint(socket, values, run) for socket in given)

    def close(self) -> None:
        """Give the ports back; twice is harmless."""
        self._ports.close()

    def _endpoint(self, socket: Tcp | Unix | Udp | Http, values: Mapping[str, Any], run: str) -> Any:
        token = str(self.values["token"])
        if isinstance(socket, Http):
            return self._served(socket, values, token, run) if socket.serve else self._service(socket, values)
        kind = type(socket).__name__.lower()
        connect, listen = (substitution.fill(text or "", values) for text in (socket.connect, socket.listen))
        bound = None
        if not isinstance(socket, Unix):
            if connect and self._config.simulator.command:
                self._look_free(kind, socket.connect or "", connect)
            if listen:
                bound = self._bound(kind, socket.listen or "", listen)
        each = not isinstance(socket, Udp) and socket.each == "episode"
        telnet = isinstance(socket, Tcp) and socket.telnet
        return Endpoint(
            kind, connect, listen, bound, socket.carries, each, socket.peer, token, run, telnet,  # type: ignore[arg-type]
        )

    def _service(self, http: Http, values: Mapping[str, Any]) -> Service:
        hidden = tuple((name, _secret(variable)) for name, variable in http.secrets.items())
        self.redaction = Redaction(value for _, value in hidden)
        url = substitution.fill(http.url or "", values)
        headers = tuple((name, substitution.fill(text, values)) for name, text in http.headers.items())
        return Service(url, headers, hidden, http.ready or "", self._config.limits.output)

    def _served(self, http: Http, values: Mapping[str, Any], token: str, run: str) -> Counter:
        name = substitution.fill(http.serve or "", values)
        bound = self._bound("tcp", http.serve or "", name)
        cap = self._config.limits.output
        return Counter(
            bound, name, http.action, http.observation, http.type, http.wait, http.peer, token, run, cap,
        )

    def _bound(self, kind: str, written: str, filled: str) -> Any:
        """Return the socket at the address ``written`` so in the YAML: one that was taken, or one bound now."""
        port = _PORT.search(written)
        if port is not None:
            return self._ports.bound.pop((port[1], kind))
        return bound_at(kind, *parse(filled))

    def _look_free(self, kind: str, written: str, filled: str) -> None:
        """Refuse a fixed port of this machine that another program has: ours could not listen there."""
        host, number = parse(filled)
        if _PORT.search(written) is None and is_loopback(host):
            check_free(host, number, kind)


def _wanted(config: Config) -> list[Wanted]:
    names = set(_PORT.findall(config.model_dump_json(include={"simulator", "transport"})))
    wanted = []
    for name in sorted(names):
        kinds, host = set(), "127.0.0.1"
        for key, socket in config.transport.sockets.items():
            address = (socket.serve if isinstance(socket, Http) else socket.listen) or ""
            if key != "unix" and f"${{{name}}}" in address:
                kinds.add("udp" if key == "udp" else "tcp")
                host = address.rpartition(":")[0].strip("[]")
        wanted.append(Wanted(name, host, frozenset(kinds)))
    return wanted


def _secret(variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise ConfigError(
            f"the environment variable {variable} is not set",
            found="`http: {secrets: ...}` names it",
            cure=f"export {variable}=... before the training",
        )
    if not value:
        raise ConfigError(
            f"the environment variable {variable} is empty",
            found="`http: {secrets: ...}` names it",
            cure=f"export {variable}=... with the whole value before the training, or leave it out of `secrets`",
        )
    return value
