"""Facts of the lander in spim, the real program, between two FIFOs."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv
from filebridge.errors import SimulatorExited


@pytest.fixture
def env(require):
    require("spim")
    env = BridgeEnv("SpimLander")
    yield env
    env.close()


def fall(env, burn, **options):
    """Fly with one burn all the time; return all that was observed, and the last step."""
    first, _ = env.reset(**options)
    rows, terminated = [first.tolist()], False
    while not terminated:
        observation, reward, terminated, truncated, info = env.step(np.int64(burn))
        assert not truncated
        rows.append(observation.tolist())
    return rows, reward, info


def test_equations_of_motion(env):
    observation, _ = env.reset(options={"height": 1000})
    assert observation.tolist() == [1000, -50, 150]
    rows = [env.step(np.int64(burn))[0].tolist() for burn in (20, 0, 5, 30)]
    assert rows == [[950, -35, 130], [915, -40, 130], [875, -40, 125], [835, -15, 95]]


def test_a_landing_ends_the_episode_and_the_next_has_another_process(env):
    pids = set()
    for burn in (0, 3, 7):
        rows, reward, info = fall(env, burn, options={"height": 600})
        assert info["down"]
        assert rows[0] == [600, -50, 150]
        assert rows[-1][0] == 0
        assert reward == rows[-1][1]
        assert all(row[0] > 0 for row in rows[:-1])
        pids.add(link_of(env).process.pid)
    assert len(pids) == 3


def test_fuel_is_not_burned_twice(env):
    env.reset(options={"height": 1000})
    rows = [env.step(np.int64(30))[0].tolist() for _ in range(7)]
    assert [row[2] for row in rows] == [120, 90, 60, 30, 0, 0, 0]
    assert rows[-1][1] == rows[-2][1] - 5


def test_the_height_is_drawn_from_the_seed(env):
    heights = [env.reset(seed=seed)[0][0] for seed in (1, 2, 1)]
    assert heights[0] == heights[2] != heights[1]
    assert all(500 <= height <= 1000 for height in heights)
    assert fall(env, 5, seed=9) == fall(env, 5, seed=9)


def test_a_crash_between_the_pipes_is_told(env):
    env.reset()
    os.kill(link_of(env).process.pid, signal.SIGKILL)
    assert link_of(env).await_exit(10)
    with pytest.raises(SimulatorExited):
        env.step(np.int64(5))
    observation, _ = env.reset(options={"height": 700})
    assert observation.tolist() == [700, -50, 150]
