"""A configuration told as a script that people can read: how it is started, what is said, what is awaited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filebridge.cli.texts import duration
from filebridge.config.dialogues import framing_of
from filebridge.config.exchange import Alternative, Exchange, Framing
from filebridge.config.model import Config
from filebridge.errors import escaped

__all__ = ["Line", "dialogues", "way_of_talking"]

Line = tuple[str, str]
"""A word for what happens, and what."""


def way_of_talking(config: Config) -> str:
    """Return in a few words what moves the bytes."""
    console = config.transport.console
    if console is None:
        return next(name for name, value in config.transport if value is not None)
    return "console (pipes)" if console.terminal == "none" else f"console ({console.terminal} terminal)"


def dialogues(config: Config) -> Iterator[tuple[str, list[Line]]]:
    """Yield a heading and the lines of the script for each phase that has a dialogue."""
    reset = config.reset
    phases: list[tuple[str, Sequence[Exchange]]] = [("start", config.start)]
    if reset is not None:
        held = "at the beginning of every episode" if reset.start_from is None else f"only from `{reset.start_from}`"
        phases.append((f"reset ({held})", reset.exchanges))
    phases += [("step", config.step), ("stop", config.stop)]
    for heading, exchanges in phases:
        if exchanges:
            yield heading, [line for exchange in exchanges for line in _exchange(config, exchange)]


def _exchange(config: Config, exchange: Exchange) -> Iterator[Line]:
    if exchange.when is not None:
        yield "only if", exchange.when
    lines = exchange.send if isinstance(exchange.send, list) else [exchange.send]
    for line in lines:
        if line is not None:
            yield "send", quoted(line)
    for question, reply in exchange.answer.items():
        yield "if asked", f"{quoted(question)} answer {quoted(reply)}"
    yield from _ends(framing_of(config, exchange), len(lines))
    if exchange.silent:
        yield "or", f"silence for {duration(exchange.silent)}: no reply is a reply"
    if exchange.repeat is not None:
        yield "again", f"every {duration(exchange.repeat.every)} until {exchange.repeat.until}"


def _ends(framing: Framing, replies: int) -> Iterator[Line]:
    each = f", {replies} times" if replies > 1 else ""
    if framing.until is None:
        yield "wait for", _plain_end(framing) + each
        return
    for number, end in enumerate(framing.until):
        label = f"  sets `{end.label}`" if end.label else ""
        yield "or" if number else "wait for", _end(end) + label + ("" if number else each)


def _plain_end(framing: Framing) -> str:
    if framing.blank:
        return "a blank line"
    if framing.bytes is not None:
        return f"{framing.bytes} bytes"
    if framing.quiet is not None:
        return f"silence of {duration(framing.quiet)} after the last byte"
    return "a line" if framing.lines in (None, 1) else f"{framing.lines} lines"


def _end(end: Alternative) -> str:
    if end.exit is not None:
        return "the end of the program, exit code " + " or ".join(map(str, end.exit))
    return f"/{end.regex}/" if end.regex is not None else quoted(end.text or "")


def quoted(text: str) -> str:
    """Return ``text`` in quotation marks, its blanks and line ends visible."""
    return '"' + "".join(char if char.isprintable() else escaped(char) for char in text) + '"'
