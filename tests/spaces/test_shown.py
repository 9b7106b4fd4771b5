"""Actions as texts: each is shown as it may be typed, and comes back as the same."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from filebridge.cli.action_text import parse_action
from filebridge.config.action import Action
from filebridge.spaces import action_reader, shown_action

KINDS = {
    "labels": {"choices": ["n", "move 0 1", " edge ", 'say "x"', "caf\u00e9", "a\\nb", "tab\t"]},
    "numbers": {"choices": "3..9"},
    "box": {"box": {"low": -5, "high": 5}},
    "named": {"box": {"low": [0, -1e9], "high": [100, 1e9], "names": ["power", "fan"]}},
    "exact": {"box": {"low": -1, "high": 1, "size": 3, "dtype": "float64"}},
    "multi": {"multi": {"way": ["n", "s"], "far": "1..3"}},
    "wordy": {"multi": {"way": ["north west", "a,b", "[c]", '"d"'], "far": "1..3"}},
    "bits": {"bits": ["a", "b", "c"]},
    "text": {"text": {"max_length": 12}},
    "parts": {"parts": {
        "id": {"choices": "1..20"}, "way": {"choices": ["n", "north west"]}, "qty": {"box": {"low": -5, "high": 5}},
        "two": {"box": {"low": [0, 0], "high": [1, 1]}}, "keys": {"bits": ["a", "b"]},
        "pair": {"multi": {"way": ["n", "s e"], "far": "1..3"}}, "note": {"text": {"max_length": 8}},
        "inner": {"parts": {"x": {"choices": 2}}},
    }},
}  # fmt: skip


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return np.array_equal(one, other)


@pytest.mark.parametrize("form", KINDS.values(), ids=KINDS)
def test_an_action_that_was_shown_can_be_typed(form):
    action = Action.model_validate(form)
    space = action_reader(action).space
    space.seed(5)
    several = range(space.n) if isinstance(space, spaces.Discrete) else (space.sample() for _ in range(50))
    for value in several:
        text = shown_action(action, value)
        assert text.isprintable()
        assert same(parse_action(text, action, space), value)


@pytest.mark.parametrize(("kind", "value", "text"), [
    ("labels", np.int64(1), "move 0 1"),
    ("labels", 4, '"caf\\u00e9"'),
    ("numbers", np.int64(0), "3"),
    ("box", np.array([-3.158028], np.float32), "-3.158028"),
    ("named", np.array([30, 0.1], np.float32), "30 0.1"),
    ("multi", np.array([1, 0]), "s 1"),
    ("wordy", np.array([0, 2]), '["north west", 3]'),
    ("bits", np.array([1, 0, 1], np.int8), "1 0 1"),
    ("text", "", '""'),
    ("text", "quit", '"quit"'),
    ("text", "go \x1b", '"go \\u001b"'),
    ("labels", 99, "99"),
    ("labels", "\x1b[2J", "'\\\\x1b[2J'"),
    ("multi", 7, "7"),
    ("exact", np.zeros(200), "0 " * 100 + "..."),
])
def test_an_action_is_shown_in_the_words_of_the_configuration(kind, value, text):
    assert shown_action(Action.model_validate(KINDS[kind]), value) == text


def test_parts_are_shown_by_their_names():
    action = Action.model_validate(KINDS["parts"])
    parts = {
        "id": np.int64(14), "way": 1, "qty": np.array([-3.158028], np.float32), "two": np.array([0, 0.5], np.float32),
        "keys": np.array([0, 1], np.int8), "pair": np.array([1, 2]), "note": "ab", "inner": {"x": 1},
    }  # fmt: skip
    assert shown_action(action, parts) == (
        '{"id": 15, "way": "north west", "qty": -3.158028, "two": [0, 0.5], "keys": [0, 1], "pair": ["s e", 3],'
        ' "note": "ab", "inner": {"x": 1}}'
    )
