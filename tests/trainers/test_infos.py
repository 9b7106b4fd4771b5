"""The infos of many seats in one mapping of arrays become a mapping for each seat."""

from __future__ import annotations

import numpy as np
from gymnasium.vector import VectorEnv

from filebridge.trainers.infos import split


def joined(several):
    """Join infos as Gymnasium's vector environments do."""
    vector = VectorEnv()
    vector.num_envs = len(several)
    infos = {}
    for seat, info in enumerate(several):
        infos = vector._add_info(infos, info, seat)
    return infos


def test_splitting_undoes_joining():
    several = [
        {"altitude": 1.5, "landed": False, "tries": 3, "said": "BURN?", "failure": {"kind": "exit", "code": 2}},
        {"altitude": -2.0, "landed": True, "tries": 0, "said": None},
        {},
        {"failure": {"kind": "time"}, "tries": 1},
    ]
    assert split(joined(several), 4) == several


def test_numbers_are_pythons_own():
    info, _ = split(joined([{"x": np.float32(0.5), "n": np.int64(3), "b": True}, {}]), 2)
    assert {name: type(value) for name, value in info.items()} == {"x": float, "n": int, "b": bool}


def test_rows_of_an_array_stay_arrays():
    first, second = split(joined([{"map": np.arange(4)}, {"map": np.arange(4, 8)}]), 2)
    assert first["map"].tolist() == [0, 1, 2, 3]
    assert second["map"].tolist() == [4, 5, 6, 7]


def test_names_with_an_underscore_are_no_masks():
    several = [{"_key": 1, "key": 2}, {"_key": 3}]
    assert split(joined(several), 2) != several, "Gymnasium itself cannot tell a mask of `key` from `_key`"
    several = [{"_key": 1}, {"_key": 3}]
    assert split(joined(several), 2) == several


def test_what_has_no_mask_belongs_to_every_seat():
    infos = {"each": np.array([1, 2]), "whole": "calm", "table": np.zeros(3)}
    first, second = split(infos, 2)
    assert (first["each"], first["whole"], second["each"], second["whole"]) == (1, "calm", 2, "calm")
    assert first["table"].shape == second["table"].shape == (3,)


def test_no_infos_are_empty_mappings_of_their_own():
    several = split({}, 3)
    several[0]["x"] = 1
    assert several == [{"x": 1}, {}, {}]
