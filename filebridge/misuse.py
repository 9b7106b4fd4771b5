"""What is said of calls that come at the wrong time, to one environment or to many at once."""

from __future__ import annotations

from filebridge.errors import UsageError

__all__ = ["closed", "in_use", "made_before_a_fork", "no_mask", "running"]


def closed() -> UsageError:
    """Return the error for a call after ``close``."""
    return UsageError("the environment is closed", cure="make a new one")


def in_use() -> UsageError:
    """Return the error for a call while another one is under way."""
    return UsageError(
        "the environment is in use by another thread",
        found="a call that has not returned",
        cure="give each thread an environment of its own, or take turns",
    )


def made_before_a_fork() -> UsageError:
    """Return the error for a step in a forked process."""
    return UsageError(
        "the environment was made before a fork",
        found="its simulator belongs to the parent process",
        cure="call reset() first",
    )


def no_mask(name: str) -> UsageError:
    """Return the error for the mask of a simulator that tells of none."""
    return UsageError(
        f"{name} does not say which actions may be taken",
        found="no `mask` in its configuration",
        cure="`action: {choices: [...], mask: FIELD}`, where its output tells; or use a trainer without masks",
    )


def running() -> UsageError:
    """Return the error for an environment that is pickled while its simulator runs."""
    return UsageError(
        "a running environment cannot be pickled",
        cure="pickle it before the first reset, or make another from its config",
    )
