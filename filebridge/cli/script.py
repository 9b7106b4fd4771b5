"""A configuration told as a script that people can read: how it is started, what is said, what is awaited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filebridge.cli.sending import Line, quoted, sendings
from filebridge.cli.texts import count, duration
from filebridge.config.dialogues import dialogues as all_exchanges
from filebridge.config.dialogues import draws_screen, framing_of, gives_snapshots
from filebridge.config.directions import way_back
from filebridge.config.exchange import FRAMINGS, Alternative, Exchange, Framing, Length
from filebridge.config.model import Config
from filebridge.config.sockets import Http, Tcp, Udp, Unix
from filebridge.config.transport import Console, Files
from filebridge.program.awaiting import awaited_by

__all__ = ["dialogues", "way_of_talking", "ways"]


def way_of_talking(config: Config) -> str:
    """Return in a few words what moves the bytes."""
    transport = config.transport
    ways = ["files"] if transport.files is not None or any(one.write for _, one in all_exchanges(config)) else []
    ways += ["FIFOs"] if transport.fifo is not None else []
    ways += [_console(transport.console)] if transport.console is not None else []
    ways += [_socket(socket) for socket in transport.sockets.values()]
    return " and ".join(ways) + (", a process for each step" if config.simulator.each == "step" else "")


def _console(console: Console) -> str:
    if console.screen is not None:
        columns, rows = console.screen
        return f"full screen ({columns}x{rows}, {console.terminal} terminal)"
    return "console (pipes)" if console.terminal == "none" else f"console ({console.terminal} terminal)"


def _socket(socket: Tcp | Unix | Udp | Http) -> str:
    if isinstance(socket, Http):
        return "HTTP (the program serves)" if socket.url else "HTTP (the program asks)"
    kind = "Unix socket" if isinstance(socket, Unix) else type(socket).__name__.upper()
    if isinstance(socket, Udp):
        return kind if socket.carries == "both" else f"{kind} ({socket.carries})"
    side = "the program listens" if socket.connect else "the program calls"
    return f"{kind} ({side})" if socket.carries == "both" else f"{kind} ({side}, {socket.carries})"


def ways(config: Config) -> Iterator[Line]:
    """Yield what is told of files, FIFOs, sockets and runs: names, how it is known that they are whole, exit codes."""
    simulator, files, fifo = config.simulator, config.transport.files, config.transport.fifo
    if simulator.each == "step":
        kept = f"; {count(simulator.remember, 'result')} remembered" if simulator.remember else ""
        yield "goes well with", "exit code " + " or ".join(map(str, simulator.exit_ok)) + kept
    if fifo is not None and fifo.write:
        yield "reads the FIFO", fifo.write
    if fifo is not None and fifo.read:
        yield "writes the FIFO", fifo.read
    if files is not None and files.read:
        yield "answers in", ", ".join(files.read) + _evidence(files, simulator.each == "step")
    for socket in config.transport.sockets.values():
        yield from _addresses(socket)
    if files is not None and (files.fsync or files.lock_writes):
        told = ["on the disk before they get their name"] if files.fsync else []
        told += [f"{files.lock_writes} is there meanwhile"] if files.lock_writes else []
        yield "is told in", "files, " + ", ".join(told)


def _addresses(socket: Tcp | Unix | Udp | Http) -> Iterator[Line]:
    """Yield where the program listens, where we do, and who is let in."""
    connect, listen = (socket.url, socket.serve) if isinstance(socket, Http) else (socket.connect, socket.listen)
    if connect:
        yield "listens at", connect + _more(socket)
    if listen:
        let_in = {"process": "of what we started", "token": "with the token", "any": "of anybody"}[socket.peer]
        what = "requests" if isinstance(socket, Http) else "datagrams" if isinstance(socket, Udp) else "a connection"
        yield "calls us at", f"{listen}; {what} {let_in}{_more(socket)}"
    if isinstance(socket, Http):
        if listen:
            yield "fetches at", f"{socket.action}, where it is kept waiting {duration(socket.wait)} at most"
        for name, variable in socket.secrets.items():
            yield "secret", f"{name}, from the environment variable {variable}"


def _more(socket: Tcp | Unix | Udp | Http) -> str:
    """Return what else is worth knowing of a connection."""
    if isinstance(socket, Http):
        return f"; ready when {socket.ready} is answered" if socket.ready else ""
    if isinstance(socket, Udp):
        return ""
    told = ["a new connection for each episode"] if socket.each == "episode" else []
    told += ["telnet"] if isinstance(socket, Tcp) and socket.telnet else []
    return "".join(f"; {one}" for one in told)


def _evidence(files: Files, runs: bool) -> str:
    """Return how it is known that the files are whole."""
    if runs:
        return ""
    told = [f"whole once {files.flag} is there"] if files.flag else []
    told += [f"whole once {files.lock} is gone"] if files.lock else []
    told += ["removed before each action"] if files.remove else []
    told += [f"looked at every {duration(files.every)}"] if files.watch == "poll" else []
    told += [f"watched by {files.watch}"] if files.watch in ("inotify", "watchdog") else []
    return "".join(f"; {one}" for one in told)


def dialogues(config: Config) -> Iterator[tuple[str, list[Line]]]:
    """Yield a heading and the lines of the script for each phase that has a dialogue."""
    reset = config.reset
    phases: list[tuple[str, Sequence[Exchange]]] = [("start", config.start)]
    if reset is not None:
        held = "at the beginning of every episode" if reset.start_from is None else f"only from `{reset.start_from}`"
        phases.append((f"reset ({held})", reset.exchanges))
    if config.restore is not None:
        phases.append(("save (once, after the start)", config.restore.save))
        phases.append(("load (at the beginning of every further episode)", config.restore.load))
    phases += [("step", config.step), ("stop", config.stop)]
    for heading, exchanges in phases:
        if exchanges:
            yield heading, [line for exchange in exchanges for line in _exchange(config, exchange)]


def _exchange(config: Config, exchange: Exchange) -> Iterator[Line]:
    if exchange.at is not None:
        yield "at", f"{duration(exchange.at)} after the beginning of the step"
    if exchange.when is not None:
        yield "only if", exchange.when
    sent = list(sendings(exchange))
    yield from sent
    if not sent and config.adapter is not None:
        yield "adapter", "says what is sent, and where the reply ends if that is not said here"
        if all(getattr(exchange, key) is None for key in FRAMINGS):
            return
    for question, reply in exchange.answer.items():
        yield "if asked", f"{quoted(question)} answer {quoted(reply)}"
    replies = len(exchange.send) if isinstance(exchange.send, list) else 1
    yield from _ends(config, framing_of(config, exchange), replies)
    yield from _conditions(config, exchange)


def _conditions(config: Config, exchange: Exchange) -> Iterator[Line]:
    """Yield which replies count, and what is done when none comes."""
    if exchange.gather is not None:
        yield "until", f"{exchange.gather}: all that comes meanwhile is read together"
    if exchange.fresh is not None:
        yield "counts if", f"{exchange.fresh}: any other reply is an old one"
    if exchange.silent:
        read = "the screen counts as it stands" if draws_screen(config) else "no reply is a reply"
        yield "or", f"silence for {duration(exchange.silent)}: {read}"
    if exchange.resend:
        yield "send again", f"after each {duration(exchange.resend)} without a reply"
    if exchange.repeat is not None:
        yield "again", f"every {duration(exchange.repeat.every)} until {exchange.repeat.until}"


def _ends(config: Config, framing: Framing, replies: int) -> Iterator[Line]:
    each = f", {replies} times" if replies > 1 else ""
    beside = framing.until is None or any(getattr(framing, key) is not None for key in FRAMINGS[1:])
    if beside:
        yield "wait for", _plain_end(config, framing) + each
    for number, end in enumerate(framing.until or (), beside):
        label = f"  sets `{end.label}`" if end.label else ""
        yield "or" if number else "wait for", _end(end) + label + ("" if number else each)


def _plain_end(config: Config, framing: Framing) -> str:
    if framing.quiet is not None:
        return f"silence of {duration(framing.quiet)} after the last byte"
    if config.transport.sockets and config.simulator.each == "episode" and (framing.whole or framing.datagrams):
        return _message(config, framing)
    if framing.document is not None:
        return {"json": "a whole JSON value", "xml": "a whole XML element"}[framing.document]
    if framing.length is not None:
        return _length(framing.length)
    if framing.whole or framing.cursor is not None or gives_snapshots(config):
        return awaited_by(config, framing)
    if framing.blank:
        return "a blank line"
    if framing.bytes is not None:
        return f"{framing.bytes} bytes"
    return "a line" if framing.lines in (None, 1) else f"{framing.lines} lines"


def _message(config: Config, framing: Framing) -> str:
    """Return what comes whole over a socket."""
    way, http = way_back(config), config.transport.http
    if way == "udp":
        return "a datagram" if framing.datagrams in (None, 1) else f"{framing.datagrams} datagrams"
    if way == "http" and http is not None:
        return "the answer" if http.url else f"what it posts to {http.observation}"
    return awaited_by(config, framing)


def _length(length: Length) -> str:
    number = "a byte" if length.size == 1 else f"{length.size} bytes, {length.order} end first,"
    place = f" behind the first {length.offset}" if length.offset else ""
    of = "all of it" if length.counts == "message" else "the rest"
    return f"a message in which {number}{place} say how long {of} is"


def _end(end: Alternative) -> str:
    if end.exit is not None:
        return "the end of the program, exit code " + " or ".join(map(str, end.exit))
    return f"/{end.regex}/" if end.regex is not None else quoted(end.text or "")
