"""Facts of dipoles in nec2c, the real program, run once for each step."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv
from filebridge.errors import SimulatorExited

PATH = bundled()["Dipole"]
FIELDS = ["frequency", "cable", "resistance", "reactance", "swr"]


@pytest.fixture
def dipole(require, tmp_path):
    """Give a function that makes the environment, with some texts of its file replaced."""
    require("nec2c")
    made = []

    def make(*changes):
        text = PATH.read_text()
        for old, new in (("files/dipole", f"{PATH.parent}/files/dipole"), *changes):
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "Dipole.yaml"
        path.write_text(text)
        made.append(BridgeEnv(path))
        return made[-1]

    yield make
    for env in made:
        env.close()


def design(env, half, radius):
    """Try one dipole; return what is observed by name, the reward, and whether it is over."""
    observation, reward, terminated, truncated, _ = env.step(np.array([half, radius], np.float32))
    return dict(zip(FIELDS, observation.tolist(), strict=True)), reward, terminated, truncated


def test_the_first_look_is_at_the_dipole_of_the_deck(dipole):
    observation, _ = dipole().reset(options={"frequency": 290, "cable": 50})
    # The listing in which these stand was printed by nec2c alone, started by hand.
    assert observation[:4].tolist() == [290, 50, 76.147, 16.925]
    assert observation[4] == pytest.approx(1.6480, abs=1e-4)


def test_half_a_wave_is_what_fits_a_cable_of_75_ohm(dipole):
    env = dipole()
    env.reset(options={"frequency": 300, "cable": 75})
    short, worse, *_ = design(env, 0.20, 0.001)
    long, *_ = design(env, 0.30, 0.001)
    assert short["reactance"] < -100
    assert long["reactance"] > 100
    fit, reward, terminated, truncated = design(env, 0.2385, 0.001)
    assert abs(fit["reactance"]) < 10
    assert 65 < fit["resistance"] < 80
    assert (terminated, truncated) == (True, False)
    assert reward == pytest.approx(1 - fit["swr"])
    assert worse < -1 < reward < 0


def test_the_ratio_is_that_of_the_impedance_and_the_cable(dipole):
    env = dipole()
    env.reset(options={"frequency": 220, "cable": 60})
    seen, reward, *_ = design(env, 0.2, 0.002)
    impedance = complex(seen["resistance"], seen["reactance"])
    returned = abs((impedance - 60) / (impedance + 60))
    assert seen["swr"] == pytest.approx((1 + returned) / (1 - returned))
    assert reward == pytest.approx(-min(seen["swr"] - 1, 10))


def test_trials_come_to_an_end(dipole):
    env = dipole()
    for _ in range(3):
        env.reset(options={"frequency": 400})
        ends = [design(env, 0.4, 0.0005)[2:] for _ in range(30)]
        assert ends == [(False, False)] * 29 + [(False, True)]


def test_equal_seeds_and_actions_give_equal_episodes(dipole):
    env, other = dipole(), dipole()
    env.action_space.seed(3)
    actions = [env.action_space.sample() for _ in range(5)]
    seen = []
    for one in (env, other, env):
        first, _ = one.reset(seed=11)
        seen.append([first.tolist(), *(one.step(action)[0].tolist() for action in actions)])
    assert seen[0] == seen[1] == seen[2]
    assert env.reset(seed=12)[0][0] != seen[0][0][0]


def test_an_equal_deck_is_not_run_again(dipole):
    env = dipole()
    env.reset(options={"frequency": 300})
    first, *_ = design(env, 0.2, 0.001)
    # nec2c can leave no new listing where the old one cannot be replaced: what comes now is remembered.
    (link_of(env).folder.path / "antenna.nec").unlink()
    again, *_ = design(env, 0.2, 0.001)
    assert again == first
    assert not (link_of(env).folder.path / "antenna.nec").exists()


@pytest.mark.parametrize("radius", ["-1", "abc"])
def test_a_geometry_that_makes_no_sense_fails_with_the_exit_code(dipole, radius):
    env = dipole(("{action.radius:.6g}", radius))
    env.reset()
    with pytest.raises(SimulatorExited, match="exit code 255"):
        design(env, 0.2, 0.001)
    observation, _ = env.reset(options={"frequency": 290})
    assert observation[2] == 76.147


def test_a_wire_of_no_length_fills_no_disk(dipole):
    env = dipole(("{-action.half:.6g}", "0"), ("{action.half:.6g}", "0"), ("cpu: 5", "cpu: 1"))
    env.reset()
    with pytest.raises(SimulatorExited) as caught:
        design(env, 0.2, 0.001)
    assert caught.value.signal in (signal.SIGXCPU, signal.SIGXFSZ)
    env.reset()
