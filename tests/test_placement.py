"""Where simulators run: where they are told to, or where they were measured to be quicker; the trainer stays."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

import filebridge.placement
from filebridge.env import BridgeEnv
from filebridge.errors import ConfigError, UsageError
from filebridge.placement import WINDOW, WINDOWS, Placement
from filebridge.vector import BridgeVectorEnv

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

ALLOWED = sorted(os.sched_getaffinity(0))


@pytest.fixture
def placed():
    """Give a function that makes an environment with a placement and begins an episode in it."""
    envs = []

    def make(placement, **keys):
        envs.append(BridgeEnv(fake.config(simulator={"placement": placement}, **keys)))
        envs[-1].reset()
        return envs[-1]

    yield make
    for env in envs:
        env.close()


def test_it_is_left_to_the_system_where_that_is_asked_for(placed):
    env = placed("free")
    env.step(fake.act())
    assert os.sched_getaffinity(fake.pid(env)) == set(ALLOWED)


def test_together_is_the_core_of_the_thread_that_steps_it(placed, monkeypatch):
    core = [ALLOWED[-1]]
    monkeypatch.setattr(filebridge.placement, "_current_core", lambda: core[0])
    env = placed("together")
    assert os.sched_getaffinity(fake.pid(env)) == {ALLOWED[-1]}
    core[0] = ALLOWED[0]
    env.reset()
    assert os.sched_getaffinity(fake.pid(env)) == {ALLOWED[0]}, "it follows from episode to episode"
    assert os.sched_getaffinity(0) == set(ALLOWED)


def test_it_follows_in_a_long_episode(placed, monkeypatch):
    monkeypatch.setattr("filebridge.stepping.LOOK", 3)
    core = [ALLOWED[-1]]
    monkeypatch.setattr(filebridge.placement, "_current_core", lambda: core[0])
    env = placed("together")
    core[0] = ALLOWED[0]
    for _ in range(2):
        env.step(fake.act())
        assert os.sched_getaffinity(fake.pid(env)) == {ALLOWED[-1]}
    env.step(fake.act())
    assert os.sched_getaffinity(fake.pid(env)) == {ALLOWED[0]}


def test_seats_take_the_named_cores_in_turn():
    envs = BridgeVectorEnv(fake.config(simulator={"placement": ALLOWED[:2]}), num_envs=3)
    try:
        envs.reset()
        pids = [env.session.link.process.pid for env in envs.envs]
        cores = [ALLOWED[:2][seat % len(ALLOWED[:2])] for seat in range(3)]
        assert [os.sched_getaffinity(pid) for pid in pids] == [{core} for core in cores]
    finally:
        envs.close()


def test_many_are_left_to_the_system():
    envs = BridgeVectorEnv(fake.config(), num_envs=2)
    try:
        assert [env.session.placement for env in envs.envs] == [None, None]
    finally:
        envs.close()


def test_a_core_that_this_process_may_not_use_is_told_before_anything_starts():
    with pytest.raises(UsageError) as caught:
        BridgeEnv(fake.config(simulator={"placement": [4095]}))
    assert str(caught.value) == (
        "core 4095 of `placement` is not for this process\n"
        f"  found: it may use {', '.join(map(str, ALLOWED))}\n"
        "  cure: name some of these"
    )


def test_what_runs_anew_in_each_step_is_nowhere():
    with pytest.raises(ConfigError, match="there is no process that could be placed"):
        BridgeEnv(fake.config(simulator={"command": ["true"], "each": "step", "placement": "together"}, start=None,
                              step=[{}]))  # fmt: skip


def told(placement, apart, together):
    """Tell ``placement`` how long steps take in either place, until it has decided; return how many it wanted."""
    count = 0
    while placement.wants_times:
        placement.took(together if os.sched_getaffinity(0) != os.sched_getaffinity(placement._pid) else apart)
        count += 1
    return count


@pytest.fixture
def sleeper(monkeypatch):
    """Give the pid of a process that may be moved, and let this thread be on the last core."""
    monkeypatch.setattr(filebridge.placement, "_current_core", lambda: ALLOWED[-1])
    pid = os.fork()
    if pid == 0:
        import signal

        signal.pause()
        os._exit(0)
    yield pid
    os.kill(pid, 9)
    os.waitpid(pid, 0)


@pytest.mark.skipif(len(ALLOWED) < 2, reason="a machine with one core has nowhere to move anything")
@pytest.mark.parametrize(
    ("apart", "together", "cores"),
    [(30e-6, 10e-6, {ALLOWED[-1]}), (10e-6, 30e-6, set(ALLOWED)), (10e-6, 9.5e-6, set(ALLOWED))],
)
def test_auto_is_what_was_measured(sleeper, apart, together, cores):
    placement = Placement("auto", 0)
    placement.place(sleeper)
    assert told(placement, apart, together) == 2 * WINDOW * WINDOWS
    assert os.sched_getaffinity(sleeper) == cores
    placement.place(sleeper)
    assert not placement.wants_times, "not again at once"


def test_a_slow_simulator_is_not_moved_at_all(sleeper):
    placement = Placement("auto", 0)
    placement.place(sleeper)
    assert told(placement, 0.01, 0.01) == WINDOW
    assert os.sched_getaffinity(sleeper) == set(ALLOWED)
