"""What is refused through the environment: a start without the programs it needs, an answer that complains."""

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


STALE = """
import os, time
def put(text):
    with open("obs.tmp", "w") as file:
        file.write(text)
    os.replace("obs.tmp", "obs.txt")
put("0 0\\n")
while not os.path.exists("act.txt"):
    time.sleep(0.001)
put("-1 0 BAD ORDER\\n")
time.sleep(60)
"""


def test_a_complaint_is_heard_although_its_number_is_an_old_one(tmp_path):
    (tmp_path / "stale.py").write_text(STALE)
    config = {
        **CONFIG,
        "simulator": {"command": ["${python}", "-S", str(tmp_path / "stale.py")], "seed": "none"},
        "transport": {"files": {"read": "obs.txt", "written": "renamed"}},
        "start": {"fresh": "n == step"},
        "step": {"write": {"act.txt": "{step} {action}"}, "fresh": "n == step"},
        "fields": {"n": {"column": 1, "type": "int"}, "x": {"column": 2}},
        "complaints": "BAD ORDER",
    }
    env = filebridge.BridgeEnv(config)
    env.reset()
    with pytest.raises(filebridge.Refused):
        env.step(1)
    env.close()
