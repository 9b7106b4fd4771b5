"""Episodes: seeds that reach the simulator, and processes that are used again where the configuration says how."""

from __future__ import annotations

import importlib.util
import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest

from filebridge import SeedWarning
from filebridge.env import BridgeEnv

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

SEEDED = """
seed = int(sys.argv[2])
say(f"x={seed}\\n> ")
while True:
    hear()
    seed = seed * 16807 % 2147483647
    say(f"x={seed}\\n> ")
"""


def seeded(seed=None, **keys):
    command = [*fake.PYTHON, fake.CONSOLE, SEEDED, "${seed}"]
    simulator = {"command": command, "seed": seed} if seed else {"command": command}
    made = fake.config(**keys)
    made["simulator"] = simulator
    return BridgeEnv(made)


def test_the_seed_reaches_the_simulator():
    env = seeded()
    assert [env.reset(seed=seed)[0].tolist() for seed in (0, 7, 2**31 - 1)] == [[0], [7], [2147483647]]
    env.close()


def test_equal_seeds_give_equal_episodes():
    env, other = seeded(), seeded()

    def episodes(env):
        values = [env.reset(seed=11)[0].tolist()]
        for _ in range(2):
            values += [env.step(fake.act())[0].tolist() for _ in range(3)]
            values.append(env.reset()[0].tolist())
        return values

    first = episodes(env)
    assert episodes(env) == first == episodes(other)
    assert first[4] != first[0]
    env.close()
    other.close()


def test_without_a_seed_episodes_differ():
    env = seeded()
    assert env.reset()[0].tolist() != env.reset()[0].tolist()
    env.close()


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (9, 9), (10, 5), (14, 9), (0, 5), (4, 9), (2**40, 6)])
def test_a_seed_outside_the_range_is_folded_into_it(asked, given):
    env = seeded("5..9")
    assert env.reset(seed=asked)[0].tolist() == [given]
    env.close()


def test_a_drawn_seed_lies_in_the_range():
    env = seeded("5..9")
    assert {env.reset(seed=None)[0].item() for _ in range(12)} <= {5, 6, 7, 8, 9}
    env.close()


def test_a_seed_that_cannot_be_obeyed_is_said_once_and_loudly():
    with fake.bridge() as env:
        with pytest.warns(SeedWarning) as caught:
            env.reset(seed=1)
        assert str(caught[0].message) == (
            "Fake has no seed: reset(seed=...) cannot make its episodes repeat; it has no effect"
        )
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            env.reset(seed=2)
            env.reset()
    with fake.bridge(variables={"wind": {"draw": "uniform(0, 1)"}}) as env, pytest.warns(SeedWarning) as caught:
        env.reset(seed=1)
    assert str(caught[0].message).endswith("; only the variables of its configuration are drawn from it")


def test_a_seed_may_be_sent_in_a_dialogue():
    code = 'say("seed? ")\nx = int(hear())\nsay(f"x={x}\\n> ")\nhear()'
    env = BridgeEnv(fake.config(code, simulator={"seed": "0..99"},
                                start=[{"until": "seed? "}, {"send": "{seed}", "until": "> "}]))
    assert env.reset(seed=42)[0].tolist() == [42]
    env.close()


AGAIN = """
x = 0
say("x=0\\n> ")
while True:
    line = hear()
    x += 1
    if line == "9":
        say(f"x={x}\\nAgain? ")
        x = 0 if hear() == "y" else 100
        say(f"x={x}\\n> ")
    elif line == "new":
        x = 50
        say(f"x={x}\\n> ")
    else:
        say(f"x={x}\\n> ")
"""
LABELLED = {
    "step": [{"send": "{action:.0f}", "until": ["> ", {"over": "Again? "}]}],
    "reset": {"from": "over", "exchanges": [{"send": "y", "until": "> "}]},
    "terminated": "over",
}


def test_the_process_is_used_again_from_its_label():
    with fake.bridge(AGAIN, **LABELLED) as env:
        env.reset()
        number = fake.pid(env)
        for _ in range(3):
            assert env.step(fake.act())[0].tolist() == [1]
            observation, _, terminated, *_ = env.step(fake.act(9))
            assert (observation.tolist(), terminated) == ([2], True)
            assert env.reset()[0].tolist() == [0]
            assert fake.pid(env) == number


def test_a_new_process_is_started_where_the_label_was_not_reached():
    with fake.bridge(AGAIN, **LABELLED) as env:
        env.reset()
        number = fake.pid(env)
        env.step(fake.act())
        assert env.reset()[0].tolist() == [0]
        assert fake.pid(env) != number
        assert fake.gone(number)


def test_a_reset_without_a_label_is_held_at_every_episode():
    with fake.bridge(AGAIN, reset=[{"send": "new", "until": "> "}]) as env:
        assert env.reset()[0].tolist() == [50]
        number = fake.pid(env)
        assert env.step(fake.act())[0].tolist() == [51]
        assert env.reset()[0].tolist() == [50]
        assert fake.pid(env) == number


def test_without_a_reset_each_episode_has_a_process():
    with fake.bridge() as env:
        env.reset()
        number = fake.pid(env)
        env.reset()
        assert fake.pid(env) != number
        assert fake.gone(number)


def test_a_seed_on_the_command_line_wants_a_new_process():
    made = fake.config(AGAIN, **LABELLED)
    made["simulator"] = {"command": [*made["simulator"]["command"], "${seed}"]}
    env = BridgeEnv(made)
    env.reset(seed=1)
    number = fake.pid(env)
    env.step(fake.act(9))
    env.reset()
    assert fake.pid(env) == number
    env.step(fake.act(9))
    env.reset(seed=1)
    assert fake.pid(env) != number
    env.close()


def test_a_process_that_ended_between_two_episodes_is_replaced():
    with fake.bridge(AGAIN, **LABELLED) as env:
        env.reset()
        env.step(fake.act(9))
        number = fake.pid(env)
        os.kill(number, signal.SIGKILL)
        assert env.reset()[0].tolist() == [0]
        assert fake.pid(env) != number


def test_a_process_that_ends_when_asked_for_another_game_is_replaced():
    code = 'say("x=0\\n> ")\nhear()\nsay("x=1\\nAgain? ")\nhear()'
    with fake.bridge(code, **LABELLED) as env:
        for _ in range(3):
            assert env.reset()[0].tolist() == [0]
            assert env.step(fake.act(9))[2] is True


def test_only_the_first_step_of_a_process_has_more_time():
    with fake.bridge(AGAIN, deadlines={"step": 2}, **LABELLED) as env:
        env.reset()
        link = env._session.link
        env.step(fake.act())
        assert link.deadline == 6
        env.step(fake.act(9))
        assert link.deadline == 2
        env.reset()
        env.step(fake.act())
        assert (env._session.link, link.deadline) == (link, 2)


def test_kept_values_are_those_of_the_same_episode():
    keep = {"fields": {"x": {"find": "x={int}", "keep": True, "default": -1}}}
    code = 'say("> ")\nhear()\nsay("x=5\\n> ")\nhear()\nsay("> ")\nhear()'
    with fake.bridge(code, **keep) as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [-1]
            assert [env.step(fake.act())[0].tolist() for _ in range(2)] == [[5], [5]]


def test_observations_do_not_share_memory_with_what_is_kept():
    with fake.bridge(AGAIN, fields={"x": {"find": "x={int}"}}) as env:
        first, _ = env.reset()
        second = env.step(fake.act())[0]
        assert not np.shares_memory(first, second)
