"""A simulator that answers in files, and all that can go wrong with them: never a wrong observation, never a hang."""

from __future__ import annotations

import errno
import importlib.util
import os
import resource
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import gymnasium
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import (
    Desync,
    LimitReached,
    MessageTooLarge,
    PeerRejected,
    SimulatorExited,
    SimulatorTimeout,
    TransportError,
    WatchLost,
)
from filebridge.transports import inotify_source, outbox, storage, watch
from filebridge.transports.inotify_source import Inotify
from filebridge.transports.watch import WatchWarning

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake

SLOW = """
step = 0
while True:
    put(reply(step), pause=0.01)
    step = act()
"""
OPEN = """
step, descriptor = 0, os.open("obs.txt", os.O_WRONLY | os.O_CREAT, 0o600)
while True:
    text = reply(step).encode()
    os.ftruncate(descriptor, 0)
    for at in range(0, len(text), 3):
        os.pwrite(descriptor, text[at : at + 3], at)
        time.sleep(0.003)
    step = act()
"""
APPENDED = """
step, descriptor = 0, os.open("obs.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while True:
    text = reply(step).encode()
    for at in range(0, len(text), 3):
        os.write(descriptor, text[at : at + 3])
        time.sleep(0.003)
    step = act()
"""
FLAGGED = """
step = 0
while True:
    put(reply(step)[:7], pause=0.003)
    put(reply(step), pause=0.003)
    put("", "done")
    step = act()
"""
LOCKED = """
step = 0
while True:
    put("1", "busy")
    put(reply(step)[:7], pause=0.003)
    put(reply(step), pause=0.003)
    os.unlink("busy")
    step = act()
"""
SWAPS = side.ANSWERS.replace("put(", "swap(")
BY_LINE = {"framing": {"lines": 1}}


@pytest.mark.parametrize("watched", ["auto", "watchdog", "poll"])
@pytest.mark.parametrize(("code", "files", "keys"), [
    (SLOW, {}, {}),
    (SWAPS, {"written": "renamed"}, {}),
    (OPEN, {"written": "open"}, BY_LINE),
    (APPENDED, {"written": "appended"}, BY_LINE),
    (FLAGGED, {"flag": "done"}, {}),
    (LOCKED, {"lock": "busy"}, {}),
], ids=["truncated", "renamed", "open", "appended", "flag", "lock"])
def test_however_slowly_it_writes_only_whole_answers_are_seen(code, files, keys, watched):
    with side.bridge(code, transport=side.files(watch=watched, **files), **keys) as env:
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 12)


CUT = side.MIDWAY + """
descriptor = os.open("obs.txt", os.O_WRONLY | os.O_TRUNC)
os.write(descriptor, b"seq=2 x=")
os.write(descriptor, b"40")
"""


@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
@pytest.mark.parametrize("name", ["obs.txt", "obs*.txt"])
def test_a_simulator_that_is_killed_in_the_middle_of_a_write_gives_no_observation(watched, name):
    code = CUT + "os.kill(os.getpid(), 9)"
    if "*" in name:
        for number, words in enumerate(('reply(0)', 'reply(1)')):
            code = code.replace(f"put({words})", f"put({words}, 'obs{number}.txt')")
        code = code.replace('"obs.txt", os.O_WRONLY | os.O_TRUNC', '"obs2.txt", os.O_WRONLY | os.O_CREAT, 0o600')
    with side.bridge(code, transport={"files": {"read": name, "watch": watched}}) as env:
        for _ in range(3):
            error, took = side.failure(env, SimulatorExited)
            assert (error.signal, error.situation.exit) == (9, "killed by SIGKILL (signal 9)")
            assert took < 5, "the deadline is 10 s"


def test_a_simulator_that_is_killed_from_outside_in_the_middle_of_a_write_gives_no_observation():
    code = CUT + 'swap("", "begun")\ntime.sleep(99)'
    with side.bridge(code) as env:
        env.reset()
        side.play(env, 1)
        number = fake.pid(env)
        begun = Path(f"/proc/{number}/cwd/begun")

        def kill():
            fake.until(begun.exists)
            os.kill(number, 9)

        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(SimulatorExited, match="in the middle of a step: killed by SIGKILL"):
            env.step(fake.act())
        thread.join()
        assert env.reset()[0].tolist() == [0, 0]
