import numpy as np
import pytest

from filebridge.cli.action_text import forms, hint, parse_action
from filebridge.config.action import Action
from filebridge.spaces import action_reader

PAIR = {"low": [0, -1], "high": [1, 1], "names": ["a", "b"]}
CASES = [
    ({"box": {"low": 0, "high": 30}}, "12.5", np.array([12.5], np.float32), "0..30"),
    ({"box": PAIR}, "[0.5, -1]", np.array([0.5, -1], np.float32), "a:0..1 b:-1..1"),
    ({"choices": ["go left", "stay"]}, "go left", 0, "go left|stay"),
    ({"choices": "5..7"}, "7", 2, "5|6|7"),
    ({"choices": 100}, "99", 99, "0|1|...|99"),
    ({"multi": {"verb": ["m", "s"], "tunnel": 3}}, "s 2", np.array([1, 2]), "verb:m|s tunnel:0|1|2"),
    ({"bits": 3}, "101", np.array([1, 0, 1], np.int8), "b0:0|1 b1:0|1 b2:0|1"),
    ({"bits": 2}, "0, 1", np.array([0, 1], np.int8), "b0:0|1 b1:0|1"),
    ({"multi": {"verb": ["m", "s"], "n": 3}}, '{"n": 2, "verb": "s"}', np.array([1, 2]), "verb:m|s n:0|1|2"),
    ({"multi": {"verb": ["m s", "s"], "n": 2}}, '["m s", 1]', np.array([0, 1]), "verb:m s|s n:0|1"),
    ({"bits": ["pump", "fan"]}, '{"fan": true, "pump": 0}', np.array([0, 1], np.int8), "pump:0|1 fan:0|1"),
    ({"box": PAIR}, '{"b": -1, "a": 0.5}', np.array([0.5, -1], np.float32), "a:0..1 b:-1..1"),
    ({"choices": ["[x]", "x"]}, "[x]", 0, "[x]|x"),
    ({"choices": ["go left", "stay"]}, '"go left"', 0, "go left|stay"),
    ({"text": {}}, "look  around", "look  around", "a text"),
    ({"text": {}}, '"quit"', "quit", "a text"),
]


def made(form):
    action = Action.model_validate(form)
    return action, action_reader(action).space


@pytest.mark.parametrize(("form", "text", "expected", "told"), CASES)
def test_a_typed_action_is_an_element_of_its_space(form, text, expected, told):
    action, space = made(form)
    parsed = parse_action(text, action, space)
    assert np.array_equal(parsed, expected)
    assert space.contains(parsed)
    assert hint(action, space) == told


def test_parts_are_a_json_object():
    action, space = made({"parts": {"speed": {"box": {"low": 0, "high": 1}}, "gear": {"choices": ["up", "down"]}}})
    parsed = parse_action('{"speed": 0.5, "gear": "down"}', action, space)
    assert space.contains(parsed)
    assert parsed["gear"] == 1
    assert hint(action, space) == 'JSON, {"speed": ..., "gear": ...}'


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        ({"box": {"low": 0, "high": 1}}, "1 2", "2 given, 1 wanted: 0..1"),
        ({"box": {"low": 0, "high": 1}}, "x", "not numbers: x: 0..1"),
        ({"box": {"low": 0, "high": 1}}, "nan", "NaN and infinity cannot be sent: 0..1"),
        ({"box": {"low": 0, "high": 1}}, '{"a": 1}', "the parts have no names: 0..1"),
        (
            {"multi": {"item": 2, "n": 2}},
            '{"itm": 0, "n": 1}',
            "no part is 'itm', did you mean 'item'? the parts wanted are: item:0|1 n:0|1",
        ),
        ({"multi": {"item": 2, "n": 2}}, '{"item": 0}', "the parts wanted are: item:0|1 n:0|1"),
        ({"multi": {"item": ["up", "down"]}}, '{"item": "ip"}', "no choice is 'ip': up|down"),
        ({"parts": {"a": {"choices": 2}}}, '{"a": 2}', "a: no choice is '2': 0|1"),
        ({"multi": {"a": 2, "b": 2}}, "1", "1 given, 2 wanted: a:0|1 b:0|1"),
        ({"choices": ["left", "right"]}, "rigth", "no choice is 'rigth': left|right; did you mean 'right'?"),
        ({"parts": {"a": {"choices": 2}}}, "1 2", 'no JSON: JSON, {"a": ...}'),
        ({"parts": {"a": {"choices": 2}}}, "{}", 'the parts wanted are: JSON, {"a": ...}'),
    ],
)
def test_what_is_no_action_is_answered_with_what_may_be_typed(form, text, message):
    with pytest.raises(ValueError) as caught:
        parse_action(text, *made(form))
    assert str(caught.value) == message


def test_all_forms_of_an_action_are_told():
    assert forms(*made({"multi": {"item": ["up", "down"], "n": 2}})) == [
        "a label for each part, separated by blanks or commas",
        'or JSON by names, {"item": ..., "n": ...}',
        "values: item:up|down n:0|1",
    ]
    assert forms(*made({"box": {"low": 0, "high": 1}})) == ["numbers, separated by blanks or commas", "values: 0..1"]
