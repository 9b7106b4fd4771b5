"""Seats and deadlines: copies of a simulator are kept apart by themselves, and a slow machine is given more time."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from gymnasium.vector import SyncVectorEnv

from filebridge.env import BridgeEnv
from filebridge.errors import LimitReached, SimulatorTimeout, UsageError
from filebridge.program import load_program
from filebridge.program import seat as seats
from filebridge.program.seat import needs_seat
from filebridge.vector import BridgeVectorEnv

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

SEATED = 'say(f"x={os.environ[\'SEAT\']}\\n> ")\nhear()'


def seated(name, **keys):
    """Return a configuration whose simulator tells its seat; the name keeps tests at the same time apart."""
    simulator = {"command": [*fake.PYTHON, fake.CONSOLE, SEATED], "environment": {"SEAT": "${seat}"}}
    return fake.config(simulator=simulator, name=name, **keys)


@pytest.fixture
def name(tmp_path):
    return f"S{os.getpid()}{abs(hash(str(tmp_path)))}"[:40]


def seat_of(env):
    return int(env.reset()[0].item())


def test_each_copy_gets_the_least_free_seat_and_gives_it_back(name):
    first, second, third = (BridgeEnv(seated(name)) for _ in range(3))
    assert [seat_of(env) for env in (first, second, third)] == [0, 1, 2]
    assert [seat_of(env) for env in (third, first)] == [2, 0], "it is kept from episode to episode"
    second.close()
    second.close()
    fourth = BridgeEnv(seated(name))
    assert (seat_of(fourth), fourth.seat) == (1, 1)
    for env in (first, third, fourth):
        env.close()
    with fake.bridge(**seated(name)) as alone:
        assert seat_of(alone) == 0


def test_a_seat_that_is_given_is_that_seat(name):
    for _ in range(2):
        env = BridgeEnv(seated(name), seat=7)
        assert (seat_of(env), env.seat) == (7, 7)
        env.close()


def test_a_seat_is_kept_when_the_simulator_fails(name):
    one, other = BridgeEnv(seated(name)), BridgeEnv(seated(name))
    assert [seat_of(one), seat_of(other)] == [0, 1]
    os.kill(fake.pid(other), 9)
    assert seat_of(other) == 1
    one.close()
    assert seat_of(other) == 1
    other.close()


def test_copies_in_one_vector_have_seats_of_their_own(name):
    envs = SyncVectorEnv([lambda: BridgeEnv(seated(name))] * 3)
    assert envs.reset()[0].ravel().tolist() == [0, 1, 2]
    envs.close()


TRAINER = """
import filebridge, gymnasium, json, sys

def one():
    return gymnasium.make("filebridge/Bridge-v0", config=json.loads(sys.argv[2]))

if __name__ == "__main__":
    from gymnasium.vector import AsyncVectorEnv

    envs = AsyncVectorEnv([one] * 3, context=sys.argv[1])
    print(sorted(envs.reset()[0].ravel().tolist()))
    envs.close()
"""


@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_copies_in_worker_processes_have_seats_of_their_own(context, name, tmp_path):
    (tmp_path / "trainer.py").write_text(TRAINER)
    command = [sys.executable, "-W", "ignore", str(tmp_path / "trainer.py"), context, json.dumps(seated(name))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (run.stdout, run.stderr) == ("[0.0, 1.0, 2.0]\n", "")
    fake.until(lambda: not fake.folders() and not fake.inhabitants(), 5)


def test_a_forked_child_takes_another_seat_and_leaves_the_parents_alone(name):
    with fake.bridge(**seated(name)) as env:
        assert seat_of(env) == 0
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                os.write(writing, str(seat_of(env)).encode())
                env.close()
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            assert pipe.read() == b"1"
        os.waitpid(child, 0)
        other = BridgeEnv(seated(name))
        assert seat_of(other) == 1
        other.close()


def test_no_seat_is_taken_where_none_is_used(name):
    envs = [BridgeEnv(fake.config(name=name)) for _ in range(2)]
    for env in envs:
        env.reset()
    assert [env.seat for env in envs] == [0, 0]
    for env in envs:
        env.close()


def test_no_more_seats_than_there_are(name, monkeypatch):
    monkeypatch.setattr(seats, "MOST", 1)
    with fake.bridge(**seated(name)) as env:
        env.reset()
        other = BridgeEnv(seated(name))
        with pytest.raises(LimitReached, match=r"^no seat is free\n  found: 1 are taken"):
            other.reset()
        other.close()


@pytest.mark.parametrize(("keys", "used"), [
    ({}, False),
    ({"about": "take a seat"}, False),
    ({"step": [{"send": "{seat}", "until": "> "}]}, True),
    ({"info": {"place": "seat + 1"}}, True),
    ({"simulator": {"files": {"a.cir": {"text": "* {{ seat }}"}}}}, True),
])
def test_whether_a_configuration_uses_its_seat(keys, used):
    program = load_program(fake.config(**keys))
    assert needs_seat(program.config, program.source) is used


def test_a_template_that_uses_the_seat(tmp_path):
    (tmp_path / "a.j2").write_text("port {{ 5000 + seat }}")
    program = load_program(fake.config(simulator={"files": {"a": {"template": str(tmp_path / "a.j2")}}}))
    assert needs_seat(program.config, program.source)


def test_all_deadlines_can_be_given_more_time(monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_TIMEOUT_SCALE", "2")
    with fake.bridge(fake.MIDWAY + "time.sleep(99)", deadlines={"step": 0.1}) as env:
        monkeypatch.delenv("FILEBRIDGE_TIMEOUT_SCALE")
        env.reset()
        assert env._session.link.deadline == 20
        env.step(fake.act())
        with pytest.raises(SimulatorTimeout, match=r"^no whole reply within 0.2 s: it sleeps for a set time"):
            env.step(fake.act())


@pytest.mark.parametrize("kind", [BridgeEnv, BridgeVectorEnv])
def test_however_much_more_time_is_given_the_system_can_wait_for_it(kind, monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_TIMEOUT_SCALE", "1e6")
    env = kind(fake.config("time.sleep(0.1)\n" + fake.COUNTER))
    try:
        env.reset()
        assert env.step(fake.act() if kind is BridgeEnv else [fake.act()])[1] == 1
        session = env.session if kind is BridgeEnv else env.envs[0].session
        assert session.link.deadline == 3 * 7 * 86400
    finally:
        env.close()


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_a_scale_that_is_no_positive_number_is_refused(text, monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_TIMEOUT_SCALE", text)
    with pytest.raises(UsageError) as caught:
        BridgeEnv(fake.config())
    assert str(caught.value) == (
        f"the environment variable FILEBRIDGE_TIMEOUT_SCALE is no positive number\n  found: {text}\n"
        "  cure: FILEBRIDGE_TIMEOUT_SCALE=3 gives three times as long for everything; or unset it"
    )
