"""Programs that save their state and load it again: further episodes need no new process."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ConfigError, Refused

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

SAVES = """
x, saved = int(hear()), None
say(f"x={x}\\n> ")
while True:
    word = hear()
    if word == "save":
        saved = x
        say("saved\\n> ")
    elif word == "load":
        x = saved
        say("loaded\\n> ")
    else:
        x += 1
        say(f"x={x}\\n> ")
"""


def saving(**keys):
    given = {
        "start": {"send": "{first}"},
        "variables": {"first": {"start": 5, "low": 0, "high": 99}, "other": {"draw": "integers(0, 9)"}},
        "framing": {"until": "> "},
        "step": {"send": "{action:.0f}"},
        "restore": {"save": {"send": "save"}, "load": {"send": "load"}},
        "deterministic": True,
        **keys,
    }
    return fake.config(SAVES, **given)


def test_each_episode_begins_where_the_first_one_did():
    env = BridgeEnv(saving())
    try:
        first, info = env.reset(seed=1)
        number = fake.pid(env)
        for _ in range(3):
            assert (first.tolist(), info) == ([5], {})
            assert [env.step(fake.act())[0].item() for _ in range(3)] == [6, 7, 8]
            first, info = env.reset()
            assert fake.pid(env) == number
    finally:
        env.close()


@pytest.mark.parametrize(("word", "resets"), [("saved", 0), ("loaded", 1)])
def test_a_complaint_in_the_reply_to_either_is_an_error(word, resets):
    env = BridgeEnv(saving(complaints=word))
    try:
        for _ in range(resets):
            env.reset()
        with pytest.raises(Refused, match=f"\n  found: {word}\n"):
            env.reset()
        assert env.session.link is None
    finally:
        env.close()


def test_a_state_of_other_variables_is_not_loaded():
    env = BridgeEnv(saving())
    try:
        assert env.reset()[0].item() == 5
        number = fake.pid(env)
        assert env.reset(options={"first": 7})[0].item() == 7
        assert fake.pid(env) != number
        number = fake.pid(env)
        assert env.reset(options={"first": 7})[0].item() == 7
        assert fake.pid(env) == number
        assert env.reset()[0].item() == 5
        assert fake.pid(env) != number
    finally:
        env.close()


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"reset": [{"send": "again"}]}, "both say how a further episode begins"),
        ({"restore": {"save": {"send": "save"}}}, "restore: the key `load` is missing"),
        ({"restore": {"save": [], "load": {"send": "load"}}}, "restore.save"),
        ({"restore": {"save": {"send": "{action}"}, "load": {"send": "load"}}}, "there is no action yet"),
    ],
)
def test_what_contradicts_it_is_told(keys, text):
    with pytest.raises(ConfigError) as caught:
        BridgeEnv(saving(**keys))
    assert text in str(caught.value)
