"""Why a full screen was never the awaited one: the probable cause, and what to write instead."""

from __future__ import annotations

import re

from filebridge.errors import escaped
from filebridge.program.causes import near_miss, probable_cause, quoted
from filebridge.wire.phase import Exchange

__all__ = ["screen_cause", "undrawn_cause"]

_CURSOR = re.compile(rb"[\x10-\x17]*\x1b\[(\d+);(\d+)H\Z")


def screen_cause(screen: bytes, exchange: Exchange) -> tuple[str, str]:
    """Return the cause where a screen was drawn, and never settled in the way that was awaited."""
    place = _CURSOR.search(screen)
    missed = near_miss(screen[: place.start()] if place else screen, exchange.texts)
    if missed is not None:
        received, expected = missed
        cause = f"`{escaped(received.strip(), 120)}` on the screen looks like the awaited {quoted(expected)}"
        return cause, "copy it exactly; spaces and capitals count"
    if exchange.quiet:
        cause = f"the screen never stood still for {exchange.quiet:g} s"
        return cause, "await a place of the cursor, `cursor: [ROW, COLUMN]`, or a text, `until: ...`"
    where = f"row {place[1].decode()}, column {place[2].decode()}" if place else "no place"
    cause = f"the screen never had {exchange.awaiting}; its cursor is in {where}"
    return cause, "correct `until` or `cursor`, or await silence: `quiet: 50 ms`"


def undrawn_cause(state: str, exchange: Exchange) -> tuple[str, str]:
    """Return the cause where nothing was drawn, by a process that is in ``state``."""
    if state.startswith(("stopped", "running")) or "child" in state or "set time" in state:
        return probable_cause(state, b"", exchange, has_spoken=True, on_terminal=True)
    if exchange.encode is None:
        cure = "`press` what it waits for; or leave this exchange out, if the one before took what is awaited here"
        return "nothing was drawn, and this exchange presses no key", cure
    cure = (
        "where that is normal, `silent: 100 ms` beside `press`: then the screen counts as it stands once nothing was"
        " drawn for so long, which must be longer than any answer takes to begin"
    )
    return "nothing was drawn after these keys", cure
