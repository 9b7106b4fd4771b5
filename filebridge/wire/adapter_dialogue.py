"""The talk with a simulator for which an adapter speaks: it says what is sent, all else is as in any other talk."""

from __future__ import annotations

from dataclasses import replace

from filebridge.wire.adapter import Told
from filebridge.wire.adapter_speaker import Speaker
from filebridge.wire.dialogue import DONE, Dialogue, Phase
from filebridge.wire.framing import Cut, End
from filebridge.wire.phase import Exchange, Filter, Row, Rules

__all__ = ["AdapterDialogue"]

_END = End()


class AdapterDialogue(Dialogue):
    """A dialogue in which an adapter holds the phases that it ``opens``, and decodes the reply of all others.

    The one exchange of a phase that it holds says how each reply ends; with ``frames`` the adapter does. ``reply`` is
    a Told at the end of each phase.
    """

    __slots__ = ("_count", "_cut", "_held", "_request", "_speaker")

    def __init__(
        self, rules: Rules, row: Row, text_filter: Filter | None, speaker: Speaker, frames: bool = False
    ) -> None:
        super().__init__(rules, row, text_filter)
        self._speaker = speaker
        self._cut: Cut | None = _cut_of(speaker) if frames else None
        self._held: dict[str, tuple[Exchange, Exchange]] = {}
        self._request = b""
        self._count = 0

    @property
    def is_opening(self) -> bool:
        """Whether nothing but the first request of the phase can have been sent."""
        return super().is_opening and self._count <= 1

    def begin(self, phase: Phase) -> bytes:
        """Do as the Dialogue does; raises ActionError where the adapter cannot send the action."""
        self._speaker.silence()
        self._count = 0
        # A plain exchange by itself would take the short road, on which nobody is asked what comes next.
        if phase.name not in self._speaker.opens or not phase.exchanges:
            return super().begin(replace(phase, only=None))
        if phase.name not in self._held:
            self._held[phase.name] = self._exchanges(phase.exchanges[0])
        request = self._speaker.open(phase.name, self.row)
        first = () if request is None else (self._asking(request, phase.name),)
        return super().begin(Phase(phase.name, first, None, phase.unprompted))

    def ended(self, code: int | None) -> bytes | None:
        """Do as the Dialogue does; where the end was awaited the adapter is given what was said before it."""
        if not self._speaker.is_talking:
            return super().ended(code)
        for codes, label in self._exchange.exits:
            if code in codes:
                if label >= 0:
                    self.row[label] = True
                self.said.append(bytes(self.pending))
                self.pending = b""
                return DONE if self._after_exchange() is DONE else None
        return super().ended(code)

    def _exchanges(self, exchange: Exchange) -> tuple[Exchange, Exchange]:
        """Return ``exchange`` with what the adapter sends, and without anything to send."""
        if self._cut is not None:
            exchange = replace(exchange, cut=self._cut, awaiting="what the adapter takes for an end", has_until=False)
        return replace(exchange, encode=lambda row, previous: self._request), exchange

    def _asking(self, request: bytes, phase: str) -> Exchange:
        self._request = request
        self._count += bool(request)
        return self._held[phase][0 if request else 1]

    def _after_exchange(self) -> bytes | None:
        if not self._speaker.is_talking:
            return super()._after_exchange()
        request = self._speaker.reply(b"".join(self.said[self._mark :]))
        return self._finish() if request is None else self._open(self._asking(request, self._phase.name))

    def _told(self) -> bytes:
        told, values = super()._told(), self._speaker.values
        if values is None:
            # Where nothing was to be said there is nothing to decode.
            values = self._speaker.decode(told) if self._phase.exchanges else {}
        return Told.of(told, values)


def _cut_of(speaker: Speaker) -> Cut:
    def cut(data: bytes | bytearray, searched: int) -> tuple[int, End] | None:
        end = speaker.end(bytes(data)) if data else 0
        return (end, _END) if end else None

    return cut
