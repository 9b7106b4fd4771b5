"""A session whose bytes are kept as they pass, for ``filebridge probe``."""

from __future__ import annotations

from dataclasses import dataclass

from filebridge.link import Link
from filebridge.program import Program
from filebridge.session import Session
from filebridge.transports.base import Transport

__all__ = ["Passed", "RecordedSession"]


@dataclass(slots=True)
class Passed:
    """Bytes that passed in one direction in one phase."""

    phase: str
    sent: bool
    data: bytes


class _Recording(Transport):
    """A transport that passes everything on and keeps what it passed."""

    __slots__ = ("_inner", "_link", "_passed")

    def __init__(self, link: Link, passed: list[Passed]) -> None:
        self._inner = link.transport
        self._link = link
        self._passed = passed
        self.process = self._inner.process

    def fileno(self) -> int:
        return self._inner.fileno()

    def write_fileno(self) -> int:
        return self._inner.write_fileno()

    def write(self, data: bytes) -> int:
        taken = self._inner.write(data)
        self._keep(True, bytes(data[:taken]))
        return taken

    def read(self) -> bytes | None:
        chunk = self._inner.read()
        self._keep(False, chunk or b"")
        return chunk

    def end_input(self) -> None:
        self._inner.end_input()

    def close(self) -> None:
        self._inner.close()

    def _keep(self, sent: bool, data: bytes) -> None:
        if not data:
            return
        phase, last = self._link.dialogue.phase_name, self._passed[-1] if self._passed else None
        if last is not None and (last.phase, last.sent) == (phase, sent):
            last.data += data
        else:
            self._passed.append(Passed(phase, sent, data))


class RecordedSession(Session):
    """A session that keeps every byte: ``taken()`` returns what has passed since it was last called."""

    def __init__(self, program: Program, seat: int = 0) -> None:
        super().__init__(program, seat)
        self._passed: list[Passed] = []

    def taken(self) -> list[Passed]:
        """Return what passed since the last call, in order."""
        passed = self._passed.copy()
        self._passed.clear()
        return passed

    def _start(self, link: Link) -> None:
        recording = _Recording(link, self._passed)
        link.transport, link.read, link.write = recording, recording.read, recording.write
        super()._start(link)
