"""Actions: the space of each kind, and what of an action reaches the row."""

import numpy as np
import pytest
from gymnasium import spaces

from filebridge.config.action import Action
from filebridge.errors import ActionError
from filebridge.spaces import action_reader


def made(**action):
    return action_reader(Action.model_validate(action))


def read(action, **kind):
    """Return what stands in the row after ``action``, in slots 1 and further."""
    reader = made(**kind)
    row = [None] * (len(reader.slots) + 1)
    reader.bind(1)(action, row)
    assert row[0] is None
    return row[1:]


BOX = {"box": {"low": -1, "high": 2}}
PAIR = {"box": {"low": [-1, 0], "high": [1, 5]}}
NAMED = {"box": {"low": [-1, 0], "high": [1, 5], "names": ["a", "b"]}}
MULTI = {"multi": {"verb": ["m", "s"], "room": "1..20", "times": 3}}
PARTS = {"parts": {"go": {"choices": ["left", "right"]}, "far": {"box": {"low": 0, "high": 1}}}}


@pytest.mark.parametrize(
    ("kind", "space"),
    [
        (BOX, spaces.Box(-1, 2, (1,), np.float32)),
        (PAIR, spaces.Box(np.array([-1, 0], np.float32), np.array([1, 5], np.float32), dtype=np.float32)),
        ({"box": {"low": 0, "high": 1, "size": 3, "dtype": "float64"}}, spaces.Box(0, 1, (3,), np.float64)),
        ({"box": {"low": 0, "high": [1, 2]}}, spaces.Box(np.zeros(2, np.float32), np.array([1, 2], np.float32))),
        ({"choices": 4}, spaces.Discrete(4)),
        ({"choices": "3..7"}, spaces.Discrete(5)),
        ({"choices": ["a", "b"]}, spaces.Discrete(2)),
        (MULTI, spaces.MultiDiscrete([2, 20, 3])),
        ({"bits": 3}, spaces.MultiBinary(3)),
        ({"bits": ["pump", "valve"]}, spaces.MultiBinary(2)),
        ({"text": {"max_length": 5, "charset": "ab"}}, spaces.Text(5, min_length=1, charset="ab")),
        (PARTS, spaces.Dict({"go": spaces.Discrete(2), "far": spaces.Box(0, 1, (1,), np.float32)})),
    ],
)
def test_the_space(kind, space):
    assert made(**kind).space == space


@pytest.mark.parametrize(
    "kind", [BOX, PAIR, NAMED, {"choices": 4}, MULTI, {"bits": 3}, {"text": {"max_length": 5}}, PARTS]
)
def test_every_element_of_the_space_is_taken(kind):
    reader = made(**kind)
    reader.space.seed(0)
    row = [None] * len(reader.slots)
    for _ in range(50):
        reader.bind(0)(reader.space.sample(), row)
    assert None not in row


@pytest.mark.parametrize(
    ("kind", "action", "row"),
    [
        (BOX, np.array([0.5], np.float32), [0.5]),
        (BOX, np.array([0.5]), [0.5]),
        (BOX, np.array(0.5), [0.5]),
        (BOX, np.array([1]), [1]),
        (BOX, np.float32(0.5), [0.5]),
        (BOX, 0.5, [0.5]),
        (BOX, 1, [1]),
        (BOX, [0.5], [0.5]),
        (BOX, (2,), [2]),
        ({"box": {"low": 0, "high": 1, "names": ["a"]}}, np.array([0.5]), [0.5, 0.5]),
        (PAIR, np.array([0.5, 4.0], np.float32), [[0.5, 4.0]]),
        (PAIR, [0, 4.5], [[0.0, 4.5]]),
        (NAMED, np.array([0.5, 4.0]), [[0.5, 4.0], 0.5, 4.0]),
        ({"choices": 4}, 3, [3]),
        ({"choices": 4}, np.int64(3), [3]),
        ({"choices": 4}, np.array(3), [3]),
        ({"choices": "3..7"}, 0, [3]),
        ({"choices": ["left", "right"]}, np.int32(1), ["right"]),
        ({"choices": [1, 5, 25]}, 2, [25]),
        (MULTI, np.array([1, 19, 2]), ["s", 20, 2]),
        (MULTI, [0, 0, 0], ["m", 1, 0]),
        ({"bits": 3}, np.array([1, 0, 1], np.int8), [1, 0, 1]),
        ({"bits": 2}, (0, 1), [0, 1]),
        ({"text": {"max_length": 5}}, "a b", ["a b"]),
        ({"text": {"max_length": 5, "min_length": 0}}, "", [""]),
        ({"text": {"max_length": 5, "charset": "\xe4\xf6"}}, "\xe4", ["\xe4"]),
        (PARTS, {"go": 1, "far": np.array([0.25])}, ["right", 0.25]),
        (PARTS, {"far": 0, "go": 0}, ["left", 0]),
    ],
)
def test_what_reaches_the_row(kind, action, row):
    found = read(action, **kind)
    assert found == row
    # Python's own numbers: they print as people write them, and do not wrap.
    flat = [part for value in found for part in (value if isinstance(value, list) else [value])]
    assert {type(value) for value in flat} <= {int, float, str}


def test_the_bounds_themselves_are_taken_in_the_precision_of_the_space():
    kind = {"box": {"low": 0, "high": 0.1}}
    assert read(made(**kind).space.high, **kind) == [float(np.float32(0.1))]
    assert read(np.array([0.1], np.float32), **kind) == [float(np.float32(0.1))]


@pytest.mark.parametrize(("kind", "action", "row"), [
    (BOX, 0.5, [0.5]),
    (BOX, 1, [1.0]),
    (BOX, np.float32(0.5), [0.5]),
    (BOX, np.array(0.5), [0.5]),
    (BOX, [0.5], [0.5]),
    (BOX, np.ma.array([0.5]), [0.5]),
    ({"choices": 4}, np.array(3), [3]),
    ({"choices": 4}, np.int8(3), [3]),
])
def test_a_bare_number_stands_for_one(kind, action, row):
    assert read(action, **kind) == row


SHAPE = "the action has another shape or type"
OUTSIDE = "the action is outside its bounds"
NO_ELEMENT = "the action is outside its space"
NOT_WHOLE = "the action is not a whole number"
LENGTH = "the action is not a text of a fitting length"
LETTER = "the action has a character that is not allowed"
NO_PARTS = "the action is not a mapping of its parts"
MASKED = "the action has masked parts"
ONE_DUE = "the action is an array of shape {}, one whole number is due"
NO_NUMBERS = "the action is not made of numbers"


@pytest.mark.parametrize(
    ("kind", "action", "what"),
    [
        (BOX, np.array([2.1]), OUTSIDE),
        (BOX, -1.5, OUTSIDE),
        (BOX, np.array([np.nan]), OUTSIDE),
        (BOX, float("inf"), OUTSIDE),
        (BOX, np.array([0.5, 0.5]), SHAPE),
        (BOX, np.array([]), SHAPE),
        (BOX, np.array([[1.0]]), SHAPE),
        (BOX, [[1.0]], SHAPE),
        (BOX, np.ma.array([1.0], mask=[True]), MASKED),
        (BOX, np.array([True]), SHAPE),
        (BOX, True, SHAPE),
        (BOX, "0.5", SHAPE),
        (BOX, None, SHAPE),
        (BOX, np.array([0.5j]), SHAPE),
        (BOX, {"a": 1}, SHAPE),
        (BOX, [[1], [2, 3]], NO_NUMBERS),
        ({"box": {"low": float("-inf"), "high": float("inf")}}, float("inf"), OUTSIDE),
        ({"box": {"low": float("-inf"), "high": float("inf")}}, np.array([np.nan]), OUTSIDE),
        (PAIR, np.array([0.5, 5.5]), OUTSIDE),
        (PAIR, np.array([np.nan, 1]), OUTSIDE),
        (PAIR, np.array([[0.5, 1.0]]), SHAPE),
        (PAIR, np.array([0.5]), SHAPE),
        (PAIR, [0.5, "1"], SHAPE),
        (PAIR, np.array([True, False]), SHAPE),
        (PAIR, 0.5, SHAPE),
        (PAIR, np.ma.array([0.5, 1.0], mask=[False, True]), MASKED),
        (MULTI, np.ma.array([0, 0, 0], mask=[False, True, False]), MASKED),
        ({"choices": 4}, 4, NO_ELEMENT),
        ({"choices": 4}, -1, NO_ELEMENT),
        ({"choices": 4}, 1.0, NOT_WHOLE),
        ({"choices": 4}, True, NOT_WHOLE),
        ({"choices": 4}, np.bool_(True), NOT_WHOLE),
        ({"choices": 4}, np.float64(1), NOT_WHOLE),
        ({"choices": 4}, np.array([1.0]), ONE_DUE.format("(1,)")),
        ({"choices": 4}, np.array([3]), ONE_DUE.format("(1,)")),
        ({"choices": 4}, np.array([1, 2]), ONE_DUE.format("(2,)")),
        ({"choices": 4}, [3], NOT_WHOLE),
        ({"choices": 4}, np.ma.array(3, mask=True), MASKED),
        ({"choices": 4}, "1", NOT_WHOLE),
        ({"choices": 4}, None, NOT_WHOLE),
        ({"choices": ["left", "right"]}, "left", NOT_WHOLE),
        (MULTI, np.array([0, 20, 0]), NO_ELEMENT),
        (MULTI, np.array([-1, 0, 0]), NO_ELEMENT),
        (MULTI, np.array([0, 0]), SHAPE),
        (MULTI, np.array([0.0, 0, 0]), SHAPE),
        (MULTI, 1, SHAPE),
        (MULTI, [[0], [0, 1]], NO_NUMBERS),
        ({"bits": 2}, np.array([0, 2]), NO_ELEMENT),
        ({"bits": 2}, np.array([True, False]), SHAPE),
        ({"text": {"max_length": 3}}, "abcd", LENGTH),
        ({"text": {"max_length": 3}}, "", LENGTH),
        ({"text": {"max_length": 3}}, b"a", LENGTH),
        ({"text": {"max_length": 3}}, 3, LENGTH),
        ({"text": {"max_length": 3}}, "a\n", LETTER),
        ({"text": {"max_length": 3}}, "\x1b", LETTER),
        ({"text": {"max_length": 3}}, "\xe4", LETTER),
        ({"text": {"max_length": 3, "charset": "ab"}}, "abc", LETTER),
        (PARTS, {"go": 1}, NO_PARTS),
        (PARTS, {"go": 1, "far": 0, "more": 1}, NO_PARTS),
        (PARTS, [1, 0], NO_PARTS),
        (PARTS, {"go": 2, "far": 0}, NO_ELEMENT),
        (PARTS, {"go": 1, "far": 2}, OUTSIDE),
    ],
)
def test_what_is_refused(kind, action, what):
    with pytest.raises(ActionError) as caught:
        read(action, **kind)
    assert caught.value.what == what
    assert caught.value.cure.startswith("choose an element of ")
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_whole_text_of_a_refusal():
    with pytest.raises(ActionError) as caught:
        read(np.array([2.5]), **BOX)
    assert str(caught.value) == (
        "the action is outside its bounds\n  found: array([2.5])\n  cure: choose an element of Box(-1.0, 2.0, (1,),"
        " float32)"
    )


def test_a_large_action_is_shown_in_part():
    with pytest.raises(ActionError) as caught:
        read("x" * 10_000, text={"max_length": 3})
    assert len(str(caught.value)) < 1000


def test_a_refused_action_of_parts_is_refused_as_a_whole():
    reader = made(**NAMED)
    row = [None, None, None]
    with pytest.raises(ActionError):
        reader.bind(0)(np.array([0.5, 9.0]), row)
    assert row == [None, None, None]
