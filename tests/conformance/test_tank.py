"""Facts of the bundled tanks behind the bridge: a program that takes its orders from a folder."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import ProtocolError, SimulatorExited
from filebridge.simulators.tank import Plant


@pytest.fixture
def env():
    env = BridgeEnv("Tank")
    yield env
    env.close()


def valve(env, opening):
    return env.step(np.array([opening], np.float32))


def shown(plant):
    return [float(f"{value:.4f}") for value in (plant.upper, plant.lower, plant.demand)]


def test_each_answer_is_the_one_to_its_order(env):
    for seed in (3, 4):
        plant = Plant(seed)
        observation, _ = env.reset(seed=seed)
        assert observation.tolist() == shown(plant)
        for number in range(60):
            opening = number % 5 / 4
            observation, reward, terminated, truncated, info = valve(env, opening)
            plant.run(opening)
            assert observation.tolist() == shown(plant)
            assert reward == -abs(observation[1] - 1)
            assert (terminated, truncated, info["time"]) == (False, False, 10.0 * (number + 1))


def test_episodes_end_in_time(env):
    for _ in range(2):
        env.reset()
        ends = [valve(env, 0.5)[2:4] for _ in range(200)]
        assert ends == [(False, False)] * 199 + [(False, True)]


def test_a_flag_of_an_answer_before_is_not_the_next_one(env):
    env.reset(seed=1)
    folder = link_of(env).folder.path
    for number in range(1, 20):
        (folder / "ready").touch()
        assert valve(env, 0.5)[4]["time"] == 10 * number


def test_a_crash_is_told_and_got_over(env):
    env.reset(seed=2)
    valve(env, 1)
    os.kill(link_of(env).process.pid, signal.SIGKILL)
    assert link_of(env).await_exit(10)
    with pytest.raises(SimulatorExited):
        valve(env, 1)
    assert env.reset(seed=2)[0].tolist() == shown(Plant(2))


def test_a_refused_order_is_told_with_the_program_s_words(tmp_path):
    text = bundled()["Tank"].read_text().replace("{action:.4f}", "{2 * action:.4f}")
    path = tmp_path / "Tank.yaml"
    path.write_text(text)
    env = BridgeEnv(path)
    try:
        env.reset(seed=2)
        valve(env, 0.25)
        with pytest.raises(ProtocolError, match="REFUSED"):
            valve(env, 1)
        assert env.reset(seed=2)[0].tolist() == shown(Plant(2))
    finally:
        env.close()
