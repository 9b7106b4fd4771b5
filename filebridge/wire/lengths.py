"""Messages whose length stands in front of them."""

from __future__ import annotations

from collections.abc import Callable

from filebridge.config.framing import Length
from filebridge.errors import ActionError, Desync, MessageTooLarge, escaped
from filebridge.wire.ending import Cut, Data, End

__all__ = ["heading", "length_cut"]


def length_cut(length: Length, cap: int, clean: Callable[[bytes], bytes] | None = None) -> Cut:
    """Return a cut after as many bytes as the head of the message says; the head is left out unless it is kept.

    The message passes ``clean``. The cut raises MessageTooLarge for a length of more than ``cap`` bytes and Desync for
    one that is shorter than the head it counts, as soon as the head is there.
    """
    first, head, order = length.offset, length.offset + length.size, length.order
    counted = 0 if length.counts == "message" else head
    end = End(head=0 if length.keep else head, clean=clean)

    def cut(data: Data, searched: int) -> tuple[int, End] | None:
        size = len(data)
        if size < head:
            return None
        total = counted + int.from_bytes(data[first:head], order)
        if total > cap or total < head:
            raise _lying(length, bytes(data[:head]), total, cap)
        return (total, end) if size >= total else None

    return cut


def heading(length: Length) -> Callable[[bytes], bytes] | None:
    """Return what puts a head in front of a message, None where it has one already.

    It raises ActionError for a message that is longer than the number can say.
    """
    if length.keep:
        return None
    size, order, gap = length.size, length.order, bytes(length.offset)
    counted = length.offset + size if length.counts == "message" else 0

    def headed(text: bytes) -> bytes:
        try:
            return gap + (len(text) + counted).to_bytes(size, order) + text
        except OverflowError as exc:
            raise ActionError(
                f"what is sent is longer than the {size} byte{'s' * (size > 1)} of its length can say",
                found=f"{len(text) + counted} bytes: {escaped(text, 80)}",
                cure=f"send less, or `length: {{size: {size + 1}}}` if that is what the program reads",
            ) from exc

    return headed


def _lying(length: Length, head: bytes, total: int, cap: int) -> Desync | MessageTooLarge:
    number = int.from_bytes(head[length.offset :], length.order)
    where = f"the length in front of the message, {head[length.offset :].hex(' ')}, says {number} bytes"
    if total > cap:
        return MessageTooLarge(
            f"a message of {total} bytes is announced, and {cap} are the most",
            found=where,
            cure="correct `length` (size, order, offset) if that is no length, or raise `limits: {output: ...}`",
        )
    return Desync(
        "the length in front of a message is less than that of its head",
        found=f"{where}; the head itself has {len(head)}",
        cure="correct `length`: `counts: rest` where it counts only what follows, or its size, order and offset",
    )
