"""A progress bar for many simulators: how many have begun, then how fast they are; on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from rich import progress
from rich.console import RenderableType

from filebridge.cli.display import error_console

__all__ = ["State", "Watch"]

State = tuple[float, float, str]
"""How much is done, of how much, and that in words."""


class Watch(progress.Progress):
    """Shows a state that is asked for anew for each drawing, from another thread.

    So the bar moves while a single call starts hundreds of simulators, and costs the steps nothing.
    """

    def __init__(self, name: str, shown: bool = True) -> None:
        self._state: Callable[[], State] | None = None
        super().__init__(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[done]}"),
            console=error_console(),
            transient=True,
            # To draw takes time from what is measured.
            refresh_per_second=4,
            disable=not (shown and sys.stderr.isatty()),
        )
        self._only = self.add_task(name, total=None, done="")

    def show(self, state: Callable[[], State]) -> None:
        """Show ``state`` from now on; it may only read."""
        self._state = state

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bar as it is now."""
        if self._state is not None:
            done, total, words = self._state()
            self.update(self._only, completed=done, total=total, done=words)
        yield from super().get_renderables()
