"""Facts of the lander in bwBASIC, the real program."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import ParseError

PATH = bundled()["BasicLander"]


@pytest.fixture
def lander(require):
    """Give a function that makes the environment, with some keys of its file replaced."""
    require("bwbasic")
    made = []

    def make(**changes):
        config = yaml.safe_load(PATH.read_text()) | changes
        config["simulator"]["files"]["lander.bas"] = {"copy": str(PATH.parent / "files" / "lander.bas")}
        made.append(BridgeEnv(config))
        return made[-1]

    yield make
    for env in made:
        env.close()


def test_equations_of_motion(lander):
    env = lander()
    observation, _ = env.reset()
    assert observation.tolist() == [1000, -50, 150]
    observation, reward, terminated, truncated, _ = env.step(np.array([20.5], np.float32))
    assert observation.tolist() == [957.75, -34.5, 129.5]
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_a_landing_ends_the_episode_and_the_same_process_flies_again(lander):
    env = lander()
    pids = []
    for burn, speed in ((0.0, -115.0), (3.0, -85.0)):
        observation, info = env.reset()
        assert observation.tolist() == [1000, -50, 150]
        assert not info["landed"]
        terminated = False
        while not terminated:
            observation, reward, terminated, truncated, info = env.step(np.array([burn], np.float32))
            assert not truncated
        assert info["landed"]
        assert observation[0] == 0
        assert reward == observation[1] == pytest.approx(speed, abs=10)
        pids.append(link_of(env).process.pid)
    assert pids[0] == pids[1]


def test_a_flight_that_is_given_up_costs_a_process(lander):
    env = lander(max_steps=2)
    env.reset()
    pid = link_of(env).process.pid
    burn = np.array([5.0], np.float32)
    assert [env.step(burn)[2:4] for _ in range(2)] == [(False, False), (False, True)]
    observation, _ = env.reset()
    assert observation.tolist() == [1000, -50, 150]
    assert link_of(env).process.pid != pid


def test_what_basic_cannot_read_is_reported_with_its_words_and_got_over(lander):
    env = lander(action={"text": {}}, step={"send": "{action}"})
    env.reset()
    env.step("7")
    with pytest.raises(ParseError) as caught:
        env.step("abc")
    assert caught.value.what == "field altitude does not occur in the reply"
    assert "ERROR in line 80: expression <abc> is not a numerical constant." in caught.value.found
    assert "bwBASIC: " in caught.value.found
    assert caught.value.situation.elapsed < 1
    observation, _ = env.reset()
    assert observation.tolist() == [1000, -50, 150]
    assert env.step("0")[0].tolist() == [947.5, -55, 150]


def test_who_says_truncate_loses_the_episode_alone(lander):
    env = lander(action={"text": {}}, step={"send": "{action}"}, on_failure="truncate")
    env.reset()
    before = env.step("7")[0].tolist()
    observation, reward, terminated, truncated, info = env.step("abc")
    assert (observation.tolist(), reward, terminated, truncated) == (before, 0.0, False, True)
    assert any("is not a numerical constant" in str(value) for value in info.values())
    assert env.reset()[0].tolist() == [1000, -50, 150]
