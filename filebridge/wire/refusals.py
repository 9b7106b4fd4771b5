"""What a dialogue refuses to take for a reply, said with a cure."""

from __future__ import annotations

from filebridge.errors import Desync, MessageTooLarge, escaped
from filebridge.wire.framing import whole
from filebridge.wire.phase import NOTHING, Exchange

__all__ = ["cut_short", "surplus", "too_large"]


def surplus(left: bytes, exchange: Exchange) -> Desync:
    """Return the error for output that came after the end of the reply of ``exchange``."""
    return Desync(
        "the simulator said more than was asked for",
        found=f"after the end of its last reply: {escaped(left)}",
        cure=f"{_mend(exchange)}, or say `leftover: drop` or `leftover: keep` where such output is normal",
    )


def too_large(size: int, cap: int, gathering: str = "", ended: bool = False) -> MessageTooLarge:
    """Return the error for a message of ``size`` bytes, which may have ``ended``, or for messages that are gathered."""
    if gathering:
        return MessageTooLarge(
            f"`gather` went on for more than {cap} bytes",
            found=f"{size} bytes of messages, and `{gathering}` was not true",
            cure="correct `gather` if the event was there, or raise `limits: {output: ...}` if there are so many",
        )
    if ended:
        return MessageTooLarge(
            f"a reply of more than {cap} bytes",
            found=f"{size} bytes",
            cure="raise `limits: {output: ...}` if replies are that large, else see what the simulator says",
        )
    return MessageTooLarge(
        f"no end of the message within {cap} bytes",
        found=f"{size} bytes without the end that the dialogue waits for",
        cure="correct `until` if the end was there, or raise `limits: {output: ...}` if messages are that large",
    )


def cut_short(exchange: Exchange, left: bytes | bytearray) -> str:
    """Return what to do first about a value that a reply lacks, where ``left`` came behind its end; or ""."""
    if not left.strip() or exchange is NOTHING or exchange.cut is whole:
        return ""
    return f"more came behind the end of this reply, `{escaped(bytes(left[:60]))}`: {_mend(exchange)}; else "


def _mend(exchange: Exchange) -> str:
    """Say what to change where a reply went on after its end."""
    if exchange is NOTHING:
        return "await what it says before it is asked, in `start`"
    if exchange.mend:
        return exchange.mend
    if exchange.has_until:
        return "end `until` with the last text before the program waits"
    if exchange.cut is whole:
        return "tell replies from old ones with a number in them, `fresh: seq == step`"
    return f"its reply was held to end with {exchange.awaiting}: await all of it"
