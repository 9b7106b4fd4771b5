"""A session whose bytes are kept as they pass, and where replies ended, for ``filebridge probe``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from filebridge.config import substitution
from filebridge.conversation import Talk
from filebridge.link import Link
from filebridge.program import Program
from filebridge.program.decoder import Entry
from filebridge.session import Session
from filebridge.transports.recording import Recorder, Transcript
from filebridge.transports.transcript import Direction
from filebridge.wire.dialogue import DONE, Dialogue, Phase

__all__ = ["Passed", "RecordedSession", "Told"]


@dataclass(slots=True)
class Passed:
    """Bytes that passed in one direction in one phase."""

    phase: str
    sent: bool
    data: bytes


@dataclass(slots=True)
class Told:
    """What a dialogue made of a phase: the whole messages, and the ``rest`` behind them.

    Where the phase is ``done`` the rest is left over; otherwise it is a reply without its end.
    """

    phase: str
    messages: list[bytes]
    rest: bytes
    done: bool


class _Listening(Dialogue):
    """What makes of a kind of dialogue one that keeps what it made of each phase in ``told``."""

    told: list[Told]
    _done: bool
    _known: bool

    def note(self) -> None:
        """Keep what was made of the phase that is under way or was the last one, once."""
        if not self._known:
            whole = [self.reply] if self._done else []
            messages = list(self.said) if self._phase.only is None else whole
            self.told.append(Told(self.phase_name, messages, bytes(self.pending), self._done))
        self._known = True

    def begin(self, phase: Phase) -> bytes:
        self.note()
        self._done = False
        command = super().begin(phase)
        self._known, self._done = False, command is DONE
        return command

    def receive(self, chunk: bytes) -> bytes | None:
        return self._seen(super().receive(chunk))

    def expire(self) -> bytes | None:
        return self._seen(super().expire())

    def ended(self, code: int | None) -> bytes | None:
        return self._seen(super().ended(code))

    def _seen(self, result: bytes | None) -> bytes | None:
        self._done = result is DONE
        return result


def _listening(dialogue: Dialogue, told: list[Told]) -> _Listening:
    """Return ``dialogue``, which has not begun, as one of its kind that keeps what it makes of each phase."""
    kind = type("Listening", (_Listening, type(dialogue)), {})
    listening: _Listening = object.__new__(kind)
    for name in {name for base in type(dialogue).__mro__ for name in getattr(base, "__slots__", ())}:
        if hasattr(dialogue, name):
            setattr(listening, name, getattr(dialogue, name))
    listening.told, listening._done, listening._known = told, False, True
    return listening


class _Passing(Transcript):
    """A transcript that is no file: what passes goes into ``passed``, each piece with the phase of ``link``."""

    __slots__ = ("_apart", "_link", "_passed")

    def __init__(self, link: Link, passed: list[Passed], apart: bool) -> None:
        self._link = link
        self._passed = passed
        # Each snapshot is all that there is; put together they would look like one reply.
        self._apart = apart

    def add(self, direction: Direction, data: bytes) -> None:
        """Keep ``data``, joined with what passed before it the same way; how the process ended is not kept."""
        if not data or direction == "ended":
            return
        phase, sent = self._link.dialogue.phase_name, direction == "sent"
        last = self._passed[-1] if self._passed else None
        if last is not None and (last.phase, last.sent) == (phase, sent) and not self._apart:
            last.data += data
        else:
            self._passed.append(Passed(phase, sent, data))

    def close(self) -> None:
        """Do nothing: there is no file."""


class RecordedSession(Session):
    """A session that keeps every byte: ``taken()`` returns what has passed since it was last called.

    Where we serve HTTP the address is given to ``announce`` when it is known, before the program asks.
    """

    def __init__(self, program: Program, announce: Callable[[str], None], seat: int = 0) -> None:
        super().__init__(program, seat)
        self._announce = announce
        self._passed: list[Passed] = []
        self._told: list[Told] = []

    def taken(self) -> tuple[list[Passed], list[Told]]:
        """Return what passed since the last call, in order, and what the dialogue made of each phase."""
        if self.link is not None and isinstance(self.link.dialogue, _Listening):
            self.link.dialogue.note()
        taken = self._passed.copy(), self._told.copy()
        self._passed.clear()
        self._told.clear()
        return taken

    def read(self) -> list[Entry]:
        """Return the fields that were read from the last reply: those whose condition, where they have one, held."""
        entries = self.program.decoder.entries
        if self.link is None:
            return entries
        row, previous = self.link.dialogue.row, self.link.dialogue.previous
        return [entry for entry in entries if entry.condition is None or entry.condition.holds(row, previous)]

    def variables(self) -> dict[str, object]:
        """Return the variables of the configuration with their values now."""
        if self.link is None:
            return {}
        row = self.link.dialogue.row
        return {first.name: row[first.index] for first in self.program.firsts}

    def starting(self, link: Link, values: Mapping[str, object]) -> Talk[None]:
        """Record all from here on; see ``Running.starting``."""
        if not isinstance(link.dialogue, _Listening):
            # Else it is a further connection of the same process.
            self._record(link)
        return super().starting(link, values)

    def _record(self, link: Link) -> None:
        http, addresses = self.program.config.transport.http, link._addresses
        if http is not None and http.serve and addresses is not None:
            token = f"{addresses.values['token']}/" if http.peer == "token" else ""
            self._announce(f"http://{substitution.fill(http.serve, addresses.values)}/{token}")
        link._connect(Recorder(link.transport, _Passing(link, self._passed, self.program.rules.snapshots)))
        link.dialogue = _listening(self.program.dialogue(), self._told)
