"""One simulator over every transport and in every role: equal seeds and actions give equal steps, digit by digit."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.simulators.motor import Motor

_spec = importlib.util.spec_from_file_location("motors", Path(__file__).parent.parent / "fakes" / "motors.py")
motors = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(motors)
config, WAYS = motors.config, motors.WAYS


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
