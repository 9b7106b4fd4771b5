"""Where a dialogue stands: its row, what was said and sent, what is awaited. All of it may be shown in an error."""

from __future__ import annotations

from filebridge.wire.echo import Echo
from filebridge.wire.phase import NOTHING, Exchange, Filter, Phase, Row, Rules

__all__ = ["Standing"]


class Standing:
    """The state of a dialogue, which alone changes it.

    ``row`` holds the values of the episode, one slot a name, ``previous`` those of the step before.
    ``reply`` is all that the simulator said in the phase, ``sent`` what it was told last. ``files`` are to be
    delivered before that is sent, None where there is nothing to deliver. ``timer`` is the number of seconds from
    now after which ``expire`` is to be called, 0 for never, negative where the time that was set before still
    holds. It is to be looked at after each call that can change it. ``tries`` counts the replies after which
    the present exchange was repeated, ``stale`` those that were dropped as old; ``refused`` is the last of them.
    ``gathered`` counts the replies that did not end a ``gather``, ``resent`` how often the present command was sent
    again, ``ignored`` the messages of this phase that answer nothing. With ``from_begin`` the ``timer`` counts from the
    nominal beginning of the step, not from now; with ``from_last`` from what was heard last, or from the beginning of
    the pause before. ``filter`` is what the bytes pass first. ``unanswered``: when the ``timer`` runs out there is a
    reply only if the program is known to wait for more; ``unchanged``: the last reply was silence.
    """

    __slots__ = (
        "_anew", "_awaited", "_carried", "_echo", "_exchange", "_index", "_kept", "_mark", "_paused", "_phase",
        "_rules", "_searched", "_size", "files", "filter", "from_begin", "from_last", "gathered", "ignored", "pending",
        "previous", "refused", "reply", "resent", "row", "said", "sent", "stale", "timer", "tries", "unanswered",
        "unchanged",
    )  # fmt: skip

    def __init__(self, rules: Rules, row: Row, text_filter: Filter | None) -> None:
        self._rules = rules
        self.filter = text_filter
        self.row = row
        self.previous = row.copy()
        self.reply: bytes = b""
        self.said: list[bytes] = []
        self.pending: bytes | bytearray = b""
        self.sent = b""
        self.files: list[tuple[str, bytes]] | None = None
        self.timer = 0.0
        self.tries = 0
        self.refused = b""
        self.stale = 0
        self.gathered = 0
        self.resent = 0
        self.ignored = 0
        self.from_begin = self.from_last = self.unanswered = self.unchanged = False
        self._phase = Phase("start", (), None)
        self._exchange = NOTHING
        self._index = 0
        self._mark = 0
        self._kept = 0
        self._carried = False
        self._anew = False
        self._awaited = 0
        self._searched = 0
        self._echo = Echo()
        self._paused = False
        self._size = 0

    @property
    def phase_name(self) -> str:
        """The name of the phase that is under way or was the last one."""
        return self._phase.name

    @property
    def unmatched(self) -> bytes:
        """What was received in this phase and not taken as a whole reply."""
        return (b"" if self._phase.only else b"".join(self.said)) + bytes(self.pending)

    @property
    def exchange(self) -> Exchange:
        """The exchange that is under way or was the last one."""
        return self._exchange

    @property
    def awaited(self) -> str:
        """What would make the reply whole, in words."""
        exchange = self._exchange
        if self.from_begin:
            return f"the time of the exchange, {exchange.at:g} s after the beginning of the step"
        several = f"{self._awaited} more replies, each " if self._awaited > 1 else ""
        if several and exchange.awaiting == "a datagram":
            return f"{self._awaited} more datagrams"
        until = f", until `{exchange.gathering}` is true" if exchange.gathering else ""
        return several + exchange.awaiting + until

    @property
    def is_pausing(self) -> bool:
        """Whether the last reply was whole but not the one wanted, and the exchange is about to be repeated."""
        return self._paused and not self.from_begin

    @property
    def is_opening(self) -> bool:
        """Whether nothing but the first exchange of the phase can have been sent."""
        return self._phase.only is not None or self._index <= 0
