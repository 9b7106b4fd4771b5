"""Steps per second of contestants that take turns, each in a process of its own."""

from __future__ import annotations

import os
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.many.contestants import CONTESTANTS
from benchmarks.many.simulators import SIMULATORS
from benchmarks.programs import Programs

__all__ = ["Player", "Score", "SlowStart", "measure"]

ROUNDS = 7
WARM_UP = 0.2  # s
GRACE = 60.0  # s that a turn may take longer than it was told, and the end of a process


@dataclass
class Score:
    """What one contestant did with one simulator and so many seats.

    ``rates`` are in steps of all seats per second, one for each round, ``steps`` all that were taken, ``start`` the
    seconds until it was ready.
    """

    name: str
    simulator: str
    seats: int
    start: float = 0.0
    steps: int = 0
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the median of the rounds."""
        return statistics.median(self.rates)


class SlowStart(Exception):
    """A contestant was not ready in time."""


class Player:
    """The process of one contestant, and its score. SlowStart: it was not ready after ``patience`` s."""

    def __init__(self, score: Score, programs: Programs, patience: float) -> None:
        self.score = score
        # A group of its own: its workers end with it where it does not end by itself.
        self.process = subprocess.Popen(
            _command(score, programs),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input, self.output = self.process.stdin, self.process.stdout
        began = time.perf_counter()
        try:
            if not self._waited(patience):
                raise SlowStart(f"not ready after {patience:g} s")
            self._line()
        except BaseException:
            self.end()
            raise
        score.start = time.perf_counter() - began

    def turn(self, seconds: float) -> tuple[int, float]:
        """Return the steps that it takes in about ``seconds``, and how long it took exactly."""
        print(seconds, file=self.input, flush=True)
        if not self._waited(seconds + GRACE):
            raise SystemExit(f"{self._words()} is stuck: no word of a turn of {seconds:g} s after {GRACE:g} s more")
        steps, elapsed = self._line().split()
        return int(steps), float(elapsed)

    def round(self, seconds: float) -> None:
        """Take a turn that counts."""
        steps, elapsed = self.turn(seconds)
        self.score.steps += steps
        self.score.rates.append(steps / elapsed)

    def close(self) -> None:
        """Let it end."""
        self.input.close()
        try:
            self.process.wait(GRACE)
        finally:
            self.end()

    def end(self) -> None:
        """End it, with all that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.input.close()
        self.output.close()

    def _waited(self, seconds: float) -> bool:
        return bool(select.select([self.output], [], [], seconds)[0])

    def _line(self) -> str:
        line = self.output.readline()
        if not line:
            raise SystemExit(f"{self._words()} ended with {self.process.wait(GRACE)}; its last words are above")
        return line

    def _words(self) -> str:
        return f"{self.score.name} with {self.score.seats} seats of {self.score.simulator}"


def _command(score: Score, programs: Programs) -> list[str]:
    contestant = CONTESTANTS[score.name]
    simulator = [str(programs.find("answer")), *SIMULATORS[score.simulator].arguments]
    if contestant.make is None:
        return [str(programs.find("many")), contestant.way, str(score.seats), *simulator]
    return [sys.executable, "-m", "benchmarks.many.turns", score.name, str(score.seats), *simulator]


def measure(
    names: Iterable[str], simulator: str, seats: int, seconds: float, patience: float, programs: Programs
) -> tuple[list[Score], dict[str, str]]:
    """Return the scores of the contestants ``names``, and why which of them are left out.

    Each runs for ``seconds`` in all, and has ``patience`` s to start.
    """
    left_out: dict[str, str] = {}
    with ExitStack() as stack:
        players = []
        for name in names:
            try:
                player = Player(Score(name, simulator, seats), programs, patience)
            except SlowStart as late:
                left_out[name] = str(late)
                continue
            stack.callback(player.close)
            players.append(player)
            player.turn(min(seconds / ROUNDS, WARM_UP))
        for _ in range(ROUNDS):
            for player in players:
                player.round(seconds / ROUNDS)
    return [player.score for player in players], left_out
