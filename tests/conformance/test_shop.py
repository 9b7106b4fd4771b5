"""Facts of the bundled workshop behind the bridge: events and signs of life between two decisions."""

from __future__ import annotations

import time

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.simulators.shop import KINDS, Shop


@pytest.fixture
def env():
    env = BridgeEnv("Shop")
    yield env
    env.close()


def decided(seed):
    """Return endless decisions."""
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(3))


def modelled(seed):
    """Return what happens from decision to decision: time, what waits, cost, arrivals."""
    decisions, rows, cost, arrived = decided(seed), [], 0.0, 0
    words = (*KINDS, "WAIT")
    for event in Shop(seed).day(lambda: words[next(decisions)]):
        cost += event.get("cost", 0.0)
        arrived += event["event"] == "ARRIVE"
        if event["event"] in ("DECIDE", "CLOSE"):
            rows.append(([event["time"], event["small"], event["large"]], cost, arrived, event["event"] == "CLOSE"))
            cost, arrived = 0.0, 0
    return rows


def test_the_events_between_two_decisions_are_read_together(env):
    for seed in (3, 8):
        rows = modelled(seed)
        observation, info = env.reset(seed=seed)
        assert (observation.tolist(), info["arrived"]) == (rows[0][0], rows[0][2])
        for decision, (shown, cost, arrived, closed) in zip(decided(seed), rows[1:], strict=False):
            observation, reward, terminated, truncated, info = env.step(decision)
            assert observation.tolist() == shown
            assert reward == pytest.approx(-cost / 10)
            assert (info["arrived"], terminated, truncated) == (arrived, closed, False)
        assert terminated


def test_signs_of_life_while_the_agent_thinks_are_no_answers(env):
    rows = modelled(3)
    env.reset(seed=3)
    for decision, (shown, *_) in zip(decided(3), rows[1:5], strict=False):
        # It is the program that must have the time to speak: it does so every fifth of a second.
        time.sleep(0.25)
        assert env.step(decision)[0].tolist() == shown
