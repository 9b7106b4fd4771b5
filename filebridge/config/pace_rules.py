"""Rules for exchanges that keep time, send again, or gather replies until a decision is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filebridge.config.dialogues import dialogues, framing_of
from filebridge.config.directions import way_back, way_there
from filebridge.config.exchange import SENDS, Exchange
from filebridge.config.model import Config
from filebridge.config.problems import Problem

__all__ = ["check_pace"]

Place = tuple[str | int, ...]


def check_pace(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with `at`, `resend` and `gather` in all exchanges."""
    if config.simulator.each == "step":
        for place, exchange in dialogues(config):
            for key in ("fresh", "gather", "resend", "at"):
                if getattr(exchange, key) is not None:
                    what = "a run has one reply, of its own, when it has ended"
                    yield Problem((*place, key), what, f"`{key}`", "leave it out", on="key")
        return
    yield from _pace(config, config.step)
    for place, exchange in dialogues(config):
        if exchange.at is not None and place[0] != "step":
            what, wanted = "only steps follow each other in time", "`at` in `step`, or leave it out"
            yield Problem((*place, "at"), what, f"`at` in `{place[0]}`", wanted, on="key")
        if exchange.resend is not None:
            yield from _resend(config, exchange, place)
        if exchange.gather is not None and framing_of(config, exchange).datagrams is not None:
            what, wanted = "says twice how many replies are read together", "`gather` by itself"
            yield Problem((*place, "gather"), what, "`gather` and `datagrams`", wanted, on="key")


def _pace(config: Config, exchanges: Sequence[Exchange]) -> Iterator[Problem]:
    before, deadline = 0.0, config.deadlines.step
    for number, exchange in enumerate(exchanges):
        if exchange.at is None:
            continue
        place: Place = ("step", number, "at")
        if exchange.at >= deadline:
            wanted = f"less than {_seconds(deadline)}, or a later `deadlines: {{step: ...}}`"
            yield Problem(place, "not before the deadline of a step", _seconds(exchange.at), wanted)
        if exchange.at < before:
            what = "earlier than the exchange above it"
            yield Problem(place, what, _seconds(exchange.at), "the exchanges in their order")
        before = max(before, exchange.at)


def _seconds(time: float) -> str:
    return f"{time:g} s" if time >= 1 or time == 0 else f"{time * 1000:g} ms"


def _resend(config: Config, exchange: Exchange, place: Place) -> Iterator[Problem]:
    at = (*place, "resend")
    if all(getattr(exchange, key) is None for key in SENDS):
        yield Problem(at, "nothing is sent again", "`resend` alone", "`send`, `send_json` or `pack` too", on="key")
    ways = {way_there(config), way_back(config)} - {""}
    if ways and "udp" not in ways:
        found = " and ".join(f"`{way}`" for way in sorted(ways))
        wanted = "leave it out, or `repeat` for a program that is to be asked until it is ready"
        yield Problem(at, "nothing is lost on this way", found, wanted, on="key")
    for key in ("silent", "repeat"):
        if getattr(exchange, key) is not None:
            what = "says twice what is done when no reply comes"
            if key == "repeat":
                what = "says twice when it is sent again"
            yield Problem(at, what, f"`resend` and `{key}`", "one of them", on="key")
