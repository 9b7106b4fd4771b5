"""Many simulators are awaited at once: none is overlooked, none costs more the longer it goes on."""

from __future__ import annotations

import importlib.util
import math
import os
import select
import signal
import time
import tracemalloc
from pathlib import Path

from filebridge.crowd import Crowd

_spec = importlib.util.spec_from_file_location("several", Path(__file__).parent.parent / "fakes" / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)


def test_a_descriptor_that_gets_the_number_of_a_closed_one_is_watched():
    # 5 closes its stderr; from the second episode on it stops itself, so that others take steps while it starts.
    code = "[ $2 = 1 ] || kill -STOP $$" + several.SHELL.replace("7) exit 3", "5) exec 2>&-")
    made = several.config(
        simulator={"command": several.shell(code, "${episode}")}, deadlines={"start": 10}, terminated="a == 6"
    )
    with several.vector(5, made) as envs:
        envs.reset(seed=0)
        envs.send([5, 5, 5, 5, 6])
        # Both are there when they are looked at: the reply, and the end of stderr.
        several.fake.until(lambda: all(several.has_said(envs, seat) for seat in range(5)))
        envs.recv(5)
        old = several.pid(envs, 4)
        envs.send([0], [4])
        several.fake.until(lambda: envs.recv(1, 0.01) and several.pid(envs, 4) != old)
        started = several.pid(envs, 4)
        several.fake.until(lambda: several.is_stopped(started))
        envs.send([1] * 4, range(4))
        assert envs.recv(4).observations.tolist() == [[6], [7], [8], [9]]
        os.kill(started, signal.SIGCONT)
        assert envs.recv(1).seats.tolist() == [4]


def test_what_was_awaited_and_came_is_forgotten():
    reading, writing = os.pipe()
    os.write(writing, b"x")

    def talk(*descriptors):
        while True:
            yield None, time.monotonic() + 1000, descriptors

    crowd = Crowd()
    try:
        crowd.begin("idle", talk())
        crowd.begin("busy", talk((reading, select.POLLIN)))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10_000):
            assert crowd.wait(math.inf)
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()
        crowd.close()
        os.close(reading)
        os.close(writing)
