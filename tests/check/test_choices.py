import warnings

import numpy as np
import pytest
from gymnasium import spaces

from filebridge.check.choices import extremes, outsiders

SPACES = [
    spaces.Box(-1, 2, (1,), np.float32),
    spaces.Box(-1, 2, (3,), np.float64),
    spaces.Box(0, 1, (12,), np.float32),
    spaces.Box(-np.inf, np.inf, (2,), np.float32),
    spaces.Discrete(5),
    spaces.Discrete(1000, start=-3),
    spaces.MultiDiscrete([2, 3]),
    spaces.MultiBinary(4),
    spaces.Text(9, min_length=2, charset=frozenset("abc")),
    spaces.Text(5, min_length=0),
    spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Box(0, 1, (2,))}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_extremes_are_elements_and_outsiders_are_not(space):
    inside, outside = extremes(space), outsiders(space)
    assert 2 <= len(inside) <= 64
    assert all(space.contains(action) for action in inside)
    assert len(outside) >= 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium casts some of them first, and says so
        assert not any(action is not None and space.contains(action) for action in outside)


def test_all_corners_of_a_small_box_are_tried():
    corners = {tuple(action) for action in extremes(spaces.Box(0, 1, (3,)))}
    assert len(corners) == 8


def test_every_choice_is_tried_and_of_very_many_the_first_and_last():
    assert extremes(spaces.Discrete(5)) == [0, 1, 2, 3, 4]
    many = extremes(spaces.Discrete(1000, start=-3))
    assert (many[0], many[-1], len(many)) == (-3, 996, 64)


def test_the_longest_text_is_tried():
    assert max(map(len, extremes(spaces.Text(9, charset=frozenset("ab"))))) == 9
