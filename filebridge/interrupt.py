"""Work that an interrupt must not cut in half: the start and the end of a simulator.

Python raises KeyboardInterrupt, and whatever a signal handler raises, between any two instructions of the
main thread, also between the birth of a process and the line that notes its number. Other threads are spared.
"""

from __future__ import annotations

import threading
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from typing import TypeVar

__all__ = ["unbroken"]

T = TypeVar("T")


def unbroken(work: Callable[[], T]) -> T:
    """Return what ``work`` returns or raise what it raises; an interrupt meanwhile is raised when it is done.

    In the main thread ``work`` runs in a thread of its own, which costs a tenth of a millisecond.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return work()
    begun, ended = allocate_lock(), allocate_lock()
    ended.acquire()
    results: list[T] = []
    errors: list[BaseException] = []
    done: list[bool] = []

    def run() -> None:
        if begun.acquire(False):
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
                errors.append(error)
            finally:
                done.append(True)
                ended.release()

    try:
        start_new_thread(run, ())
        ended.acquire()
    except BaseException as interrupt:
        if begun.acquire(False):
            # Nothing has begun and nothing will; without threads the work is done here.
            if isinstance(interrupt, RuntimeError):
                return work()
            raise
        _outlast(done, ended)
        raise
    if errors:
        raise errors[0]
    return results[0]


def _outlast(done: list[bool], ended: LockType) -> None:
    """Wait until it is ``done``, however often that is interrupted: the first interrupt is being raised already."""
    while not done:
        try:
            ended.acquire(timeout=0.1)
        except BaseException:  # noqa: BLE001, PERF203, S112 - as above
            continue
