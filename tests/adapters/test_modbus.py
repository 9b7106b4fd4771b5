"""Modbus TCP: against the simulator of pymodbus, as the documentation shows it, and byte by byte."""

from __future__ import annotations

import pathlib
import re
import struct

import pytest
from filebridge.adapters.modbus import Modbus
from filebridge.adapters.registers import blocks, places

from filebridge import ActionError, BridgeEnv, Desync, ParseError, Refused

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "adapters.md"


def converse(talk, *answers):
    """Return the requests of a dialogue that is given these answers, and what it returns."""
    asked, replies = [], iter(answers)
    try:
        asked.append(next(talk))
        while True:
            asked.append(talk.send(next(replies)))
    except StopIteration as end:
        return asked, end.value


def message(number, response, unit=1):
    return struct.pack(">HHHB", number, 0, 1 + len(response), unit) + response


def test_a_step_writes_and_then_reads():
    modbus = Modbus(unit=7, write="holding 10 * 0.1, coil 3", read="level = input 4 i16, on = coil 3")
    answers = (
        message(1, b"\x06\x00\x0a\x00\x7b"), message(2, b"\x05\x00\x03\xff\x00"),
        message(3, b"\x01\x01\x01"), message(4, b"\x04\x02\xff\xfe"),
    )  # fmt: skip
    asked, values = converse(modbus.step([12.3, 1]), *answers)
    assert asked == [
        bytes.fromhex("0001 0000 0006 07 06 000a 007b"),
        bytes.fromhex("0002 0000 0006 07 05 0003 ff00"),
        bytes.fromhex("0003 0000 0006 07 01 0003 0001"),
        bytes.fromhex("0004 0000 0006 07 04 0004 0001"),
    ]
    assert values == {"level": -2, "on": True}


def test_numbers_of_two_registers():
    request = b"\x10\x00\x02\x00\x02\x04" + struct.pack(">f", 2.5)
    for words, data in (("big", "4020 0000"), ("little", "0000 4020")):
        modbus = Modbus(write="holding 2 f32", read="x = holding 2 f32, n = holding 4 u32", words=words)
        tail = b"\x00\x01\x00\x00" if words == "big" else b"\x00\x00\x00\x01"
        reply = b"\x03\x08" + bytes.fromhex(data) + tail
        asked, values = converse(modbus.step(2.5), message(1, request[:5]), message(2, reply))
        assert asked[0][7:] == b"\x10\x00\x02\x00\x02\x04" + bytes.fromhex(data)
        assert values == {"x": 2.5, "n": 65536}


def test_a_late_answer_is_never_taken_for_the_next():
    modbus = Modbus(read="x = holding 0")
    converse(modbus.start(), message(1, b"\x03\x02\x00\x01"))
    asked, values = converse(modbus.start(), message(1, b"\x03\x02\x00\x09"), message(2, b"\x03\x02\x00\x05"))
    assert (len(asked), asked[1], values) == (2, b"", {"x": 5})


@pytest.mark.parametrize("number", [0, 2, 900])
def test_an_answer_to_nothing_is_refused(number):
    with pytest.raises(Desync, match="the device answers what it was not asked"):
        converse(Modbus(read="x = holding 0").start(), message(number, b"\x03\x02\x00\x01"))


def test_numbers_of_requests_begin_again():
    modbus = Modbus(read="x = holding 0")
    modbus._number = 0xFFFF
    late = message(0xFFFF, b"\x03\x02\x00\x01")
    asked, values = converse(modbus.start(), late, message(1, b"\x03\x02\x00\x07"))
    assert (asked[0][:2], values) == (b"\x00\x01", {"x": 7})


@pytest.mark.parametrize(("code", "meaning"), [(2, "ILLEGAL DATA ADDRESS"), (77, "exception 77")])
def test_an_exception_is_told_with_its_meaning(code, meaning):
    with pytest.raises(Refused) as caught:
        converse(Modbus(read="x = input 258").start(), message(1, bytes([0x84, code])))
    found = f"exception {code} to function 4 at address 258"
    assert (caught.value.what, caught.value.found) == (f"the device refused: {meaning}", found)


@pytest.mark.parametrize("response", [b"\x03\x02\x00", b"\x03\x04\x00\x01", b"\x04\x02\x00\x01", b"\x03\x02", b"\x83"])
def test_a_response_that_does_not_fit_is_refused(response):
    with pytest.raises(ParseError):
        converse(Modbus(read="x = holding 0").start(), message(1, response))


def test_a_message_ends_where_its_head_says():
    modbus, data = Modbus(), message(1, b"\x03\x02\x00\x01")
    assert [modbus.end(data[:size]) for size in range(1, len(data))] == [0] * (len(data) - 1)
    assert modbus.end(data + b"more") == len(data)
    for strange in (b"HTTP/1.1 400", b"\0\1\0\0\0\2\1\3\2", b"\0\1\0\0\xff\xff\1\3\2"):
        with pytest.raises(ParseError, match="this is no Modbus TCP"):
            modbus.end(strange)


@pytest.mark.parametrize(
    ("write", "action", "what"),
    [
        ("holding 3", [70000], "70000 does not fit into holding 3"),
        ("holding 3 i16 * 0.001", [33], "33 does not fit into holding 3"),
        ("coil 3", [0.5], "0.5 is no value for coil 3: 0 or 1"),
        ("holding 3", [1, 2], "the action is 2 numbers, and `write` has 1 places for them"),
    ],
)
def test_an_action_that_does_not_fit_sends_nothing(write, action, what):
    with pytest.raises(ActionError) as caught:
        converse(Modbus(write=write).step(action))
    assert caught.value.what == what


def test_actions_of_every_kind():
    for action in (3, {"a": 3}, [3.0]):
        asked, _ = converse(Modbus(write="holding 1").step(action), message(1, b"\x06\x00\x01\x00\x03"))
        assert asked[0].endswith(b"\x00\x01\x00\x03")


@pytest.mark.parametrize(
    "options",
    [
        {"unit": 256}, {"unit": 1.5}, {"words": "middle"}, {"write": "input 3"}, {"write": "x = holding 3"},
        {"write": "holding"}, {"read": "holding 3"}, {"read": "x = holding 70000"}, {"read": "x = coil 3 u16"},
        {"read": "x = holding 3 u64"}, {"read": "x = holding 3 * 0"}, {"begin": "holding 3"},
        {"read": "x = register 3"}, {"begin": "holding 3 = 70000"}, {"read": "x = holding 65535 f32"},
        {"write": "holding 1,"}, {"read": "x = holding 1, x = holding 2"},
    ],
    ids=str,
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(ValueError, match=f"^{'|'.join(options)}|does not fit"):
        Modbus(**options)


def test_neighbours_are_read_at_once():
    wanted = places("read", "a = holding 5, b = holding 3 f32, c = holding 8, d = input 6, e = holding 5", named=True)
    found = [(block.table, block.first, block.count, len(block.places)) for block in blocks(wanted)]
    assert found == [("holding", 3, 3, 3), ("holding", 8, 1, 1), ("input", 6, 1, 1)]
    many = places("read", ", ".join(f"x{n} = holding {n}" for n in range(130)), named=True)
    assert [block.count for block in blocks(many)] == [125, 5]


@pytest.fixture
def vessel(tmp_path):
    """The configuration of the documentation's example, beside its files."""
    page = PAGE.read_text("utf-8")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", page, re.M | re.S):
        (tmp_path / name).write_text(text)
    (config,) = re.findall(r"^```yaml\n(filebridge: 1\nname: Vessel\n.*?)^```$", page, re.M | re.S)
    (tmp_path / "vessel.yaml").write_text(config)
    return tmp_path / "vessel.yaml"


def test_the_documented_example_runs_on_the_simulator_of_pymodbus(vessel):
    with BridgeEnv(vessel) as env:
        first, _ = env.reset()
        assert first.tolist() == [520.0, 0.0]
        pid = env._session.link.process.pid
        levels = [env.step([valve])[0].tolist() for valve in (0, 100, 100, 50.04)]
        assert levels == [[530, 0], [520, 100], [510, 100], [510, 50]]
        assert env.reset()[0].tolist() == [520.0, 0.0]
        assert env._session.link.process.pid == pid


def test_the_simulator_of_pymodbus_refuses_what_it_does_not_have(vessel):
    vessel.write_text(vessel.read_text().replace("level = holding 20", "level = holding 900"))
    with BridgeEnv(vessel) as env, pytest.raises(Refused) as caught:
        env.reset()
    assert caught.value.what == "the device refused: ILLEGAL DATA ADDRESS"
