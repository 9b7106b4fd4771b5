"""One call of the vector environment: no other thread is let in meanwhile, an interrupt leaves nothing half done."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from filebridge import misuse
from filebridge.errors import BridgeError

__all__ = ["FRAMES", "Calls", "one_call"]

P = ParamSpec("P")
T = TypeVar("T")


class Calls:
    """The calls of one environment; ``enter`` is called at the begin of each, ``drop`` where one was interrupted.

    ``busy`` says that one is under way, ``closed`` that there are to be no more. A ``drop`` that was interrupted itself
    is done again before the next call.
    """

    def __init__(self, enter: Callable[[], None], drop: Callable[[], None]) -> None:
        self._enter = enter
        self._drop = drop
        self._process = os.getpid()
        self._is_torn = self._has_ended = False
        self.busy = False
        self.closed = False

    def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns or raise what it raises.

        Raises UsageError where another call is under way, or the environment is closed.
        """
        self._admit()
        # No function stands between this line and the next: an interrupt there would leave it busy for ever.
        self.busy = True
        try:
            self._enter()
            if self._is_torn:
                self._mend()
            return work()
        except BridgeError:
            raise
        except BaseException:
            self._is_torn = True
            self._mend()
            raise
        finally:
            self.busy = False

    def last(self, work: Callable[[], None]) -> None:
        """Do ``work``, after which there is no other call; only where it was interrupted it is done again."""
        if self._has_ended:
            return
        self.closed = False
        self.run(lambda: self._end(work))

    def _end(self, work: Callable[[], None]) -> None:
        self.closed = True
        try:
            work()
        except BridgeError:
            self._has_ended = True
            raise
        self._has_ended = True

    def _admit(self) -> None:
        if self._process != os.getpid():
            # The thread that was in it is the parent's, and so is what it left half done.
            self._process, self.busy, self._is_torn = os.getpid(), False, False
        if self.busy:
            raise misuse.in_use()
        if self.closed:
            raise misuse.closed()

    def _mend(self) -> None:
        self._drop()
        self._is_torn = False


FRAMES = 3
"""Between the caller of a method that is ``one_call`` and the method itself."""


def one_call(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Make ``method`` of an environment with ``_calls`` one of those."""

    @wraps(method)
    def called(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        calls: Calls = self._calls
        return calls.run(lambda: method(self, *args, **kwargs))

    return called
