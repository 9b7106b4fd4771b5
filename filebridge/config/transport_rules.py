"""Rules for the ways to a simulator and back: each direction has one, each file a name of its own."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.deck_rules import check_decks
from filebridge.config.dialogues import dialogues
from filebridge.config.direction_rules import check_directions
from filebridge.config.elsewhere_rules import check_elsewhere, check_told
from filebridge.config.model import Config
from filebridge.config.pace_rules import check_pace
from filebridge.config.problems import Problem
from filebridge.config.request_rules import check_requests
from filebridge.config.restore import check_restore
from filebridge.config.run_rules import check_runs
from filebridge.config.socket_rules import check_sockets
from filebridge.config.talk_rules import check_talk
from filebridge.config.transport import Files

__all__ = ["check_transport"]

Place = tuple[str | int, ...]


def check_transport(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the transport, with the files of exchanges, and with a process for each step."""
    transport = config.transport
    if transport.console is None and transport.files is None and transport.fifo is None and not transport.sockets:
        wanted = "`console`, `files`, `fifo`, `tcp`, `unix`, `udp` or `http`"
        yield Problem(("transport",), "the transport is missing", "none of its keys", wanted, on="key")
        return
    yield from _ways(config)
    yield from _console(config)
    yield from _files(config)
    yield from _names(config)
    yield from check_sockets(config)
    yield from check_elsewhere(config)
    yield from check_told(config)
    yield from check_runs(config)
    yield from check_restore(config)
    yield from check_pace(config)
    for place, exchange in dialogues(config):
        yield from check_talk(config, exchange, place)
        yield from check_requests(config, exchange, place)
        yield from check_decks(exchange, place)


def _ways(config: Config) -> Iterator[Problem]:
    transport, place = config.transport, ("transport",)
    console, files, fifo = transport.console, transport.files, transport.fifo
    reads = [f"{name}.read" for name, way in (("fifo", fifo), ("files", files)) if way is not None and way.read]
    if len(reads) == 2:
        yield Problem((*place, "files", "read"), "the way back is given twice", " and ".join(reads), "one", on="key")
    if transport.sockets:
        yield from check_directions(config, reads)
    elif not reads and console is None:
        at = (*place, "fifo" if files is None else "files")
        wanted = "`read: NAME`, or `console: {}`"
        yield Problem(at, "nothing leads back from the program", "no `read`", wanted, on="key")
    if fifo is not None and fifo.write is None and fifo.read is None:
        yield Problem((*place, "fifo"), "says nothing", "neither `write` nor `read`", "one of them", on="key")


def _files(config: Config) -> Iterator[Problem]:
    files, place = config.transport.files, ("transport", "files")
    if files is None:
        return
    if files.read is None:
        for key in ("written", "flag", "lock", "remove", "watch", "every"):
            if key in files.model_fields_set:
                yield Problem((*place, key), "there is no file to read", f"`{key}` without `read`", "`read: NAME` too",
                              on="key")  # fmt: skip
    elif config.simulator.each == "episode":
        yield from _results(files, place)
    if not any(exchange.write for _, exchange in dialogues(config)):
        for key in ("lock_writes", "fsync"):
            if key in files.model_fields_set:
                yield Problem((*place, key), "no file is written", f"`{key}`", "`write: {NAME: ...}` in an exchange",
                              on="key")  # fmt: skip


def _results(files: Files, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the results of a program that runs on."""
    reads, whole = files.read or (), "says twice when the results are whole"
    marks = [key for key in ("flag", "lock") if getattr(files, key)]
    if len(marks) == 2:
        yield Problem((*place, "lock"), whole, "`flag` and `lock`", "one of them", on="key")
    if any("*" in name for name in reads):
        for mark in marks:
            wanted = "leave it out; `written` says how each of them is written"
            yield Problem((*place, mark), "numbered results are each whole by themselves", f"`{mark}`", wanted,
                          on="key")  # fmt: skip
        if files.written == "appended":
            yield Problem((*place, "written"), "numbered results are each written once", "appended",
                          "leave it out, or one file without a star")  # fmt: skip
    elif marks and "written" in files.model_fields_set:
        yield Problem((*place, "written"), whole, f"`written` and `{marks[0]}`", f"`{marks[0]}` by itself", on="key")
    elif len(reads) > 1 and files.written in ("open", "appended"):
        what = "several files make a reply when all of them are whole"
        yield Problem((*place, "written"), what, files.written, "`flag` or `lock` instead, or one file")
    if files.remove and files.written == "appended":
        what, wanted = "a file that grows is read on from where it ended", "leave it out: what was there is passed over"
        yield Problem((*place, "remove"), what, "`remove`", wanted, on="key")
    if "every" in files.model_fields_set and files.watch in ("inotify", "watchdog"):
        yield Problem((*place, "every"), "changes are announced, not looked for", f"`watch: {files.watch}`",
                      "`watch: poll`, or leave `every` out", on="key")  # fmt: skip


def _console(config: Config) -> Iterator[Problem]:
    transport = config.transport
    console = transport.console
    if console is None:
        return
    place: Place = ("transport", "console")
    if console.terminal == "none" and console.screen is not None:
        yield Problem((*place, "screen"), "a full screen wants a terminal", "pipes", "`terminal: true` too", on="key")
    elif console.terminal == "none" and "size" in console.model_fields_set:
        yield Problem((*place, "size"), "pipes have no size", "`size`", "`terminal: true` too, or leave it out",
                      on="key")  # fmt: skip
    if console.screen is not None and "size" in console.model_fields_set:
        yield Problem((*place, "size"), "the size is given twice", "`size` and `screen`", "`screen`", on="key")
    if console.terminal != "none" and not _written_only(config):
        others = " and ".join(f"`{name}`" for name in ("files", "fifo", *transport.sockets) if getattr(transport, name))
        what = "a terminal cannot be combined with other ways"
        yield Problem((*place, "terminal"), what, f"`terminal` beside {others}", "pipes: leave `terminal` out",
                      on="key")  # fmt: skip


def _written_only(config: Config) -> bool:
    """Return whether all the bytes go through the console, and the key `files` only says how files are written."""
    transport = config.transport
    read = transport.files is not None and transport.files.read is not None
    return transport.fifo is None and not transport.sockets and not read


def _names(config: Config) -> Iterator[Problem]:
    files, fifo = config.transport.files, config.transport.fifo
    named: list[tuple[Place, str]] = []
    if files is not None:
        own: Place = ("transport", "files")
        reads = files.read or ()
        several = len(reads) > 1
        named += [((*own, "read", number) if several else (*own, "read"), name) for number, name in enumerate(reads)]
        named += [((*own, key), getattr(files, key)) for key in ("flag", "lock", "lock_writes") if getattr(files, key)]
        yield from _stars(reads, (*own, "read"))
    if fifo is not None:
        named += [(("transport", "fifo", key), getattr(fifo, key)) for key in ("write", "read") if getattr(fifo, key)]
    stars = [name for name in (files.read or () if files is not None else ()) if "*" in name]
    taken: dict[str, Place] = {}
    for place, name in named:
        yield from _leading_out(name, place)
        if name in taken:
            yield Problem(place, "the name is used twice", name, "a file of its own")
        taken.setdefault(name, place)
        if place[1] == "fifo" and name in config.simulator.files:
            yield Problem(("simulator", "files", name), "the name is used twice", name, "a file of its own", on="key")
    for place, exchange in dialogues(config):
        for name in exchange.write or {}:
            yield from _leading_out(name, (*place, "write", name), on_key=True)
            # One that the program takes away when it is done may well be ours; one that it makes may not.
            if (name in taken and taken[name][-1] != "lock") or any(_stands_for(read, name) for read in stars):
                yield Problem((*place, "write", name), "the name is used twice", name, "a file of its own", on="key")


def _leading_out(name: str, place: Place, on_key: bool = False) -> Iterator[Problem]:
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or not name or name.endswith("/"):
        wanted = "a relative name without `..`; `simulator: {directory: ...}` is where it is seen from"
        yield Problem(place, "leads out of the folder that the program starts in", name, wanted,
                      on="key" if on_key else "value")  # fmt: skip


def _stands_for(star: str, name: str) -> bool:
    before, _, after = star.partition("*")
    rest = name.removeprefix(before)
    return name.startswith(before) and rest.endswith(after) and len(rest) >= len(after) and "/" not in rest


def _stars(reads: tuple[str, ...], place: Place) -> Iterator[Problem]:
    for number, name in enumerate(reads):
        at = (*place, number) if len(reads) > 1 else place
        if "*" in name and (len(reads) > 1 or name.count("*") > 1 or "*" not in name.rpartition("/")[2]):
            what = "a star stands for the number of a result, in the last part of one name"
            yield Problem(at, what, name, "`out/*.txt` by itself, say")
