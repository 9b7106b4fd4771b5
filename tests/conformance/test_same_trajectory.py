"""One simulator over every transport and in every role: equal seeds and actions give equal steps, digit by digit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.simulators.motor import Motor

LINE = {
    "number": {"column": 1, "type": "int", "low": 0, "high": 100},
    "position": {"column": 2, "low": -7, "high": 7},
    "speed": {"column": 3, "low": -100, "high": 100},
    "setpoint": {"column": 4, "low": -2, "high": 2},
    "status": {"column": 5, "type": "word", "values": ["RUN", "END", "TRIP"]},
}
DOCUMENT = {
    name: {**{key: value for key, value in field.items() if key != "column"},
           "json": "/step" if name == "number" else f"/{name}"}
    for name, field in LINE.items()
}  # fmt: skip
SEND, RESET = {"send": "{action}"}, {"send": "RESET {seed}"}
NUMBERED = {"resend": "200 ms", "fresh": "number == step"}

# Of each way: the words behind the motor's own, and what differs from a console of pipes.
WAYS = {
    "pipes": ([], {}),
    "terminal": ([], {"transport": {"console": {"terminal": True}}}),
    "fifo": (["--fifo", "in", "out"], {"transport": {"fifo": {"write": "in", "read": "out"}}}),
    "files": (
        ["--files"],
        {
            "transport": {"files": {"read": "state.txt", "written": "renamed"}},
            "step": [{"write": {"order.txt": "{action}"}}],
        },
    ),
    "tcp connect": (["--listen", "${port}"], {"transport": {"tcp": {"connect": "127.0.0.1:${port}"}}}),
    "tcp connect, one process": (
        ["--listen", "${port}"], {"transport": {"tcp": {"connect": "127.0.0.1:${port}"}}, "reset": [RESET]},
    ),
    "tcp connect, each episode": (
        ["--listen", "${port}"],
        {"transport": {"tcp": {"connect": "127.0.0.1:${port}", "each": "episode"}}, "reset": [{}, RESET], "start": []},
    ),
    "tcp listen": (["--dial", "127.0.0.1:${port}"], {"transport": {"tcp": {"listen": True}}}),
    "unix connect": (["--unix", "motor.sock"], {"transport": {"unix": {"connect": "motor.sock"}}}),
    "unix listen": (["--dial-unix", "filebridge.sock"], {"transport": {"unix": {"listen": True}}}),
    "udp": (
        ["--udp", "${port}"],
        {
            "transport": {"udp": {"connect": "127.0.0.1:${port}"}},
            "start": [{"send": "0", **NUMBERED}],
            "step": [{"send": "{step} {action}", **NUMBERED}],
            "leftover": "drop",
        },
    ),
    "http url": (
        ["--http", "${port}"],
        {
            "transport": {"http": {"url": "http://127.0.0.1:${port}", "ready": "/state"}},
            "start": [{"request": {"get": "/state"}}],
            "step": [{"request": {"post": "/step", "json": {"voltage": "action"}}}],
            "fields": DOCUMENT,
        },
    ),
    "http serve": (
        ["--poll", "http://127.0.0.1:${port}/${token}"], {"transport": {"http": {"serve": True}}, "fields": DOCUMENT},
    ),
}  # fmt: skip


def config(way):
    words, differing = WAYS[way]
    return {
        "filebridge": 1,
        "name": "Motor",
        "simulator": {"command": ["${python}", "-I", "-S", "${simulators}/motor.py", "--seed", "${seed}", *words]},
        "transport": {"console": {}},
        "action": {"box": {"low": -12, "high": 12}},
        "start": [{}],
        "step": [SEND],
        "complaints": "ERROR",
        "fields": LINE,
        "observation": ["position", "speed", "setpoint"],
        "reward": "-abs(position - setpoint) + 0.5 * prev.speed",
        "terminated": 'status == "TRIP"',
        "truncated": 'status == "END"',
        **differing,
    }


def voltages(seed):
    """Return what holds the shaft on even seeds, and drives it into its stop on odd ones."""
    random, motor, summed = np.random.default_rng(seed), Motor(seed), 0.0
    while motor.status == "RUN":
        error = motor.setpoint - motor.position
        summed += error * 0.05
        wanted = 8 * error + 6 * summed - motor.speed if seed % 2 == 0 else 6.0
        action = np.array([np.clip(wanted + random.normal(), -12, 12)], np.float32)
        motor.drive(float(action[0]))
        yield action


def trajectory(env, seed):
    """Return everything that an episode shows, numbers as they are."""
    observation, info = env.reset(seed=seed)
    rows = [(observation.tolist(), 0.0, False, False, info)]
    for action in voltages(seed):
        observation, reward, terminated, truncated, info = env.step(action)
        rows.append((observation.tolist(), reward, terminated, truncated, info))
    return rows


def modelled(seed):
    """Return what the model itself says that an episode shows."""
    motor = Motor(seed)
    states = [motor.record()]
    for action in voltages(seed):
        motor.drive(float(action[0]))
        states.append(motor.record())
    rows = []
    for before, now in pairwise([states[0], *states]):
        reward = -abs(now["position"] - now["setpoint"]) + 0.5 * before["speed"] if now["step"] else 0.0
        shown = [now["position"], now["speed"], now["setpoint"]]
        rows.append((shown, reward, now["status"] == "TRIP", now["status"] == "END"))
    return rows


@pytest.mark.parametrize("way", WAYS)
def test_every_digit_arrives(way):
    env = BridgeEnv(config(way))
    try:
        for seed in (4, 7):
            rows = trajectory(env, seed)
            assert [row[:4] for row in rows] == modelled(seed)
            assert [row[4]["number"] for row in rows] == list(range(len(rows)))
            assert rows[-1][2:4] == ((False, True) if seed == 4 else (True, False))
    finally:
        env.close()


def test_the_infos_are_the_same_over_all():
    found = {}
    for way in WAYS:
        env = BridgeEnv(config(way))
        try:
            found[way] = repr(trajectory(env, 12))
        finally:
            env.close()
    assert set(found.values()) == {found["pipes"]}
