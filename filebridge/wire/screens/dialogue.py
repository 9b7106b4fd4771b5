"""The talk with a program that draws a full screen, and now and then asks the terminal itself for something."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from filebridge.wire.dialogue import DONE, Dialogue, Exchange, Phase, Rules
from filebridge.wire.phase import Filter, Row

if TYPE_CHECKING:
    from filebridge.wire.screens.screen import Screen

__all__ = ["ScreenDialogue"]


class ScreenDialogue(Dialogue):
    """A dialogue whose ``filter`` is a Screen: a reply is the screen as it stands, whenever it was drawn.

    ``pending`` is the screen where something was drawn that no reply has shown yet. What presses a key awaits something
    that is drawn after it; what presses none is content with the screen as it stands, but at the beginning of a phase,
    where that one was observed already. What a terminal answers by itself is sent too, and before all else. Where the
    program asks at the very end of a reply it is answered at the beginning of the next phase.
    """

    __slots__ = ("_drawn",)

    def __init__(self, rules: Rules, row: Row, text_filter: Filter | None) -> None:
        super().__init__(rules, row, text_filter)
        self._drawn = False

    @property
    def unmatched(self) -> bytes:
        """The screen as it stands; nothing before anything was drawn."""
        return self._screen.snapshot() if self._drawn else b""

    def begin(self, phase: Phase) -> bytes:
        """Do as the Dialogue does."""
        self.unanswered = False
        return self._answering(super().begin(phase)) or b""

    def receive(self, chunk: bytes) -> bytes | None:
        """Do as the Dialogue does."""
        if chunk:
            self._drawn, self.unanswered = True, False
        return self._answering(super().receive(chunk))

    def stray(self, chunk: bytes) -> None:
        """Draw what came while nothing was asked."""
        self._drawn = True
        self._set_aside(self._screen.clean(chunk), False)

    def expire(self) -> bytes | None:
        """Do as the Dialogue does; where nothing was drawn the reply is the screen as it stands."""
        after_pause, self.unanswered = self.from_begin, False
        if not self._paused and not self.pending:
            self.pending, self.unchanged = self._screen.snapshot(), True
        result = super().expire()
        self.from_last = after_pause and result is None
        return self._answering(result)

    @property
    def _screen(self) -> Screen:
        return cast("Screen", self.filter)

    def _settle_before(self, phase: Phase) -> None:
        # Which exchange is the first one, and whether it presses a key, is not known before it is opened.
        if phase.only is not None and _asks(phase.only):
            self._settle_leftover()

    def _settle_leftover(self) -> None:
        super()._settle_leftover()
        # Whatever is kept of a stream: a screen from before a key was pressed is no answer to it.
        self.pending = b""

    def _told(self) -> bytes:
        # Where the program ends without a word the last screen is read, as anywhere.
        return super()._told() or self.unmatched

    def _hold(self, exchange: Exchange) -> bytes | None:
        asks = _asks(exchange)
        if self.pending and asks:
            self._settle_leftover()
        command = super()._hold(exchange)
        self.unchanged = False
        newer = exchange.silent or exchange.fresh is not None or exchange.gather is not None
        self.unanswered = exchange.encode is not None and exchange.quiet > 0 and not newer
        if self.unanswered:
            self.timer = exchange.quiet
        elif not asks and not self.pending and self._drawn and (self.said or exchange.at):
            self.pending = self._screen.snapshot()
        return command

    def _take_up(self) -> bytes | None:
        found = self._exchange.cut(self.pending, 0)
        if found is not None:
            return self._complete(self.pending, *found)
        self.timer = self._exchange.quiet or self._exchange.silent
        return None

    def _answering(self, result: bytes | None) -> bytes | None:
        answers = self._screen.answers
        if not answers or result is DONE:
            return result
        told = bytes(answers) + (result or b"")
        answers.clear()
        return told


def _asks(exchange: Exchange) -> bool:
    """Return whether the program is told something, by a key or by a file."""
    return exchange.encode is not None or exchange.files is not None
