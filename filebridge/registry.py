"""Which transports and formats there are: a name for each, and where it is imported from when first used."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from filebridge.errors import ConfigError

__all__ = ["ADAPTERS", "FORMATS", "SOCKETS", "TRANSPORTS", "load", "names"]

TRANSPORTS = {
    "pipes": "filebridge.transports.pipes:PipeTransport",
    "pty": "filebridge.transports.pty:PtyTransport",
    "assembly": "filebridge.transports.assembly:Assembly",
    "run": "filebridge.transports.runs.run:RunTransport",
}
SOCKETS = {
    "tcp": "filebridge.transports.sockets.stream:StreamSocket",
    "unix": "filebridge.transports.sockets.stream:StreamSocket",
    "udp": "filebridge.transports.sockets.datagram:DatagramSocket",
    "service": "filebridge.transports.http.client:HttpClient",
    "counter": "filebridge.transports.http.server:HttpServer",
}
FORMATS = {
    "find": "filebridge.wire.formats.pattern:find_reader",
    "seen": "filebridge.wire.formats.pattern:seen_reader",
    "regex": "filebridge.wire.formats.regex:reader",
    "column": "filebridge.wire.formats.columns:reader",
    "columns": "filebridge.wire.formats.columns:reader",
    "chars": "filebridge.wire.formats.columns:reader",
    "table": "filebridge.wire.formats.table:reader",
    "key": "filebridge.wire.formats.keyvalue:reader",
    "json_pointer": "filebridge.wire.formats.jsondoc:reader",
    "grid": "filebridge.wire.formats.grid:reader",
    "screen": "filebridge.wire.formats.screen:reader",
    "ini": "filebridge.wire.formats.ini:reader",
    "namelist": "filebridge.wire.formats.namelist:reader",
    "xml": "filebridge.wire.formats.xml:reader",
    "array": "filebridge.wire.formats.array:reader",
    "npy": "filebridge.wire.formats.npy:reader",
    "npz": "filebridge.wire.formats.npy:reader",
    "binary": "filebridge.wire.formats.binary:reader",
    "adapter": "filebridge.wire.formats.adapted:reader",
}

ADAPTERS = {"modbus": "filebridge.adapters.modbus:Modbus"}

_KINDS = {"transports": TRANSPORTS, "sockets": SOCKETS, "formats": FORMATS, "adapters": ADAPTERS}


def names(kind: str) -> list[str]:
    """Return the sorted names of a ``kind``, which is a key of ``_KINDS``, plug-ins included."""
    return sorted(_table(kind))


@cache
def load(kind: str, name: str) -> Any:
    """Return the transport or format of this name, imported now if it was not before.

    Raises ConfigError when there is none of this name, or when a plug-in cannot be imported.
    """
    table = _table(kind)
    if name not in table:
        raise _unknown(kind, name, list(table))
    module, _, attribute = table[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        raise ConfigError(
            f"the {kind[:-1]} {name} cannot be imported from {table[name]}",
            found=f"{type(exc).__name__}: {exc}",
            cure="install what it needs, or remove the package that offers it",
        ) from exc


@cache
def _table(kind: str) -> dict[str, str]:
    """Return our own names and those of the plug-ins; a plug-in adds names, it never takes one of ours."""
    table: dict[str, str] = {}
    for entry in entry_points(group=f"filebridge.{kind}"):
        if table.setdefault(entry.name, entry.value) != entry.value:
            raise ConfigError(
                f"two plug-ins offer the {kind[:-1]} {entry.name}",
                found=f"{table[entry.name]} and {entry.value}",
                cure="remove one of the two packages",
            )
    return {**table, **_KINDS[kind]}


def _unknown(kind: str, name: str, known: list[str]) -> ConfigError:
    near = difflib.get_close_matches(name, known, 1)
    return ConfigError(
        f"there is no {kind[:-1]} {name!r}",
        found=f"known {kind}: {', '.join(sorted(known)) or 'none'}",
        cure=f"did you mean {near[0]}?" if near else "use one of these, or install the package that offers it",
    )
