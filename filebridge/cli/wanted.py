"""What a run of a random agent is to be, and when it is enough."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of ``filebridge run``; ``is_seeded`` says that the seed was given, and not drawn."""

    seed: int
    is_seeded: bool
    episodes: int | None
    seconds: float | None
    warm: int | None
    training_steps: int
    keep_going: bool
    as_json: bool
    render: bool
    num_envs: int
    wait_for: int | None
