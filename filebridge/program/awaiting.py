"""How a reply is awaited, in words: by its end, and by the files in which it comes."""

from __future__ import annotations

from filebridge.config.directions import way_back
from filebridge.config.framing import FRAMINGS, Framing
from filebridge.config.model import Config
from filebridge.errors import escaped
from filebridge.wire.framing import awaited

__all__ = ["awaited_by", "end_key", "mended_by"]

_SNAPSHOTS = {"udp": "a datagram", "http": "an HTTP body"}
_WAYS = {"renamed": "renamed into place", "closed": "closed after writing", "open": "", "appended": "added to it"}


def awaited_by(config: Config, framing: Framing) -> str:
    """Return what ends a reply, on one line: `obs.txt, closed after writing`."""
    end, files = awaited(framing), config.transport.files
    names = ", ".join(map(escaped, files.read)) if files is not None and files.read else ""
    if config.simulator.each == "step":
        place = f"{names} after the end of the run" if names else "the end of the run, and what it has printed"
        return place if framing.whole else f"{end} in {names or 'what the run prints'}"
    if config.transport.sockets or files is None or not names:
        return _SNAPSHOTS.get(way_back(config), end) if framing.whole else end
    if files.flag or files.lock:
        mark = f"once {escaped(files.flag)} is there" if files.flag else f"once {escaped(files.lock or '')} is gone"
    else:
        mark = _WAYS[files.written]
    where = f"{names}, {mark}" if mark else names
    return where if framing.whole else f"{end}, in {where}"


def end_key(framing: Framing) -> str:
    """Return the key other than `until` that ends a reply, as it is written: `lines: 2`; empty where there is none."""
    for name in FRAMINGS[1:]:
        value = getattr(framing, name)
        if value is not None:
            shown = "true" if value is True else f"{value:g} s" if name == "quiet" else value
            return f"{name}: {value.size if name == 'length' else shown}"
    return ""


def mended_by(config: Config, framing: Framing, sent: str | list[str] | None) -> str:
    """Return what to change where a reply went on after its end, to what was ``sent``; empty where that is usual."""
    if isinstance(sent, str) and config.text.line_end and sent.endswith(config.text.line_end):
        return "take the line end out of `send`, which adds one by itself (an empty line was sent too)"
    way = way_back(config) if config.transport.sockets else ""
    if way == "udp":
        more = f"`datagrams: {(framing.datagrams or 1) + 1}`"
        return f"await all that belong to it, {more}; tell old ones by a number in them, `fresh: seq == step`"
    if way == "http" and config.transport.http is not None and config.transport.http.serve is not None:
        return "its program posts more often than it fetches an action: `fresh: seq == step` tells the new from the old"
    if framing.length is not None:
        return "correct `length` (size, order, `counts`) if that was the rest of it, or await another message"
    if framing.document is not None:
        return "await each document in an exchange of its own, or `gather` them until a field says that it is the last"
    return ""
