"""Arrays from files: a simulator writes tables, NumPy files and binary data, and they are observed as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from filebridge import BridgeEnv
from filebridge.errors import ParseError, ValueOutOfRange

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

WRITER = r"""
import io, os, struct, sys, zipfile

def put(name, data):
    with open(name + ".tmp", "wb") as file:
        file.write(data)
    os.rename(name + ".tmp", name)

def npy(descr, shape, data):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data

def packed(x):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("heat.npy", npy(">f4", "(3,)", struct.pack(">3f", x, x + 1, x + 2)))
    return stream.getvalue()

def write(x):
    put("table.txt", b"# x y\n%d 1.5D+00\n2 3\n" % x)
    put("flow.npy", npy("<f8", "(2, 2)", struct.pack("<4d", x, 1, 2, 3)))
    put("heat.npz", packed(x))
    put("raw.bin", struct.pack("<iI2hI", 9, 4, x, -x, 4)[4:])

x = 0
while True:
    command = hear()
    x = 0 if command.startswith("r") else x + int(command)
    write(x)
"""
NAMES = ["table.txt", "flow.npy", "heat.npz", "raw.bin"]
FIELDS = {
    "table": {"array": {}, "shape": [2, 2], "file": "table.txt", "low": -9, "high": 9},
    "flow": {"npy": True, "shape": [2, 2], "file": "flow.npy", "low": 0, "high": 100},
    "heat": {"npz": "heat", "size": 3, "file": "heat.npz"},
    "pair": {"binary": {"type": "<i2", "markers": "fortran"}, "size": 2, "file": "raw.bin", "low": -9, "high": 9},
    "last": {"binary": {"type": "<i2", "offset": 4}, "file": "raw.bin"},
}


def config(**keys):
    made = {
        "transport": {"console": {}, "files": {"read": NAMES, "written": "renamed"}},
        "action": {"box": {"low": -1, "high": 1}},
        "start": None,
        "reset": [{"send": "r"}],
        "step": [{"send": "{action:.0f}"}],
        "fields": None,
        "observation": ["heat"],
        "reward": "heat[0]",
        **keys,
    }
    return {**fake.config(WRITER, **made), "fields": {**FIELDS, **keys.get("fields", {})}}


def act(x=1):
    return np.array([x], np.float32)


def test_each_array_is_observed_in_its_shape():
    observation = {name: name for name in FIELDS if name != "last"}
    with BridgeEnv(config=config(observation=observation)) as env:
        assert env.observation_space["flow"] == spaces.Box(0, 100, (2, 2), np.float64)
        first, _ = env.reset()
        assert first["flow"].tolist() == [[0, 1], [2, 3]]
        for x in (1, 2, 3):
            seen, reward, *_ = env.step(act())
            assert seen in env.observation_space
            assert seen["table"].tolist() == [[x, 1.5], [2, 3]]
            assert seen["flow"].tolist() == [[x, 1], [2, 3]]
            assert seen["heat"].tolist() == [x, x + 1, x + 2]
            assert seen["pair"].tolist() == [x, -x]
            assert reward == x
        assert first["flow"].tolist() == [[0, 1], [2, 3]]


def test_arrays_mix_with_numbers_in_a_flat_box():
    with BridgeEnv(config=config(observation=["step", "pair", "last", "flow"], observation_dtype="float64")) as env:
        assert env.observation_space.shape == (8,)
        env.reset()
        assert env.step(act())[0].tolist() == [1, 1, -1, 1, 1, 1, 2, 3]


def test_an_array_that_is_not_observed_is_in_the_info_and_cannot_be_changed():
    with BridgeEnv(config=config()) as env:
        env.reset()
        info = env.step(act())[4]
        assert info["pair"].tolist() == [1, -1]
        with pytest.raises(ValueError, match="read-only"):
            info["pair"][0] = 5


def test_an_array_of_another_shape_is_an_error_with_both_shapes():
    with (
        BridgeEnv(config=config(fields={"flow": {"npy": True, "shape": [4], "file": "flow.npy"}})) as env,
        pytest.raises(ParseError, match="field flow is not an array of 4\n  found: an array of 2 x 2\n"),
    ):
        env.reset()


def test_a_number_out_of_bounds_names_its_place():
    with BridgeEnv(config=config()) as env:
        env.reset()
        with pytest.raises(ValueOutOfRange, match=r"outside its bounds\n  found: -1.0 at \[0, 0\], counted from 0\n"):
            env.step(act(-1))


def test_arrays_stand_in_expressions():
    reward = "sum(flow) + pair[-1] + table[1][0] + max(heat) - prev.flow[0][0]"
    with BridgeEnv(config=config(reward=reward, terminated="count(table, 3) != 1")) as env:
        env.reset()
        assert env.step(act())[1:3] == (7 - 1 + 2 + 3 - 0, False)


@pytest.mark.parametrize(
    ("field", "searched"),
    [
        ({"array": {"skip": 9}, "shape": [2, 2], "file": "table.txt"}, "array: no row is left behind 9 lines"),
        ({"binary": {"type": "<i2", "record": 6, "which": 7}, "file": "raw.bin"},
         'binary "<i2": there is no record 7 in 12 bytes'),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(field, searched):
    with BridgeEnv(config=config(fields={"last": field})) as env, pytest.raises(ParseError) as caught:
        env.reset()
    assert caught.value.what == "field last does not occur in the reply"
    assert caught.value.cure.startswith(f"searched: {searched}; correct that (fields.last), or ")
