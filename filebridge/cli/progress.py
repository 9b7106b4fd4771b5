"""A progress bar on stderr, where that is a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

from rich import progress

from filebridge.cli.display import error_console

if TYPE_CHECKING:
    from filebridge.report import Trial

__all__ = ["Progress"]

PAUSE = 0.1
"""Seconds between two looks at the trial: drawing must not slow the steps."""


class Progress:
    """Shows how far a trial is: by episodes, by time where only that is limited, and its steps each second."""

    def __init__(self, trial: Trial, episodes: int | None, seconds: float | None, shown: bool) -> None:
        self._trial = trial
        self._by_time = episodes is None
        self._begun = self._drawn = perf_counter()
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[done]}"),
            progress.TimeRemainingColumn(),
            console=error_console(),
            transient=True,
            disable=not (shown and sys.stderr.isatty()),
        )
        total = seconds if episodes is None else float(episodes)
        self._task = self._bar.add_task(trial.env.program.config.name, total=total, done="starting")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self) -> None:
        """Draw again, if it is time to."""
        now = perf_counter()
        if self._bar.disable or now - self._drawn < PAUSE:
            return
        self._drawn = now
        elapsed, episodes, steps = now - self._begun, len(self._trial.episodes), self._trial.step_times.count
        done = f"{episodes} episodes, {steps} steps, {steps / elapsed:.0f} steps/s"
        self._bar.update(self._task, completed=elapsed if self._by_time else float(episodes), done=done)
