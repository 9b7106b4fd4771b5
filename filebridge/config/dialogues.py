"""The exchanges of a configuration, each with its place, and the framing that is in force for it."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.directions import way_back
from filebridge.config.exchange import FRAMINGS, Exchange, Framing, labels
from filebridge.config.model import Config

__all__ = [
    "all_labels", "cannot_be_warm", "dialogues", "draws_screen", "framing_of", "framings_of", "gives_snapshots",
    "is_parcel", "reconnects", "sent_texts",
]  # fmt: skip

Place = tuple[str | int, ...]

_LINE = Framing(lines=1)
_WHOLE = Framing(whole=True)
_SETTLED = Framing(quiet=0.03)


def dialogues(config: Config) -> Iterator[tuple[Place, Exchange]]:
    """Yield every exchange with its path."""
    for phase in ("start", "step", "stop"):
        for number, exchange in enumerate(getattr(config, phase)):
            yield (phase, number), exchange
    for number, exchange in enumerate(config.reset.exchanges if config.reset else ()):
        yield ("reset", "exchanges", number), exchange
    for phase in ("save", "load") if config.restore else ():
        for number, exchange in enumerate(getattr(config.restore, phase)):
            yield ("restore", phase, number), exchange


def framing_of(config: Config, exchange: Exchange) -> Framing:
    """Return the framing in force for ``exchange``: its own, the common one, or that of the transport.

    Where it gives nothing but exit codes, they are added to the common one.
    """
    framings = [framing for _, framing in framings_of(config, exchange, ())]
    if len(framings) == 2:
        own, common = framings
        return common.model_copy(update={"until": (*(common.until or ()), *(own.until or ()))})
    if framings:
        return framings[0]
    if draws_screen(config):
        return _SETTLED
    return _WHOLE if gives_snapshots(config) else _LINE


def framings_of(config: Config, exchange: Exchange, place: Place) -> list[tuple[Place, Framing]]:
    """Return what the file says of the end of the reply to ``exchange``, which stands at ``place``, with its places."""
    given = [
        (at, framing) for at, framing in ((place, exchange), (("framing",), config.framing))
        if any(getattr(framing, name) is not None for name in FRAMINGS)
    ]
    # The end of the program may come instead of any other one; in `stop` it is itself what is awaited.
    added = exchange.ends_by_exit and not any(one is exchange for one in config.stop)
    return given if added else given[:1]


def gives_snapshots(config: Config) -> bool:
    """Return whether each thing read is all that there is, rather than a piece of a stream."""
    transport = config.transport
    if config.simulator.each == "step":
        return True
    if transport.sockets and way_back(config) in ("udp", "http"):
        return True
    if transport.files is not None and transport.files.read:
        return transport.files.written != "appended"
    return draws_screen(config)


def draws_screen(config: Config) -> bool:
    """Return whether the program draws a full screen."""
    console = config.transport.console
    return console is not None and console.screen is not None


def is_parcel(config: Config) -> bool:
    """Return whether a message is made of several files."""
    files = config.transport.files
    return files is not None and len(files.read or ()) > 1


def cannot_be_warm(config: Config) -> str:
    """Return why no simulator can be started before its episode begins, "" where one can."""
    if not config.simulator.command:
        return "the program runs already"
    if config.simulator.each == "step":
        return "each step has a process of its own"
    return "all episodes have one process, and connect to it anew" if reconnects(config) else ""


def all_labels(config: Config) -> list[str]:
    """Return the labels of all ends, each once."""
    return labels([framing_of(config, exchange) for _, exchange in dialogues(config)])


def sent_texts(exchange: Exchange) -> list[str]:
    """Return all templates and expressions of what is sent, pressed and written; a deck from a file says nothing."""
    texts = list(exchange.send) if isinstance(exchange.send, list) else [exchange.send or "", exchange.press or ""]
    texts += _leaves([exchange.send_json, exchange.pack.values if exchange.pack is not None else None])
    if exchange.request is not None:
        texts += _leaves(exchange.request.model_dump())
    for name, content in (exchange.write or {}).items():
        texts.append(name)
        if isinstance(content, str):
            texts.append(content)
            continue
        texts += [content.text or "", *(edit.to for edit in content.set or ()), *_leaves(content.namelist)]
    return texts


def _leaves(tree: object) -> list[str]:
    """Return all texts that are values in ``tree``."""
    if isinstance(tree, dict | list | tuple):
        parts = tree.values() if isinstance(tree, dict) else tree
        return [text for part in parts for text in _leaves(part)]
    return [tree] if isinstance(tree, str) else []


def reconnects(config: Config) -> bool:
    """Return whether each episode has a connection of its own."""
    return any(getattr(socket, "each", "") == "episode" for socket in config.transport.sockets.values())
