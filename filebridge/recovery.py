"""What a failure in a step becomes: an error, the end of the episode, or a verified repetition."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Any, Literal

import numpy as np

from filebridge.config.model import OnFailure
from filebridge.conversation import Talk
from filebridge.errors import (
    BridgeError,
    ProtocolError,
    ReadyTimeout,
    ReplayMismatch,
    RestartBudgetExceeded,
    SendBlocked,
    SimulatorError,
    SimulatorTimeout,
    StartCrashed,
    TransportError,
    escaped,
)
from filebridge.program import Program
from filebridge.session import Beginning, Session
from filebridge.stepping import Step

__all__ = ["Recovery"]

SHOWN = 3
"""Causes that are told when there were too many failures."""

Kind = Literal["crash", "timeout", "protocol"]


def failure_kind(error: BridgeError) -> Kind | None:
    """Return which kind of failure ``error`` is, None for one that no policy covers."""
    if isinstance(error, SimulatorTimeout | ReadyTimeout | SendBlocked):
        return "timeout"
    if isinstance(error, SimulatorError | StartCrashed | TransportError):
        return "crash"
    return "protocol" if isinstance(error, ProtocolError) else None


class Budget:
    """How many failures may be overlooked within a time; all seats of a vector environment have one together."""

    def __init__(self, policy: OnFailure) -> None:
        self._policy = policy
        self._failures: deque[float] = deque()
        self._causes: deque[BridgeError] = deque(maxlen=16)

    def spend(self, error: BridgeError) -> None:
        """Count a failure; raises RestartBudgetExceeded when the budget is spent."""
        now = monotonic()
        self._failures.append(now)
        self._causes.append(error)
        while self._failures and self._failures[0] < now - self._policy.within:
            self._failures.popleft()
        if len(self._failures) > self._policy.restarts:
            causes, count = tuple(self._causes), len(self._failures)
            shown = "; ".join(cause.what for cause in causes[-min(count, SHOWN):])
            spent = RestartBudgetExceeded(
                f"{count} failures within {self._policy.within:g} s, with `restarts: {self._policy.restarts}`",
                found=f"the last {SHOWN} of {count}: {shown}" if count > SHOWN else shown,
                cure="mend the cause, or raise `on_failure: {restarts: ..., within: ...}` if so many are normal",
                situation=error.situation,
            )
            spent.causes = causes
            raise spent from error


class Recovery:
    """Applies the policy of a configuration to failed steps.

    ``keeps`` says that it wants to be told each step, because a policy other than ``raise`` is in
    force: the last observation, and for ``retry`` the whole episode. ``budget`` counts the failures overlooked.
    """

    def __init__(self, program: Program) -> None:
        self._policy = program.config.on_failure
        policies = {self._policy.crash, self._policy.timeout, self._policy.protocol}
        self.keeps = policies != {"raise"}
        self._replays = "retry" in policies
        self.budget = Budget(self._policy)
        self._first: Any = None
        self._observation: Any = None
        self._episode: list[tuple[Any, Any]] = []

    def begin(self, observation: Any) -> None:
        """Take the first observation of an episode."""
        self._first = self._observation = _copied(observation)
        self._episode.clear()

    def keep(self, action: Any, observation: Any) -> None:
        """Take a step that went well."""
        self._observation = _copied(observation)
        if self._replays:
            self._episode.append((_copied(action), self._observation))

    def beginning_again(self, session: Session, error: BridgeError) -> Talk[Beginning]:
        """Return the beginning of the episode from another process after ``error`` at a start or reset, or raise.

        There is no observation yet with which an episode could be cut short, so both policies other than
        ``raise`` try again within the budget. Raises the error itself, or RestartBudgetExceeded.
        """
        while True:
            error = session.situated(error, session.phase)
            session.end(polite=False, grace=0.0)
            kind = failure_kind(error)
            if kind is None or kind == "protocol" or getattr(self._policy, kind) == "raise":
                raise error
            self.budget.spend(error)
            try:
                return (yield from session.beginning(session.values, fresh=True))
            except BridgeError as another:
                error = another

    def handling(self, session: Session, action: Any, error: BridgeError) -> Talk[Step]:
        """Return the step that a failure becomes, or raise.

        Raises the error itself by the policy ``raise``, RestartBudgetExceeded where failures are too many.
        """
        kind = failure_kind(error)
        policy = "raise" if kind is None else getattr(self._policy, kind)
        session.end(polite=False, grace=0.0)
        if policy == "raise":
            raise error
        self.budget.spend(error)
        if policy == "retry" and kind != "protocol":
            try:
                return (yield from self._repeated(session, action))
            except BridgeError as cause:
                session.end(polite=False, grace=0.0)
                if isinstance(cause, ReplayMismatch):
                    cause.situation, cause.__cause__ = error.situation, error
                    error = cause
        if policy == "retry" and self._policy.then == "raise":
            raise error
        return self._cut_short(error)

    def _cut_short(self, error: BridgeError) -> Step:
        record: dict[str, Any] = {"error": type(error).__name__}
        record |= {"what": error.what, "found": error.found, "cure": error.cure}
        if error.situation is not None:
            record |= error.situation.record()
        return _copied(self._observation), self._policy.reward, False, True, {"bridge_failure": record}

    def _repeated(self, session: Session, action: Any) -> Talk[Step]:
        """Replay the episode in a new process, compare every observation, then take the step again."""
        _compare(0, (yield from session.beginning(session.values, fresh=True))[0], self._first)
        for number, (done, seen) in enumerate(self._episode, 1):
            if session.over:
                raise _mismatch(number, "the end of the episode", seen)
            _compare(number, (yield from session.stepping(done))[0], seen)
        if session.over:
            raise _mismatch(len(self._episode), "the end of the episode", "a step that goes on")
        return (yield from session.stepping(action))


def _compare(step: int, observation: Any, seen: Any) -> None:
    if not _equal(observation, seen):
        raise _mismatch(step, observation, seen)


def _mismatch(step: int, observation: object, seen: object) -> ReplayMismatch:
    other = f"step {step} of the replayed episode gave another observation"
    return ReplayMismatch(
        other if step else "the replayed episode began otherwise",
        found=f"{_shown(observation)} instead of {_shown(seen)}",
        cure="the simulator is not deterministic: use `truncate` instead of `retry`",
    )


def _shown(value: object) -> str:
    return escaped(value if isinstance(value, str) else repr(value), 200)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_equal(part, other[name]) for name, part in one.items())
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    return bool(one == other)
