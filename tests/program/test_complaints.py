"""Replies in which a simulator says itself that something went wrong."""

from __future__ import annotations

import sys

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
