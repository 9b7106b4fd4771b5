"""Rules for a process at each step: nothing is said to it while it runs, and its end is that of its reply."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.dialogues import cannot_be_warm, dialogues, framings_of, reconnects
from filebridge.config.exchange import Exchange
from filebridge.config.model import Config
from filebridge.config.problems import Problem

__all__ = ["check_runs"]

Place = tuple[str | int, ...]

_SEEN_TO = ("written", "flag", "lock", "remove", "watch", "every")
"""Keys of `files` that say when results of a program that runs on are whole and new."""


def check_runs(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with `each: step`, and what is said of runs where there are none."""
    simulator, place = config.simulator, ("simulator",)
    why = cannot_be_warm(config)
    if why and simulator.placement != "auto" and not reconnects(config):
        yield Problem((*place, "placement"), "there is no process that could be placed", f"`placement`; {why}",
                      "leave it out", on="key")  # fmt: skip
    for key in ("warm", "restart_every"):
        if why and getattr(simulator, key):
            yield Problem((*place, key), "there is no process for an episode", f"`{key}`; {why}", "leave it out",
                          on="key")  # fmt: skip
    if simulator.each == "episode":
        exits = "`each: step` too; or `until: {over: {exit: 0}}`, where its end is that of an episode"
        for key, wanted in (("exit_ok", exits), ("remember", "`each: step` too")):
            if key in simulator.model_fields_set:
                yield Problem((*place, key), "holds for a process at each step", f"`{key}`", wanted, on="key")
        return
    beginning = "`reset: {write: ...}` for the beginning of an episode"
    for phase, wanted in (("start", beginning), ("stop", "leave it out: a run ends by itself")):
        if getattr(config, phase):
            what = f"no process is there to {phase} with: each step has its own"
            yield Problem((phase,), what, "`each: step`", wanted, on="key")
    if config.reset is not None and config.reset.start_from is not None:
        yield Problem(("reset", "from"), "each step has a process of its own", config.reset.start_from, "leave it out")
    if simulator.remember and not config.deterministic:
        what = "a result that is remembered stands for a run, so equal input must give equal results"
        yield Problem((*place, "remember"), what, str(simulator.remember), "`deterministic: true` too if that is so")
    yield from _ways(config)
    for at, exchange in dialogues(config):
        yield from _exchange(config, exchange, at)


def _ways(config: Config) -> Iterator[Problem]:
    transport, place = config.transport, ("transport",)
    if transport.fifo is not None:
        yield Problem((*place, "fifo"), "a process for each step has no use for it", "`fifo`",
                      "`files: {read: ...}` or `console: {}`", on="key")  # fmt: skip
    for name in transport.sockets:
        yield Problem((*place, name), "a process for each step has no use for it", f"`{name}`",
                      "`files: {read: ...}` or `console: {}`", on="key")  # fmt: skip
    if transport.console is not None and transport.console.terminal != "none":
        yield Problem((*place, "console", "terminal"), "a process for each step has none", "`terminal`", "leave it out",
                      on="key")  # fmt: skip
    if transport.files is None:
        return
    reads = transport.files.read or ()
    for number, name in enumerate(reads):
        if "*" in name:
            at = (*place, "files", "read", number) if len(reads) > 1 else (*place, "files", "read")
            yield Problem(at, "numbered results want a program that runs on", name, "the file that each run writes")
    for key in _SEEN_TO:
        if key in transport.files.model_fields_set:
            what = "results are removed before each run, and read when it has ended"
            yield Problem((*place, "files", key), what, f"`{key}`", "leave it out", on="key")
    if transport.files.lock_writes is not None:
        what = "no program is there to look for it while files are written"
        yield Problem((*place, "files", "lock_writes"), what, "`lock_writes`", "leave it out", on="key")


def _exchange(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    whole_input = "a run is given its whole input when it starts"
    if exchange.answer:
        yield Problem((*place, "answer"), whole_input, "`answer`", "the answers in `send`, in their order", on="key")
    if isinstance(exchange.send, list) and len(exchange.send) > 1:
        what = f"{whole_input}, and has one reply"
        yield Problem((*place, "send"), what, f"a list of {len(exchange.send)}", r'one text: `"first\nsecond"`')
    if exchange.silent is not None:
        what = "a run is awaited until it ends, silent or not"
        yield Problem((*place, "silent"), what, "`silent`", "leave it out", on="key")
    for at, framing in framings_of(config, exchange, place):
        if framing.quiet is not None:
            what = "the end of a run is that of its reply"
            yield Problem((*at, "quiet"), what, "`quiet`", "leave it out", on="key")
        for number, end in enumerate(framing.until or ()):
            if end.exit is not None:
                one = (*at, "until", number)
                what, wanted = "the end of a run is always that of its reply", "`exit_ok: [0, 2]`, and a field for it"
                found = "exit " + ", ".join(map(str, end.exit))
                yield Problem((*one, end.label) if end.label else one, what, found, wanted)
