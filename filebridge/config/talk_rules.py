"""Rules for exchanges by the way they go: what is said can go that way, and the reply's end can be known there."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.dialogues import draws_screen, framings_of, gives_snapshots, is_parcel
from filebridge.config.directions import way_back, way_there
from filebridge.config.exchange import FRAMINGS, Exchange, Framing
from filebridge.config.model import Config
from filebridge.config.problems import Problem

__all__ = ["check_talk"]

Place = tuple[str | int, ...]


def check_talk(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with ``exchange``, which stands at ``place``, for the ways that the transport has."""
    yield from _said(config, exchange, place)
    given = framings_of(config, exchange, place)
    for at, framing in given:
        yield from _end(config, framing, at)
    if not given and _left_open(config):
        what = "a file that is left open is never known to be whole"
        wanted = "`framing: {lines: 1}`, `until` or another end of the message"
        yield Problem(("transport", "files", "written"), what, "open", wanted)


def _said(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    http, screen = config.transport.http, draws_screen(config)
    if exchange.send is None and "send" in exchange.model_fields_set:
        wanted = 'text in quotes, `""` for an empty line; what stands behind a # is a comment'
        yield Problem((*place, "send"), "nothing is written here", expected=wanted, on="key")
    if not way_there(config) and config.simulator.each == "episode":
        yield from _unheard(config, exchange, place)
    if exchange.press is not None and not screen and (http is None or http.url is None):
        wanted = "`send`; or `console: {terminal: true, screen: 80x24}`, where it draws one"
        yield Problem((*place, "press"), "keys are for a full screen", "no `screen`", wanted, on="key")
    for key in ("send", "send_json", "pack"):
        if getattr(exchange, key) is not None and screen:
            yield Problem((*place, key), "a full screen takes keys", f"`{key}`", '`press: "...<enter>"`', on="key")
    if exchange.answer and screen:
        what, wanted = "an answer is a line, and a full screen takes keys", "an exchange with `when` and `press`"
        yield Problem((*place, "answer"), what, "`answer`", wanted, on="key")
    if isinstance(exchange.send, list) and len(exchange.send) > 1 and _rewritten(config):
        what = "the replies to several lines cannot be told apart in one file"
        yield Problem((*place, "send"), what, f"a list of {len(exchange.send)}", "an exchange for each line")


def _unheard(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    for key in ("send", "send_json", "pack", "answer"):
        if getattr(exchange, key):
            found, wanted = "only files", "`write: {NAME: ...}`, or `console: {}` beside the transport"
            if config.transport.sockets:
                found = "`carries: replies`"
                wanted = "`carries: both`, or another transport beside it: `console: {}`, say"
            yield Problem((*place, key), "nothing leads to the program's input", found, wanted, on="key")


def _rewritten(config: Config) -> bool:
    """Return whether each result takes the place of the one before."""
    files = config.transport.files
    if config.simulator.each == "step" or files is None or not files.read:
        return False
    return gives_snapshots(config) and "*" not in files.read[0]


def _left_open(config: Config) -> bool:
    """Return whether only its own end tells that a result is whole, several of which are refused in any case."""
    files = config.transport.files
    if files is None or not files.read or config.simulator.each == "step" or is_parcel(config):
        return False
    return files.written == "open" and not files.flag and not files.lock


def _end(config: Config, framing: Framing, place: Place) -> Iterator[Problem]:
    console = config.transport.console
    screen = console.screen if console is not None else None
    if framing.cursor is not None and screen is None:
        yield Problem((*place, "cursor"), "only a full screen has one", "no `screen`", "`until` or `lines`", on="key")
    elif framing.cursor is not None and screen is not None:
        (row, column), (columns, rows) = framing.cursor, screen
        if row > rows or column > columns:
            wanted = f"a row up to {rows} and a column up to {columns}"
            yield Problem((*place, "cursor"), "outside the screen", f"row {row}, column {column}", wanted)
    if framing.whole and (not gives_snapshots(config) or screen is not None or _left_open(config)):
        what = "nothing but the message itself says where it ends"
        wanted = "`until`, `quiet` or `cursor`" if screen is not None else "`lines`, `until`, `blank` or `bytes`"
        yield Problem((*place, "whole"), what, "`whole`", wanted, on="key")
    yield from _counted(config, framing, place)
    if is_parcel(config):
        for key in FRAMINGS:
            if key not in ("whole", "quiet", "cursor", "length", "datagrams") and getattr(framing, key) is not None:
                what, wanted = "several files make a reply when all of them are whole", "`flag` or `lock`, or one file"
                yield Problem((*place, key), what, f"`{key}`", wanted, on="key")


def _counted(config: Config, framing: Framing, place: Place) -> Iterator[Problem]:
    way = "run" if config.simulator.each == "step" else way_back(config)
    if framing.datagrams is not None and way != "udp":
        what, wanted = "only datagrams can be counted", "`udp` in `transport`; or `lines`, `bytes` or `until`"
        yield Problem((*place, "datagrams"), what, "no reply over `udp`", wanted, on="key")
    if framing.length is not None and gives_snapshots(config) and not draws_screen(config):
        what = "a length stands in front of messages in a stream"
        found = {"udp": "datagrams", "http": "`http`", "files": "files"}.get(way, "`each: step`")
        yield Problem((*place, "length"), what, found, "leave it out: each message is whole by itself", on="key")
