"""Transports for transcripts: a Recorder writes what passes through another one, a Replay needs no process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filebridge.errors import ReplayMismatch, escaped
from filebridge.parcel import pack
from filebridge.transports.base import CHUNK, Transport
from filebridge.transports.elsewhere import Elsewhere
from filebridge.transports.process import Exit
from filebridge.transports.shutting import shut
from filebridge.transports.transcript import Record, Transcript, TranscriptWarning, read_transcript, rejoined

if TYPE_CHECKING:
    from filebridge.transports.base import Opening
    from filebridge.transports.outbox import Outbox
    from filebridge.transports.results.sight import Sight

__all__ = ["Record", "Recorder", "Replay", "Transcript", "TranscriptWarning", "read_transcript"]


class Recorder(Transport):
    """Another transport, with everything that passes through it written to a transcript.

    A file that is put for the simulator is recorded as sent: a line `NAME SIZE` and then its bytes.
    """

    __slots__ = ("_ended", "_inner", "_transcript", "line_limit", "patience", "renews", "snapshots")

    def __init__(self, inner: Transport, transcript: Transcript) -> None:
        self._inner = inner
        self._transcript = transcript
        self._ended = False
        self.process = inner.process
        self.line_limit = inner.line_limit
        self._note()

    @property
    def openings(self) -> Sequence[Opening]:  # type: ignore[override]
        """The connections of the recorded transport that have to be made."""
        return self._inner.openings

    def opened(self) -> None:
        """Take note that all ``openings`` are done."""
        self._inner.opened()
        self._note()

    def reopen(self) -> None:
        """Begin a new connection where each episode has its own."""
        self._inner.reopen()
        self._note()

    def _note(self) -> None:
        self._ended = False
        inner = self._inner
        self.patience, self.renews, self.snapshots = inner.patience, inner.renews, inner.snapshots

    @property
    def outbox(self) -> Outbox | None:
        """What puts files into the simulator's folder for the recorded transport."""
        return self._inner.outbox

    @outbox.setter
    def outbox(self, outbox: Outbox | None) -> None:
        self._inner.outbox = outbox

    def deliver(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Put ``files`` where the simulator finds them; return what is still to be written; record what went out."""
        rest = self._inner.deliver(files, data)
        if files:
            self._transcript.add("sent", pack(files))
        taken = data[: len(data) - len(rest)]
        if taken:
            self._transcript.add("sent", taken)
        return rest

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is output, or its end."""
        return self._inner.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that is writable when the simulator takes input; -1 after the end of the input."""
        return self._inner.write_fileno()

    def write(self, data: bytes) -> int:
        """Return how many of the bytes were accepted, and record those."""
        accepted = self._inner.write(data)
        if accepted:
            self._transcript.add("sent", data[:accepted])
        return accepted

    def read(self) -> bytes | None:
        """Return up to 64 KiB of output, ``b""`` at its end, None when there is nothing now; record it."""
        return self._kept(self._inner.read())

    def look(self) -> bytes | None:
        """Return output, announced or not; record it."""
        return self._kept(self._inner.look())

    def standing(self, seconds: float) -> Sight | None:
        """Return what is seen of the files and FIFOs that lead to a reply."""
        return self._inner.standing(seconds)

    def waits_for_keys(self) -> bool:
        """Return whether the simulator is known to have read all that was written, and to wait for more."""
        return self._inner.waits_for_keys()

    def met(self) -> str:
        """Return what the sockets of the recorded transport met."""
        return self._inner.met()

    def _kept(self, chunk: bytes | None) -> bytes | None:
        if chunk or (chunk is not None and not self._ended):
            self._ended = not chunk
            self._transcript.add("received", chunk)
        return chunk

    def end_input(self) -> None:
        """Tell the simulator that no more input comes; output can still be read."""
        self._inner.end_input()

    def close(self) -> None:
        """Record how the process ended, if that is known, and close both; twice is harmless."""
        if self.process.ended:
            self._transcript.add("ended", _exit_text(self.process.exit()).encode())
        self._transcript.close()
        self._inner.close()


def _exit_text(end: Exit | None) -> str:
    if end is None or (end.code is None and end.signal is None):
        return "unknown"
    return f"code {end.code}" if end.code is not None else f"signal {end.signal}"


def _exit_of(text: bytes) -> Exit:
    kind, _, number = text.decode("latin-1").partition(" ")
    if not number.isdecimal() or len(number) > 9:
        return Exit(None, None)
    return Exit(int(number), None) if kind == "code" else Exit(None, int(number))


class ReplayedProcess(Elsewhere):
    """The process of a Replay: it has no number, takes no signals, and ends where the recorded one did."""

    __slots__ = ()

    def finish(self, end: Exit) -> None:
        """Let it have ended in this way."""
        self._exit, self.ended = end, True

    def exit(self) -> Exit | None:
        """Return how the recorded process ended, None before that."""
        return self._exit

    def state(self) -> str:
        """Say that this is a replay."""
        return "gone" if self.ended else "replayed from a transcript"

    def signal(self, number: int) -> None:
        """End it, whatever the signal."""
        if not self.ended:
            self.finish(Exit(None, number))

    def signal_group(self, number: int) -> None:
        """End it, whatever the signal."""
        self.signal(number)


class Replay(Transport):
    """A simulator that is not there: says what a transcript holds, when what was sent then is sent again.

    Output comes as soon as everything sent before it in the transcript has been sent, in the recorded
    chunks. How the bytes sent are cut does not matter. After the last record the output is readable
    and ``read`` raises ReplayMismatch, so that nobody waits for what cannot come.

    Args:
        source: the path of a transcript, or records.
        snapshots: whether each chunk is all that there is and replaces the one before, as in the recording.
    """

    __slots__ = ("_done", "_name", "_next", "_output", "_ready", "_records", "_signal", "snapshots")

    process: ReplayedProcess

    def __init__(self, source: str | Path | Sequence[Record], snapshots: bool = False) -> None:
        self._name = escaped(str(source)) if isinstance(source, str | Path) else "the transcript"
        self._records = read_transcript(source) if isinstance(source, str | Path) else list(source)
        if snapshots:
            self._records = rejoined(self._records)
        self.snapshots = snapshots
        self.outbox = None
        self.process = ReplayedProcess()
        self._next = 0
        self._done = 0
        self._ready: deque[Record] = deque()
        self._output, self._signal = os.pipe()
        os.set_blocking(self._output, False)
        self._gather()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is output; -1 once closed."""
        return self._output

    def write_fileno(self) -> int:
        """Return a descriptor that is always writable; -1 once closed."""
        return self._signal

    def deliver(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Return ``data``, and write no file; raises ReplayMismatch for one that the transcript does not hold here."""
        self.write(pack(files))
        return data

    def write(self, data: bytes) -> int:
        """Return the number of bytes, all of them; raises ReplayMismatch for what was not sent in the transcript."""
        rest = data
        while rest:
            if self._next == len(self._records):
                raise self._mismatch("more is sent than was recorded", rest, b"")
            due = self._records[self._next].data[self._done :]
            size = min(len(due), len(rest))
            if due[:size] != rest[:size]:
                raise self._mismatch("something else is sent than was recorded", rest, due)
            rest, self._done = rest[size:], self._done + size
            if size == len(due):
                self._next, self._done = self._next + 1, 0
                self._gather()
        return len(data)

    def read(self) -> bytes | None:
        """Return the next chunk of output, ``b""`` at its end, None when something must be sent first.

        Raises ReplayMismatch when the transcript holds nothing more.
        """
        if self._ready:
            data = self._ready.popleft().data
            if not data:
                following = self._records[self._next - 1]
                self.process.finish(_exit_of(following.data if following.direction == "ended" else b""))
            self._announce()
            return data
        if self.process.ended:
            return b""
        if self._next == len(self._records):
            raise self._mismatch("more is awaited than was recorded", b"", b"")
        return None

    def waits_for_keys(self) -> bool:
        """Return whether something must be sent before the transcript goes on."""
        return not self._ready and self._next < len(self._records)

    def end_input(self) -> None:
        """Do nothing: the transcript says what comes of it."""

    def close(self) -> None:
        """Close the descriptors; twice is harmless."""
        shut(self, "_output", "_signal")

    def _gather(self) -> None:
        """Make ready what was received up to the next thing sent."""
        while self._next < len(self._records) and self._records[self._next].direction != "sent":
            if self._records[self._next].direction == "received":
                self._ready.append(self._records[self._next])
            self._next += 1
        self._announce()

    def _announce(self) -> None:
        """Make our descriptor readable exactly while a read has something to tell."""
        try:
            os.read(self._output, CHUNK)
        except BlockingIOError:
            pass  # it was not readable before
        if self._ready or self._next == len(self._records):
            os.write(self._signal, b"!")

    def _mismatch(self, what: str, found: bytes, due: bytes) -> ReplayMismatch:
        inside = self._next < len(self._records)
        where = f"record {self._next + 1} of {self._name}" if inside else f"the end of {self._name}"
        wanted = f", where `{escaped(due, 200)}` was recorded" if due else ""
        return ReplayMismatch(
            f"{what}, at {where}",
            found=f"`{escaped(found, 200)}`{wanted}" if found else f"{len(self._records)} records",
            cure="replay with the configuration, the seed and the actions of the recording, or record again",
        )
