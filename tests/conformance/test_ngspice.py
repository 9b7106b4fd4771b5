"""Facts of ngspice with the bundled circuit, the real program."""

from __future__ import annotations

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv

GAIN = 1000 / 1100  # the load of 1 kilo-ohm behind a series resistor of 100 ohm
DROP = 0.005 * 100 * GAIN  # 5 mA more through both of them


@pytest.fixture
def env(require):
    require("ngspice")
    env = BridgeEnv("Ngspice")
    yield env
    env.close()


def steps(env, volts, count):
    """Take ``count`` steps with one source voltage and return what they returned."""
    return [env.step(np.array([volts], np.float32)) for _ in range(count)]


def test_the_output_follows_the_source_and_sags_under_the_load(env):
    first, _ = env.reset(options={"setpoint": 2.5})
    assert first.tolist() == [pytest.approx(0.0, abs=1e-5), 0.0, 2.5]
    early = steps(env, 5.5, 40)
    late = steps(env, 5.5, 60)
    assert early[-1][0][1] == pytest.approx(5.5 * GAIN, abs=0.001)
    assert late[-1][0][1] == pytest.approx(5.5 * GAIN - DROP, abs=0.001)
    outputs = [step[0][1] for step in early]
    assert outputs == sorted(outputs)
    assert [step[2:4] for step in early + late] == [(False, False)] * 99 + [(False, True)]


def test_each_step_takes_a_millisecond_of_simulated_time(env):
    env.reset()
    times = [step[0][0] for step in steps(env, 2.0, 100)]
    assert times == pytest.approx(np.arange(1, 101) * 0.001, abs=6e-5)


def test_the_reward_is_the_distance_from_the_set_point(env):
    env.reset(options={"setpoint": 3.5})
    for observation, reward, *_ in steps(env, 4.0, 3):
        assert reward == -abs(observation[1] - 3.5)


def test_a_further_episode_has_the_same_process_and_a_fresh_circuit(env):
    first, _ = env.reset(options={"setpoint": 2.5})
    one = [step[0].tolist() for step in steps(env, 9.0, 100)]
    pid = link_of(env).process.pid
    again, _ = env.reset(options={"setpoint": 2.5})
    two = [step[0].tolist() for step in steps(env, 9.0, 100)]
    assert (again.tolist(), two) == (first.tolist(), one)
    assert link_of(env).process.pid == pid


def test_an_episode_may_be_given_up_in_the_middle(env):
    env.reset(options={"setpoint": 2.5})
    steps(env, 9.0, 3)
    observation, _ = env.reset(options={"setpoint": 1.0})
    assert observation.tolist() == [pytest.approx(0.0, abs=1e-5), 0.0, 1.0]
    assert steps(env, 5.5, 40)[-1][0][1] == pytest.approx(5.5 * GAIN, abs=0.001)


def test_the_set_point_is_drawn_from_the_seed(env):
    points = [env.reset(seed=seed)[0][2] for seed in (1, 2, 1)]
    assert points[0] == points[2] != points[1]
    assert all(1 <= point <= 4 for point in points)


def test_a_controller_holds_the_set_point_against_the_load(env):
    observation, _ = env.reset(options={"setpoint": 3.0})
    volts = 0.0
    errors = []
    for _ in range(100):
        volts = float(np.clip(volts + 0.5 * (observation[2] - observation[1]), 0, 10))
        observation, reward, *_ = env.step(np.array([volts], np.float32))
        errors.append(-reward)
    assert max(errors[40:50]) < 0.01
    assert max(errors[50:60]) > 0.05
    assert max(errors[90:]) < 0.01
