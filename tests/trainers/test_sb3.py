"""A vector environment as Stable-Baselines3 wants one: the same as its DummyVecEnv shows, value by value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import yaml
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics, RescaleAction

from filebridge import BridgeEnv, UsageError

ROOT = Path(__file__).parents[2]
SAME = AutoresetMode.SAME_STEP


@pytest.fixture(scope="module")
def sb3(require_module):
    """The module, where Stable-Baselines3 is installed."""
    require_module("stable_baselines3")
    from filebridge.trainers import sb3

    return sb3


@pytest.fixture
def made(sb3):
    """Give ``made(config, num_envs)``: SB3VecEnv; what it gave is closed at the end."""
    opened = []

    def make(config, num_envs, **kwargs):
        vector = gym.make_vec("filebridge/Bridge-v0", num_envs, config=config, autoreset_mode=SAME, **kwargs)
        opened.append(sb3.SB3VecEnv(vector))
        return opened[-1]

    yield make
    for envs in opened:
        envs.close()


@pytest.fixture
def dummy(sb3):
    """Give ``dummy(config, num_envs)``: the environments as SB3 itself makes many of one; closed at the end."""
    from stable_baselines3.common.vec_env import DummyVecEnv

    opened = []

    def make(config, num_envs):
        opened.append(DummyVecEnv([lambda: BridgeEnv(config)] * num_envs))
        return opened[-1]

    yield make
    for envs in opened:
        envs.close()


def lander(**keys):
    return yaml.safe_load((ROOT / "configs" / "Lander.yaml").read_text("utf-8")) | keys


def boiler(**keys):
    """A day of the boiler from the examples, with a goal of its own and a mapping of observations."""
    config = yaml.safe_load((ROOT / "examples" / "Boiler.yaml").read_text("utf-8"))
    config["simulator"]["command"][1] = str(ROOT / "examples" / "boiler.sh")
    config["variables"] = {"goal": {"draw": "uniform(15, 25)", "low": 10, "high": 30}}
    config["observation"] = {"room": "room", "hour": "hour", "goal": "goal"}
    return config | keys


def assert_same(ours, theirs, where):
    """Assert that two values are equal, and of the same types and dtypes, however deep they are."""
    assert type(ours) is type(theirs) or {type(ours), type(theirs)} <= {np.float32, float}, where
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), where
        for key in theirs:
            assert_same(ours[key], theirs[key], f"{where} {key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, f"{where} {number}")
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), where
        np.testing.assert_array_equal(ours, theirs, where)
    else:
        assert ours == theirs, where


def play_both(ours, theirs, steps):
    """Play the same in both and assert that they show the same; return how episodes ended: (landed, cut off)."""
    for envs in (ours, theirs):
        envs.seed(7)
    assert_same(as_dict(ours.reset()), as_dict(theirs.reset()), "reset")
    assert_same(ours.reset_infos, theirs.reset_infos, "reset_infos")
    generator = np.random.default_rng(5)
    ended = cut = 0
    for step in range(steps):
        actions = np.array([ours.action_space.sample() for _ in range(ours.num_envs)])
        if isinstance(ours.action_space, gym.spaces.Box):
            actions = generator.uniform(*ours.action_space.low, *ours.action_space.high, actions.shape)
            actions = actions.astype(np.float32)
        one, other = ours.step(actions), theirs.step(actions)
        for name, mine, its in zip(("observations", "rewards", "dones", "infos"), one, other, strict=True):
            assert_same(as_dict(mine), as_dict(its), f"{name} of step {step}:")
        assert_same(ours.reset_infos, theirs.reset_infos, f"reset_infos of step {step}:")
        ended += one[2].sum()
        cut += sum(info["TimeLimit.truncated"] for info in one[3])
    return ended - cut, cut


def as_dict(observations):
    return dict(observations) if isinstance(observations, dict) else observations


def test_thousands_of_steps_are_those_of_dummy_vec_env(made, dummy):
    config = lander(max_steps=43)
    landed, cut = play_both(made(config, 8), dummy(config, 8), 300)
    assert landed > 10
    assert cut > 10


def test_mappings_of_observations_and_discrete_actions_are_those_of_dummy_vec_env(made, dummy):
    config = boiler(max_steps=10)
    assert play_both(made(config, 3), dummy(config, 3), 40) == (0, 12)


def test_the_last_observation_is_beside_the_first_of_the_next_episode(made):
    envs = made(lander(max_steps=2), 2)
    envs.seed(1)
    first = envs.reset()
    envs.step(np.full((2, 1), 5, np.float32))
    observations, _, dones, infos = envs.step(np.full((2, 1), 5, np.float32))
    assert dones.tolist() == [True, True]
    # Two seconds of hovering: the fuel has gone down by ten units, and is full again in the next episode.
    assert [first[seat][2] - info["terminal_observation"][2] for seat, info in enumerate(infos)] == [10, 10]
    assert (observations[:, 2] >= 150).all()
    assert [info["TimeLimit.truncated"] for info in infos] == [True, True]


def test_seeds_and_options_are_for_one_reset(made):
    envs = made(boiler(), 3)
    envs.seed(4)
    envs.set_options({"goal": 21})
    assert envs.reset()["goal"].ravel().tolist() == [21, 21, 21]
    again = envs.reset()["goal"].ravel().tolist()
    assert 21 not in again
    assert len(set(again)) == 3


def test_each_seat_may_have_options_of_its_own(made, dummy):
    ours, theirs = made(boiler(), 4), dummy(boiler(), 4)
    for envs in (ours, theirs):
        envs.seed(3)
        envs.set_options([{"goal": 21}, {}, {"goal": 12}, {"goal": 21}])
    mine, its = dict(ours.reset()), dict(theirs.reset())
    assert_same(mine, its, "reset")
    assert_same(ours.reset_infos, theirs.reset_infos, "reset_infos")
    assert mine["goal"].ravel()[[0, 2, 3]].tolist() == [21, 12, 21]


def test_with_options_of_its_own_no_seat_begins_twice_and_draws_what_it_would(made, dummy):
    ours, theirs = made(boiler(), 3), dummy(boiler(), 3)
    for envs in (ours, theirs):
        envs.seed(3)
        envs.reset()
    for options in ([{"goal": 21}, {}, {"goal": 12}], [{}, {"goal": 12}, {}], {}):
        for envs in (ours, theirs):
            envs.set_options(options)
        assert_same(dict(ours.reset()), dict(theirs.reset()), f"reset with {options}")
        assert_same(ours.reset_infos, theirs.reset_infos, f"reset_infos with {options}")


def test_a_step_without_actions_is_refused(made):
    envs = made(lander(), 1)
    envs.reset()
    with pytest.raises(UsageError) as caught:
        envs.step_wait()
    assert str(caught.value) == (
        "there are no actions to step with\n  cure: step(actions), or step_async(actions) first"
    )


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_another_autoreset_mode_is_refused(sb3, mode):
    vector = gym.make_vec("filebridge/Lander-v0", 2, autoreset_mode=mode)
    with pytest.raises(UsageError) as caught:
        sb3.SB3VecEnv(vector)
    assert str(caught.value) == (
        "Stable-Baselines3 wants the next episode to begin in the step that ends one\n"
        f"  found: a vector environment with the autoreset mode {mode.value}\n"
        '  cure: gymnasium.make_vec("filebridge/Lander-v0", num_envs=4, autoreset_mode="SameStep"), for one of'
        ' Gymnasium\'s own vector_kwargs={"autoreset_mode": "SameStep"}; or filebridge.trainers.sb3.make_vec'
    )


def test_a_single_environment_is_refused(sb3):
    with pytest.raises(UsageError, match="no vector environment\n  found: an object of type BridgeEnv\n  cure: "):
        sb3.SB3VecEnv(BridgeEnv("Lander"))


def test_gymnasiums_own_vector_environments_are_taken(sb3, dummy):
    vector = gym.make_vec("filebridge/Bridge-v0", 2, "sync", {"autoreset_mode": SAME}, config=boiler(max_steps=5))
    envs = sb3.SB3VecEnv(vector)
    assert play_both(envs, dummy(boiler(max_steps=5), 2), 11) == (0, 4)
    envs.close()


def test_a_line_makes_one_that_is_watched(sb3, tmp_path):
    envs = sb3.make_vec("filebridge/Lander-v0", 2, monitor=tmp_path / "flights")
    envs.seed(1)
    envs.reset()
    infos = ({}, {})
    while not any("episode" in info for info in infos):
        _, rewards, _, infos = envs.step(np.zeros((2, 1), np.float32))
    envs.close()
    seat = [("episode" in info) for info in infos].index(True)
    assert infos[seat]["episode"]["r"] == rewards[seat] < -80
    assert len((tmp_path / "flights.monitor.csv").read_text().splitlines()) >= 3


@pytest.mark.parametrize(
    "target", ["Lander", lander(), ROOT / "configs" / "Lander.yaml"], ids=["name", "mapping", "path"]
)
def test_a_line_takes_a_configuration(sb3, target):
    envs = sb3.make_vec(target, 2, monitor=False)
    assert isinstance(envs, sb3.SB3VecEnv)
    assert envs.reset().shape == (2, 3)
    envs.close()


def test_wrappers_are_put_around_in_their_order(sb3):
    wrappers = [lambda envs: RescaleAction(envs, np.float32(-1), np.float32(1)), RecordEpisodeStatistics]
    envs = sb3.make_vec("Lander", 2, wrappers=wrappers, monitor=False)
    assert (envs.action_space.low, envs.action_space.high) == (-1, 1)
    assert envs.env_is_wrapped(RescaleAction) == envs.env_is_wrapped(RecordEpisodeStatistics) == [True, True]
    assert isinstance(envs.vector, RecordEpisodeStatistics)
    assert envs.env_is_wrapped(gym.wrappers.TimeLimit, 1) == [False]
    envs.close()


def test_seats_have_attributes_and_methods(made):
    envs = made(lander(), 3)
    assert envs.get_attr("render_mode") == [None] * 3
    envs.set_attr("mark", 5, indices=[0, 2])
    assert envs.has_attr("mark") is False
    envs.set_attr("mark", 4, indices=1)
    assert envs.get_attr("mark") == [5, 4, 5]
    assert envs.get_attr("mark", 1) == [4]
    envs.reset()
    assert envs.env_method("get_wrapper_attr", "mark", indices=[2, 1]) == [5, 4]


def test_pictures_of_all_seats_are_tiles_of_one(made, require_module):
    require_module("PIL")
    envs = made(lander(), 3, render_mode="rgb_array")
    envs.reset()
    (height, width, _), whole = envs.get_images()[0].shape, envs.render()
    assert whole.shape == (2 * height, 2 * width, 3)
    assert envs.metadata["render_fps"] == 4


def test_texts_of_seats_are_rendered(made):
    envs = made(lander(), 2, render_mode="ansi")
    assert envs.env_method("render") == [None, None]
    envs.reset()
    assert all("BURN? " in text for text in envs.env_method("render"))
    assert envs.get_images() == [None, None]


def test_closing_twice_is_harmless(made):
    envs = made(lander(), 2)
    envs.reset()
    envs.close()
    envs.close()


@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_algorithms_take_it(sb3, algorithm):
    import stable_baselines3

    settings = {"PPO": {"n_steps": 8, "batch_size": 8, "n_epochs": 1}, "SAC": {"learning_starts": 8}}
    envs = sb3.make_vec("Lander", 2)
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", envs, seed=1, device="cpu", **settings[algorithm])
    model.learn(32)
    assert model.num_timesteps == 32
    envs.close()


MISSING = """
import sys

class Missing:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "stable_baselines3":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import filebridge.trainers.sb3
"""


def test_without_stable_baselines3_the_import_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=False)
    assert done.stderr.endswith(
        "ModuleNotFoundError: filebridge.trainers.sb3 needs Stable-Baselines3\n"
        "  found: No module named 'stable_baselines3'\n"
        "  cure: pip install 'filebridge[sb3]'\n"
    )


def test_importing_the_bridge_does_not_import_it():
    code = "import filebridge.trainers, filebridge.vector, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
