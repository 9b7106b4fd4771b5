"""The row: which name stands in which slot, and what is known of it."""

import importlib.util
import pathlib

import numpy as np
import pytest

from filebridge.program.slots import EPISODE, SEAT, SEED, STEP
from filebridge.wire.expression import Kind

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples


def kinds(config):
    return {name: slot.kind for name, slot in Talk(config).program.names.items()}


def test_every_name_has_a_slot_of_its_own():
    config = samples.toy(variables={"goal": 1, "mass": 0.5, "word": "go"})
    program = Talk(config).program
    assert list(program.names) == ["step", "episode", "seed", "seat", "action", "goal", "mass", "word", "over", "x"]
    assert [slot.index for slot in program.names.values()] == list(range(10))
    assert program.width == 11  # and one for the list of actions
    assert [program.names[name].index for name in ("step", "episode", "seed", "seat")] == [STEP, EPISODE, SEED, SEAT]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"box": {"low": 0, "high": 1}}, {"action": Kind.NUMBER}),
        ({"box": {"low": [0, 0], "high": 1}}, {"action": Kind.VECTOR}),
        ({"box": {"low": 0, "high": 1, "names": ["a"]}}, {"action": Kind.NUMBER, "action.a": Kind.NUMBER}),
        (
            {"box": {"low": 0, "high": 1, "names": ["a", "b"]}},
            {"action": Kind.VECTOR, "action.a": Kind.NUMBER, "action.b": Kind.NUMBER},
        ),
        ({"choices": 3}, {"action": Kind.INTEGER}),
        ({"choices": ["a", "b"]}, {"action": Kind.TEXT}),
        ({"multi": {"verb": ["m", "s"], "room": 3}}, {"action.verb": Kind.TEXT, "action.room": Kind.INTEGER}),
        ({"bits": 2}, {"action.b0": Kind.INTEGER, "action.b1": Kind.INTEGER}),
        ({"text": {}}, {"action": Kind.TEXT}),
        ({"parts": {"go": {"choices": 2}, "far": {"text": {}}}}, {"action.go": Kind.INTEGER, "action.far": Kind.TEXT}),
    ],
)
def test_actions(action, expected):
    found = kinds(samples.act(**action))
    assert {name: kind for name, kind in found.items() if name.startswith("action")} == expected


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (3, Kind.INTEGER),
        (0.5, Kind.NUMBER),
        ("go", Kind.TEXT),
        ({"draw": "uniform(0, 1)"}, Kind.NUMBER),
        ({"draw": "integers(0, 9)"}, Kind.INTEGER),
        ({"draw": "choice('a', 'b')"}, Kind.TEXT),
        ({"draw": "choice(1, 2)"}, Kind.INTEGER),
        ({"draw": "choice(1, 2.5)"}, Kind.NUMBER),
        # What is updated may become a fraction.
        ({"start": 1, "update": "goal / 2"}, Kind.NUMBER),
    ],
)
def test_variables(variable, expected):
    assert kinds(samples.toy(variables={"goal": variable}))["goal"] is expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"find": "{float}"}, Kind.NUMBER),
        ({"find": "{int}"}, Kind.INTEGER),
        ({"find": "{word}"}, Kind.TEXT),
        ({"find": "A {float} {float}"}, Kind.VECTOR),
        ({"seen": "a"}, Kind.FLAG),
        ({"find": "A {int}", "pick": "count"}, Kind.INTEGER),
        ({"compute": "x > 1"}, Kind.FLAG),
        ({"compute": "step + 1"}, Kind.INTEGER),
        ({"grid": {"legend": {".": 0}, "rows": 1, "columns": 1}}, Kind.GRID),
    ],
)
def test_fields(field, expected):
    assert kinds(samples.field(**field))["y"] is expected


def test_labels_are_flags_and_begin_false():
    talk = Talk(samples.toy())
    assert talk.program.names["over"].kind is Kind.FLAG
    talk.begin("start")
    assert talk["over"] is False


def test_a_label_in_several_places_has_one_slot():
    ends = ["> ", {"over": "END\n"}]
    config = samples.toy(start=[{"until": ends}], step=[{"send": "a", "until": ends}, {"send": "b", "until": ends}])
    assert [name for name in Talk(config).program.names if name == "over"] == ["over"]


def test_the_first_values():
    config = samples.toy(variables={"goal": {"draw": "integers(3, 3)", "low": 0, "high": 9}, "mass": 0.5})
    goal, mass = Talk(config).program.firsts
    assert (goal.name, goal.kind, goal.low, goal.high) == ("goal", int, 0, 9)
    assert goal.draw(np.random.default_rng(0)) == 3
    assert (mass.value, mass.draw, mass.low) == (0.5, None, -np.inf)
