"""How a reply is awaited, in words: by its end, and by the files in which it comes."""

from __future__ import annotations

from filebridge.config.exchange import Framing
from filebridge.config.model import Config
from filebridge.errors import escaped
from filebridge.wire.framing import awaited

__all__ = ["awaited_by"]

_WAYS = {"renamed": "renamed into place", "closed": "closed after writing", "open": "", "appended": "added to it"}


def awaited_by(config: Config, framing: Framing) -> str:
    """Return what ends a reply, on one line: `obs.txt, closed after writing`."""
    end, files = awaited(framing), config.transport.files
    names = ", ".join(map(escaped, files.read)) if files is not None and files.read else ""
    if config.simulator.each == "step":
        place = f"{names} after the end of the run" if names else "the end of the run, and what it has printed"
        return place if framing.whole else f"{end} in {names or 'what the run prints'}"
    if files is None or not names:
        return end
    if files.flag or files.lock:
        mark = f"once {escaped(files.flag)} is there" if files.flag else f"once {escaped(files.lock or '')} is gone"
    else:
        mark = _WAYS[files.written]
    where = f"{names}, {mark}" if mark else names
    return where if framing.whole else f"{end}, in {where}"
