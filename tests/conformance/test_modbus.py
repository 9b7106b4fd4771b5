"""Facts of the simulator of pymodbus, the real program, over its HTTP interface and over Modbus TCP."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import ProtocolError


@pytest.fixture
def make(require_module):
    """Give a function that makes an environment of pymodbus."""
    require_module("pymodbus")
    require_module("aiohttp")
    made = []

    def make(config):
        made.append(BridgeEnv(config))
        return made[-1]

    yield make
    for env in made:
        env.close()


def fired(env, power):
    return env.step(np.array([power], np.float32))


def test_the_kiln_heats_and_cools(make):
    env = make("ModbusTcp")
    pids = set()
    for _ in range(2):
        observation, _ = env.reset(options={"setpoint": 500})
        assert observation.tolist() == [20, 500]
        temperature = np.float32(20)
        for power in (100, 100, 50, 0, 0):
            observation, reward, terminated, truncated, _ = fired(env, power)
            temperature = np.float32(temperature + 0.4 * power - 0.04 * (float(temperature) - 20))
            assert observation[0] == pytest.approx(temperature, rel=1e-6)
            assert reward == -abs(observation[0] - 500) / 100
            assert (terminated, truncated) == (False, False)
        pids.add(link_of(env).process.pid)
    assert len(pids) == 1


def test_the_kiln_is_held(make):
    env = make("ModbusTcp")
    observation, _ = env.reset(options={"setpoint": 600})
    ended = False
    while not ended:
        power = np.clip(0.1 * (600 - 20) + 0.5 * (600 - observation[0]), 0, 100)
        observation, reward, _, ended, _ = fired(env, round(float(power)))
    assert reward > -0.2


def test_valves_are_set_one_at_a_time(make):
    env = make("ModbusHttp")
    wanted = {"want1": 1, "want2": 20, "want3": 100, "want4": 50}
    for _ in range(2):
        observation, _ = env.reset(options=wanted)
        assert observation.tolist() == [50, 50, 50, 50, 1, 20, 100, 50]
        steps = [env.step(np.array([valve, opening - 1])) for valve, opening in ((0, 1), (1, 20), (2, 100))]
        assert [step[0][:4].tolist() for step in steps] == [[1, 50, 50, 50], [1, 20, 50, 50], [1, 20, 100, 50]]
        assert [step[1:3] for step in steps] == [(-0.8, False), (-0.5, False), (0, True)]


def test_what_it_cannot_do_is_told_in_its_words_although_the_status_is_200(make):
    path = bundled()["ModbusHttp"]
    text = path.read_text().replace("range_stop: 4\n", "range_stop: 4 * step\n")
    config = yaml.safe_load(text)
    config["simulator"]["files"]["valves.json"]["copy"] = str(path.with_name("files") / "valves.json")
    env = make(config)
    env.reset()
    env.step(np.array([0, 0]))
    env.step(np.array([0, 0]))
    with pytest.raises(ProtocolError, match="list index out of range"):
        env.step(np.array([0, 0]))
    assert env.reset()[0][0] == 50
