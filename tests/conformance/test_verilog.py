"""Facts of the plant in Verilog, run by Icarus Verilog, the real program: through files and on a pipe."""

from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise

import numpy as np
import pytest

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv
from filebridge.errors import SimulatorExited

NAMES = ("VerilogPlant", "VerilogConsole")


@pytest.fixture
def plant(require):
    """Give a function that makes the environment of this name."""
    require("iverilog")
    require("vvp")
    made = []

    def make(name):
        made.append(BridgeEnv(name))
        return made[-1]

    yield make
    for env in made:
        env.close()


def played(env, seed, actions):
    first, _ = env.reset(seed=seed)
    return [first.tolist(), *(env.step(np.int64(action))[0].tolist() for action in actions)]


def test_files_and_pipe_give_the_same_plant(plant):
    actions = [0, 1, 2, 2, 1, 0] * 5
    files, pipe = (played(plant(name), 7, actions) for name in NAMES)
    assert files == pipe
    assert [row[0] for row in files] == [10 * number for number in range(31)]


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_episodes_and_others_do_not(plant, name):
    env = plant(name)
    one, two, three = (played(env, seed, [1, 2, 0]) for seed in (5, 5, 6))
    assert one == two != three


@pytest.mark.parametrize("name", NAMES)
def test_the_temperature_follows_the_power(plant, name):
    env = plant(name)
    rows = played(env, 3, [2] * 50)
    for before, after in pairwise(rows):
        assert after[1] == pytest.approx(before[1] + 2 - 0.05 * (before[1] - 10), abs=0.2001)


@pytest.mark.parametrize("name", NAMES)
def test_episodes_are_held_at_the_set_point_and_end_in_time(plant, name):
    env = plant(name)
    for seed in (1, 2):
        (_, temperature, setpoint), _ = env.reset(seed=seed)
        errors, ended = [], False
        while not ended:
            action = np.int64(2 if temperature < setpoint - 0.5 else 1 if temperature < setpoint + 0.5 else 0)
            (_, temperature, _), reward, terminated, ended, _ = env.step(action)
            assert not terminated
            assert reward == -abs(temperature - setpoint)
            errors.append(-reward)
        assert len(errors) == 100
        assert max(errors[60:]) < 3


def test_an_answer_to_another_order_is_not_taken(plant):
    env = plant("VerilogPlant")
    env.reset(seed=1)
    env.step(np.int64(1))
    link = link_of(env)
    # The model is held up. An answer that is whole and in place, but has another number, must not be taken for its.
    os.kill(link.process.pid, signal.SIGSTOP)
    forger = threading.Thread(target=forge, args=(link.folder.path, link.process.pid))
    forger.start()
    observation, *_ = env.step(np.int64(1))
    forger.join()
    assert observation[0] == 20
    assert observation[1] < 60


def forge(folder, pid):
    """Put old answers there when an order has come, and then let the model have its turn."""
    while (folder / "act.txt").read_text() != "2 1\n":
        os.sched_yield()
    for number in (0, 1, 1, 3):
        (folder / "forged").write_text(f"{number} 10 99.0\n")
        (folder / "forged").rename(folder / "obs.txt")
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("name", NAMES)
def test_a_crash_is_told_and_the_next_episode_has_another_process(plant, name):
    env = plant(name)
    before = played(env, 4, [1, 1])
    pid = link_of(env).process.pid
    os.kill(pid, signal.SIGKILL)
    assert link_of(env).await_exit(10)
    with pytest.raises(SimulatorExited):
        env.step(np.int64(1))
    assert played(env, 4, [1, 1]) == before
    assert link_of(env).process.pid != pid
