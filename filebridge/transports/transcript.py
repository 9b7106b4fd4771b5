r"""Transcripts: every byte in both directions with its time, written and read.

A transcript is a text file, one JSON document a line. The first line is the header, each further one a
record: its time in seconds, what happened, and the bytes as text, one character for each byte:

    {"filebridge_transcript": 1, "simulator": "Wump", "seat": 0, "episode": 1, "command": ["wump"], "date": "..."}
    {"t": 0.002113, "received": "Instructions? (y-n) "}
    {"t": 0.002240, "sent": "n\n"}

``"received": ""`` is the end of the output, ``"ended": "code 0"`` or ``"signal 9"`` the end of the process.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import IO, Any, Literal, cast

from filebridge.errors import ReplayMismatch, UsageError, escaped
from filebridge.transports.base import CHUNK

__all__ = ["Direction", "Record", "Transcript", "TranscriptWarning", "read_transcript", "rejoined"]

VERSION = 1
LIMIT = 1 << 28
"""Bytes of the largest transcript, 256 MiB: recording ends there, and nothing larger is read."""

LINE_LIMIT = 8 * CHUNK
"""Bytes of the longest line: a chunk of which every byte is written as an escape of six, and some room."""

Direction = Literal["sent", "received", "ended"]
DIRECTIONS = ("sent", "received", "ended")


class TranscriptWarning(UserWarning):
    """A transcript cannot be written any further; the simulator and the training are not affected."""


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of a transcript: ``time`` in seconds since its start, ``direction``, and the bytes."""

    time: float
    direction: Direction
    data: bytes


class Transcript:
    """The file of one process, only for its owner to read; each record is written at once.

    A write that fails and a file of more than ``limit`` bytes end it with one TranscriptWarning; what was
    written so far can be read.

    Raises UsageError when the file cannot be created; it never replaces one.
    """

    __slots__ = ("_begun", "_descriptor", "_left", "_owner", "path")

    def __init__(self, path: str | Path, header: dict[str, Any] | None = None, limit: int = LIMIT) -> None:
        self.path = Path(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as exc:
            raise _not_created(path, exc) from exc
        self._owner = os.getpid()
        self._left = limit
        self._begun = time.monotonic()
        date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._write({"filebridge_transcript": VERSION, **(header or {}), "date": date})

    @classmethod
    def create(cls, folder: str | Path, simulator: str, seat: int, episode: int, command: Sequence[str]) -> Transcript:
        """Return a new transcript ``SIMULATOR-seatN-episodeN.jsonl`` in ``folder``, which is made if it is missing.

        ``episode`` is the one that the process is started for. Where that file exists, a number is added.
        """
        header = {"simulator": simulator, "seat": seat, "episode": episode, "command": list(command)}
        try:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise _not_created(folder, exc) from exc
        stem = f"{simulator}-seat{seat}-episode{episode}"
        for number in count(1):
            path = Path(folder, f"{stem}.jsonl" if number == 1 else f"{stem}-{number}.jsonl")
            try:
                return cls(path, header)
            except UsageError:
                if not os.path.lexists(path):
                    raise
        raise AssertionError("count ends")

    def add(self, direction: Direction, data: bytes) -> None:
        """Write a record of ``data``; several if it is larger than 64 KiB."""
        passed = round(time.monotonic() - self._begun, 6)
        for start in range(0, len(data) or 1, CHUNK):
            self._write({"t": passed, direction: data[start : start + CHUNK].decode("latin-1")})

    def close(self) -> None:
        """Close the file; twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, document: dict[str, Any]) -> None:
        # A forked copy of the trainer shares the file with its parent, to whom the simulator belongs.
        if self._descriptor < 0 or os.getpid() != self._owner:
            return
        line = json.dumps(document).encode() + b"\n"
        if len(line) > self._left:
            self._give_up("it has reached its limit in size")
            return
        try:
            written = os.write(self._descriptor, line)
        except OSError as exc:
            self._give_up(str(exc.strerror))
            return
        self._left -= written
        if written < len(line):
            self._give_up("the disk is full")

    def _give_up(self, reason: str) -> None:
        self.close()
        warnings.warn(f"the transcript {self.path} ends here: {reason}", TranscriptWarning, stacklevel=5)


def _not_created(path: str | Path, exc: OSError) -> UsageError:
    return UsageError(
        f"the transcript {escaped(str(path))} cannot be created",
        found=str(exc.strerror),
        cure="name a folder that this user may write to",
    )


def read_transcript(path: str | Path) -> list[Record]:
    """Return the records of a transcript; a last line that was not written to its end is left out.

    Raises:
        UsageError: there is no such file, it is no transcript, or it is larger than 256 MiB.
        ReplayMismatch: a line is no record; the message names it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        what = f"the transcript {escaped(str(path))} cannot be read"
        raise UsageError(what, found=str(exc.strerror), cure="check the path") from exc
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > LIMIT:
            found = f"{state.st_size} bytes" if stat.S_ISREG(state.st_mode) else "no regular file"
            what = f"{escaped(str(path))} is not read as a transcript"
            raise UsageError(what, found=found, cure=f"a file of at most {LIMIT} bytes")
        return list(_records(file, str(path)))


def _records(file: IO[bytes], path: str) -> Iterator[Record]:
    for number in count(1):
        line = file.readline(LINE_LIMIT + 1)
        if not line.endswith(b"\n") and len(line) <= LINE_LIMIT:
            return
        document = _document(line)
        if number == 1:
            if document.get("filebridge_transcript") != VERSION:
                raise UsageError(
                    f"{escaped(path)} is no transcript of version {VERSION}",
                    found=escaped(line[:100].rstrip()),
                    cure="name a file that a Recorder wrote",
                )
            continue
        record = _record(document)
        if record is None:
            raise ReplayMismatch(
                f"{escaped(path)}, line {number}: not a record of a transcript",
                found=escaped(line[:100].rstrip()) or "an empty line",
                cure="record it again; a transcript is not meant to be edited",
            )
        yield record


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line, parse_int=float) if len(line) <= LINE_LIMIT else None
    except (ValueError, RecursionError):
        document = None
    return document if isinstance(document, dict) else {}


def _record(document: dict[str, Any]) -> Record | None:
    """Return the record that a line holds, None if it is none."""
    passed = document.get("t")
    direction = next((word for word in DIRECTIONS if word in document), None)
    if direction is None or len(document) != 2 or not isinstance(passed, float) or not math.isfinite(passed):
        return None
    try:
        return Record(passed, cast(Direction, direction), document[direction].encode("latin-1"))
    except (AttributeError, UnicodeEncodeError):
        return None


def rejoined(records: Sequence[Record]) -> list[Record]:
    """Return the records with those of one snapshot joined again: a transcript cuts what is larger than 64 KiB."""
    joined: list[Record] = []
    goes_on = False
    for record in records:
        last = joined[-1] if joined else record
        if goes_on and (record.direction, record.time) == (last.direction, last.time):
            joined[-1] = Record(last.time, last.direction, last.data + record.data)
        else:
            joined.append(record)
        goes_on = len(record.data) == CHUNK
    return joined
