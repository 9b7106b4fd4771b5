"""What a rule is, and what becomes of one that is tried."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from filebridge.check.subject import Subject

__all__ = ["Broken", "Finding", "NotApplicable", "Outcome", "Rule", "Verdict"]

Outcome = Literal["passed", "failed", "not applicable", "not run"]


class Broken(Exception):
    """A rule is broken: ``what`` is wrong, ``cure`` what to do about it."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


class NotApplicable(Exception):
    """A rule does not hold here; the text gives the reason that the configuration declares."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule that is kept has to tell: a few words, and warnings that are no failures."""

    detail: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, a short sentence that is true where it is kept, and ``judge``, which tries it.

    ``judge(subject)`` returns a Finding or raises Broken, NotApplicable or a BridgeError, which is a failure too.
    After a failed ``gate`` the rules that follow are not run: they could only fail for the same cause.
    """

    name: str
    judge: Callable[[Subject], Finding]
    gate: bool = False

    @property
    def description(self) -> str:
        """What the rule asks for: the docstring of ``judge``."""
        return inspect.cleandoc(self.judge.__doc__ or "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule; ``detail`` holds the reason, ``cure`` what to do, ``seconds`` how long it took."""

    rule: str
    outcome: Outcome
    detail: str = ""
    cure: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def is_failed(self) -> bool:
        """Whether the rule is broken."""
        return self.outcome == "failed"
