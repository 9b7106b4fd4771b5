"""The environment in forks, in vectors, in wrappers: whoever holds it, each simulator has one owner and one end."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import NormalizeObservation, RecordEpisodeStatistics, TimeLimit, TransformReward

from filebridge.errors import UsageError

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)


def in_child(work):
    """Run ``work`` in a fork and return what it returns, a text; its errors come as text too."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            text = work()
        except BaseException as error:  # noqa: BLE001 - a fork must never go on as a second test run
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


def test_after_a_fork_the_simulator_stays_the_parents():
    with fake.bridge() as env:
        env.reset()
        env.step(fake.act())
        assert in_child(lambda: str(env.step(fake.act()))) == (
            "UsageError: the environment was made before a fork\n"
            "  found: its simulator belongs to the parent process\n  cure: call reset() first"
        )
        assert env.step(fake.act())[0].tolist() == [2]


def test_a_forked_child_may_reset_and_close_without_touching_the_parents_simulator():
    with fake.bridge() as env:
        env.reset()

        def work():
            env.reset()
            other = fake.pid(env)
            values = [env.step(fake.act())[0].item() for _ in range(3)]
            env.close()
            return f"{values} {fake.gone(other)}"

        assert in_child(work) == "[1.0, 2.0, 3.0] True"
        assert env.step(fake.act())[0].tolist() == [1]


def test_a_forked_child_that_just_ends_leaves_nothing_of_its_own():
    with fake.bridge() as env:
        env.reset()

        def work():
            env.reset()
            return str(fake.pid(env))

        number = int(in_child(work))
        fake.until(lambda: fake.gone(number))
        assert env.step(fake.act())[0].tolist() == [1]


def test_a_fork_in_the_middle_of_a_call_does_not_lock_the_child():
    with fake.bridge() as env:
        env.reset()
        env._busy = True
        assert in_child(lambda: str(env.reset()[0].tolist())) == "[0.0]"
        env._busy = False


def lander():
    return gymnasium.make("filebridge/Lander-v0")


def test_two_landers_fly_in_a_vector():
    envs = SyncVectorEnv([lander, lander])
    observations, _ = envs.reset(seed=1)
    ends = 0
    for _ in range(60):
        observations, _, terminated, _, _ = envs.step(np.full((2, 1), 0, np.float32))
        assert observations in envs.observation_space
        ends += int(terminated.sum())
    assert ends >= 2
    envs.close()


TRAINER = """
import filebridge, gymnasium, numpy, sys
from gymnasium.vector import AsyncVectorEnv

def lander():
    return gymnasium.make("filebridge/Lander-v0")

if __name__ == "__main__":
    envs = AsyncVectorEnv([lander, lander], context=sys.argv[1])
    envs.reset(seed=1)
    ends = sum(int(envs.step(numpy.zeros((2, 1), numpy.float32))[2].sum()) for _ in range(60))
    envs.close()
    print(ends >= 2)
"""


@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_worker_processes_fly_two_landers_and_leave_nothing(context, tmp_path):
    (tmp_path / "trainer.py").write_text(TRAINER)
    # In a process of its own, for the worker pool keeps memory and a tracker until that ends.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(tmp_path / "trainer.py"), context]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (run.stdout, run.stderr) == ("True\n", "")
    fake.until(lambda: not fake.folders() and not fake.inhabitants(), 5)


FAILING = """
import filebridge, gymnasium, numpy, sys
from filebridge.errors import SimulatorExited
from gymnasium.vector import AsyncVectorEnv

sys.path.insert(0, sys.argv[1])
import simulated as fake

def failing():
    return gymnasium.make("filebridge/Bridge-v0", config=fake.config(fake.MIDWAY + "sys.exit(3)"))

if __name__ == "__main__":
    gymnasium.logger.min_level = 50
    envs = AsyncVectorEnv([failing])
    envs.reset()
    envs.step(numpy.ones((1, 1), numpy.float32))
    try:
        envs.step(numpy.ones((1, 1), numpy.float32))
    except SimulatorExited as error:
        print(error)
        print(error.code, error.situation.step)
    envs.close()
"""


def test_an_error_in_a_worker_process_arrives_whole(tmp_path):
    (tmp_path / "trainer.py").write_text(FAILING)
    command = [sys.executable, "-W", "ignore", str(tmp_path / "trainer.py"), str(Path(__file__).parent / "fakes")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("the simulator ended in the middle of a step: exit code 3", "3 2")
    assert {"  sent: 1\\n", "  exit: exit code 3"} <= set(lines)
    fake.until(lambda: not fake.folders() and not fake.inhabitants(), 5)


def test_gymnasiums_own_checker_is_content():
    env = gymnasium.make("filebridge/Lander-v0", render_mode="ansi")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*Box observation space (minimum|maximum) value.*")
        warnings.filterwarnings("ignore", ".*not set to -1 and 1.*|.*symmetric and normalized.*")
        check_env(env.unwrapped)
    env.close()


def test_wrappers_work_on_it():
    env = RecordEpisodeStatistics(TransformReward(TimeLimit(lander(), 5), lambda reward: reward + 1))
    env = NormalizeObservation(env)
    env.reset(seed=1)
    for _ in range(5):
        observation, reward, terminated, truncated, info = env.step(np.array([5], np.float32))
    assert (observation.shape, reward, terminated, truncated) == ((3,), 1, False, True)
    assert (info["episode"]["l"], info["episode"]["r"]) == (5, 5)
    env.close()
    with pytest.raises(UsageError, match="the environment is closed"):
        env.unwrapped.step(np.array([5], np.float32))


HUNG_UP = """
import os, signal, sys
import numpy as np
import filebridge

each, number = sys.argv[1], signal.Signals[sys.argv[2]]
signal.signal(number, signal.SIG_IGN)
forks = []
os.register_at_fork(before=lambda: forks.append(1))
env = filebridge.BridgeEnv({
    "filebridge": 1, "name": "Ignored", "action": {"choices": 3}, "observation": ["ignored"], "max_steps": 9,
    "simulator": {"command": ["sh", "-c", "grep SigIgn /proc/self/status; read line; true"], "seed": "none",
                  "each": each},
    "transport": {"console": {}}, "fields": {"ignored": {"find": "SigIgn: {hex}", "low": 0}},
    **({"reset": [{}], "step": [{}]} if each == "step" else {"start": [{}], "step": [{}]}),
})
for _ in range(2):
    print(int(env.reset()[0][0]))
if each == "step":
    print(int(env.step(0)[0][0]))
os.kill(os.getpid(), number)
env.close()
print(len(forks), signal.getsignal(number) is signal.SIG_IGN)
"""


def hung_up(each, ignored):
    return subprocess.run([sys.executable, "-c", HUNG_UP, each, ignored], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("each", "starts"), [("episode", 2), ("step", 3)])
@pytest.mark.parametrize("ignored", ["SIGHUP", "SIGINT"])
def test_under_nohup_a_start_inherits_nothing_ignored_and_is_no_fork_of_the_trainer(each, starts, ignored):
    done = hung_up(each, ignored)
    assert done.stdout.splitlines() == ["0"] * starts + ["0 True"], done.stderr


def test_whose_children_the_system_reaps_has_simulators_that_reap_their_own():
    done = hung_up("episode", "SIGCHLD")
    assert done.stdout.splitlines() == ["0", "0", "2 True"], done.stderr


def test_an_exit_that_the_system_has_reaped_is_told_with_the_cause():
    error = hung_up("step", "SIGCHLD").stderr
    assert "exit: ended, exit status unknown (another part of this program took it)\n" in error
    assert error.endswith(
        "  cure: see its stderr, and what was sent last; how it ended is known where this program neither ignores"
        " SIGCHLD nor waits for children that it did not start\n"
    )
