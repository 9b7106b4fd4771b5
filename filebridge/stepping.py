"""The steps of an episode: what goes into the row before one is sent, and what is made of its reply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from filebridge.conversation import Talk, talk
from filebridge.errors import ActionError, UsageError
from filebridge.link import Link
from filebridge.loop import repeated
from filebridge.placement import Placement
from filebridge.plain import Plain, plain
from filebridge.program import Program
from filebridge.program.slots import ACTIONS, STEP
from filebridge.running import Running

__all__ = ["Row", "Step", "Stepping"]

Step = tuple[Any, float, bool, bool, dict[str, Any]]
Row = list[object]

LOOK = 4096
"""Steps between two looks at what is not due in every step."""

FIRST_STEP = 3.0
"""How many times as long the first step of a process may take: caches are cold, files are opened."""


class Stepping(Running):
    """What runs in a seat, and the steps that it takes; ``seconds`` is the time that the one under way has."""

    def __init__(self, program: Program, seat: int | None, transcripts: Path | None = None) -> None:
        super().__init__(program, seat, transcripts)
        self._talk: Callable[[float], None]
        self._untimed: Callable[[float], None]
        self.plain: Plain | None = None
        self._step_seconds = self.seconds = self._deadlines.step
        self.actions: list[Any] = []
        self._view = program.view
        self._uses_previous = program.uses_previous
        self._read_action = program.read_action
        self._decode = program.decoder.decode
        self._judge = program.outcome.judge
        self._observe = program.observer.observe
        self._info = program.info
        self._more = program.outcome.is_more
        self._max_steps = self._next_look = program.config.max_steps or (1 << 62)
        self.placement: Placement | None = None

    def step(self, action: Any) -> Step:
        """Take one step; return observation, reward, terminated, truncated and info.

        Raises ActionError for an action that cannot be sent, and then the simulator is untouched;
        SimulatorError, TransportError, ProtocolError, ExpressionError otherwise.
        """
        self.prepare(action)
        try:
            self._talk(self.seconds)
        except ActionError:
            self._take_back()
            raise
        return self.conclude(self._observe)

    def stepping(self, action: Any) -> Talk[Step]:
        """Do as ``step`` does."""
        self.prepare(action)
        assert self.link is not None
        return (yield from self.concluding(talk(self.link, self.program.phases["step"], self.seconds)))

    def concluding(self, talk: Talk[None], observe: Callable[[Row], Any] | None = None) -> Talk[Step]:
        """Carry on the ``talk`` of a step that has been prepared, and return what the step gives; see ``conclude``."""
        try:
            yield from talk
        except ActionError:
            self._take_back()
            raise
        return self.conclude(observe or self._observe)

    def prepare(self, action: Any) -> None:
        """Check ``action`` and put it into the row, with all that is known before it is sent.

        ``seconds`` is then the time that the step has. Raises ActionError, UsageError; nothing has changed then.
        """
        link = self.link
        if link is None or self.over:
            raise self._not_begun()
        dialogue = link.dialogue
        row = dialogue.row
        if self._uses_previous:
            dialogue.previous[:] = row
        self._read_action(action, row)
        if self._view is not None:
            row[ACTIONS] = [*self.actions, self._view(row)]
        row[STEP] = step = row[STEP] + 1  # type: ignore[operator]
        self.seconds = self._step_seconds if step > 1 else self._first_seconds(link)

    def withdraw(self) -> None:
        """Take back ``prepare``, where nothing has been sent."""
        link = self.link
        assert link is not None
        row = link.dialogue.row
        row[STEP] -= 1  # type: ignore[operator]
        link.first_step = link.first_step or self.seconds > self._step_seconds
        if self._uses_previous:
            row[:] = link.dialogue.previous

    def conclude(self, observe: Callable[[Row], Any]) -> Step:
        """Read the reply to a step; ``observe`` makes the observation of the row."""
        assert self.link is not None
        dialogue = self.link.dialogue
        row, previous = dialogue.row, dialogue.previous
        if self._view is not None:
            self.actions = row[ACTIONS]  # type: ignore[assignment]
        self._decode(dialogue.reply, row, previous)
        reward, terminated, truncated = self._judge(row, previous)
        observation = observe(row)
        info = self._info(row)
        if self._more:
            outcome = self.program.outcome
            outcome.inform(row, previous, info, terminated or truncated)
            outcome.advance(row, previous)
        if row[STEP] >= self._next_look:  # type: ignore[operator]
            truncated = self._looked_around(row[STEP], terminated) or truncated  # type: ignore[arg-type]
        if terminated or truncated:
            self.over = True
        return observation, reward, terminated, truncated, info

    def _first_seconds(self, link: Link) -> float:
        """Return the time for the first step of an episode, longer if it is the first of the process."""
        factor = FIRST_STEP if link.first_step else 1.0
        link.first_step = False
        return self._step_seconds * factor

    def _looked_around(self, step: int, terminated: bool) -> bool:
        """See to what is not due in every step; return whether the episode is at its limit."""
        if step >= self._max_steps:
            return not terminated
        self._next_look = min(step + LOOK, self._max_steps)
        if self.placement is not None:
            self.placement.follow()
        return False

    def _timed(self, seconds: float) -> None:
        """Hold the dialogue of a step, and tell how long that took."""
        begun = monotonic()
        self._untimed(seconds)
        placement = self.placement
        assert placement is not None
        placement.took(monotonic() - begun)
        if not placement.wants_times:
            self._talk = self._untimed

    def _judged(self, reply: bytes, row: Row, previous: Row) -> None:
        """Decode a reply, unless there is a complaint on stderr."""
        assert self.link is not None
        self.link.judge_stderr()
        self.program.decoder.decode(reply, row, previous)

    def _take_back(self) -> None:
        """After an action was refused, put all back as before the step; end the process if it heard some of it."""
        assert self.link is not None
        if self.link.dialogue.is_opening:
            self.withdraw()
        else:
            self.end(polite=False, grace=0.0)

    def _not_begun(self) -> UsageError:
        if self.link is None:
            found = f"no simulator runs{self._failure}"
            return UsageError("step without a running episode", found=found, cure="call reset() first")
        return UsageError(
            "step after the end of the episode", found="the last step ended it", cure="call reset() to begin another"
        )

    def _get_ready(self, link: Link) -> None:
        """Make ready for the steps of an episode that has begun."""
        step = self.program.phases["step"]
        self.plain = plain(link, step)
        self._talk = self._untimed = repeated(link, step, self.plain)
        self._decode = self.program.decoder.decode if link.process.heard is None else self._judged
        self._next_look = min(LOOK, self._max_steps)
        if self.placement is not None:
            self.placement.place(link.process.pid)
            if self.placement.wants_times:
                self._talk = self._timed
        self.actions = link.dialogue.row[ACTIONS]  # type: ignore[assignment]
        self.over = False
