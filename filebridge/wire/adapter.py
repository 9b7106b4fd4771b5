"""What an adapter is: a class of the user's own that turns actions into bytes and bytes into values."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, ClassVar

__all__ = ["SPOKEN", "Adapter", "Talk", "Told", "frames", "speaks"]

Talk = Generator[bytes, bytes, "Mapping[str, object] | None"]
"""A dialogue as a generator: it yields what is sent, is given each whole reply, and returns values by name."""


class Adapter:
    """Python for a simulator that YAML cannot describe. Derive from it and name the class under ``adapter:``.

    One object is made for each running simulator, with the ``options`` of the YAML as keyword arguments; a further
    one when the file is loaded, so that wrong options are found there: ``__init__`` should only look at them, and
    raise ValueError for those that are wrong. What the object remembers, a number for each request say, is of one
    process.

    The short way is ``encode`` and ``decode``, where a step is one request and its reply::

        class Registers(Adapter):
            def encode(self, action):
                return struct.pack(">f", action[0])

            def decode(self, message):
                level, alarm = struct.unpack(">f?", message)
                return {"level": level, "alarm": alarm}

    The long way is a generator for a whole dialogue, where ``reply = yield request`` sends and awaits as often as
    is needed, and ``return`` gives the values::

            def step(self, action):
                yield b"SET %d" % action
                return self.decode((yield b"GET"))

    ``yield b""`` awaits one message more without sending anything. A dialogue that a class does not define is held
    as the YAML says it, and its reply is given to ``decode``. Values are numbers, flags, texts, or sequences of
    numbers; a field ``{adapter: NAME}`` takes the one of its name, and checks it as it would check any other. What
    is sent and received are the bytes themselves: no line end is added, nothing is decoded or removed.

    What these methods raise becomes a ProtocolError that names them. Errors of filebridge pass as they are, so that a
    device which refuses can be told with ``Refused``. ActionError says that an action cannot be sent, and leaves the
    simulator untouched: for that it must be raised before anything was sent.
    """

    def encode(self, action: Any) -> bytes:
        """Return what is sent for ``action``, an element of the action space that must not be changed.

        A Box gives an array of its shape and dtype, read-only, Discrete a Python int, Text a str, MultiDiscrete and
        MultiBinary a read-only array of integers, a Dict a read-only mapping of these.
        """
        raise NotImplementedError

    def decode(self, message: bytes) -> Mapping[str, object]:
        """Return the values in ``message``, one whole reply; by default none."""
        return {}

    def end(self, data: bytes) -> int:
        """Return how many bytes of ``data`` the first whole message has, 0 if more must come; ``data`` is not empty.

        Where a class has it, it says where each reply ends in all that the adapter itself asks; otherwise the
        framing of the YAML does.
        """
        raise NotImplementedError

    def start(self) -> Talk | Mapping[str, object] | None:
        """Hold the dialogue with a process that has just started; the values are those of the first observation."""
        raise NotImplementedError

    def reset(self, seed: int) -> Talk | Mapping[str, object] | None:
        """Hold the dialogue that begins an episode, where the YAML has a ``reset`` too; ``seed`` as in ``${seed}``."""
        raise NotImplementedError

    def step(self, action: Any) -> Talk | Mapping[str, object] | None:
        """Hold the dialogue of one step: by default send what ``encode`` makes and ``decode`` one reply."""
        reply = yield self.encode(action)
        return self.decode(reply)

    def stop(self) -> Talk | Mapping[str, object] | None:
        """Hold the dialogue with a process that is about to be ended."""
        raise NotImplementedError


class Told(bytes):
    """All that a simulator said in a phase, and beside it the ``values`` that an adapter found there."""

    values: Mapping[str, object]
    nothing: ClassVar[Mapping[str, object]] = {}

    @classmethod
    def of(cls, data: bytes, values: Mapping[str, object]) -> Told:
        """Return ``data`` with these ``values``."""
        told = cls(data)
        told.values = values
        return told


SPOKEN = ("start", "reset", "step", "stop")
"""The dialogues that an adapter can hold, by the names of its methods."""


def speaks(kind: type[Adapter]) -> frozenset[str]:
    """Return the dialogues that adapters of this class hold themselves; the others are those of the YAML."""
    own = {name for name in SPOKEN if _defines(kind, name)}
    return frozenset(own | {"step"} if _defines(kind, "encode") else own)


def frames(kind: type[Adapter]) -> bool:
    """Return whether adapters of this class say themselves where a message ends."""
    return _defines(kind, "end")


def _defines(kind: type[Adapter], name: str) -> bool:
    return getattr(kind, name) is not getattr(Adapter, name)
