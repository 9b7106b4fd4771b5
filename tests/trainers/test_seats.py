"""What can be asked of single seats, of the three kinds of vector environments that there are."""

from __future__ import annotations

import gymnasium as gym
import pytest
from gymnasium.vector import VectorEnv, VectorWrapper

import filebridge
from filebridge import BridgeEnv, UsageError
from filebridge.trainers.seats import Seats


class Remote(VectorEnv):
    """A vector environment that reaches its seats by calls to all of them, as Gymnasium's AsyncVectorEnv does."""

    def __init__(self, **values):
        self.num_envs = 3
        self.values = values

    def get_attr(self, name):
        return tuple(self.values[name])

    def set_attr(self, name, values):
        self.values[name] = values

    def call(self, name, *args):
        return tuple(f"{name}{args} of {seat}" for seat in range(self.num_envs))


class Whole(VectorEnv):
    """A vector environment without single seats, as those have it that compute all of them in one array."""

    num_envs = 3
    gravity = 5.0

    def render(self):
        return ("a", "b", "c")


@pytest.fixture
def bridged():
    envs = filebridge.BridgeVectorEnv("Lander", num_envs=3)
    yield envs
    envs.close()


def test_seats_that_are_environments_are_asked_one_by_one(bridged):
    seats = Seats(bridged)
    seats.set("mark", 7, [2])
    with pytest.raises(AttributeError):
        seats.get("mark", [0, 2])
    assert seats.get("mark", [2, 2]) == [7, 7]
    assert seats.get("seat", [2, 0]) == [2, 0]
    assert seats.call("has_wrapper_attr", [2, 1], "mark") == [True, False]


def test_seats_elsewhere_are_set_without_touching_the_others():
    remote = Remote(gravity=[1, 2, 3])
    seats = Seats(remote)
    seats.set("gravity", 9, [1])
    assert remote.values == {"gravity": [1, 9, 3]}
    seats.set("wind", 4, [0, 1, 2])
    assert seats.get("wind", [2, 0]) == [4, 4]
    assert seats.get("gravity", [2, 1]) == [3, 9]


def test_seats_elsewhere_are_called_all_or_none():
    seats = Seats(Remote())
    assert seats.call("greet", [2, 0, 1], "ho") == ["greet('ho',) of 2", "greet('ho',) of 0", "greet('ho',) of 1"]
    with pytest.raises(UsageError) as caught:
        seats.call("greet", [0, 2])
    assert str(caught.value) == (
        "Remote calls a method of all seats together\n  found: seats [0, 2] of 3\n  cure: leave `indices` out"
    )


def test_where_there_are_no_seats_the_whole_is_asked():
    whole = Whole()
    seats = Seats(whole)
    assert seats.get("gravity", [1, 2]) == [5.0, 5.0]
    seats.set("gravity", 1.6, [0, 1, 2])
    assert whole.gravity == 1.6
    assert seats.call("render", [2, 0]) == ["c", "a"]
    with pytest.raises(UsageError, match="'gravity' is an attribute of the whole vector environment\n  found: seats "):
        seats.set("gravity", 9.8, [1])
    with pytest.raises(UsageError) as caught:
        seats.call("land", [0])
    assert str(caught.value) == (
        "a seat of Whole has no method 'land'\n"
        "  cure: if it is a method of the whole, call it there: envs.vector.land(...)"
    )


def test_wrappers_are_found_around_the_whole_and_around_each(bridged):
    class Around(VectorWrapper):
        pass

    assert Seats(Around(Around(bridged))).are_wrapped(Around, [0, 2]) == [True, True]
    assert Seats(Around(bridged)).are_wrapped(gym.wrappers.TimeLimit, [0, 2]) == [False, False]
    makers = [lambda: BridgeEnv("Lander"), lambda: gym.wrappers.TimeLimit(BridgeEnv("Lander"), 5)]
    single = gym.vector.SyncVectorEnv(makers)
    assert Seats(Around(single)).are_wrapped(gym.wrappers.TimeLimit, [0, 1]) == [False, True]
    single.close()
    assert Seats(Whole()).are_wrapped(gym.wrappers.TimeLimit, [0]) == [False]
