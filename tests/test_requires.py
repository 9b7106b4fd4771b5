"""Programs that a script needs are looked for before it is started."""

import pytest

import filebridge
from filebridge.check import check

CONFIG = {
    "filebridge": 1,
    "name": "Script",
    "simulator": {
        "command": ["sh", "-c", "exec no-such-solver"],
        "requires": ["sh", "no-such-solver"],
        "install": "apt-get install no-such-solver",
        "seed": "none",
    },
    "transport": {"console": {}},
    "action": {"choices": 2},
    "step": {"send": "{action}"},
    "fields": {"x": {"column": 1}},
    "observation": ["x"],
    "max_steps": 2,
}


def test_a_missing_one_is_told_with_the_line_that_installs_it():
    env = filebridge.BridgeEnv(CONFIG)
    with pytest.raises(filebridge.ExecFailed) as caught:
        env.reset()
    env.close()
    assert caught.value.what == "no-such-solver cannot be started: No such file or directory"
    assert caught.value.cure == "install with: apt-get install no-such-solver"


def test_the_check_says_so_without_starting_anything():
    verdicts = list(check(CONFIG, episodes=1, seed=0))
    installed = next(verdict for verdict in verdicts if verdict.rule == "the program is installed")
    assert installed.outcome == "failed"
    assert "apt-get install no-such-solver" in str(installed)


def test_flags_in_a_complaint_are_refused_where_they_stand():
    config = {**CONFIG, "complaints": "/(?i)error/"}
    with pytest.raises(filebridge.ConfigError, match=r"complaints.*not a regular expression"):
        filebridge.load_program(config)
