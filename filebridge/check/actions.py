"""Rules about actions: the whole space is accepted, nothing else is."""

from __future__ import annotations

from typing import Any

from filebridge.check.choices import extremes, outsiders
from filebridge.check.rule import Broken, Finding
from filebridge.check.subject import Subject, drawn
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, BridgeError
from filebridge.spaces import shown_action

__all__ = ["extremes_answered", "outsiders_refused"]


def extremes_answered(subject: Subject) -> Finding:
    """Send the extremes of the action space, lows, highs, corners, each choice: all that may be taken are answered."""
    with subject.env() as env:
        env.reset(seed=subject.seed)
        actions = extremes(env.action_space)
        masked = 0
        for action in actions:
            mask = env.session.mask()
            if mask is None or mask[action]:
                _answer(env, action)
            else:
                masked += 1
    return Finding(f"{len(actions)} actions" + (f", {masked} of them not sent, as they were masked" if masked else ""))


def outsiders_refused(subject: Subject) -> Finding:
    """Send what lies outside the space: it is refused with ActionError, and the simulator goes on."""
    with subject.env() as env:
        env.reset(seed=subject.seed)
        actions = outsiders(env.action_space)
        for action in actions:
            _refuse(env, action)
        _step(env, drawn(env))
    return Finding(f"{len(actions)} actions refused")


def _answer(env: BridgeEnv, action: Any) -> None:
    try:
        _step(env, action)
    except BridgeError as error:
        error.what = f"the action {_shown(env, action)} is in the space, but: {error.what}"
        raise


def _refuse(env: BridgeEnv, action: Any) -> None:
    try:
        env.step(action)
    except ActionError:
        return
    raise Broken(f"the action {_shown(env, action)} lies outside the space, but it was sent")


def _step(env: BridgeEnv, action: Any) -> None:
    """Take a step, and begin another episode after the last one."""
    _, _, terminated, truncated, _ = env.step(action)
    if terminated or truncated:
        env.reset()


def _shown(env: BridgeEnv, action: Any) -> str:
    return shown_action(env.program.config.action, action)
