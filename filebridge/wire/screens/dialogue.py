"""The talk with a program that draws a full screen, and now and then asks the terminal itself for something."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from filebridge.wire.dialogue import DONE, Dialogue, Phase

if TYPE_CHECKING:
    from filebridge.wire.screens.screen import Screen

__all__ = ["ScreenDialogue"]


class ScreenDialogue(Dialogue):
    """A dialogue whose ``filter`` is a Screen: what a terminal answers by itself is sent too, and before all else.

    Where the program asks at the very end of a reply it is answered at the beginning of the next phase.
    """

    __slots__ = ()

    def begin(self, phase: Phase) -> bytes:
        """Do as the Dialogue does."""
        return self._answering(super().begin(phase)) or b""

    def receive(self, chunk: bytes) -> bytes | None:
        """Do as the Dialogue does."""
        return self._answering(super().receive(chunk))

    def expire(self) -> bytes | None:
        """Do as the Dialogue does."""
        return self._answering(super().expire())

    def _answering(self, result: bytes | None) -> bytes | None:
        answers = cast("Screen", self.filter).answers
        if not answers or result is DONE:
            return result
        told = bytes(answers) + (result or b"")
        answers.clear()
        return told
