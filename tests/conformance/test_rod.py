"""Facts of the bundled solver of a rod behind the bridge: a deck and a listing for each step."""

from __future__ import annotations

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import SimulatorExited


@pytest.fixture
def rod(tmp_path):
    """Give a function that makes the environment, with some texts of its file or of its deck replaced."""
    made = []

    def make(*changes):
        folder = bundled()["Rod"].parent
        (tmp_path / "files").mkdir(exist_ok=True)
        for name in ("Rod.yaml", "files/rod.j2"):
            text = (folder / name).read_text()
            for old, new in changes:
                text = text.replace(old, new)
            (tmp_path / name).write_text(text)
        made.append(BridgeEnv(tmp_path / "Rod.yaml"))
        return made[-1]

    yield make
    for env in made:
        env.close()


def heat(env, flux):
    return env.step(np.array([flux], np.float32))


def test_heat_goes_from_the_near_end_to_the_far_one(rod):
    env = rod()
    observation, _ = env.reset(options={"goal": 60, "water": 12.5})
    assert observation.tolist() == [12.5] * 8 + [60, 12.5]
    before = observation
    for _ in range(20):
        observation, reward, terminated, truncated, info = heat(env, 50000)
        assert (terminated, truncated, info["whole"]) == (False, False, True)
        assert reward == -abs(observation[7] - 60)
        assert info["hottest"] == pytest.approx(observation[0], abs=0.01)
        assert list(observation[:8]) == sorted(observation[:8], reverse=True)
        assert observation[0] > before[0]
        assert observation[7] >= before[7]
        before = observation


def test_no_heat_changes_nothing(rod):
    env = rod()
    env.reset(options={"water": 20})
    assert heat(env, 0)[0][:8].tolist() == [20.0] * 8


def test_the_near_end_burns_or_time_is_up(rod):
    env = rod()
    env.reset(options={"water": 25})
    rewards, terminated = [], False
    while not terminated:
        _, reward, terminated, truncated, info = heat(env, 100000)
        assert not truncated
        rewards.append(reward)
    assert (rewards[-1], info["hottest"] >= 150) == (-1000, True)
    assert min(rewards[:-1]) > -1000
    env.reset(options={"water": 25})
    assert [heat(env, 20000)[2:4] for _ in range(30)] == [(False, False)] * 29 + [(False, True)]


def test_equal_seeds_and_actions_give_equal_episodes(rod):
    env, other = rod(), rod()
    seen = []
    for one in (env, other, env):
        first, _ = one.reset(seed=5)
        seen.append([first.tolist(), *(heat(one, flux)[0].tolist() for flux in (1e5, 0.0, 3e4))])
    assert seen[0] == seen[1] == seen[2]
    assert env.reset(seed=6)[0].tolist() != seen[0][0]


def test_a_number_that_does_not_fit_is_read_as_the_yaml_says(rod):
    env = rod(('"%10.1f%10.2f" % (actions[-1].flux if actions else 0, water)', "'   1.0D+10     15.00'"))
    env.reset()
    observation, reward, terminated, *_ = heat(env, 1)
    assert (observation[0], reward, terminated) == (1e6, -1000, True)
    assert "*********" in (link_of(env).folder.path / "listing.txt").read_text()


@pytest.mark.parametrize(("right", "wrong", "code"), [
    ("MATERIAL       400.0", "MATERIAL         abc", 3),
    ("GEOMETRY           8", "GEOMETRY          80", 3),
    ("TIME            10.0", "TIME            60.0", 4),
])
def test_a_run_that_went_wrong_is_told_by_its_exit_code(rod, right, wrong, code):
    env = rod((right, wrong))
    with pytest.raises(SimulatorExited) as caught:
        env.reset()
    assert caught.value.code == code
