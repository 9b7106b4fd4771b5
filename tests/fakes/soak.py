"""Thousands of answers in files by ``writer.py``, each of which carries its step and a hash, and all are checked.

    soak(directory, "truncated", Results(("obs.txt",)), steps=100_000)

A benchmark may call it too; it needs nothing but filebridge.
"""

from __future__ import annotations

import hashlib
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from filebridge.parcel import unpack
from filebridge.transports.base import Receiver, Results
from filebridge.transports.results.receiver import open_results

WRITER = str(Path(__file__).with_name("writer.py"))
_ANSWER = re.compile(rb"step (\d+) x* ([0-9a-f]{16}) END\n")


def check_answer(data: bytes, step: int) -> None:
    """Raise AssertionError unless ``data`` is the whole answer to ``step``, and nothing else."""
    match = _ANSWER.fullmatch(data)
    assert match, f"partial or mixed at step {step}: {data!r}"
    assert int(match[1]) == step, f"stale at step {step}: {data!r}"
    assert hashlib.sha256(data[: match.start(2) - 1]).hexdigest()[:16].encode() == match[2], f"mixed: {data!r}"


def check_parcel(data: bytes, step: int) -> None:
    """Raise AssertionError unless each file in ``data`` is the whole answer to ``step``."""
    files = unpack(data)
    assert len(files) > 1
    for content in files.values():
        check_answer(content, step)


@contextmanager
def writing(directory: Path, way: str, pause: float = 0.0, name: str = "obs.txt") -> Iterator[Callable[[str], None]]:
    """Run ``writer.py`` in ``directory``; give a function that tells it a line."""
    command = [sys.executable, "-S", "-E", WRITER, way, str(pause), name]
    with subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        stdin = process.stdin
        try:
            yield lambda line: stdin.write(line.encode() + b"\n") and None
        finally:
            stdin.close()
            process.wait(20)


def next_piece(receiver: Receiver, seconds: float = 20.0) -> bytes:
    """Return what ``receiver`` gives next, waiting for it as the loop does."""
    poll = select.poll()
    poll.register(receiver.fileno(), select.POLLIN)
    until = monotonic() + seconds
    while monotonic() < until:
        announced = poll.poll(min(receiver.patience, seconds) * 1000)
        piece = receiver.read() if announced else receiver.look()
        if piece is not None:
            assert piece, "files have no end"
            return piece
    raise AssertionError(f"nothing within {seconds} s")


def nothing_follows(receiver: Receiver) -> None:
    """Take whatever is announced, none of which may be an answer."""
    while select.select([receiver.fileno()], [], [], 0)[0]:
        piece = receiver.read()
        assert piece is None, f"repeated: {piece!r}"


def next_message(receiver: Receiver, results: Results) -> bytes:
    """Return the next message; where only its own end shows that it is whole, pieces are put together."""
    message = next_piece(receiver)
    while results.written in ("open", "appended") and not message.endswith(b"END\n"):
        piece = next_piece(receiver)
        message = message + piece if results.written == "appended" else piece
    return message


def soak(
    directory: Path,
    way: str,
    results: Results,
    steps: int,
    pause: float = 0.0,
    check: Callable[[bytes, int], None] = check_answer,
    prepare: Callable[[int], None] | None = None,
) -> float:
    """Take ``steps`` answers that are written in this ``way``; return the seconds that it took.

    ``pause`` is the seconds between two pieces of an answer, ``prepare`` is called before each step. Raises
    AssertionError for the first answer that is partial, stale, mixed, repeated or missing.
    """
    receiver = open_results(str(directory), results)
    try:
        with writing(directory, way, pause, results.names[0]) as tell:
            begun = monotonic()
            for step in range(1, steps + 1):
                nothing_follows(receiver)
                receiver.expect()
                if prepare is not None:
                    prepare(step)
                tell(str(step))
                check(next_message(receiver, results), step)
            return monotonic() - begun
    finally:
        receiver.close()
