"""What the cuts of all framings share: the bytes that they look at, and the ends that they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["PLAIN", "Cut", "Data", "End", "Received"]


class Received(bytearray):
    """The bytes of a message that comes in pieces; ``seen`` is what a cut has found out about them so far.

    A slice has forgotten it: what is left behind a message begins another one.
    """

    __slots__ = ("seen",)

    def __init__(self, data: bytes | bytearray = b"") -> None:
        super().__init__(data)
        self.seen: object = None


Data = bytes | bytearray


@dataclass(frozen=True, slots=True)
class End:
    """One end of a message: ``label`` is the slot of its flag or -1, ``answer`` what a question gets.

    The first ``head`` bytes and the last ``tail`` bytes are no part of the message: its length, or what stands
    between two of them. ``clean`` is what the message passes where the stream as a whole could not be cleaned.
    ``trims`` says that the message is not just all that there is before its end.
    """

    label: int = -1
    answer: bytes | None = None
    head: int = 0
    tail: int = 0
    clean: Callable[[bytes], bytes] | None = None
    trims: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trims", bool(self.head or self.tail or self.clean))

    def text(self, data: Data, end: int) -> bytes:
        """Return the message that ends at ``end`` of ``data``; raises DecodeError for what is no text."""
        text = bytes(data[self.head : end - self.tail])
        return text if self.clean is None else self.clean(text)


Cut = Callable[[Data, int], "tuple[int, End] | None"]
"""(received, how many of these were searched before) -> (where the message ends, which end) or None."""

PLAIN = End()
"""The end of a message which says nothing and leaves nothing out; a dialogue knows it by its identity."""
