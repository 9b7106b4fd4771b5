"""Gymnasium's own checker, its assertions and its warnings judged."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from gymnasium.envs.registration import EnvSpec
from gymnasium.error import Error
from gymnasium.utils.env_checker import check_env

from filebridge.check.rule import Broken, Finding
from filebridge.check.subject import Subject
from filebridge.env import BridgeEnv, SeedWarning

__all__ = ["gymnasium_checker"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def gymnasium_checker(subject: Subject) -> Finding:
    """Run Gymnasium's check_env: it finds nothing wrong; what it only warns of is shown.

    It compares equal seeds too, except where the configuration declares that the simulator has none.
    """
    config, masks = subject.program.config, subject.program.outcome.mask is not None
    # An episode of one step is normal for a solver, but the checker takes it for a fault of a deterministic one.
    compares = subject.is_repeatable and config.max_steps != 1
    with subject.env() as env, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env.spec = EnvSpec(
            f"filebridge/{config.name}-v0", entry_point="filebridge.env:BridgeEnv", nondeterministic=not compares
        )
        if masks:
            # The checker knows of no masks, and takes whatever the space gives.
            env.action_space.sample = partial(_allowed, env, env.action_space.sample)  # type: ignore[method-assign]
        try:
            check_env(env, skip_render_check=True, skip_close_check=True)
        except (AssertionError, Error, ValueError, TypeError) as error:
            raise Broken(_plain(str(error)) or type(error).__name__) from error
    # That there is no seed is declared, and not worth a warning here.
    told = [_plain(str(one.message)) for one in caught if not issubclass(one.category, SeedWarning)]
    if any("observation space" in one and "infinity" in one for one in told):
        told.append("give each field that is observed a `low` and a `high`; `filebridge show` lists those that it has")
    return Finding(warnings=tuple(dict.fromkeys(told)))


def _allowed(env: BridgeEnv, sample: Callable[..., Any], *_: Any) -> Any:
    return sample(env.session.mask())


def _plain(text: str) -> str:
    return _COLOUR.sub("", text).removeprefix("WARN: ").strip()
