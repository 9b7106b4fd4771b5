"""Rules for the ways to a simulator and back: each direction has one, and what is said can go that way."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.action_rules import one_of
from filebridge.config.deck import DECK_WAYS, EDIT_WAYS, Deck, Edit
from filebridge.config.dialogues import dialogues, framing_of
from filebridge.config.exchange import FRAMINGS, Exchange
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest

__all__ = ["check_transport"]

Place = tuple[str | int, ...]


def check_transport(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the transport, with the files of exchanges, and with a process for each step."""
    transport = config.transport
    if transport.console is None and transport.files is None and transport.fifo is None:
        wanted = "`console`, `files` or `fifo`"
        yield Problem(("transport",), "the transport is missing", "none of its keys", wanted, on="key")
        return
    yield from _ways(config)
    yield from _console(config)
    yield from _names(config)
    yield from _each(config)
    for place, exchange in dialogues(config):
        yield from _exchange(config, exchange, place)
        for name, content in (exchange.write or {}).items():
            if isinstance(content, Deck):
                yield from _deck(content, (*place, "write", name))
    for name, field in config.fields.items():
        yield from _file(config, field.file, ("fields", name, "file"))


def _ways(config: Config) -> Iterator[Problem]:
    transport, place = config.transport, ("transport",)
    console, files, fifo = transport.console, transport.files, transport.fifo
    reads = [f"{name}.read" for name, way in (("fifo", fifo), ("files", files)) if way is not None and way.read]
    if len(reads) == 2:
        yield Problem((*place, "files", "read"), "the way back is given twice", " and ".join(reads), "one", on="key")
    if not reads and console is None:
        at = (*place, "fifo" if files is None else "files")
        wanted = "`read: NAME`, or `console: {}`"
        yield Problem(at, "nothing leads back from the program", "no `read`", wanted, on="key")
    if fifo is not None and fifo.write is None and fifo.read is None:
        yield Problem((*place, "fifo"), "says nothing", "neither `write` nor `read`", "one of them", on="key")
    for key in ("flag", "lock", "remove", "every"):
        if files is not None and files.read is None and key in files.model_fields_set:
            yield Problem((*place, "files", key), "there is no file to read", f"`{key}` without `read`",
                          "`read: NAME` too", on="key")  # fmt: skip
    if files is not None and files.flag and files.lock:
        yield Problem((*place, "files", "lock"), "says twice when the results are whole", "`flag` and `lock`",
                      "one of them", on="key")  # fmt: skip


def _console(config: Config) -> Iterator[Problem]:
    transport = config.transport
    console = transport.console
    if console is None:
        return
    place: Place = ("transport", "console")
    if console.terminal == "none" and console.screen is not None:
        yield Problem((*place, "screen"), "a full screen wants a terminal", "pipes", "`terminal: true` too", on="key")
    if console.screen is not None and "size" in console.model_fields_set:
        yield Problem((*place, "size"), "the size is given twice", "`size` and `screen`", "`screen`", on="key")
    if console.terminal != "none" and (transport.files or transport.fifo) and not _written_only(config):
        what = "a terminal beside other ways is not covered"
        yield Problem((*place, "terminal"), what, console.terminal, "pipes: leave `terminal` out")


def _written_only(config: Config) -> bool:
    """Return whether all the bytes go through the console, and the key `files` only says how files are written."""
    transport = config.transport
    return transport.fifo is None and (transport.files is None or transport.files.read is None)


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
    taken: dict[str, Place] = {}
    for place, name in named:
        yield from _leading_out(name, place)
        if name in taken:
            yield Problem(place, "the name is used twice", name, "a file of its own")
        taken.setdefault(name, place)
    for place, exchange in dialogues(config):
        for name in exchange.write or {}:
            yield from _leading_out(name, (*place, "write", name), on_key=True)
            # One that the program takes away when it is done may well be ours; one that it makes may not.
            if name in taken and taken[name][-1] != "lock":
                yield Problem((*place, "write", name), "the name is used twice", name, "a file of its own", on="key")


def _leading_out(name: str, place: Place, on_key: bool = False) -> Iterator[Problem]:
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or not name or name.endswith("/"):
        wanted = "a relative name without `..`; `simulator: {directory: ...}` is where it is seen from"
        yield Problem(place, "leads out of the folder that the program starts in", name, wanted,
                      on="key" if on_key else "value")  # fmt: skip


def _stars(reads: tuple[str, ...], place: Place) -> Iterator[Problem]:
    for number, name in enumerate(reads):
        at = (*place, number) if len(reads) > 1 else place
        if "*" in name and (len(reads) > 1 or name.count("*") > 1 or "*" not in name.rpartition("/")[2]):
            what = "a star stands for the number of a result, in the last part of one name"
            yield Problem(at, what, name, "`out/*.txt` by itself, say")


def _each(config: Config) -> Iterator[Problem]:
    simulator, place = config.simulator, ("simulator",)
    if simulator.each == "episode":
        for key in ("exit_ok", "remember"):
            if key in simulator.model_fields_set:
                wanted = "`each: step` too; `until: {over: {exit: 0}}` where a process ends an episode"
                yield Problem((*place, key), "holds for a process at each step", f"`{key}`", wanted, on="key")
        return
    for phase in ("start", "stop"):
        if getattr(config, phase):
            what = f"no process is there to {phase} with: each step has its own"
            wanted = "`reset: {write: ...}` for the beginning of an episode"
            yield Problem((phase,), what, "`each: step`", wanted, on="key")
    if config.reset is not None and config.reset.start_from is not None:
        yield Problem(("reset", "from"), "each step has a process of its own", config.reset.start_from, "leave it out")
    if config.transport.fifo is not None:
        yield Problem(("transport", "fifo"), "a process for each step has no use for it", "fifo",
                      "`files: {read: ...}` or `console: {}`", on="key")  # fmt: skip
    if config.transport.console is not None and config.transport.console.terminal != "none":
        yield Problem(("transport", "console", "terminal"), "a process for each step has none",
                      config.transport.console.terminal, "leave it out")  # fmt: skip
    yield from _ends_of_runs(config)
    if simulator.remember and not config.deterministic:
        what = "a result that is remembered stands for a run, so equal input must give equal results"
        yield Problem((*place, "remember"), what, str(simulator.remember), "`deterministic: true` too if that is so")


def _ends_of_runs(config: Config) -> Iterator[Problem]:
    for place, exchange in dialogues(config):
        framing = framing_of(config, exchange)
        for number, end in enumerate(framing.until or ()):
            if end.exit is not None:
                at: Place = (*(place if framing is exchange else ("framing",)), "until", number)
                what, wanted = "the end of a run is always that of its reply", "`exit_ok: [0, 2]`, and a field for it"
                found = "exit " + ", ".join(map(str, end.exit))
                yield Problem((*at, end.label) if end.label else at, what, found, wanted)


def _exchange(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    transport, runs = config.transport, config.simulator.each == "step"
    screen = transport.console is not None and transport.console.screen is not None
    streams = transport.console is not None or runs or (transport.fifo is not None and transport.fifo.write is not None)
    if exchange.send is not None and not streams:
        wanted = "`write: {NAME: ...}`, or `console: {}` beside the transport"
        yield Problem((*place, "send"), "nothing leads to the program's input", "only files", wanted, on="key")
    if exchange.press is not None and not screen:
        yield Problem((*place, "press"), "keys are for a full screen", "no `screen`", "`send`", on="key")
    if exchange.send is not None and screen:
        yield Problem((*place, "send"), "a full screen takes keys", "`send`", '`press: "...<enter>"`', on="key")
    framing = framing_of(config, exchange)
    own = any(getattr(exchange, key) is not None for key in FRAMINGS)
    at = place if own else ("framing",)
    chosen = own or framing is config.framing
    if framing.cursor is not None and not screen:
        yield Problem((*at, "cursor"), "only a full screen has one", "no `screen`", "`until` or `lines`", on="key")
    files = transport.files if transport.files and transport.files.read else None
    if framing.whole and chosen and not runs and (files is None or files.written in ("open", "appended")):
        what = "nothing but the message itself says where it ends"
        yield Problem((*at, "whole"), what, "`whole`", "`lines`, `until`, `blank` or `bytes`", on="key")
    elif files is not None and files.written == "open" and framing.whole is not None:
        what = "a file that is left open is never known to be whole"
        wanted = "`framing: {lines: 1}`, `until` or another end of the message"
        yield Problem(("transport", "files", "written"), what, "open", wanted)


def _deck(deck: Deck, place: Place) -> Iterator[Problem]:
    yield from one_of(deck, DECK_WAYS, place, "the content of the file")
    for key, partner in (("edit", "set"), ("set", "edit"), ("patch", "namelist")):
        if getattr(deck, key) is not None and getattr(deck, partner) is None:
            yield Problem((*place, key), f"`{key}` without `{partner}`", key, f"`{partner}` too", on="key")
    for number, edit in enumerate(deck.set or ()):
        yield from _edit(edit, (*place, "set", number))


def _edit(edit: Edit, place: Place) -> Iterator[Problem]:
    yield from one_of(edit, EDIT_WAYS, place, "the place")
    if edit.column is not None and edit.chars is not None:
        yield Problem((*place, "chars"), "the place is given twice", "column and chars", "one of them", on="key")
    if edit.card is not None and edit.column is None and edit.chars is None:
        yield Problem((*place, "card"), "which part of the card?", edit.card, "`column: 3`, or `chars: 11..20`, too")
    if edit.card is not None and edit.column == 1:
        yield Problem((*place, "column"), "the first word is the card's name", "1", "2 or more")
    useless = {"group": edit.key is None, "line": edit.after is None, "column": edit.key is not None,
               "chars": edit.key is not None}  # fmt: skip
    for key, wrong in useless.items():
        if wrong and key in edit.model_fields_set:
            wanted = {"group": "`key`", "line": "`after`"}.get(key, "`card` or `after`")
            yield Problem((*place, key), "has no use here", f"`{key}`", f"{wanted} beside it", on="key")


def _file(config: Config, name: str | None, place: Place) -> Iterator[Problem]:
    known = config.transport.files.read if config.transport.files is not None and config.transport.files.read else ()
    if name is not None and name not in known:
        wanted = "one of " + ", ".join(known) if known else "leave it out: no files are read"
        yield Problem(place, "no file of this name is read", name, wanted, nearest(name, known))
