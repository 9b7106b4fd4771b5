"""Replies in which a simulator says itself that something went wrong."""

from __future__ import annotations

import fcntl
import sys
import termios
import time
from array import array
from contextlib import contextmanager

import pytest

import filebridge

CONSOLE = "while True:\n line = input()\n print('WHAT?' if '9' in line else 'ok', float(line), flush=True)"


def configuration(complaints):
    return {
        "filebridge": 1,
        "name": "Complainer",
        "simulator": {"command": [sys.executable, "-I", "-S", "-c", CONSOLE], "seed": "none"},
        "transport": {"console": {}},
        "action": {"choices": 10},
        "start": {"send": 0},
        "step": {"send": "{action}"},
        "complaints": complaints,
        "fields": {"value": {"column": 2}},
        "observation": ["value"],
        "max_steps": 10,
    }


@pytest.mark.parametrize("complaints", ["WHAT?", ["SYNTAX ERROR", "/^WHAT/"]])
def test_a_reply_with_a_complaint_is_an_error_that_shows_it(complaints):
    env = filebridge.BridgeEnv(configuration(complaints))
    try:
        env.reset()
        assert env.step(3)[0].tolist() == [3.0]
        with pytest.raises(filebridge.Refused) as caught:
            env.step(9)
        assert caught.value.found == "WHAT? 9.0"
        assert caught.value.situation.sent == "9\\n"
        env.reset()
        assert env.step(4)[0].tolist() == [4.0]
    finally:
        env.close()


@pytest.mark.parametrize(
    ("complaint", "what"),
    [
        ("/a(/", "complaints[1]: not a regular expression"),
        ("/x*/", "complaints[1]: matches the empty text, so every reply would be refused"),
    ],
)
def test_a_complaint_that_cannot_be_looked_for_is_refused_at_load_time(complaint, what):
    with pytest.raises(filebridge.ConfigError, match=what.replace("[", r"\[").replace("]", r"\]")):
        filebridge.load_program(configuration(["fine", complaint]))


APART = """
import os, sys
for line in sys.stdin:
    late = line.startswith("9")
    if line.startswith("8"):
        os.write(2, b"WHAT? 8\\n")
    os.write(1, b"ok " + line.encode())
    if late:
        os.write(2, b"WHAT")
        os.write(2, b"? 9\\n")
"""
ON_STDERR = "the simulator refused what was sent, or failed, as it said on stderr"


@contextmanager
def apart(**keys):
    made = configuration("WHAT? ")
    made["simulator"]["command"][-1] = APART
    env = filebridge.BridgeEnv({**made, **keys})
    try:
        env.reset()
        assert env.step(3)[0].tolist() == [3.0]
        yield env
    finally:
        env.close()


def await_stderr(env):
    """Wait until all of a complaint has come on stderr, and leave it there."""
    there, limit = array("i", [0]), time.monotonic() + 20
    while there[0] < len("WHAT? 9\n"):
        assert time.monotonic() < limit
        fcntl.ioctl(env.session.link.process.stderr_fd, termios.FIONREAD, there)


def test_a_complaint_on_stderr_is_one_of_the_reply_that_it_came_before():
    with apart() as env:
        with pytest.raises(filebridge.Refused) as caught:
            env.step(8)
        error = caught.value
        assert (error.what, error.found, error.situation.sent) == (ON_STDERR, "WHAT? 8", "8\\n")
        assert error.cure == (
            "see what was sent; if this is a normal reply, take it out of `complaints`; what it says there may come"
            " later than its reply: `transport: {console: {stderr: merged}}`"
        )
        env.reset()
        assert env.step(4)[0].tolist() == [4.0]


def test_a_complaint_on_stderr_that_comes_after_the_reply_is_an_error_of_the_next_step():
    with apart() as env:
        assert_late(env, lambda: env.step(3))


def test_a_complaint_on_stderr_that_comes_after_the_last_reply_is_an_error_of_the_next_reset():
    for keys in ({}, {"reset": {"send": 1}}):
        with apart(**keys) as env:
            assert_late(env, env.reset)


def assert_late(env, call):
    def last():
        # It may be so quick that its complaint is there with the reply.
        assert env.step(9)[0].tolist() == [9.0]
        await_stderr(env)
        call()

    with pytest.raises(filebridge.Refused) as caught:
        last()
    assert caught.value.what.startswith(ON_STDERR)
    assert caught.value.found.startswith("WHAT? 9")
    assert caught.value.situation.phase == "step"
    env.reset()
    assert env.step(4)[0].tolist() == [4.0]


def test_in_many_seats_a_complaint_on_stderr_costs_the_seat_that_it_is_of():
    made = configuration("WHAT? ")
    made["simulator"]["command"][-1] = APART
    made["on_failure"] = {"protocol": "truncate"}
    envs = filebridge.BridgeVectorEnv(made, 3)
    try:
        envs.reset()
        envs.step([1, 2, 3])
        _, _, _, truncated, _ = envs.step([1, 8, 3])
        assert truncated.tolist() == [False, True, False]
    finally:
        envs.close()


def test_where_a_file_is_the_reply_a_complaint_may_stand_on_stdout():
    made = configuration("NO SOLUTION")
    code = "n = int(open('in').read()); print('NO SOLUTION' if n == 9 else 'SOLVED'); open('out', 'w').write(f'ok {n}')"
    made["simulator"] |= {"command": [sys.executable, "-I", "-S", "-c", code], "each": "step"}
    write = {"write": {"in": "{action}"}}
    made |= {"transport": {"files": {"read": "out"}}, "step": write, "reset": {"write": {"in": "0"}}, "start": []}
    env = filebridge.BridgeEnv(made)
    try:
        env.reset()
        assert env.step(3)[0].tolist() == [3.0]
        with pytest.raises(filebridge.Refused) as caught:
            env.step(9)
        assert caught.value.found == "NO SOLUTION"
    finally:
        env.close()
