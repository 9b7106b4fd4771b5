"""Rules for a program that runs already, and for ports and secrets that a program must be told."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config import substitution
from filebridge.config.addresses import PORTS
from filebridge.config.dialogues import dialogues, framings_of
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.sharing import addresses
from filebridge.config.simulator import Simulator
from filebridge.config.sockets import Http

__all__ = ["check_elsewhere", "check_told"]

Place = tuple[str | int, ...]

_OF_A_START = ("path", "requires", "install", "files", "environment", "directory", "each", "exit_ok", "remember")
"""Keys of `simulator` that are about a program which is started here."""


def check_elsewhere(config: Config) -> Iterator[Problem]:
    """Yield what is wrong where no `command` is given: the program runs already, and it is we who call."""
    if config.simulator.command:
        return
    if not _calls(config):
        told = (Simulator.model_fields["command"].description or "").rstrip(".")
        yield Problem(("simulator",), "the key `command` is missing", "", f"`command: ...`: {told}")
        return
    what, wanted = "no program is started here", "leave it out, or `command: [...]` too"
    for key in _OF_A_START:
        if key in config.simulator.model_fields_set:
            yield Problem(("simulator", key), what, f"`{key}` without `command`", wanted, on="key")
    for key in sorted(config.limits.model_fields_set - {"output"}):
        yield Problem(("limits", key), what, f"`{key}` without `command`", wanted, on="key")
    for place, text in addresses(config):
        for name in (*PORTS, "token", "workdir"):
            if substitution.uses([text], name):
                what = "nobody tells it to a program that runs already"
                yield Problem(place, what, f"${{{name}}}", "the address where it listens, or `command: [...]` too")
        if place[1] == "unix" and not text.startswith("/"):
            what, wanted = "a program that runs already has no folder here", "an absolute path"
            yield Problem(place, what, text, wanted)
    yield from _dialogues(config)


def _dialogues(config: Config) -> Iterator[Problem]:
    for place, exchange in dialogues(config):
        if exchange.write:
            what, wanted = "a program that runs already has no folder here", "leave it out, or `command: [...]` too"
            yield Problem((*place, "write"), what, "`write` without `command`", wanted, on="key")
        for at, framing in framings_of(config, exchange, place):
            for number, end in enumerate(framing.until or ()):
                if end.exit is not None:
                    one = (*at, "until", number)
                    what, wanted = "the end of a program that is not started here is not seen", "a text that it says"
                    found = "exit " + ", ".join(map(str, end.exit))
                    yield Problem((*one, end.label) if end.label else one, what, found, wanted)


def _calls(config: Config) -> bool:
    """Return whether every way leads to a program that listens."""
    transport = config.transport
    if transport.console is not None or transport.files is not None or transport.fifo is not None:
        return False
    sockets = transport.sockets.values()
    return all((socket.url if isinstance(socket, Http) else socket.connect) is not None for socket in sockets)


def check_told(config: Config) -> Iterator[Problem]:
    """Yield ports and tokens of which only one side knows."""
    used = dict(addresses(config))
    if not config.simulator.command or {place[1] for place in used} != config.transport.sockets.keys():
        return
    words = enumerate(config.simulator.command)
    told: list[tuple[Place, str]] = [(("simulator", "command", number), word) for number, word in words]
    told += [(("simulator", "environment", name), text) for name, text in config.simulator.environment.items()]
    for name in PORTS:
        yield from _known_here(config, name, told, substitution.uses(used.values(), name))
        for place, address in used.items():
            if substitution.uses([address], name) and not _is_told(config, name, told):
                calls = "call" if place[-1] in ("listen", "serve") else "listen on"
                wanted = f"`${{{name}}}` in `command` or `environment` too, where it is told which port to {calls}"
                yield Problem(place, "the program is never told this port", f"${{{name}}}", wanted)
    yield from _token(config, told)


def _is_told(config: Config, name: str, told: list[tuple[Place, str]]) -> bool:
    """Return whether ``name`` reaches the program; what a template says of it is not known here."""
    files = config.simulator.files.values()
    in_files = any(file.template is not None or name in (file.text or "") for file in files)
    return in_files or substitution.uses((text for _, text in told), name)


def _known_here(config: Config, name: str, told: list[tuple[Place, str]], used: bool) -> Iterator[Problem]:
    if used:
        return
    for place, text in told:
        if not substitution.uses([text], name):
            continue
        others = ", ".join(f"${{{other}}}" for other in substitution.KNOWN if other not in (*PORTS, "token"))
        what, wanted = "a console has no port", f"another of {others}"
        if config.transport.sockets:
            what = "no address of the transport has this port"
            wanted = f"`127.0.0.1:${{{name}}}` as the address of a socket"
        offset = text.index(f"${{{name}}}")
        yield Problem(place, what, f"${{{name}}}", wanted, "", "value", offset, len(name) + 3)


def _token(config: Config, told: list[tuple[Place, str]]) -> Iterator[Problem]:
    asking = [
        name for name, socket in config.transport.sockets.items()
        if socket.peer == "token" and (socket.serve if isinstance(socket, Http) else socket.listen) is not None
    ]  # fmt: skip
    if not asking:
        for place, text in told:
            if substitution.uses([text], "token"):
                offset, wanted = text.index("${token}"), "`peer: token` beside `listen` or `serve`, or leave it out"
                yield Problem(place, "nobody asks for the token", "${token}", wanted, "", "value", offset, 8)
    elif not _is_told(config, "token", told):
        socket = config.transport.sockets[asking[0]]
        given = "peer" in socket.model_fields_set
        place = ("transport", asking[0], "peer") if given else ("transport", asking[0])
        wanted = '`environment: {TOKEN: "${token}"}`, where it reads it'
        wanted += "; or `peer: process`, where what we started asks us"
        found = "`peer: token`" if given else "`peer: token`, the default"
        yield Problem(place, "the program is never told the token", found, wanted, on="value" if given else "key")
