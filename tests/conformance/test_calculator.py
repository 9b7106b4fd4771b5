"""Facts of bc behind a UDP port: a program that answers with a datagram, or not at all."""

from __future__ import annotations

from math import isqrt
from time import monotonic

import pytest

from filebridge.env import BridgeEnv

SILENCE = 0.2
KEYS = ("x+1", "x+7", "x*2", "sqrt(x)", "12/(x%7)")


@pytest.fixture
def env(require):
    require("socat")
    require("bc")
    env = BridgeEnv("Calculator")
    yield env
    env.close()


def pressed(env, key):
    return env.step(KEYS.index(key))


def begun(env, begin, target=999):
    observation, _ = env.reset(options={"begin": begin, "target": target})
    assert observation.tolist() == [begin, target]


def test_the_keys_are_those_of_the_file(env):
    assert tuple(env.program.config.action.choices) == KEYS


def test_it_calculates_in_whole_numbers(env):
    begun(env, 5)
    x = 5
    for key in ("x*2", "x+7", "sqrt(x)", "x+1", "12/(x%7)", "x+7"):
        x = {"x*2": 2 * x, "x+7": x + 7, "x+1": x + 1, "sqrt(x)": isqrt(x)}.get(key) or 12 // (x % 7)
        observation, reward, terminated, _, info = pressed(env, key)
        assert (observation[0], reward, terminated, info["answered"]) == (x, -1, False, True)


def test_what_cannot_be_done_is_a_silence_and_changes_nothing(env):
    begun(env, 7)
    for _ in range(3):
        before = monotonic()
        observation, reward, terminated, _, info = pressed(env, "12/(x%7)")
        assert monotonic() - before >= SILENCE - 0.005
        assert (observation[0], reward, terminated, info["answered"]) == (7, -2, False, False)
        observation, reward, _, _, info = pressed(env, "x+7")
        assert (observation[0] % 7, reward, info["answered"]) == (0, -1, True)
        begun(env, 7)


def test_the_target_ends_the_episode(env):
    begun(env, 4, 9)
    assert pressed(env, "x*2")[1:3] == (-1, False)
    assert pressed(env, "x+1")[1:3] == (10, True)


def test_long_numbers_come_in_one_line(env):
    begun(env, 1)
    for number in range(1, 20):
        assert pressed(env, "x*2")[0][0] == 2**number


def test_the_seed_draws_the_numbers(env):
    drawn = [env.reset(seed=seed)[0].tolist() for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]
