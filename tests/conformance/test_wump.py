"""Facts of Hunt the Wumpus, the real program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from filebridge.check.subject import link_of
from filebridge.config.find import bundled
from filebridge.env import BridgeEnv, SeedWarning

MOST_GAMES = 1000


@pytest.fixture
def wump(require):
    """Give a function that makes the environment, with some keys of its file replaced."""
    require("wump", "/usr/games")
    made = []

    def make(**changes):
        made.append(BridgeEnv(yaml.safe_load(bundled()["Wump"].read_text()) | changes))
        made[-1].action_space.seed(0)
        return made[-1]

    yield make
    for env in made:
        env.close()


def game(env):
    """Play one game at random; return its rewards and its last step."""
    _, info = env.reset()
    assert not info["over"]
    rewards, ended = [], False
    while not ended:
        _, reward, terminated, truncated, info = env.step(env.action_space.sample())
        rewards.append(reward)
        ended = terminated or truncated
    return rewards, terminated, info


def test_games_are_won_and_lost_in_one_process(wump):
    env = wump()
    seen, pids = {}, set()
    for _ in range(MOST_GAMES):
        rewards, terminated, info = game(env)
        if not terminated:
            continue
        pids.add(link_of(env).process.pid)
        assert info["over"]
        assert set(rewards[:-1]) <= {0.0}
        seen[rewards[-1]] = info["won"]
        if len(seen) == 2 and len(pids) == 1:
            break
    assert seen == {1.0: True, -1.0: False}
    assert len(pids) == 1


def test_a_game_that_is_cut_short_costs_a_process(wump):
    env = wump(max_steps=1)
    pids = set()
    while len(pids) < 2:
        _, terminated, info = game(env)
        pid = link_of(env).process.pid
        env.reset()
        again = link_of(env).process.pid
        assert (again == pid) == terminated == info["over"]
        pids |= {pid, again}


def test_the_three_tunnels_lead_where_the_observation_says(wump):
    # Each game is played to its end: a game that is left costs a process, and the next one, begun within the same
    # second, is the same game again.
    env, came = wump(), set()
    for at in range(60):
        observation, _ = env.reset()
        tunnel = at % 3
        target = observation[2:5][tunnel]
        observation, _, ended, _, _ = env.step(np.array([0, tunnel]))
        # Bats carry one off, and a magic tunnel leads, to anywhere.
        said = link_of(env).dialogue.reply.decode().lower()
        if not ended and "*flap*" not in said and "magic tunnel" not in said:
            assert observation[0] == target
            came.add(tunnel)
        while not ended:
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            ended = terminated or truncated
    assert came == {0, 1, 2}


def test_a_seed_is_loudly_no_seed(wump):
    env = wump()
    with pytest.warns(SeedWarning, match="Wump has no seed"):
        env.reset(seed=1)


def test_a_clock_that_is_set_by_the_seed_gives_it_seeds(wump, require):
    require("datefudge")
    simulator = {"command": ["datefudge", "-s", "@${seed}", "/usr/games/wump"]}
    first, second = wump(simulator=simulator), wump(simulator=simulator)

    def episode(env, seed):
        env.action_space.seed(0)
        seen = [env.reset(seed=seed)[0].tolist()]
        ended = False
        while not ended:
            observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
            seen.append(observation.tolist())
            ended = terminated or truncated
        return seen

    # Not 0: for the C library's random it is the same as 1.
    episodes = [episode(first, seed) for seed in range(1, 6)]
    assert [episode(second, seed) for seed in range(1, 6)] == episodes
    assert len(set(map(str, episodes))) == 5
    # Nothing waits for it: it is the process that we started.
    assert Path(f"/proc/{first.session.link.process.pid}/comm").read_text() == "wump\n"
