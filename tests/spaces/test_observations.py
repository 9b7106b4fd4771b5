"""Observations: the space of each form, and the fresh values in it."""

import numpy as np
import pytest
from gymnasium import spaces

from filebridge.errors import ValueOutOfRange
from filebridge.spaces.observations import CHARSET, Observed, Unobservable, observer

KNOWN = {
    "x": Observed(0, "number", low=-1.0, high=5.0),
    "n": Observed(1, "integer", low=0),
    "over": Observed(2, "flag"),
    "word": Observed(3, "text", 8),
    "v": Observed(4, "vector", 3, low=0.0, high=9.0),
    "room": Observed(5, "integer", values=(1, 20)),
    "step": Observed(6, "integer", values=[1, 5, 25]),
    "mode": Observed(7, "text", values=["idle", "busy"]),
    "board": Observed(8, "grid", shape=(2, 3), high=4),
    "bits": Observed(9, "vector", 3, values=(0, 1)),
    "rooms": Observed(10, "vector", 2, values=(1, 20)),
    "open": Observed(11, "vector", 0),
    "wide": Observed(12, "grid", shape=(1, 1), high=300),
    "flux": Observed(13, "array", 4, (2, 2), low=0.0, high=9.0),
    "counts": Observed(14, "array", 2, (2,)),
}
BOARD = np.array([[0, 1, 2], [3, 4, 0]], np.uint8)
FLUX = np.array([[1, 2], [3, 4.5]])
COUNTS = np.array([7, 8])
ROW = [
    1.5, 7, True, "hey", [1.0, 2.0, 3.0], 20, 25, "busy", BOARD, [1, 0, 1], [3, 4], [1.0], BOARD[:1, :1], FLUX, COUNTS,
]  # fmt: skip


def seen(form, dtype="float64"):
    made = observer(form, KNOWN, dtype)
    value = made.observe(list(ROW))
    assert made.space.contains(value)
    return made, value


INF = np.inf


@pytest.mark.parametrize(
    ("form", "low", "high", "value"),
    [
        (["x"], [-1], [5], [1.5]),
        ("x", [-1], [5], [1.5]),
        ("n", [0], [INF], [7]),
        (["x", "n", "over"], [-1, 0, 0], [5, INF, 1], [1.5, 7, 1]),
        ("v", [0, 0, 0], [9, 9, 9], [1, 2, 3]),
        (["v"], [0, 0, 0], [9, 9, 9], [1, 2, 3]),
        (["x", "v", "over"], [-1, 0, 0, 0, 0], [5, 9, 9, 9, 1], [1.5, 1, 2, 3, 1]),
        (["room", "step"], [1, 1], [20, 25], [20, 25]),
        ("counts", [-INF, -INF], [INF, INF], [7, 8]),
        (["counts"], [-INF, -INF], [INF, INF], [7, 8]),
        (["flux"], [0] * 4, [9] * 4, [1, 2, 3, 4.5]),
        (["x", "flux", "v", "over"], [-1, *[0] * 8], [5, *[9] * 7, 1], [1.5, 1, 2, 3, 4.5, 1, 2, 3, 1]),
        (["x", "x"], [-1, -1], [5, 5], [1.5, 1.5]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_box(form, low, high, value, dtype):
    made, observation = seen(form, dtype)
    assert made.space == spaces.Box(np.array(low, dtype), np.array(high, dtype), dtype=np.dtype(dtype).type)
    assert observation.dtype == dtype
    assert observation.tolist() == value


@pytest.mark.parametrize(
    ("form", "space", "value"),
    [
        ("over", spaces.Discrete(2), 1),
        ("room", spaces.Discrete(20, start=1), 20),
        ("step", spaces.Discrete(3), 2),
        ("mode", spaces.Discrete(2), 1),
    ],
)
def test_a_discrete(form, space, value):
    made, observation = seen(form)
    assert made.space == space
    assert observation == value
    assert type(observation) is np.int64


@pytest.mark.parametrize(
    ("form", "space", "dtype"),
    [
        ("bits", spaces.MultiBinary(3), np.int8),
        ("rooms", spaces.MultiDiscrete([20, 20], start=[1, 1]), np.int64),
        ("board", spaces.Box(0, 4, (2, 3), np.uint8), np.uint8),
    ],
)
def test_several_numbers(form, space, dtype):
    made, observation = seen(form)
    assert made.space == space
    assert observation.dtype == dtype
    assert observation.tolist() == np.array(ROW[KNOWN[form].index]).tolist()


def test_a_grid_has_no_number_above_a_byte():
    assert observer("wide", KNOWN, "float64").space == spaces.Box(0, 255, (1, 1), np.uint8)


def test_a_text():
    made, observation = seen("word")
    assert made.space == spaces.Text(8, min_length=0, charset=CHARSET)
    assert observation == "hey"


def test_a_mapping():
    made, observation = seen({"state": ["x", "v"], "mode": "mode", "said": "word", "board": "board"})
    assert list(made.space) == sorted(made.space) or set(made.space) == {"state", "mode", "said", "board"}
    assert made.names == ("x", "v", "mode", "word", "board")
    assert observation["state"].tolist() == [1.5, 1, 2, 3]
    assert observation["mode"] == 1
    assert observation["said"] == "hey"


@pytest.mark.parametrize(
    "form", ["x", ["x", "n"], ["x", "v"], "v", "board", "bits", "rooms", {"a": ["x"], "b": "board"}]
)
def test_each_observation_is_fresh(form):
    made = observer(form, KNOWN, "float64")
    row = list(ROW)
    first, second = made.observe(row), made.observe(row)
    arrays = (first.values(), second.values()) if isinstance(form, dict) else ([first], [second])
    for one, other in zip(*arrays, strict=True):
        assert not np.shares_memory(one, other)
        assert not np.shares_memory(one, BOARD)


@pytest.mark.parametrize(
    ("form", "name", "what"),
    [
        (["x", "word"], "word", "a text cannot be a part of a list of numbers"),
        (["board"], "board", "a grid cannot be a part of a list of numbers"),
        (["open"], "open", "a vector of unknown length"),
        ("open", "open", "a vector of unknown length"),
        ({"a": "x", "b": ["mode"]}, "mode", "a text cannot be a part of a list of numbers"),
    ],
)
def test_what_cannot_be_observed(form, name, what):
    with pytest.raises(Unobservable) as caught:
        observer(form, KNOWN, "float64")
    assert (caught.value.name, caught.value.what) == (name, what)
    assert caught.value.expected


@pytest.mark.parametrize(
    ("text", "found", "cure"),
    [
        ("too long a text", "15 characters", "raise `max_length`"),
        ("\x1b[0m", "the character \\x1b", "observe another field: the space holds Latin-1 text"),
        ("\u20ac", "the character \\xe2\\x82\\xac", "observe another field: the space holds Latin-1 text"),
    ],
)
def test_a_text_outside_its_space(text, found, cure):
    row = list(ROW)
    row[3] = text
    with pytest.raises(ValueOutOfRange) as caught:
        observer("word", KNOWN, "float64").observe(row)
    assert str(caught.value) == f"field word is no text of its space\n  found: {found}\n  cure: {cure}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_array_has_its_own_shape(dtype):
    made, observation = seen("flux", dtype)
    assert made.space == spaces.Box(0, 9, (2, 2), np.dtype(dtype).type)
    assert (observation.dtype, observation.tolist()) == (dtype, FLUX.tolist())
    made, observation = seen({"flux": "flux", "x": ["x", "counts"]}, dtype)
    assert observation["flux"].shape == (2, 2)
    assert observation["x"].tolist() == [1.5, 7, 8]


@pytest.mark.parametrize("form", ["flux", ["flux"], ["x", "flux"]])
def test_each_observation_of_an_array_is_new(form):
    row = list(ROW)
    row[13] = FLUX.copy()
    row[13].flags.writeable = False
    made = observer(form, KNOWN, "float64")
    first, second = made.observe(row), made.observe(row)
    first[:] = 0
    assert second.max() == 4.5
    assert row[13].max() == 4.5
