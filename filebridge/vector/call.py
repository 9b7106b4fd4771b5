"""One call of the vector environment: no other thread is let in meanwhile, an interrupt leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable

from filebridge.errors import BridgeError, UsageError

__all__ = ["Calls"]


class Calls:
    """A context in which one call runs; ``enter`` is called at its begin, ``drop`` where it was interrupted."""

    def __init__(self, enter: Callable[[], None], drop: Callable[[], None]) -> None:
        self._enter = enter
        self._drop = drop
        self._busy = False
        self.closed = False

    def __enter__(self) -> None:
        if self._busy:
            raise UsageError(
                "the environment is in use by another thread",
                found="a call that has not returned",
                cure="give each thread an environment of its own, or take turns",
            )
        if self.closed:
            raise UsageError("the environment is closed", cure="make a new one")
        self._busy = True
        try:
            self._enter()
        except BaseException:
            self._busy = False
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is not None and not issubclass(kind, BridgeError):
                self._drop()
        finally:
            self._busy = False
