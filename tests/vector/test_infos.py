"""The infos of many seats are joined just as Gymnasium's own vector environments join them."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import VectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from filebridge.vector.infos import joined

_spec = importlib.util.spec_from_file_location("several", Path(__file__).parent.parent / "fakes" / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)

NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(),
    st.floats(width=32).map(np.float32), st.integers(-9, 9).map(np.int64), st.booleans().map(np.bool_),
)  # fmt: skip
ARRAYS = st.lists(st.integers(0, 9), min_size=2, max_size=2).map(lambda values: np.array(values, np.float32))
LISTS = st.lists(st.integers(0, 9), max_size=3)
# What a key holds is of one kind in all seats, as the infos of one configuration are.
KINDS = [st.integers(-9, 9), st.floats(), st.booleans(), NUMBERS.filter(lambda one: isinstance(one, np.float32)),
         st.text(max_size=3), st.none(), ARRAYS]  # fmt: skip
KEYS = ["a", "b", "c"]


@st.composite
def seats(draw, kinds=KINDS):
    """Draw infos of some seats: with a key or without it, and nested."""
    chosen = {key: draw(st.sampled_from(kinds)) for key in KEYS}
    plain = st.fixed_dictionaries({}, optional=chosen)
    deep = st.fixed_dictionaries({}, optional={**chosen, "inner": st.fixed_dictionaries({}, optional={"deep": plain})})
    every = st.fixed_dictionaries(chosen)
    return draw(st.lists(draw(st.sampled_from([plain, deep, every])), max_size=5))


@st.composite
def seats_with_ends(draw):
    infos = draw(seats())
    ends = [draw(st.one_of(st.none(), st.tuples(st.integers(), seats().map(lambda some: (some or [{}])[0]))))
            for _ in infos]  # fmt: skip
    return infos, ends


def theirs(infos, ends):
    """Join as SyncVectorEnv does."""
    envs = VectorEnv()
    envs.num_envs, envs.closed = len(infos), True
    together = {}
    for number, (info, end) in enumerate(zip(infos, ends, strict=True)):
        if end is not None:
            together = envs._add_info(together, {"final_obs": end[0], "final_info": end[1]}, number)
        together = envs._add_info(together, info, number)
    return together


def result(join, infos, ends):
    """Return what ``join`` returns, or the kind of its error."""
    try:
        return join(copy.deepcopy(infos), copy.deepcopy(ends))
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        return type(error)


@settings(max_examples=150, deadline=None)
@given(seats())
@pytest.mark.filterwarnings("ignore")
def test_infos_of_one_kind_for_each_key(infos):
    ends = [None] * len(infos)
    several.same(result(joined, infos, ends), result(theirs, infos, ends))


@settings(max_examples=150, deadline=None)
@given(seats_with_ends())
@pytest.mark.filterwarnings("ignore")
def test_infos_with_ends_of_episodes(both):
    several.same(result(joined, *both), result(theirs, *both))


@settings(max_examples=150, deadline=None)
@given(seats([st.one_of(NUMBERS, st.text(max_size=2), st.none(), LISTS, st.integers(2**63, 2**70))]))
@pytest.mark.filterwarnings("ignore")
def test_infos_of_several_kinds_for_one_key(infos):
    ends = [None] * len(infos)
    several.same(result(joined, infos, ends), result(theirs, infos, ends))


@pytest.mark.parametrize("infos", [
    [{"a": 1}, {"a": 2.5}], [{"a": 1}, {"a": True}], [{"a": True}, {"a": 2}], [{"a": 1.5}, {"a": None}],
    [{"a": 1}, {"a": "2"}], [{"a": 1}, {"a": "x"}], [{"a": 1}, {"a": 2**70}], [{"a": 1}, {"a": {"b": 1}}],
    [{"a": {"b": 1}}, {"a": 1}], [{"final_obs": {"x": 1}}, {}], [{"final_obs": 1}, {"final_obs": 2}], [{}, {"a": 1}],
    [{"a": 1}, {}], [{"a": 1}, {"b": 1}], [], [{}], [{"a": np.float32(1)}, {"a": 2.5}], [{"a": [1]}, {"a": [1, 2]}],
    [{"a": 1, "b": "text"}, {"a": 2, "b": "more"}], [{"a": 1.5}, {"a": [2.5]}], [{"a": 0}, {"a": np.array([3])}],
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_infos_that_do_not_fit_together(infos):
    ends = [None] * len(infos)
    several.same(result(joined, infos, ends), result(theirs, infos, ends))
