"""Modbus TCP, which programmable controllers and their simulators speak: actions are written to registers, fields read.

After "MODBUS Application Protocol Specification V1.1b3" (2012) and "MODBUS Messaging on TCP/IP Implementation Guide
V1.0b" (2006), both of modbus.org.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from filebridge.errors import ActionError, Desync, ParseError, Refused
from filebridge.wire.adapter import Adapter

from .registers import READS, Block, Place, blocks, places

__all__ = ["EXCEPTIONS", "Modbus"]

EXCEPTIONS = {
    1: "ILLEGAL FUNCTION",
    2: "ILLEGAL DATA ADDRESS",
    3: "ILLEGAL DATA VALUE",
    4: "SERVER DEVICE FAILURE",
    5: "ACKNOWLEDGE",
    6: "SERVER DEVICE BUSY",
    8: "MEMORY PARITY ERROR",
    10: "GATEWAY PATH UNAVAILABLE",
    11: "GATEWAY TARGET DEVICE FAILED TO RESPOND",
}
"""What the code in an exception response means (V1.1b3, section 7)."""

WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS = 5, 6, 16

_HEAD = struct.Struct(">HHHB")
_NUMBERS = 0xFFFF
_LONGEST = 260

Talk = Generator[bytes, bytes, Mapping[str, object]]
Asking = Generator[bytes, bytes, bytes]


class Modbus(Adapter):
    """Writes each number of an action to a place of a device, then reads values from others.

    ``unit`` is the device behind the address. ``write`` are the places for the numbers of an action, in their order:
    ``"holding 10 * 0.1, coil 2"``. ``read`` are those that fields are read from, each with its name:
    ``"level = input 3 i16, on = coil 2"``. ``begin`` is written at the beginning of each episode: ``"holding 10 = 0"``.
    Addresses are those of the protocol, counted from 0: what a manual calls 40001 is ``holding 0``. A register is
    ``u16``, or ``i16``, ``u32``, ``i32``, ``f32``; ``* 0.1`` says what one unit stands for, and what is written is
    rounded to whole units. ``words`` is ``big`` or ``little``: which part of a number in two registers comes first. A
    bit is read as True or False.

    Raises ValueError for other texts.
    """

    def __init__(self, *, unit: int = 1, write: str = "", read: str = "", begin: str = "", words: str = "big") -> None:
        if type(unit) is not int or not 0 <= unit <= 255:
            raise ValueError(f"unit: {unit!r} is no number from 0 to 255")
        if words not in ("big", "little"):
            raise ValueError(f"words: {words!r} is neither big nor little")
        self._unit = unit
        self._little = words == "little"
        self._write = places("write", write)
        self._blocks = blocks(places("read", read, named=True))
        self._begin = [self._writing(place, place.value or 0.0) for place in places("begin", begin, valued=True)]
        self._number = 0

    def end(self, data: bytes) -> int:
        """Return where a message ends; its head says how long it is."""
        if len(data) < _HEAD.size:
            return 0
        _, protocol, length, _ = _HEAD.unpack_from(data)
        if protocol or not 3 <= length <= _LONGEST - 6:
            raise ParseError("this is no Modbus TCP", cure="see that the port is that of the device")
        return 6 + length if len(data) >= 6 + length else 0

    def start(self) -> Talk:
        """Write what an episode begins with, then read."""
        for request in self._begin:
            yield from self._ask(request)
        return (yield from self._values())

    def reset(self, seed: int) -> Talk:
        """Do as at the start."""
        return (yield from self.start())

    def step(self, action: Any) -> Talk:
        """Write the action, then read."""
        for request in self._requests(action):
            yield from self._ask(request)
        return (yield from self._values())

    def _requests(self, action: Any) -> list[bytes]:
        """Return what writes ``action``, all of it before any of it is sent."""
        numbers = _numbers(action)
        if len(numbers) != len(self._write):
            raise ActionError(
                f"the action is {len(numbers)} numbers, and `write` has {len(self._write)} places for them",
                cure="name a place for each number of the action in the adapter's option `write`",
            )
        try:
            return [self._writing(place, number) for place, number in zip(self._write, numbers, strict=True)]
        except ValueError as exc:
            raise ActionError(str(exc), cure="give the action bounds that its register can hold") from exc

    def _writing(self, place: Place, number: float) -> bytes:
        if not place.code:
            if number not in (0, 1):
                raise ValueError(f"{number:g} is no value for {place}: 0 or 1")
            return struct.pack(">BHH", WRITE_COIL, place.address, 0xFF00 if number else 0)
        data = place.packed(number, self._little)
        if place.count == 1:
            return struct.pack(">BH", WRITE_REGISTER, place.address) + data
        return struct.pack(">BHHB", WRITE_REGISTERS, place.address, place.count, len(data)) + data

    def _values(self) -> Talk:
        values: dict[str, object] = {}
        for block in self._blocks:
            reply = yield from self._ask(struct.pack(">BHH", READS[block.table], block.first, block.count))
            values.update(self._taken(block, reply))
        return values

    def _taken(self, block: Block, reply: bytes) -> dict[str, object]:
        data, is_bit = reply[2:], block.table in ("coil", "discrete")
        due = (block.count + 7) // 8 if is_bit else 2 * block.count
        if len(data) != due or reply[1] != due:
            raise _strange(f"{len(data)} bytes of data, {due} are due")
        found: dict[str, object] = {}
        for place in block.places:
            at = place.address - block.first
            if is_bit:
                found[place.name] = bool(data[at // 8] >> at % 8 & 1)
            else:
                found[place.name] = place.unpacked(data[2 * at : 2 * (at + place.count)], self._little)
        return found

    def _ask(self, request: bytes) -> Asking:
        """Send one request; return the response to this one, whatever comes before it."""
        self._number = self._number % _NUMBERS + 1
        reply = yield _HEAD.pack(self._number, 0, 1 + len(request), self._unit) + request
        while self._is_late(reply):
            reply = yield b""
        response = reply[_HEAD.size :]
        if len(response) < 2:
            raise _strange(f"{len(response)} bytes")
        if response[0] == request[0] | 0x80:
            raise _refused(request, response)
        # What a register holds when the device answers may be another value already: it is alive.
        echo = 3 if request[0] in (WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS) else 1
        if response[:echo] != request[:echo]:
            raise _strange(f"{response[:echo].hex(' ')}, {request[:echo].hex(' ')} is due")
        return response

    def _is_late(self, reply: bytes) -> bool:
        """Return whether ``reply`` answers an earlier request than the last one."""
        number = int.from_bytes(reply[:2], "big")
        age = (self._number - number) % _NUMBERS
        if not number or age > _NUMBERS // 2:
            raise Desync(
                "the device answers what it was not asked",
                found=f"transaction {number}, the last request was {self._number}",
                cure="see that nobody else talks to the device on this connection",
            )
        return age > 0


def _numbers(action: Any) -> list[float]:
    parts = action.values() if isinstance(action, Mapping) else [action]
    return [number for part in parts for number in np.ravel(part).tolist()]


def _refused(request: bytes, response: bytes) -> Refused:
    code, address = response[1], int.from_bytes(request[1:3], "big")
    meaning = EXCEPTIONS.get(code, f"exception {code}")
    return Refused(
        f"the device refused: {meaning}",
        found=f"exception {code} to function {request[0]} at address {address}",
        cure="compare the adapter's options with the device's own list of registers; addresses count from 0",
    )


def _strange(found: str) -> ParseError:
    cure = "see that the device speaks Modbus TCP"
    return ParseError("the response does not fit its request", found=found, cure=cure)
