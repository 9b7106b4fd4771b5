"""How many descriptors a simulator takes of this process, as its configuration says; a test measures it."""

from __future__ import annotations

import os

from filebridge.config.directions import way_back, way_there
from filebridge.config.model import Config
from filebridge.config.sockets import Http, Tcp, Udp, Unix
from filebridge.config.substitution import uses
from filebridge.config.transport import Files
from filebridge.program import Program
from filebridge.program.seat import needs_seat

__all__ = ["each", "starting"]

_BELL = 1
_WAKEUP = 1 + _BELL
_OUTBOX = 2
"""The folder that files are put into, and the hidden one in which they are written."""

_WATCHES = {"poll": _BELL, "watchdog": _BELL}
"""Of a watch that is not by inotify; that one waits for the descriptor that all share and for a bell at once."""

_VISITORS = 2
"""Connections of a program that asks us: it may hold one for its next action, and post over another."""


def each(program: Program) -> int:
    """Return how many it takes while it runs, the most that it has between a reset and the next one."""
    config = program.config
    ways = _runs(config) if config.simulator.each == "step" else _process(config)
    return ways + _OUTBOX * program.delivers + needs_seat(config, program.source)


def starting(program: Program) -> int:
    """Return how many more it takes until it is connected."""
    return sum(_listens(socket) for socket in program.config.transport.sockets.values())


def _runs(config: Config) -> int:
    """Return those of a process for each step: nothing to read, both ends of its stderr, what tells of its end."""
    files = config.transport.files
    answers = 1 if files is not None and files.read else 0
    its_output = 0 if answers else 1
    its_end = 1
    return 3 + _WAKEUP + answers + its_output + its_end


def _process(config: Config) -> int:
    transport = config.transport
    fifo, files = transport.fifo, transport.files
    taken = sum(_socket(socket) for socket in transport.sockets.values()) + _reserved(config)
    if config.simulator.command:
        taken += 1 + _console(config)
    if fifo is not None:
        taken += (fifo.write is not None) + (fifo.read is not None)
    if files is not None and files.read:
        taken += _results(files)
    return taken


def _console(config: Config) -> int:
    console = config.transport.console
    if console is not None and console.terminal != "none":
        return 1
    # What is read for errors alone is a pipe as well.
    merged = way_back(config) == "console" and console is not None and console.stderr == "merged"
    outputs = 2 if way_back(config) == "console" and not merged else 1
    return (way_there(config) == "console") + outputs


def _results(files: Files) -> int:
    names = [*(files.read or ()), *filter(None, (files.flag, files.lock))]
    folders = len({os.path.dirname(name) for name in names})
    watch = _WATCHES.get(files.watch, 1 + _BELL)
    if files.written == "appended":
        return folders + watch + 1
    # How far its end has come is looked at before a file is believed.
    return folders + watch + 1 + (_WAKEUP if "*" in names[0] else 0)


def _socket(socket: Tcp | Unix | Udp | Http) -> int:
    if isinstance(socket, Http):
        return 1 + _WAKEUP + _VISITORS if socket.serve else 2
    listens_on = not isinstance(socket, Udp) and socket.listen is not None and socket.each == "episode"
    return 2 if listens_on else 1


def _listens(socket: Tcp | Unix | Udp | Http) -> int:
    if isinstance(socket, Http):
        return 0 if socket.serve else 1
    if isinstance(socket, Udp) or socket.listen is None:
        return 0
    return 1 if socket.each == "episode" else 2


def _reserved(config: Config) -> int:
    """Return how many free ports are kept for the program: those that it listens on itself."""
    text = config.model_dump_json(include={"simulator", "transport"})
    sockets = config.transport.sockets.values()
    ours = [(socket.serve if isinstance(socket, Http) else socket.listen) or "" for socket in sockets]
    return sum(uses([text], name) and not uses(ours, name) for name in ("port", "port2", "port3"))
