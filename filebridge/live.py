"""The environments that are open: ended when they are thrown away or the interpreter exits, let go of after a fork."""

from __future__ import annotations

import atexit
import warnings
import weakref
from time import monotonic
from typing import Protocol

from filebridge.session import Session
from filebridge.transports.forking import end_child
from filebridge.transports.stopping import stop

__all__ = ["enter", "leave"]

EXIT_GRACE = 0.2
"""Seconds that simulators have to end by themselves when the interpreter exits."""


class Live(Protocol):
    """An environment, as it is seen from here."""

    @property
    def session(self) -> Session:
        """What runs."""

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""

    def let_go(self) -> None:
        """In a forked child: let go of what is the parent's."""


_LIVE: weakref.WeakSet[Live] = weakref.WeakSet()


def enter(env: Live, session: Session) -> weakref.finalize[[Session, str], Live]:
    """Count ``env`` among those that are open; what is returned is to be given back to ``leave``."""
    _LIVE.add(env)
    finalizer = weakref.finalize(env, _abandoned, session, session.program.config.name)
    finalizer.atexit = False
    return finalizer


def leave(env: Live, finalizer: weakref.finalize[[Session, str], Live]) -> None:
    """Count ``env`` no more: it is closed."""
    finalizer.detach()
    _LIVE.discard(env)


def _abandoned(session: Session, name: str) -> None:
    """End the simulator of an environment that was thrown away without being closed."""
    session.vacate()
    if session.pool is not None:
        session.pool.close(shielded=False)
    if session.link is not None:
        # Garbage may be collected while this thread holds a lock that another thread would wait for.
        session.end(polite=False, grace=0.0, shielded=False)
        text = f"an environment of {name} was not closed; its simulator has been ended"
        warnings.warn(text, ResourceWarning, stacklevel=2)


def _let_go() -> None:
    for env in list(_LIVE):
        env.let_go()


def _end_all() -> None:
    # One that is in use by a thread is left to the guardian: its thread would die noisily at the very end.
    sessions = [env.session for env in list(_LIVE) if env.session.link is not None and not env.busy]
    # All at once: at the interpreter's exit nobody waits for one grace after another.
    processes = [session.link.process for session in sessions if session.link is not None]
    stop(processes, EXIT_GRACE, monotonic() + 2 * EXIT_GRACE)
    for session in sessions:
        if session.pool is not None:
            session.pool.close(shielded=False)
        session.end(polite=False, grace=0.0, shielded=False)


end_child(_let_go)
atexit.register(_end_all)
