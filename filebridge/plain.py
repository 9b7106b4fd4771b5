"""The short road of a phase that is one plain exchange, held again and again: say, hear, done."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from filebridge.conversation import Talk, conversation, cut_off
from filebridge.errors import TransportError
from filebridge.link import Link
from filebridge.wire.dialogue import DONE, Dialogue, Exchange, Phase

__all__ = ["Hear", "Plain", "Say", "plain"]

Say = Callable[[float], "Talk[None] | None"]
Hear = Callable[["bytes | None"], "Talk[None] | None"]
Plain = tuple[Say, Hear]
"""``say(seconds)`` sends what is due, ``hear(chunk)`` takes what came first, None for nothing yet.

Both return None where that was all of their part, and else what is still to be carried on.
"""


def plain(link: Link, phase: Phase) -> Plain | None:
    """Return what holds ``phase`` as ``talk`` does, quicker, from the second time on; None where it is not plain.

    It makes of one exchange, its reply whole and alone in one piece, what ``begin`` and ``receive`` would. Nothing may
    have happened since the last exchange: no output, nothing pending, no end.
    """
    dialogue, only = link.dialogue, phase.only
    # Another class listens to what is begun and received.
    if only is None or dialogue.filter is None or type(dialogue) is not Dialogue:
        return None
    row, previous = dialogue.row, dialogue.previous
    encode, deliver, write = only.encode or _nothing, _delivering(link, only), link.write
    cut, clean = only.cut, dialogue.filter.clean
    labels, cap = link.program.rules.labels, link.program.rules.cap

    def say(seconds: float) -> Talk[None] | None:
        link.deadline, link.begun = seconds, monotonic()
        for label in labels:
            row[label] = False
        dialogue.sent = command = encode(row, previous)
        if deliver is not None:
            command = deliver(command)
        try:
            accepted = write(command) if command else 0
        except TransportError as error:
            return cut_off(link, error)
        if accepted == len(command):
            return None
        dialogue.timer = 0.0
        return conversation(link, command[accepted:], False)

    def hear(chunk: bytes | None) -> Talk[None] | None:
        data = b""
        if chunk:
            data = clean(chunk)
            found = cut(data, 0)
            if found is not None and found[0] == len(data) <= cap:
                which = found[1]
                if which.label >= 0:
                    row[which.label] = True
                dialogue.reply = which.text(data, len(data)) if which.trims else data
                return None
        dialogue.timer = 0.0
        if data and dialogue.take(data) is DONE:
            return None
        return conversation(link, b"", bool(data))

    return say, hear


def _nothing(row: list[object], previous: list[object]) -> bytes:
    """Be the command of an exchange that sends none."""
    return b""


def _delivering(link: Link, only: Exchange) -> Callable[[bytes], bytes] | None:
    """Return what delivers the files of an exchange and returns what is to be sent still; None where it has none."""
    files, put, row, previous = only.files, link.transport.deliver, link.dialogue.row, link.dialogue.previous
    if files is None:
        return None

    def deliver(command: bytes) -> bytes:
        link.delivered = contents = files(row, previous)
        return put(contents, command)

    return deliver
