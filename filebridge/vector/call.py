"""One call of the vector environment: no other thread is let in meanwhile, an interrupt leaves nothing half done."""

from __future__ import annotations

import os
from collections.abc import Callable

from filebridge.errors import BridgeError, UsageError

__all__ = ["Calls"]


class Calls:
    """A context in which one call runs; ``enter`` is called at its begin, ``drop`` where it was interrupted.

    A ``drop`` that was interrupted itself is done again before the next call.
    """

    def __init__(self, enter: Callable[[], None], drop: Callable[[], None]) -> None:
        self._enter = enter
        self._drop = drop
        self._process = os.getpid()
        self._is_torn = self._has_ended = False
        self.busy = False
        self.closed = False

    def __enter__(self) -> None:
        if self._process != os.getpid():
            # The thread that was in it is the parent's, and so is what it left half done.
            self._process, self.busy, self._is_torn = os.getpid(), False, False
        if self.busy:
            raise UsageError(
                "the environment is in use by another thread",
                found="a call that has not returned",
                cure="give each thread an environment of its own, or take turns",
            )
        if self.closed:
            raise UsageError("the environment is closed", cure="make a new one")
        self.busy = True
        try:
            self._enter()
            if self._is_torn:
                self._mend()
        except BaseException:
            self.busy = False
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is not None and not issubclass(kind, BridgeError):
                self._is_torn = True
                self._mend()
        finally:
            self.busy = False

    def last(self, work: Callable[[], None]) -> None:
        """Do ``work``, after which there is no other call; only where it was interrupted it is done again."""
        if self._has_ended:
            return
        self.closed = False
        with self:
            self.closed = True
            try:
                work()
            except BridgeError:
                self._has_ended = True
                raise
            self._has_ended = True

    def _mend(self) -> None:
        self._drop()
        self._is_torn = False
