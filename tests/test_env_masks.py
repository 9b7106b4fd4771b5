"""A program that says what may be done now: the mask in ``info``, and all that chooses at random obeys it."""

from __future__ import annotations

import importlib.util
from contextlib import closing
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import filebridge
from filebridge.cli.app import app
from filebridge.env import BridgeEnv
from filebridge.errors import ConfigError, ParseError, UsageError

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

WAYS = ["north", "east", "south", "west"]
MAZE = """
rooms = {1: {"north": 2, "east": 3}, 2: {"south": 1}, 3: {"west": 1, "south": 4}, 4: {}}
room = 1
while True:
    behind = [rooms[room].get(way, 0) for way in ("north", "east", "south", "west")]
    say(f"ROOM {room}\\nEXITS: {', '.join(rooms[room])}.\\n" + " ".join(map(str, behind)) + "\\n> ")
    way = hear()
    if way in rooms[room]:
        room = rooms[room][way]
    else:
        say("NO WAY THERE\\n")
"""
"""A maze of four rooms, of which the last has no exit. The third line has the room behind each way, 0 for none."""


def maze(code=MAZE, **keys):
    """Return the configuration of the maze; ``keys`` replace some of its own."""
    fields = {
        "room": {"find": "ROOM {int}", "low": 1, "high": 4}, "exits": {"find": "EXITS: {line}"},
        "behind": {"columns": "1..4", "line": 3},
    }  # fmt: skip
    made = {
        **fake.config(code), "action": {"choices": WAYS, "mask": "exits"}, "fields": fields, "observation": ["room"],
        "step": [{"send": "{action}", "until": "> "}], "complaints": "NO WAY", "reward": 0,
        "terminated": "room == 4", "max_steps": 50, "deterministic": False,
    }  # fmt: skip
    return {**made, **keys}


@pytest.fixture
def bridge():
    opened = []

    def make(*given, **keys):
        opened.append(BridgeEnv(maze(*given, **keys)))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


@pytest.fixture
def path(tmp_path):
    """Return the path of a YAML file with the maze."""
    file = tmp_path / "Maze.yaml"
    file.write_text(yaml.safe_dump({**maze(), "name": "Maze"}, sort_keys=False))
    return str(file)


def test_the_words_of_a_field_are_the_choices_that_may_be_taken(bridge):
    env = bridge()
    assert env.action_masks().tolist() == [True] * 4, "nothing is known yet"
    _, info = env.reset()
    assert info["action_mask"].dtype == np.int8
    assert info["action_mask"].tolist() == [1, 1, 0, 0]
    _, _, _, _, info = env.step(1)
    assert (info["exits"], info["action_mask"].tolist()) == ("west, south.", [0, 0, 1, 1])
    assert env.action_masks().dtype == np.bool_
    assert env.action_masks().tolist() == [False, False, True, True]
    _, _, terminated, _, info = env.step(2)
    assert terminated
    assert info["action_mask"].tolist() == [0, 0, 0, 0]
    assert env.reset()[1]["action_mask"].tolist() == [1, 1, 0, 0]


def test_numbers_are_a_mask_too(bridge):
    env = bridge(action={"choices": WAYS, "mask": "behind"})
    assert env.reset()[1]["action_mask"].tolist() == [1, 1, 0, 0]
    assert env.step(1)[4]["action_mask"].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("choices", "said", "mask"), [
    (["e2e4", "e7e8q", "b1c3"], "b1c3: 1 e2e4: 1", [1, 0, 1]),
    (["A1", "B1", "pass"], '["B1", "pass"]', [0, 1, 1]),
    ("1..3", "3|1 or 7", [1, 0, 1]),
    (["go", "stop"], "Go! stop?", [0, 1]),
    (["north", "n"], "n; northwest", [0, 1]),
])
def test_what_stands_between_the_words_does_not_matter(bridge, choices, said, mask):
    code = f"while True:\n    say('EXITS: ' + {said!r} + '\\n> ')\n    hear()"
    fields, action = {"exits": {"find": "EXITS: {line}"}}, {"choices": choices, "mask": "exits"}
    env = bridge(code, fields=fields, action=action, observation=["step"], terminated=False)
    assert env.reset()[1]["action_mask"].tolist() == mask


def test_an_episode_that_goes_on_without_anything_to_do_is_an_error(bridge):
    env = bridge(terminated=False)
    env.reset()
    env.step(1)
    with pytest.raises(ParseError) as caught:
        env.step(2)
    assert caught.value.what == "no action may be taken, but the episode goes on"
    assert caught.value.found == "exits = ."
    assert caught.value.cure == "correct fields.exits, which `mask` names; or let `terminated` be true there"


@pytest.mark.parametrize(("keys", "what", "found"), [
    ({"action": {"choices": WAYS, "mask": "exit"}}, "no such field", "exit\n  expected: one of room, exits, behind\n  "
     "did you mean: exits"),
    ({"action": {"choices": WAYS, "mask": "room"}}, "this field cannot say which choices there are", "a whole number"),
    ({"action": {"choices": 3, "mask": "behind"}}, "this field cannot say which choices there are", "4 numbers\n  "
     "expected: a text with the choices that may be taken, or 3 numbers, 0 for no"),
    ({"action": {"choices": ["go on", "x"], "mask": "exits"}}, "a list of words cannot hold this choice", "go on"),
    ({"action": {"multi": {"way": WAYS}, "mask": "exits"}}, "there are no choices to be masked", "exits"),
])
def test_a_mask_that_cannot_be_made_is_refused_at_once(keys, what, found):
    with pytest.raises(ConfigError, match=r"action\.mask") as caught:
        BridgeEnv(maze(step=[{"send": "go", "until": "> "}], **keys))
    assert f": {what}\n" in str(caught.value)
    assert f"found: {found}" in str(caught.value)


def test_without_a_mask_that_is_said(bridge):
    env = bridge(action={"choices": WAYS})
    assert "action_mask" not in env.reset()[1]
    with pytest.raises(UsageError) as caught:
        env.action_masks()
    assert caught.value.what == "Fake does not say which actions may be taken"


def test_many_have_a_mask_each():
    with closing(filebridge.BridgeVectorEnv(maze(), 3, autoreset_mode="SameStep")) as envs:
        _, infos = envs.reset()
        assert infos["action_mask"].tolist() == [[1, 1, 0, 0]] * 3
        _, _, _, _, infos = envs.step([0, 1, 1])
        assert infos["action_mask"].tolist() == [[0, 0, 1, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
        assert envs.action_masks().tolist() == infos["action_mask"].astype(bool).tolist()
        _, _, terminations, _, infos = envs.step([2, 2, 3])
        assert terminations.tolist() == [False, True, False]
        assert infos["action_mask"].tolist() == [[1, 1, 0, 0]] * 3
        assert infos["final_info"]["action_mask"][1].tolist() == [0, 0, 0, 0]


def test_an_agent_that_obeys_comes_to_the_end():
    env = gymnasium.make("filebridge/Bridge-v0", config=maze(complaints="NO WAY"))
    _, info = env.reset()
    env.action_space.seed(1)
    over = False
    while not over:
        _, _, terminated, truncated, info = env.step(env.action_space.sample(info["action_mask"]))
        over = terminated or truncated
    env.close()


@pytest.mark.parametrize("command", [
    ["check"], ["run", "--episodes", "5"], ["run", "--episodes", "6", "--num-envs", "2"],
    ["run", "--episodes", "6", "--num-envs", "2", "--wait-for", "1"], ["probe", "--steps", "9"],
], ids=" ".join)
def test_all_that_chooses_at_random_obeys(path, command):
    result = CliRunner().invoke(app, [command[0], path, *command[1:]])
    assert result.exit_code == 0, result.output
    assert "NO WAY" not in result.output
    if command == ["check"]:
        assert "the extremes of the action space are answered: 4 actions, 2 of them not sent, as they were masked" in (
            result.output
        )
