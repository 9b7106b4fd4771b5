"""A trainer that is interrupted or ends, by whatever means: its simulators and their folders end with it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

TRAINER = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
import simulated as fake
from filebridge.env import BridgeEnv

FAMILY = '''
import subprocess
for n in (signal.SIGTERM, signal.SIGHUP): signal.signal(n, signal.SIG_IGN)
subprocess.Popen(["setsid", "sleep", "99"])
''' + fake.MIDWAY + "time.sleep(99)"
env = BridgeEnv(fake.config(FAMILY))
other = BridgeEnv(fake.config(transport={"console": {"terminal": True}}))
for one in (env, other):
    one.reset()
    one.step(fake.act())
"""
READY = "print('ready', flush=True)\n"


@pytest.fixture
def train():
    """Start a trainer with two simulators and wait until it is ready; it is ended with the test."""
    started = []

    def begin(code, *arguments):
        command = [sys.executable, "-c", TRAINER + code, str(Path(__file__).parent / "fakes"), *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        assert len(fake.folders()) == 2
        fake.until(lambda: len(fake.inhabitants()) == 3)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def nothing_is_left_within(seconds):
    fake.until(lambda: not fake.inhabitants() and not fake.folders(), seconds)


IDLE, STEPPING = "time.sleep(99)", "env.step(fake.act())"


@pytest.mark.parametrize(("number", "doing"), [
    (signal.SIGKILL, IDLE), (signal.SIGKILL, STEPPING), (signal.SIGTERM, STEPPING), (signal.SIGABRT, IDLE),
])
def test_a_trainer_ended_by_a_signal_leaves_nothing(train, number, doing):
    process = train(READY + doing)
    process.send_signal(number)
    process.wait(30)
    nothing_is_left_within(1)
    assert process.returncode == -number


@pytest.mark.parametrize(("end", "code", "words"), [
    ("os._exit(3)", 3, ""),
    ("sys.exit(4)", 4, ""),
    ("raise KeyError('mine')", 1, "KeyError: 'mine'"),
    ("threading.Thread(target=sys.exit, args=(5,)).start()", 0, ""),
    ("threading.Thread(target=env.step, args=(fake.act(),), daemon=True).start(); time.sleep(0.1)", 0, ""),
], ids=["_exit", "sys.exit", "exception", "sys.exit in a thread", "a step in a thread"])
def test_a_trainer_that_ends_by_itself_leaves_nothing_and_says_nothing(train, end, code, words):
    process = train(READY + "sys.stdin.readline()\n" + end)
    _, stderr = process.communicate("go\n", timeout=30)
    nothing_is_left_within(1)
    assert process.returncode == code
    assert stderr.strip().splitlines()[-1:] == ([words] if words else [])


CTRL_C = READY + """
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", fake.folders() and len(fake.folders()), flush=True)
env.close()
other.close()
print("closed", len(fake.folders()), flush=True)
"""


@pytest.mark.parametrize(("call", "folders"), [(STEPPING, 1), (IDLE, 2)])
def test_ctrl_c_is_a_keyboard_interrupt_after_which_all_can_be_closed(train, call, folders):
    process = train(CTRL_C.format(call=call))
    time.sleep(0.1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == f"interrupted {folders}\n"
    assert time.monotonic() - begun < 3
    assert process.stdout.readline() == "closed 0\n"
    assert process.wait(30) == 0
    assert fake.inhabitants() == []


RANDOM = """
import random
random.seed(int(sys.argv[2]))
caught = 0

def play():
    env.reset()
    while True:
        env.step(fake.act())

signal.signal(signal.SIGALRM, fake.interrupting(play, 0.02))
env.close()
env = BridgeEnv(fake.config(deadlines={"stop": 1}, max_steps=1_000_000))
for _ in range(80):
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.03))
    try:
        play()
    except KeyboardInterrupt:
        caught += 1
signal.signal(signal.SIGALRM, signal.SIG_IGN)
assert env.reset()[0].tolist() == [0], "it works again"
env.close()
other.close()
print(caught, len(fake.folders()), len(fake.inhabitants()), flush=True)
"""


@pytest.mark.takes(5)
def test_interrupts_at_any_time_leave_an_environment_that_can_be_reset_and_closed(train):
    process = train(READY + RANDOM, str(time.time_ns()))
    stdout, stderr = process.communicate(timeout=100)
    assert (stdout, stderr) == ("80 0 0\n", "")
    assert process.returncode == 0


AT_TERMINAL = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import simulated as fake
from filebridge.env import BridgeEnv
env = BridgeEnv(fake.config())
env.reset()
number = fake.pid(env)
print("apart", os.getsid(number) == os.getpgid(number) == number, flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    # The simulator has heard nothing of it.
    print("goes on", env.step(fake.act())[0].item(), flush=True)
env.close()
"""


def test_simulators_are_not_hit_by_a_ctrl_c_at_the_terminal():
    with fake.bridge() as env:
        env.reset()
        assert os.getpgid(fake.pid(env)) == fake.pid(env)
    trainer = pexpect.spawn(
        sys.executable, ["-c", AT_TERMINAL, str(Path(__file__).parent / "fakes")], timeout=60, encoding="utf-8"
    )
    try:
        trainer.expect_exact("apart True")
        trainer.sendintr()
        trainer.expect_exact("goes on 1.0")
        trainer.expect(pexpect.EOF)
    finally:
        trainer.close(force=True)
    assert trainer.exitstatus == 0
