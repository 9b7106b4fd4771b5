"""Facts of Stockfish behind socat: a program that calls us, through a process that stands between."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from filebridge.check.subject import link_of
from filebridge.env import BridgeEnv
from filebridge.errors import BridgeError


@pytest.fixture
def env(require):
    require("socat")
    require("stockfish", "/usr/games")
    env = BridgeEnv("StockfishDial")
    yield env
    env.close()


def index(env, move):
    return env.program.config.action.choices.index(move)


def opening(env, *moves):
    env.reset()
    return [env.step(index(env, move)) for move in moves]


def test_moves_are_answered_and_judged(env):
    (observation, reward, terminated, truncated, info), = opening(env, "e2e4")
    assert observation["pieces"].startswith("r")
    assert "/4P3/" in observation["pieces"]
    assert (info["answered"], info["turn"], terminated, truncated) == (True, "w", False, False)
    assert reward == -float(observation["score"][0]) / 100


def test_an_illegal_move_changes_nothing_and_costs_one(env):
    first, second = opening(env, "f1c4", "e2e4")
    assert (first[1], first[4]["answered"]) == (-1, False)
    assert first[0]["pieces"] == "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR"
    assert second[4]["answered"]


def test_one_connection_serves_all_episodes(env):
    one = repr(opening(env, "d2d4", "c2c4", "g1f3"))
    pid = link_of(env).process.pid
    assert repr(opening(env, "d2d4", "c2c4", "g1f3")) == one
    assert link_of(env).process.pid == pid


def test_a_stranger_is_turned_away_and_the_engine_still_heard(env):
    env.reset()
    with socket.socket() as stranger:
        # Nobody listens any more once our simulator is there, or whoever comes is sent away.
        try:
            stranger.connect(("127.0.0.1", _port(env)))
            stranger.settimeout(10)
            assert stranger.recv(1) == b""
        except OSError:
            pass
    assert env.step(index(env, "e2e4"))[4]["answered"]


def _port(env):
    with open(f"/proc/{link_of(env).process.pid}/cmdline") as file:
        return int(file.read().split("\0")[1].split(":")[2].split(",")[0])


def test_the_death_of_the_engine_behind_socat_is_told(env):
    env.reset()
    pid = link_of(env).process.pid
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        engine = int(file.read())
    os.kill(engine, signal.SIGKILL)
    with pytest.raises(BridgeError, match=r"closed|exited|ended"):
        env.step(index(env, "e2e4"))
    assert opening(env, "e2e4")[0][4]["answered"]
