"""Facts of the focuser simulator of INDI, the real program: XML elements that come when something has changed."""

from __future__ import annotations

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv

BEST = 50000 - 5000 * (4**0.5 / 0.75)
"""Where the simulator is in focus, steps."""


@pytest.fixture
def make(require):
    require("indiserver")
    require("indi_simulator_focus")
    made = []

    def make():
        made.append(BridgeEnv("Focuser"))
        return made[-1]

    yield make
    for env in made:
        env.close()


def move(env, steps):
    return env.step(np.array([steps], np.float32))


def width(position, seeing):
    return 0.5625 * ((position - BEST) / 5000) ** 2 + seeing


def test_the_stars_are_as_wide_as_the_focus_is_off(make):
    env = make()
    observation, _ = env.reset(options={"begin": 50000, "seeing": 2})
    for steps, position in ((0, 50000), (-10000, 40000), (5000, 45000), (-10000, 35000)):
        observation, reward, terminated, _, _ = move(env, steps)
        assert observation[1] == position
        assert observation[0] == pytest.approx(width(position, 2), abs=1e-6)
        assert reward == pytest.approx(2 - observation[0])
        assert not terminated


def test_the_focus_ends_the_episode(make):
    env = make()
    env.reset(options={"begin": 40000, "seeing": 1.5})
    observation, _, terminated, _, _ = move(env, -3333)
    assert terminated
    assert observation[0] == pytest.approx(1.5, abs=1e-3)


def test_it_stays_on_its_rail(make):
    env = make()
    env.reset(options={"begin": 5000, "seeing": 2})
    assert move(env, -10000)[0][1] == 0
    env.reset(options={"begin": 95000, "seeing": 2})
    assert move(env, 10000)[0][1] == 100000


def test_one_server_serves_all_episodes(make):
    env, pids = make(), set()
    for seed in (1, 2, 3):
        observation, _ = env.reset(seed=seed, options={"begin": 30000 + seed})
        assert observation[1] == 30000 + seed
        pids.add(link_of(env).process.pid)
    assert len(pids) == 1


def test_several_servers_run_side_by_side(make):
    envs = [make() for _ in range(3)]
    starts = [env.reset(options={"begin": 20000 * n})[0][1] for n, env in enumerate(envs, 1)]
    assert starts == [20000, 40000, 60000]
    assert [move(env, 1000)[0][1] for env in envs] == [21000, 41000, 61000]
