"""The descriptors of a simulator are known beforehand: what is told of each is what is counted, on every way to it."""

from __future__ import annotations

import importlib.util
import os
import re
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from filebridge.errors import LimitReached
from filebridge.vector import BridgeVectorEnv

FEW, MANY = 8, 16


def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "fakes" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake, motors = _loaded("simulated"), _loaded("motors")

# Answers the number of the step in the files that it is told to: renamed, or appended to.
FOLDERED = """
import os, sys, time
way, *names = sys.argv[1:]
def put(number):
    for name in names:
        name = name.replace("*", str(number))
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name if way == "a" else "new", way) as file:
            file.write(f"x={number}\\n")
        if way == "w":
            os.rename("new", name)
last = 0
put(last)
while True:
    told = open("order").read().strip() if os.path.exists("order") else ""
    if told.isdigit() and int(told) > last:
        last = int(told)
        put(last)
    time.sleep(0.002)
"""
ANSWER = 'open("out", "w").write("x=1")'
SPLIT = """
import socket, sys
calls = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
tells = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def tell(text):
    tells.sendto(text, ("127.0.0.1", int(sys.argv[2])))
tell(b"x=0")
for line in calls.makefile():
    tell(b"x=1")
"""


def foldered(way, names, **files):
    command = [*fake.PYTHON, "-c", FOLDERED, way, *names]
    made = fake.config(simulator={"command": command}, start=[{}], step=[{"write": {"order": "{step}"}}])
    written = "appended" if way == "a" else "renamed"
    return {**made, "transport": {"files": {"read": names, "written": written, **files}}}


def for_each_step(code, **keys):
    simulator = {"command": [*fake.PYTHON, "-c", f"import time; time.sleep(0.2); {code}"], "each": "step"}
    fields = {"x": {"find": "x={int}", "default": 0}}
    made = fake.config(simulator=simulator, fields=fields, start=None, step=[{"write": {"order": "{step}"}}])
    return {**made, **keys}


def split():
    made = fake.config(simulator={"command": [*fake.PYTHON, "-c", SPLIT, "${port}", "${port2}"]}, start=[{}])
    ways = {
        "tcp": {"listen": "127.0.0.1:${port}", "carries": "actions"},
        "udp": {"listen": "127.0.0.1:${port2}", "carries": "replies"},
    }
    return {**made, "step": [{"send": "{action:.0f}"}], "transport": ways}


OTHERS = {
    "stderr merged": lambda: fake.config(transport={"console": {"stderr": "merged"}}),
    "a seat of its own": lambda: fake.config(simulator={"environment": {"SEAT": "${seat}"}}),
    "files in two folders": lambda: foldered("w", ["out", "more/out"]),
    "files that are looked at": lambda: foldered("w", ["out"], watch="poll"),
    "files by watchdog": lambda: foldered("w", ["out"], watch="watchdog"),
    "a file that grows": lambda: foldered("a", ["out"]),
    "numbered files": lambda: foldered("w", ["out/x*.txt"]),
    "a run with files": lambda: for_each_step(ANSWER, transport={"files": {"read": "out"}}),
    "a run that prints": lambda: for_each_step('print("x=1")', transport={"console": {}}),
    "actions and replies apart": split,
}


def held():
    return len(os.listdir("/proc/self/fd"))


def counted(made, seats, transcript):
    """Return the most descriptors that are open with so many ``seats``, also while all of them take a step."""
    envs = BridgeVectorEnv(made, seats, transcript=transcript)
    try:
        envs.reset()
        counts = [held()]
        envs.send(np.ones((seats, 1), np.float32))
        counts.append(held())
        envs.recv(seats)
        return max(*counts, held())
    finally:
        envs.close()


@contextmanager
def limit(most):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def told(made, transcript):
    """Return how many descriptors are said to be needed for each seat where there are too few."""
    with limit(held() + 40), pytest.raises(LimitReached) as caught:
        BridgeVectorEnv(made, 64, transcript=transcript)
    return int(re.match(r"(\d+) for each, ", caught.value.found)[1])


@pytest.mark.takes(3)
@pytest.mark.parametrize("way", [*motors.WAYS, *OTHERS])
def test_what_is_told_of_each_is_what_is_counted(way, tmp_path):
    if way == "files by watchdog":
        pytest.importorskip("watchdog")
    made = motors.config(way) if way in motors.WAYS else OTHERS[way]()
    for transcript in (None, tmp_path / "transcripts"):
        # What is opened once, and kept, is not one seat's.
        counted(made, 1, transcript)
        each = (counted(made, MANY, transcript) - counted(made, FEW, transcript)) / (MANY - FEW)
        # A program that asks us may have another connection.
        assert each in (told(made, transcript), told(made, transcript) - (way == "http serve"))


@pytest.mark.parametrize("way", ["tcp listen", "http url", "files"])
def test_as_many_as_there_is_room_for_begin(way):
    made = motors.config(way)
    with limit(held() + 120), pytest.raises(LimitReached) as caught:
        BridgeVectorEnv(made, 64)
    seats = int(re.search(r"num_envs=(\d+)", caught.value.cure)[1])
    assert 4 < seats < 64
    with limit(held() + 120):
        envs = BridgeVectorEnv(made, seats, warm=seats)
        try:
            envs.reset()
            envs.step(np.ones((seats, 1), np.float32))
            # Those that would wait for their episodes have no descriptors: none is started.
            assert envs.envs[0].session.pool.spares == []
        finally:
            envs.close()
