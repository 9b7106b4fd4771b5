"""A process for each step, files and FIFOs, seen from the environment: what a failure says, and what is left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ProtocolError, SimulatorExited, SimulatorTimeout

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

ADDS = "read a b < deck.txt; echo SUM x=$((a + b)) > out.txt; echo note >&2"


def runs(script=ADDS, **keys):
    """Return what makes of the fake configuration one with a process for each step."""
    made = {
        "simulator": {"command": ["sh", "-c", script.replace("$", "$$")], "each": "step"},
        "transport": {"files": {"read": "out.txt"}},
        "start": None,
        "reset": [{"write": {"deck.txt": "0 0"}}],
        "step": [{"write": {"deck.txt": "{action:.0f} {x}"}}],
    }
    for key, value in keys.items():
        both = isinstance(made.get(key), dict) and isinstance(value, dict)
        made[key] = {**made[key], **value} if both else value
    made["transport"] = {"console": None, **made["transport"]}
    built = fake.config("", **{**made, "transport": None})
    built["transport"] = {key: value for key, value in made["transport"].items() if value is not None}
    return built


@pytest.fixture
def bridge():
    opened = []

    def make(*given, render_mode=None, **keys):
        opened.append(BridgeEnv(runs(*given, **keys), render_mode=render_mode))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


def failure(env, kind, action=9):
    env.reset()
    env.step(fake.act())
    with pytest.raises(kind) as caught:
        env.step(fake.act(action))
    assert (fake.folders(), fake.inhabitants()) == ([], [])
    assert env.reset()[0].tolist() == [0]
    return caught.value


def test_each_step_is_a_run_and_a_reset_is_one_too(bridge):
    env = bridge(render_mode="ansi")
    for _ in range(2):
        assert env.reset()[0].tolist() == [0]
        assert [env.step(fake.act(2))[0].tolist() for _ in range(3)] == [[2], [4], [6]]
        assert env.render() == "SUM x=6\n"
        assert fake.inhabitants() == []


def test_what_a_run_prints_is_the_reply_where_no_file_is_read(bridge):
    env = bridge("read a; echo x=$((a + 1))", transport={"files": None, "console": {}},
                 reset=[{"send": "-1"}], step=[{"send": "{action:.0f}"}])  # fmt: skip
    assert env.reset()[0].tolist() == [0]
    assert env.step(fake.act(5))[0].tolist() == [6]


def test_two_runs_in_a_step_that_answer_in_several_files(bridge):
    env = bridge(
        "read a b < deck.txt; echo x=$((a + b)) > out.txt; echo b=$b > more.txt",
        transport={"files": {"read": ["out.txt", "more.txt"]}},
        step=[{"write": {"deck.txt": "{action:.0f} {x}"}, "repeat": {"until": "x > 0"}},
              {"write": {"deck.txt": "{x} {x}"}}],
        fields={"b": {"find": "b={int}", "file": "more.txt"}}, observation=["x", "b"],
    )  # fmt: skip
    assert env.reset()[0].tolist() == [0, 0]
    assert [env.step(fake.act(2))[0].tolist() for _ in range(2)] == [[4, 2], [12, 6]]


def test_several_seats_run_at_once(bridge):
    wait = "touch ../here-$$; while [ $(ls .. | grep -c here-) != 3 ]; do sleep 0.01; done"
    meet = f"read a b < deck.txt; [ $a = 9 ] && {{ {wait}; }}\n"
    together = [bridge(meet + ADDS) for _ in range(3)]
    found = {}

    def play(number):
        env = together[number]
        env.reset()
        found[number] = env.step(fake.act(9))[0].tolist()

    threads = [threading.Thread(target=play, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for name in fake.folders():
        if name.startswith("here-"):
            os.unlink(Path(os.environ["FILEBRIDGE_WORKDIR"]) / name)
    assert found == {number: [9] for number in range(3)}


@pytest.mark.parametrize(("work", "doing"), [
    ("while :; do :; done", "busy computing"),
    ("sleep 99", "waiting for its child sleep, which is sleeping for a set time"),
])
def test_a_run_that_does_not_end_is_told_and_ended(bridge, work, doing):
    env = bridge(f"read a b < deck.txt; [ $a = 9 ] && {{ setsid sleep 99 & {work}; }}; {ADDS}", deadlines={"step": 0.3})
    error = failure(env, SimulatorTimeout)
    assert error.what.startswith("no whole reply within 0.3 s: the run has not ended: it is ")
    assert error.cure == "raise `deadlines`, or see what it waits for: its input ends after what was sent"
    assert error.situation.awaited == "out.txt after the end of the run"
    assert error.situation.sent == "deck.txt 4\\n9 1\\n"
    assert doing in error.what


def test_a_run_that_fails_is_told_with_its_last_words(bridge):
    error = failure(bridge("read a b < deck.txt; [ $a = 9 ] && { echo CARD 3 >&2; exit 7; }; " + ADDS), SimulatorExited)
    assert (error.what, error.code) == ("the simulator ended in the middle of a step: exit code 7", 7)
    assert error.situation.stderr == "CARD 3\\n"
    assert error.cure.endswith("if the result counts all the same: `exit_ok: [0, 7]`")


def test_a_run_that_wrote_no_result_is_no_repetition_of_the_last_one(bridge):
    error = failure(bridge("read a b < deck.txt; [ $a = 9 ] && exit 0; " + ADDS), ProtocolError)
    assert error.what == "the run ended well but wrote no out.txt"


TRAINER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import simulated as fake
from filebridge.env import BridgeEnv
import json
env = BridgeEnv(json.loads(sys.argv[2]))
env.reset()
env.step(fake.act())
print("ready", flush=True)
env.step(fake.act(9))
"""
HANGS = "[ $a = 9 ] && { setsid sleep 99 & trap '' TERM HUP; sleep 99; }; "
POLLS = (
    "n=0; while :; do s=; read s a < act.txt; [ -n \"$s\" ] && [ \"$s\" != \"$n\" ] && { n=$s; " + HANGS
    + "echo x=$n > new; mv new obs.txt; }; done 2>/dev/null"
)
PIPED = "exec 3> out.fifo 4< in.fifo; echo x=0 >&3; while read a <&4; do " + HANGS + "echo x=1 >&3; done"


def polled():
    return fake.config("", simulator={"command": ["sh", "-c", POLLS.replace("$", "$$")]}, transport=None, start=[
        {"write": {"act.txt": "-1 0"}}], step=[{"write": {"act.txt": "{step} {action:.0f}"}}]) | {
            "transport": {"files": {"read": "obs.txt", "written": "renamed"}}}  # fmt: skip


def piped():
    return fake.config("", simulator={"command": ["sh", "-c", PIPED.replace("$", "$$")]}, transport=None, start=[{}],
                       step=[{"send": "{action:.0f}"}]) | {
            "transport": {"fifo": {"write": "in.fifo", "read": "out.fifo"}}}  # fmt: skip


WAYS = {"runs": runs("read a b < deck.txt; " + HANGS + ADDS), "files": polled(), "fifos": piped()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_trainer_that_is_killed_in_a_step_leaves_nothing(way, number):
    command = [sys.executable, "-c", TRAINER, str(Path(__file__).parent / "fakes"), json.dumps(WAYS[way])]
    trainer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert trainer.stdout.readline() == "ready\n"
        fake.until(lambda: len(fake.inhabitants()) >= 3)
        assert len(fake.folders()) == 1
        trainer.send_signal(number)
        trainer.wait(30)
        fake.until(lambda: not fake.inhabitants() and not fake.folders(), 2)
    finally:
        trainer.kill()
        trainer.communicate()
    assert trainer.returncode == -number


def test_an_array_of_a_run_is_read_from_its_file(bridge):
    code = "import array, sys; array.array('d', [1, 2, float(open('deck.txt').read())]).tofile(open('out.bin', 'wb'))"
    env = bridge(simulator={"command": [*fake.PYTHON, "-c", code]}, transport={"files": {"read": "out.bin"}},
                 reset=[{"write": {"deck.txt": "3"}}], step=[{"write": {"deck.txt": "{action:.0f}"}}], reward="0",
                 fields={"x": {"binary": {"type": "<f8"}, "size": 3}}, observation=["x"])  # fmt: skip
    np.testing.assert_array_equal(env.reset()[0], [1, 2, 3])
    np.testing.assert_array_equal(env.step(fake.act(7))[0], [1, 2, 7])


def test_a_trainer_that_ignores_a_signal_runs_as_any_other(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        env = BridgeEnv(NOHUP)
        env.reset()
        assert [float(env.step(action)[0][0]) for action in (3, 4)] == [3.0, 4.0]
        env.close()
    finally:
        signal.signal(signal.SIGHUP, before)


NOHUP = {
    "filebridge": 1,
    "name": "Nohup",
    "simulator": {"command": ["cat"], "each": "step", "seed": "none"},
    "transport": {"console": {}},
    "action": {"choices": 5},
    "reset": {"send": "0"},
    "step": {"send": "{action}"},
    "fields": {"x": {"column": 1}},
    "observation": ["x"],
    "max_steps": 5,
}
