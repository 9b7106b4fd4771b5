"""Facts of the antenna rotator behind rotctld, the real program, which turns by the clock on the wall."""

from __future__ import annotations

from time import monotonic

import numpy as np
import pytest
import yaml

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import ProtocolError

TURNS = 6.0
"""Degrees a second."""


@pytest.fixture
def make(require):
    """Give a function that makes the environment, with texts of its file replaced."""
    require("rotctld")
    made = []

    def make(**replaced):
        text = bundled()["Rotator"].read_text()
        for old, new in replaced.values():
            assert old in text
            text = text.replace(old, new)
        made.append(BridgeEnv(yaml.safe_load(text)))
        return made[-1]

    yield make
    for env in made:
        env.close()


def turn(env, degrees):
    return env.step(np.array([degrees], np.float32))


def test_it_turns_six_degrees_a_second(make):
    env = make()
    observation, _ = env.reset(options={"rate": 0, "target": 0})
    assert observation.tolist() == [0, 0]
    begun, seen = monotonic(), []
    for _ in range(20):
        observation, *_ = turn(env, 90)
        seen.append(float(observation[0]))
    lasted = monotonic() - begun
    assert seen == sorted(seen)
    assert 20 * 0.02 * TURNS * 0.9 - 0.5 <= seen[-1] <= lasted * TURNS + 0.5


def test_steps_keep_their_pace_without_drift(make):
    env = make()
    env.reset(options={"rate": 0})
    turn(env, 90)
    begun = monotonic()
    for _ in range(25):
        turn(env, 90)
    lasted = monotonic() - begun
    # On a busy machine a step may come late, and the pace goes on from there; it is never faster.
    assert 25 * 0.02 - 0.01 <= lasted < 25 * 0.02 + 2


def test_the_target_moves_on_its_own(make):
    env = make()
    observation, _ = env.reset(options={"rate": -4, "target": 1})
    targets = [observation[1], *[turn(env, 0)[0][1] for _ in range(3)]]
    assert targets == pytest.approx([1, 1, 0.92, 0.84])


def test_following_pays(make):
    env, returns = make(), {}
    for policy in ("follow", "flee"):
        observation, _ = env.reset(options={"rate": 4, "target": 1})
        total = 0.0
        for _ in range(20):
            observation, reward, *_ = turn(env, observation[1] if policy == "follow" else -180)
            total += reward
        returns[policy] = total
    assert returns["follow"] > returns["flee"]


def test_each_episode_begins_at_north_in_a_process_of_its_own(make):
    env, pids = make(), set()
    for _ in range(2):
        observation, _ = env.reset()
        assert observation[0] == 0
        turn(env, 90)
        pids.add(link_of(env).process.pid)
    assert len(pids) == 2


def test_a_position_out_of_reach_is_refused_in_its_words(make):
    env = make(reach=("{clip(action, -180, 450):.2f}", "{2 * action:.2f}"))
    env.reset()
    with pytest.raises(ProtocolError, match="RPRT -1"):
        turn(env, 450)
    env.reset()
    turn(env, 100)
