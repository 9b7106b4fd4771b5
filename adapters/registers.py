"""Places in a Modbus device, as options name them: ``level = holding 3 u16 * 0.1, alarm = coil 2``."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["READS", "Block", "Place", "blocks", "places"]

READS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The tables of a device, and the function code with which each is read."""

MOST = {"coil": 2000, "discrete": 2000, "holding": 125, "input": 125}
"""How many places of a table one request reads at most."""

CODES = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_PLACE = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)\s*=\s*)?(?P<table>[a-z]+)\s+(?P<address>\d+)(?:\s+(?P<type>[a-z]\d+))?"
    rf"(?:\s*\*\s*(?P<scale>{_NUMBER}))?(?:\s*=\s*(?P<value>{_NUMBER}))?"
)


@dataclass(frozen=True)
class Place:
    """A number in a device: its table, its address counted from 0, its type, and what one unit of it stands for.

    ``code`` is the type as struct has it, "" for a bit. ``name`` is that of the value that is read, ``value`` the one
    that is written, where the text gives one.
    """

    name: str
    table: str
    address: int
    code: str
    scale: float
    value: float | None

    @property
    def count(self) -> int:
        """How many registers, or bits, it takes."""
        return struct.calcsize(self.code) // 2 if self.code else 1

    def __str__(self) -> str:
        return f"{self.table} {self.address}"

    def packed(self, number: float, little: bool) -> bytes:
        """Return the registers that stand for ``number``; raises ValueError for one that they cannot hold."""
        units = number / self.scale
        try:
            data = struct.pack(f">{self.code}", units if self.code == "f" else round(units))
        except (struct.error, OverflowError, ValueError) as exc:
            raise ValueError(f"{number:g} does not fit into {self}") from exc
        return _swapped(data) if little else data

    def unpacked(self, data: bytes, little: bool) -> float:
        """Return the number that these registers stand for: an int where nothing scales it."""
        (units,) = struct.unpack(f">{self.code}", _swapped(data) if little else data)
        number: float = units if self.scale == 1 else units * self.scale
        return number


def _swapped(data: bytes) -> bytes:
    """Return ``data`` with its registers in reverse order."""
    return b"".join(data[at : at + 2] for at in range(len(data) - 2, -1, -2))


def places(option: str, text: str, *, named: bool = False, valued: bool = False) -> list[Place]:
    """Return the places that the text of an ``option`` names, separated by commas.

    Each has a name where they are ``named``, and a value where they are ``valued``. Raises ValueError for another text.
    """
    found = [_place(option, part.strip(), named, valued) for part in text.split(",")] if text.strip() else []
    names = [place.name for place in found]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{option}: {twice!r} is there twice")
    return found


def _place(option: str, text: str, named: bool, valued: bool) -> Place:
    match = _PLACE.fullmatch(text)
    if match is None or match["table"] not in READS or bool(match["name"]) != named or bool(match["value"]) != valued:
        form = f"{'NAME = ' * named}TABLE ADDRESS{' = VALUE' * valued}"
        raise ValueError(f"{option}: {text!r} is not of the form {form}; tables are {', '.join(READS)}")
    word = match["type"] or "u16"
    is_bit = match["table"] in ("coil", "discrete")
    if word not in CODES or (is_bit and (match["type"] or match["scale"])):
        raise ValueError(f"{option}: {text!r}: a register is of type {', '.join(CODES)}, a bit of none")
    if not named and match["table"] in ("input", "discrete"):
        raise ValueError(f"{option}: {text!r} can only be read")
    scale, value = float(match["scale"] or 1), match["value"]
    place = Place(
        match["name"] or "", match["table"], int(match["address"]), "" if is_bit else CODES[word], scale,
        None if value is None else float(value),
    )  # fmt: skip
    if place.address + place.count > 0x10000 or not scale:
        raise ValueError(f"{option}: {text!r}: addresses end at 65535, and no unit is 0")
    return place


@dataclass(frozen=True)
class Block:
    """Places that one request reads: ``count`` registers or bits of ``table`` from ``first`` on."""

    table: str
    first: int
    count: int
    places: tuple[Place, ...]


def blocks(wanted: Iterable[Place]) -> list[Block]:
    """Return the least number of blocks in which nothing is read but what is ``wanted``."""
    found: list[Block] = []
    for place in sorted(wanted, key=lambda place: (place.table, place.address)):
        last = found[-1] if found else None
        end = place.address + place.count
        if last and last.table == place.table and place.address <= last.first + last.count:
            count = max(last.count, end - last.first)
            if count <= MOST[place.table]:
                found[-1] = Block(last.table, last.first, count, (*last.places, place))
                continue
        found.append(Block(place.table, place.address, place.count, (place,)))
    return found
