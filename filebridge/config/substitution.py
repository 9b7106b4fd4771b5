"""``${name}`` in commands, environments and folders: a closed list of names, nothing is evaluated."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filebridge import simulators

__all__ = ["KNOWN", "KNOWN_TEXT", "Fault", "bare", "faults", "fill", "places", "uses"]

KNOWN = (
    "python", "simulators", "seed", "seat", "workdir", "config", "episode", "port", "port2", "port3", "token",
)  # fmt: skip
KNOWN_TEXT = ", ".join(f"${{{name}}}" for name in KNOWN)

_MARK = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>[^{}]*)\}|(?P<rest>\w+|\{\w*|[^\w\s$]?))")
_BARE = re.compile(rf"[\w./:=@,+-]*?(?P<mark>\{{(?P<name>{'|'.join(KNOWN)})\}})[\w./:=@,+-]*")


def places(folder: Path | None) -> dict[str, object]:
    """Return the values of the names that stand for places: ``folder`` is that of the YAML, None for a mapping."""
    return {"python": sys.executable, "config": folder or Path.cwd(), "simulators": Path(simulators.__file__).parent}


@dataclass(frozen=True, slots=True)
class Fault:
    """An unknown name in a text, with its dollar sign where no braces hold it; its span in characters."""

    name: str
    offset: int
    length: int


def faults(text: str) -> list[Fault]:
    """Return everything in ``text`` that begins with a dollar sign and is no known substitution."""
    found = []
    for mark in _MARK.finditer(text):
        if mark["dollar"] is None and mark["name"] not in KNOWN:
            name = mark["name"] if mark["name"] is not None else "$" + mark["rest"]
            found.append(Fault(name, mark.start(), mark.end() - mark.start()))
    return found


def bare(text: str) -> list[Fault]:
    """Return the known name that ``text`` has in braces without a dollar sign, as it would stand in a ``send``.

    Only a plain word has one, ``--seed={seed}`` say: in a piece of code, an f-string say, braces are its own affair.
    """
    word = _BARE.fullmatch(text)
    return [Fault(word["name"], word.start("mark"), len(word["mark"]))] if word else []


def fill(text: str, values: Mapping[str, object]) -> str:
    """Return ``text`` with its names replaced by ``values``; a value is never looked at again."""
    return _MARK.sub(lambda mark: "$" if mark["dollar"] else str(values[mark["name"]]), text)


def uses(texts: Iterable[str], name: str) -> bool:
    """Return whether any of ``texts`` has ``${name}``."""
    return any(mark["name"] == name for text in texts for mark in _MARK.finditer(text))
