"""Warm starts: a simulator is there before its episode is, and nobody can tell but by the time."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ConfigError, LimitReached, StartCrashed, UsageError
from filebridge.spares import Spare
from filebridge.vector import BridgeVectorEnv

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

# Says its seed, and a variable that it is told at its start.
SEEDED = """
x, wind = int(os.environ["SEED"]), hear()
say(f"x={x} wind={wind}\\n> ")
while True:
    hear()
    x += 1
    say(f"x={x} wind={wind}\\n> ")
"""


def seeded(**keys):
    simulator = {"seed": "0..999999", "environment": {"SEED": "${seed}"}}
    fields = {"x": {"find": "x={int}"}, "w": {"find": "wind={float}"}}
    given = {
        "simulator": simulator, "fields": fields, "observation": ["x", "w"], "max_steps": 3,
        "variables": {"wind": {"draw": "uniform(0, 10)"}}, "deterministic": True,
        "start": {"send": "{wind:.3f}", "until": "> "}, **keys,
    }  # fmt: skip
    return fake.config(SEEDED, **given)


@pytest.fixture
def opened():
    """Give a function that makes an environment, closed with the test."""
    envs = []

    def make(kind, *given, **keys):
        envs.append(kind(*given, **keys))
        return envs[-1]

    yield make
    for env in envs:
        env.close()


def played(env, resets):
    """Return all that the episodes show that begin with these resets."""
    seen = []
    for reset in resets:
        seen.append([env.reset(**reset)[0].tolist()])
        for number in range(3):
            observation, reward, terminated, truncated, info = env.step(fake.act(number))
            seen[-1].append((observation.tolist(), reward, terminated, truncated, info))
    return seen


RESETS = [{"seed": 3}, {}, {}, {"options": {"wind": 2.5}}, {}, {"seed": 3}, {}, {"seed": 3, "options": {"wind": 1}}, {}]


def test_episodes_are_the_same_as_without(opened):
    cold, warm = opened(BridgeEnv, seeded()), opened(BridgeEnv, seeded(), warm=1)
    assert played(cold, RESETS) == played(warm, RESETS)
    # Those that nobody could know of beforehand, a seed or an option, were started when they were asked for.
    assert (warm.session.pool.taken, warm.session.pool.lost) == (5, 0)


def test_a_vector_environment_shares_what_is_warm(opened):
    keys = {"num_envs": 4, "autoreset_mode": "SameStep"}
    cold, warm = opened(BridgeVectorEnv, seeded(), **keys), opened(BridgeVectorEnv, seeded(), warm=2, **keys)
    assert cold.reset(seed=5)[0].tolist() == warm.reset(seed=5)[0].tolist()
    for number in range(12):
        actions = np.full((4, 1), number % 3, np.float32)
        one, other = cold.step(actions), warm.step(actions)
        assert [part.tolist() for part in one[:4]] == [part.tolist() for part in other[:4]]
    pool = warm.envs[0].session.pool
    assert pool.taken >= 4
    assert len(pool.spares) <= 2
    assert all(env.session.pool is pool for env in warm.envs)


def test_where_nothing_depends_on_an_episode_any_spare_will_do(opened):
    env = opened(BridgeEnv, fake.config(simulator={"warm": 1}, max_steps=3))
    spare_pids = []
    for _ in range(3):
        env.reset()
        fake.until(lambda: len(fake.folders()) == 2)
        spare_pids.append(env.session.pool.spares[0].link.process.pid)
        assert spare_pids[-1] != fake.pid(env)
        env.step(fake.act())
    assert env.session.pool.taken == 2
    assert env.session.link.process.pid == spare_pids[-2]


def test_where_nothing_depends_on_an_episode_as_many_wait_as_may(opened):
    env = opened(BridgeEnv, fake.config(), warm=3)
    for taken in range(3):
        env.reset()
        assert len(env.session.pool.spares) == 3
        assert env.session.pool.taken == taken
    keys = {"num_envs": 4, "autoreset_mode": "SameStep", "warm": 4}
    envs = opened(BridgeVectorEnv, fake.config(max_steps=2), **keys)
    envs.reset()
    pool = envs.envs[0].session.pool
    pids = {spare.link.process.pid for spare in pool.spares}
    assert len(pids) == 4
    for _ in range(2):
        envs.step(np.ones((4, 1), np.float32))
    assert {env.session.link.process.pid for env in envs.envs} == pids
    assert len(pool.spares) == 4


def test_one_that_died_or_spoke_while_it_waited_is_replaced_unseen(opened):
    code = 'say("x=0\\n> ")\nhear() and say("x=1\\n> ")\ntime.sleep(60)'
    env = opened(BridgeEnv, fake.config(code), warm=1)
    for lost, harm in enumerate([signal.SIGKILL, signal.SIGSEGV], 1):
        env.reset()
        spare = env.session.pool.spares[0]
        fake.until(lambda spare=spare: (spare.poke(), not spare.waits)[1])
        os.kill(spare.link.process.pid, harm)
        assert spare.link.await_exit(10)
        assert env.step(fake.act())[0].item() == 1
        assert env.reset()[0].item() == 0
        assert env.session.pool.lost == lost
    chatty = fake.config('say("x=0\\n> ")\ntime.sleep(0.1)\nsay("tick\\n")\nhear()')
    env = opened(BridgeEnv, chatty, warm=1)
    env.reset()
    spare = env.session.pool.spares[0]
    fake.until(lambda: (spare.poke(), not spare.waits)[1])
    fake.until(lambda: not spare.is_fit)
    assert env.reset()[0].item() == 0
    assert env.session.pool.lost == 1


def test_a_start_that_fails_is_told_when_the_simulator_is_needed(opened, tmp_path):
    code = f'import pathlib\np = pathlib.Path({str(tmp_path / "n")!r})\nn = int(p.read_text()) if p.exists() else 0\n'
    code += 'p.write_text(str(n + 1))\nn and sys.exit(3)\nsay("x=0\\n> ")\nhear()\nsay("x=1\\n> ")\nhear()'
    env = opened(BridgeEnv, fake.config(code), warm=1)
    env.reset()
    assert env.step(fake.act())[0].item() == 1
    with pytest.raises(StartCrashed, match="code 3"):
        env.reset()
    assert int((tmp_path / "n").read_text()) == 3, "the spare, and the one that was needed"


def test_no_more_descriptors_is_no_failure_of_the_episode(opened, monkeypatch):
    def refused(_self, _values):
        raise LimitReached("no descriptor is left")

    env = opened(BridgeEnv, fake.config(), warm=1)
    monkeypatch.setattr(Spare, "begin", refused)
    for _ in range(2):
        assert env.reset()[0].item() == 0
    assert env.session.pool.spares == []


def test_a_seat_of_its_own_for_each_that_waits(opened):
    name = f"W{os.getpid()}x{time.monotonic_ns()}"
    simulator = {"environment": {"SEAT": "${seat}"}, "warm": 1}
    code = 'say(f"x={os.environ[\'SEAT\']}\\n> ")\nhear()'
    env = opened(BridgeEnv, fake.config(code, name=name, simulator=simulator))
    assert [int(env.reset()[0].item()) for _ in range(4)] == [0, 1, 0, 1]
    with pytest.raises(UsageError) as caught:
        BridgeEnv(fake.config(code, name=name, simulator=simulator), seat=3)
    assert str(caught.value) == (
        "warm=1 cannot be had\n"
        "  found: a simulator that waits for its episode has a seat of its own, and `seat` gives all of them the same\n"
        "  cure: leave it out"
    )


@pytest.mark.parametrize("warm", [-1, 1.5, True, "2"])
def test_how_many_is_a_whole_number(warm):
    with pytest.raises(UsageError, match="warm must be a whole number"):
        BridgeEnv(fake.config(), warm=warm)


def test_what_cannot_be_warm_is_refused():
    run = {"simulator": {"command": ["true"], "each": "step", "warm": 1}, "start": None, "step": [{}]}
    with pytest.raises(ConfigError) as caught:
        BridgeEnv(fake.config(**run))
    assert "simulator.warm: there is no process for an episode" in str(caught.value)
    assert "`warm`; each step has a process of its own" in str(caught.value)


def test_a_process_is_replaced_after_so_many_episodes(opened):
    code = """
say("x=0\\n> ")
while True:
    say(f"x={int(hear() == 'again')}\\n> ")
"""
    keys = {"reset": [{"send": "again", "until": "> "}], "simulator": {"restart_every": 3}}
    env = opened(BridgeEnv, fake.config(code, **keys))
    pids = []
    for _ in range(9):
        env.reset()
        pids.append(fake.pid(env))
    assert [one == other for one, other in pairwise(pids)] == [True, True, False] * 2 + [True, True]
    warm = opened(BridgeEnv, fake.config(code, **keys), warm=1)
    pids = []
    for _ in range(6):
        warm.reset()
        pids.append(fake.pid(warm))
    assert [one == other for one, other in pairwise(pids)] == [True, True, False, True, True]
    assert warm.session.pool.taken == 1


def test_after_a_fork_the_spares_are_the_parents(opened):
    env = opened(BridgeEnv, fake.config(), warm=1)
    env.reset()
    spare = env.session.pool.spares[0].link.process.pid
    child = os.fork()
    if child == 0:
        env.close()
        os._exit(len(env.session.pool.spares))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not fake.gone(spare)
    assert env.step(fake.act())[0].item() == 1


def test_a_warm_reset_is_much_quicker_than_a_cold_one(opened):
    slow = 'time.sleep(0.3)\nsay("x=0\\n> ")\nhear()'
    times = []
    for warm in (0, 1):
        env = opened(BridgeEnv, fake.config(slow), warm=warm)
        env.reset()
        taken = []
        for _ in range(3):
            if warm:
                spare = env.session.pool.spares[0]
                fake.until(lambda spare=spare: (spare.poke(), not spare.waits)[1])
            begun = time.perf_counter()
            env.reset()
            taken.append(time.perf_counter() - begun)
        # The best of several: the machine may be busy with something else.
        times.append(min(taken))
    assert times[0] > 0.3
    assert times[1] < times[0] / 2
