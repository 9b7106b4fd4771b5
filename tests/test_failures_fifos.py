"""A simulator between two FIFOs: whoever opens, closes, floods or dies, a step ends in time and nobody spins."""

from __future__ import annotations

import errno
import importlib.util
import os
import time
from pathlib import Path

import pytest

from filebridge.errors import (
    LimitReached,
    MessageTooLarge,
    PeerRejected,
    ReadyTimeout,
    SendBlocked,
    SimulatorExited,
    SimulatorTimeout,
    StartError,
)
from filebridge.transports import fifo as fifos

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake

OPENED = """
def say(text):
    os.write(output, text.encode())

def told():
    global buffer
    while b"\\n" not in buffer:
        piece = os.read(entry, 65536)
        if not piece: sys.exit(0)
        buffer += piece
    line, _, buffer = buffer.partition(b"\\n")
    return int(line.split()[0])

buffer = b""
"""
OUTPUT = 'output = os.open("out.fifo", os.O_WRONLY)\n'
ENTRY = 'entry = os.open("in.fifo", os.O_RDONLY)\n'
BOTH = OPENED + OUTPUT + ENTRY
ANSWERS = """
step = 0
while True:
    say(reply(step))
    step = told()
"""
MIDWAY = BOTH + """
say(reply(0))
told()
say(reply(1))
told()
"""
TOLD = [{"send": "{step} {action:.0f}", "lines": 1}]


def bridge(code, **keys):
    made = {"transport": {"files": None, "fifo": {"write": "in.fifo", "read": "out.fifo"}}, "step": TOLD}
    return side.bridge(code, **{**made, **keys})


def cpu():
    times = os.times()
    return times.user + times.system


@pytest.mark.parametrize("order", [
    OUTPUT + ENTRY, ENTRY + OUTPUT, (ENTRY + OUTPUT).replace("WRONLY", "RDWR").replace("RDONLY", "RDWR"),
], ids=["answers first", "hears first", "both ways"])
def test_either_side_may_open_first(order):
    with bridge(OPENED + order + ANSWERS) as env:
        env.reset()
        side.play(env, 50)
        assert env.reset()[0].tolist() == [0, 0]


def test_a_peer_that_never_opens_ends_at_the_deadline_and_costs_nothing():
    with bridge("time.sleep(99)", deadlines={"start": 1.0}) as env:
        begun, spent = time.monotonic(), cpu()
        with pytest.raises(ReadyTimeout) as caught:
            env.reset()
        took = time.monotonic() - begun
        assert 1.0 <= took < 5
        assert caught.value.situation.process == "sleeping for a set time"
        assert (fake.folders(), fake.inhabitants()) == ([], [])
    _idle(spent, took)


def _idle(spent, took):
    """Fail if more than a twentieth of the time, and what a start and an end cost, was spent computing."""
    assert cpu() - spent < 0.05 * took + 0.15


@pytest.mark.parametrize("away", [
    "time.sleep(99)", "os.close(output)\ntime.sleep(99)", "os.close(output); os.close(entry)\ntime.sleep(99)",
], ids=["silent", "output closed", "both closed"])
def test_a_wait_for_one_that_closed_its_fifo_costs_no_processor_time(away):
    with bridge(MIDWAY + away, deadlines={"step": 2.0}) as env:
        spent = cpu()
        error, took = side.failure(env, SimulatorTimeout)
        assert 2.0 <= took < 6
        assert error.situation.sent == "2 1\\n"
        _idle(spent, took)


def test_a_peer_may_close_and_open_again_in_every_step():
    code = OPENED + """
step = 0
while True:
    output = os.open("out.fifo", os.O_WRONLY)
    say(reply(step))
    os.close(output)
    entry = os.open("in.fifo", os.O_RDONLY)
    step = told()
    os.close(entry)
"""
    with bridge(code) as env:
        env.reset()
        side.play(env, 100)


def test_a_shell_that_redirects_each_answer_is_served():
    script = 'echo "seq=0 x=0" > out.fifo; while read n x; do echo "seq=$n x=$((n * n))" > out.fifo; done < in.fifo'
    with bridge("", simulator={"command": ["/bin/sh", "-c", script.replace("$", "$$")]}) as env:
        env.reset()
        side.play(env, 100)


def test_two_writers_do_not_cut_each_others_lines():
    code = OPENED + """
output = os.open("out.fifo", os.O_WRONLY)
say(reply(0))
if os.fork() == 0:
    while True:
        os.write(output, b"# " + b"chatter " * 400 + b"\\n")
        time.sleep(0.0005)
entry = os.open("in.fifo", os.O_RDONLY)
while True:
    say(reply(told()))
"""
    until = {"until": r"/^seq=\d+ x=\d+\n/"}
    step = [{"send": "{step} {action:.0f}", **until}]
    with bridge(code, step=step, start=[until], leftover="drop", limits={"output": "8 MiB"}) as env:
        env.reset()
        side.play(env, 100)
        number = fake.pid(env)
    assert fake.gone(number)
    assert fake.inhabitants() == []


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "sys.exit(3)"])
def test_a_death_in_the_middle_of_a_line_is_told_and_what_it_said_is_shown(end):
    with bridge(MIDWAY + f'say("seq=2 x")\n{end}') as env:
        error, took = side.failure(env, SimulatorExited)
    assert took < 5, "the deadline is 10 s"
    assert error.situation.received == "seq=2 x"
    assert (error.code, error.signal) in ((3, None), (None, 9))


def test_an_answer_said_just_before_the_end_counts():
    with bridge(MIDWAY + "say(reply(2))\nos._exit(0)") as env:
        for _ in range(5):
            env.reset()
            side.play(env, 2)
            fake.until(lambda: fake.gone(fake.pid(env)))
            with pytest.raises(SimulatorExited, match="between two steps: exit code 0"):
                env.step(fake.act())


def test_one_that_does_not_read_its_fifo_blocks_the_send_and_no_longer():
    step = [{"send": "{step} {action:.0f} " + "x" * 200_000, "lines": 1}]
    code = BOTH + "say(reply(0))\ntold()\nsay(reply(1))\ntime.sleep(99)"
    with bridge(code, step=step, deadlines={"step": 0.4}) as env:
        error, took = side.failure(env, SendBlocked)
    assert 0.4 <= took < 5
    assert error.what == "the simulator did not read what was sent within 0.4 s"


def test_a_flood_without_an_end_is_cut_off():
    with bridge(MIDWAY + "while True: say('x' * 65536)") as env:
        _, took = side.failure(env, MessageTooLarge)
    assert took < 5, "the deadline is 10 s"


def test_a_late_line_of_a_step_that_timed_out_is_never_taken_for_a_later_one():
    code = MIDWAY + "time.sleep(1.3)\nsay(reply(2))\nsay(reply(1))\nsay(reply(0))\ntime.sleep(99)"
    with bridge(code, deadlines={"step": 1}, on_failure="truncate") as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            side.play(env, 1)
            observation, _, terminated, truncated, info = env.step(fake.act())
            assert (observation.tolist(), terminated, truncated) == ([1, 1], False, True)
            assert info["bridge_failure"]["error"] == "SimulatorTimeout"


def test_a_failed_episode_is_repeated_through_fifos(tmp_path):
    code = f"first = not os.path.exists({str(tmp_path / 'tried')!r})\nopen({str(tmp_path / 'tried')!r}, 'w')\n" + BOTH
    code += ANSWERS + "    if first and step == 5: os._exit(1)\n"
    with bridge(code, on_failure="retry", deterministic=True) as env:
        env.reset()
        side.play(env, 10)


@pytest.mark.parametrize("plant", ["file", "folder", "link"])
@pytest.mark.parametrize("name", ["in.fifo", "out.fifo"])
def test_what_stands_under_the_name_of_a_fifo_is_refused_and_stays(tmp_path, plant, name):
    place = tmp_path / name
    {"file": lambda: place.write_text("mine"), "folder": place.mkdir, "link": lambda: place.symlink_to("/dev/zero")}[
        plant
    ]()
    before = place.lstat()
    with bridge(BOTH + ANSWERS, simulator={"directory": str(tmp_path)}) as env:
        with pytest.raises(PeerRejected, match=f"a FIFO is to be made under the name {name}"):
            env.reset()
        assert (fake.folders(), env._session.link) == ([], None)
        assert place.lstat() == before
        place.rmdir() if plant == "folder" else place.unlink()
        env.reset()
        side.play(env, 3)
    assert not place.exists()


def test_a_fifo_of_an_earlier_run_is_emptied(tmp_path):
    os.mkfifo(tmp_path / "out.fifo")
    old = os.open(tmp_path / "out.fifo", os.O_RDWR)
    os.write(old, b"seq=0 x=99\n")
    with bridge(BOTH + ANSWERS, simulator={"directory": str(tmp_path)}) as env:
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 3)
    os.close(old)


@pytest.mark.parametrize(("number", "kind"), [
    (errno.ENOSPC, LimitReached), (errno.EMFILE, LimitReached), (errno.EACCES, StartError), (errno.EROFS, StartError),
])
def test_a_fifo_that_cannot_be_made_is_a_failed_start(monkeypatch, number, kind):
    seam = type(os)("os")
    seam.__dict__.update(os.__dict__)

    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    seam.mkfifo = refuse
    with bridge(BOTH + ANSWERS) as env:
        with monkeypatch.context() as patch:
            patch.setattr(fifos, "os", seam)
            with pytest.raises(kind, match="cannot be made") as caught:
                env.reset()
        assert caught.value.found == os.strerror(number)
        assert (fake.folders(), env._session.link) == ([], None)
        env.reset()
        side.play(env, 3)


def test_a_fifo_that_is_removed_and_made_by_the_simulator_ends_at_the_deadline():
    code = MIDWAY + "os.unlink('out.fifo'); os.mkfifo('out.fifo')\nos.open('out.fifo', os.O_RDWR)\ntime.sleep(99)"
    with bridge(code, deadlines={"step": 0.4}) as env:
        side.failure(env, SimulatorTimeout)


@pytest.mark.parametrize(("transport", "step"), [
    ({"console": {}, "fifo": {"read": "out.fifo"}}, TOLD),
    ({"files": {"read": "obs.txt"}, "fifo": {"write": "in.fifo"}}, [{"send": "{step}"}]),
    ({"console": {}, "fifo": {"write": "in.fifo"}}, TOLD),
    ({"files": {}, "fifo": {"read": "out.fifo"}}, [{"write": {"act.txt": "{step} {action:.0f}"}, "lines": 1}]),
], ids=["stdin to fifo", "fifo to file", "fifo to stdout", "file to fifo"])
def test_a_fifo_one_way_and_something_else_the_other(transport, step):
    files, reads = transport.get("files", {}), "read" in transport["fifo"]
    sends = "write" in transport["fifo"]
    code = OPENED + OUTPUT * reads + "step = 0\nif True:\n    ANSWER\n"
    code += ENTRY * sends + "entry = 0\n" * ("console" in transport and not sends)
    code += "while True:\n    step = TOLD\n    ANSWER\n"
    printed = "os.write(1, reply(step).encode())"
    answer = "say(reply(step))" if reads else "put(reply(step))" if "read" in files else printed
    code = code.replace("ANSWER", answer).replace("TOLD", "act()" if "write" in step[0] else "told()")
    with side.bridge(code, transport={"files": None, **transport}, step=step) as env:
        env.reset()
        side.play(env, 50)
        assert env.reset()[0].tolist() == [0, 0]
