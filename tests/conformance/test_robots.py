"""Facts of robots, the real program, on a full screen."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
import pytest
import yaml

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv, SeedWarning
from filebridge.errors import SimulatorExited

KEYS = "hjklyubn.t"
MOVES = {"h": (0, -1), "j": (1, 0), "k": (-1, 0), "l": (0, 1)}
EMPTY, YOU, ROBOT, JUNK = range(4)

# What the real game painted when you died at the right edge of the board: the last words lie over the score.
LAST_WORDS = r"""
import os, tty

tty.setraw(0)
edge = "+" + "-" * 59 + "+"
def paint(words):
    rows = [edge, *["|" + " " * 59 + "|"] * 22, edge]
    rows[20] = "|" + " " * 50 + "@" + " " * 8 + "|"
    rows[21] += " Score: 20"
    if words:
        rows[21] = rows[21][:52] + "AARRrrgghhhh...." + rows[21][68:]
        rows[22] += " Another game?"
    os.write(1, ("\x1b[H" + "\r\n".join(rows)).encode())
paint(False)
while os.read(0, 1) != b"h":
    paint(False)
paint(True)
os.read(0, 1)
"""


# The game sleeps for two seconds at each start.
pytestmark = pytest.mark.takes(3)


@pytest.fixture
def robots(require):
    """Give a function that makes the environment, with some keys of its file replaced."""
    require("robots", "/usr/games")
    made = []

    def make(**changes):
        made.append(BridgeEnv(yaml.safe_load(bundled()["Robots"].read_text()) | changes))
        made[-1].action_space.seed(0)
        return made[-1]

    yield make
    for env in made:
        env.close()


def press(env, key):
    return env.step(np.int64(KEYS.index(key)))


def place(board):
    """Where you are: row and column."""
    (found,) = np.argwhere(board == YOU)
    return tuple(found.tolist())


def test_the_board_has_you_and_ten_robots(robots):
    board, info = robots().reset()
    assert (board.shape, board.dtype) == ((22, 59), np.uint8)
    assert [int((board == kind).sum()) for kind in (YOU, ROBOT, JUNK)] == [1, 10, 0]
    assert (info["score"], info["over"]) == (0, False)


def test_a_key_moves_you_where_it_says_or_not_at_all(robots):
    env = robots()
    moved = 0
    board, _ = env.reset()
    for key in "hjkl" * 5:
        before = place(board)
        board, _, terminated, truncated, _ = press(env, key)
        if terminated or truncated:
            board, _ = env.reset()
            continue
        after = place(board)
        step = (after[0] - before[0], after[1] - before[1])
        assert step in ((0, 0), MOVES[key])
        moved += step != (0, 0)
    assert moved


def test_the_end_is_seen_and_another_game_begins(robots):
    # `w`: wait until all is over, one way or the other.
    env = robots(action={"choices": ["w"]})
    for _ in range(2):
        board, info = env.reset()
        assert (info["score"], info["over"]) == (0, False)
        assert [int((board == kind).sum()) for kind in (YOU, ROBOT, JUNK)] == [1, 10, 0]
        terminated = truncated = False
        while not (terminated or truncated):
            board, reward, terminated, truncated, info = env.step(np.int64(0))
            assert reward >= 0
        assert terminated
        assert info["over"]


def test_a_game_that_is_killed_is_told_and_got_over(robots):
    env = robots()
    env.reset()
    os.kill(link_of(env).process.pid, signal.SIGKILL)
    assert link_of(env).await_exit(10)
    with pytest.raises(SimulatorExited):
        press(env, "h")
    assert (env.reset()[0] == YOU).sum() == 1


def test_a_reward_is_a_robot_that_is_gone(robots):
    env = robots()
    board, info = env.reset()
    left, score = int((board == ROBOT).sum()), 0
    for _ in range(40):
        board, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert reward == (info["score"] - score) / 10
        if terminated or truncated:
            break
        now = int((board == ROBOT).sum())
        # At the end of a field a new one has more of them.
        assert now > left or left - now == reward
        left, score = now, info["score"]


def test_last_words_over_the_score_leave_it_as_it_was(robots):
    env = robots(
        simulator={"command": [sys.executable, "-I", "-S", "-c", LAST_WORDS], "seed": "none"},
        start=[{"until": "Score: 20"}],
    )
    assert env.reset()[1] == {"score": 20, "over": False}
    board, reward, terminated, _, info = press(env, "h")
    assert (reward, terminated, info["score"]) == (0, True, 20)
    assert (board == YOU).sum() == 1


def test_a_seed_is_loudly_no_seed(robots):
    env = robots()
    with pytest.warns(SeedWarning, match="Robots has no seed"):
        env.reset(seed=1)
