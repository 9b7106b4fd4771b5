"""Warm starts over every way to a simulator: what it says while it waits is judged as between two steps."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.vector import BridgeVectorEnv


def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "fakes" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake, motors = _loaded("simulated"), _loaded("motors")
STARTED_FOR_EACH_EPISODE = [way for way in motors.WAYS if "process" not in way and "episode" not in way]

# Answers the number of the step in a file.
FOLDERED = """
import os, time
def put(number):
    with open("new", "w") as file:
        file.write(f"x={number}")
    os.rename("new", "out")
last = 0
put(last)
while True:
    told = open("order").read().strip() if os.path.exists("order") else ""
    if told.isdigit() and int(told) > last:
        last = int(told)
        put(last)
    time.sleep(0.001)
"""

# Sends what it was told last all the time, asked or not.
TELEMETRY = """
import socket, sys, time
ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ours.bind(("127.0.0.1", int(sys.argv[1])))
ours.setblocking(False)
last = 0
while True:
    try:
        last = int(ours.recv(99))
    except BlockingIOError:
        time.sleep(0.001)
    ours.sendto(b"x=%d" % last, ("127.0.0.1", int(sys.argv[2])))
"""


def alone(code, transport, *words, **keys):
    """Return the configuration of a program that does not use its console."""
    made = fake.config(simulator={"command": [*fake.PYTHON, "-c", code, *words]}, **keys)
    return {**made, "transport": transport}


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


def rested(env):
    """Wait until what is to serve the next episode has started; return it."""
    spare = env.session.pool.spares[0]
    fake.until(lambda: (spare.poke(), not spare.waits)[1])
    return spare


def counted(env):
    return env.session.pool.taken, env.session.pool.lost


@pytest.mark.parametrize("way", STARTED_FOR_EACH_EPISODE)
def test_one_that_waits_is_used_whatever_leads_to_it(opened, way):
    cold, warm = opened(BridgeEnv, motors.config(way)), opened(BridgeEnv, motors.config(way), warm=1)
    seen = ([], [])
    for episode in range(3):
        for env, told in zip((cold, warm), seen, strict=True):
            told.append(env.reset(seed=None if episode else 4)[0].tolist())
            told += [env.step(np.array([volts], np.float32))[0].tolist() for volts in (3, -2)]
        rested(warm)
    assert seen[0] == seen[1]
    assert counted(warm) == (2, 0)


def test_a_program_that_asks_for_its_first_action_has_said_nothing(opened):
    env = opened(BridgeEnv, motors.config("http serve"), warm=1)
    for _ in range(3):
        env.reset()
        spare = rested(env)
        # Its request is there, and is kept until there is an action.
        fake.until(lambda link=spare.link: link.poll(0))
    assert len(env.step(np.array([1], np.float32))[0]) == 3
    assert counted(env) == (2, 0)


def test_what_other_seats_write_is_not_said_by_one_that_waits(opened):
    files = {"files": {"read": "out", "written": "renamed"}}
    made = alone(FOLDERED, files, start=[{}], step=[{"write": {"order": "{step}"}}])
    env = opened(BridgeVectorEnv, made, num_envs=2, autoreset_mode="Disabled", warm=2)
    pool, actions = env.envs[0].session.pool, np.ones((2, 1), np.float32)
    for episode in range(3):
        assert env.reset()[0].tolist() == [[0], [0]]
        steps = 0
        while steps < 2 or any(spare.waits for spare in pool.spares):
            steps += 1
            assert env.step(actions)[0].tolist() == [[steps], [steps]]
        assert (pool.taken, pool.lost) == (2 * episode, 0)


def test_telemetry_that_may_be_dropped_is_no_reason_to_start_anew(opened):
    way = {"udp": {"connect": "127.0.0.1:${port}", "listen": "127.0.0.1:${port2}"}}
    step = {"send": "{action:.0f}", "fresh": "x == action"}
    env = opened(BridgeEnv, alone(TELEMETRY, way, "${port}", "${port2}", start=[{}], step=[step]), warm=1)
    for number in range(3):
        assert env.reset()[0].item() == 0
        spare = rested(env)
        fake.until(lambda link=spare.link: link.poll(0))
        assert env.step(fake.act(number + 1))[0].item() == number + 1
        assert counted(env) == (number, 0)


@pytest.mark.parametrize(
    ("between", "keys"),
    [
        ("BEAT\\n> ", {"ignore": "BEAT"}),
        ("BEAT\\n> BEAT\\n> BE", {"ignore": "BEAT"}),
        ("BEAT\\n> x=7\\n> ", {"ignore": "BEAT", "leftover": "drop"}),
        ("x=7\\n> ", {"leftover": "drop"}),
    ],
)
def test_what_the_configuration_expects_is_no_reason_to_start_anew(opened, between, keys):
    rest = "AT\\n> " if between.endswith("BE") else ""
    code = f'say("x=0\\n> ")\ntime.sleep(0.05)\nsay("{between}")\nhear()\nsay("{rest}x=1\\n> ")\nhear()'
    env = opened(BridgeEnv, fake.config(code, **keys), warm=1)
    for number in range(3):
        assert env.reset()[0].item() == 0
        spare = rested(env)
        fake.until(lambda link=spare.link: link.poll(0))
        # What was dropped, a `x=7`, is not taken for the answer later on; and half a message is no more than that.
        assert env.step(fake.act())[0].item() == 1
        assert counted(env) == (number, 0)


def test_a_complaint_on_stderr_is_heard_while_it_waits(opened, tmp_path):
    # The first one does not complain.
    code = f"""
say("x=0\\n> ")
try:
    os.mkdir({str(tmp_path / "first")!r})
except FileExistsError:
    time.sleep(0.05)
    note("ERROR: no licence\\n")
hear()
"""
    env = opened(BridgeEnv, fake.config(code, complaints="ERROR"), warm=1)
    env.reset()
    spare = rested(env)
    fake.until(lambda: spare.link.poll(0))
    assert env.reset()[0].item() == 0
    assert counted(env) == (0, 1)


def test_whoever_has_started_is_taken_before_those_that_have_not(opened, tmp_path):
    # All but the first one start when they may, each by its number.
    code = f"""
try:
    os.mkdir({str(tmp_path / "first")!r})
except FileExistsError:
    while not os.path.exists({str(tmp_path)!r} + f"/{{os.getpid()}}"):
        time.sleep(0.002)
say("x=0\\n> ")
hear()
"""
    env = opened(BridgeEnv, fake.config(code), warm=2)
    env.reset()
    slow, other = env.session.pool.spares
    pid = other.link.process.pid
    (tmp_path / str(pid)).touch()
    fake.until(lambda: (other.poke(), not other.waits)[1])
    assert slow.waits
    env.reset()
    assert env.session.link.process.pid == pid
