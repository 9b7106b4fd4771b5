"""A trainer with many simulators that is interrupted, forks or ends, by whatever means: nothing of it is left."""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

import filebridge
from filebridge import guardian

FAKES = Path(__file__).parent.parent / "fakes"
_spec = importlib.util.spec_from_file_location("several", FAKES / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)
fake = several.fake

TRAINER = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
import filebridge, several
fake = several.fake
count = int(sys.argv[2])
envs = filebridge.BridgeVectorEnv(several.config(), count)
envs.reset(seed=0)
envs.step([1] * count)
print("ready", flush=True)
"""


@pytest.fixture
def train():
    """Start a trainer of many simulators and wait until all of them run; it is ended with the test."""
    started = []

    def begin(code, count, *arguments):
        command = [sys.executable, "-c", TRAINER + code, str(FAKES), str(count), *arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        assert len(fake.folders()) == count
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def nothing_is_left_within(seconds):
    fake.until(lambda: not fake.inhabitants() and not fake.folders(), seconds)


IDLE, STEPPING = "time.sleep(99)", "envs.step([9] * count)"


@pytest.mark.parametrize("doing", [IDLE, STEPPING], ids=["idle", "in a step"])
def test_a_trainer_of_256_that_is_killed_leaves_nothing_after_two_seconds(train, doing):
    process = train(doing, 256)
    process.kill()
    process.wait(30)
    begun = time.monotonic()
    nothing_is_left_within(20)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(("end", "code", "words"), [
    ("sys.exit(4)", 4, ""),
    ("raise KeyError('mine')", 1, "KeyError: 'mine'"),
    ("threading.Thread(target=envs.step, args=([9] * count,), daemon=True).start(); time.sleep(0.1)", 0, ""),
    ("envs.send([9] * count)", 0, ""),
    ("del envs", 0, ""),
], ids=["sys.exit", "exception", "a step in a thread", "sent and not received", "thrown away"])
def test_a_trainer_that_ends_by_itself_leaves_nothing_and_says_nothing(train, end, code, words):
    process = train("sys.stdin.readline()\n" + end, 8)
    _, stderr = process.communicate("go\n", timeout=30)
    nothing_is_left_within(1)
    assert process.returncode == code
    assert stderr.strip().splitlines()[-1:] == ([words] if words else [])


CTRL_C = """
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", len(fake.folders()), flush=True)
observations, rewards, *_ = envs.step([1] * count)
print(rewards.any(), len(fake.folders()), flush=True)
envs.close()
print("closed", len(fake.folders()), flush=True)
"""


@pytest.mark.parametrize(("call", "left", "goes_on"), [
    # All seats were asked: of none is known how far it has come. Those that were not keep their simulators.
    ("envs.step([9] * count)", 0, False),
    ("envs.send([9, 1], [0, 1]); envs.recv(2)", 6, True),
    ("time.sleep(99)", 8, True),
])
def test_ctrl_c_is_a_keyboard_interrupt_after_which_all_goes_on(train, call, left, goes_on):
    process = train(CTRL_C.format(call=call), 8)
    time.sleep(0.1)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == f"interrupted {left}\n"
    assert time.monotonic() - begun < 3
    assert process.stdout.readline() == f"{goes_on} 8\n"
    assert process.stdout.readline() == "closed 0\n"
    assert process.wait(30) == 0
    assert process.stderr.read() == ""


RANDOM = """
import random
sys.stdin.readline()
random.seed(int(sys.argv[3]))
made = several.counting(action={"choices": "1..6"}, max_steps=30)
mode = sys.argv[4]
envs.close()
envs = filebridge.BridgeVectorEnv(made, count, warm=2 if mode == "warm" else None)
caught = []

def check(infos):
    # Each reply is the one to the action just sent, and every action was heard once.
    assert (infos["number"] == infos["heard"]).all(), infos

def play():
    envs.reset()
    while True:
        if mode != "send":
            check(envs.step([random.randrange(6)] * count)[4])
        else:
            envs.send([random.randrange(6)] * count)
            left = count
            while left:
                received = envs.recv(1, 1.0)
                left -= len(received.seats)
                if left:
                    check(received.infos)

signal.signal(signal.SIGALRM, fake.interrupting(play, 0.02))
for _ in range(30):
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.05))
    try:
        play()
    except KeyboardInterrupt:
        caught.append(1)
    # It may have come between send and recv.
    envs.recv(count)
    if random.random() < 0.7:
        # What was interrupted begins anew or goes on, and nothing of it is taken for something else.
        for _ in range(2):
            if envs.envs[0].session.episode and all(one is not None for one in envs._seats.last):
                check(envs.step([1] * count)[4])
signal.signal(signal.SIGALRM, signal.SIG_IGN)
assert envs.reset()[0].tolist() == [[0]] * count, "it works again"
check(envs.step([1] * count)[4])
envs.close()
print(len(caught), len(fake.folders()), len(fake.inhabitants()), flush=True)
"""


@pytest.mark.parametrize("mode", ["step", "send", "warm"])
def test_interrupts_at_any_time_leave_seats_that_are_in_step_with_their_simulators(train, mode):
    process = train(RANDOM, 4, str(time.time_ns()), mode)
    stdout, stderr = process.communicate("go\n", timeout=100)
    assert (stdout, stderr) == ("30 0 0\n", "")
    assert process.returncode == 0


def once(call):
    """Return what does as ``call`` does, but for the first time, when it is interrupted."""
    calls = []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return call(*given)

    return interrupted


@pytest.mark.parametrize("where", ["prepared", "sent", "read", "concluded", "joined"])
@pytest.mark.parametrize("exchanges", [1, 2])
def test_an_interrupt_wherever_it_hits_leaves_no_reply_for_the_next_step(where, exchanges, monkeypatch):
    step = [{"send": "{action}", "until": "> "}, {"send": "0", "until": "> "}][:exchanges]
    with several.vector(3, several.counting(step=step, info={"number": f"step * {exchanges}", "heard": "n"})) as envs:
        envs.reset()
        for _ in range(2):
            envs.step([1, 1, 1])
        session = envs.envs[1].session
        owner, name = {
            "prepared": (session, "prepare"), "sent": (session.link, "write"), "read": (session.link, "read"),
            "concluded": (session, "_judge"), "joined": (envs, "_batch"),
        }[where]  # fmt: skip
        if where == "sent" and exchanges == 1:
            session.plain = (once(session.plain[0]), session.plain[1])
        else:
            monkeypatch.setattr(owner, name, once(getattr(owner, name)))
        with pytest.raises(KeyboardInterrupt):
            envs.step([1, 1, 1])
        _, rewards, _, _, infos = envs.step([1, 1, 1])
        assert (rewards.tolist(), infos["number"].tolist()) == ([0, 0, 0], [0, 0, 0]), "all have begun anew"
        for _ in range(3):
            infos = envs.step([1, 1, 1])[4]
            assert infos["number"].tolist() == infos["heard"].tolist()


RUN = "read a < deck.txt; echo x=$$a a=$$a"


@pytest.mark.parametrize("where", ["drain_stderr", "settle", "_close_output"])
def test_an_interrupt_behind_the_close_of_a_descriptor_closes_no_other_that_has_its_number(where, monkeypatch):
    closed, real = [], os.close

    def close(descriptor):
        real(descriptor)
        # `shut` closes it for the function that is meant.
        if sys._getframe(2).f_code.co_name == where and not closed:
            closed.append(os.dup2(0, descriptor))
            raise KeyboardInterrupt

    if where == "drain_stderr":
        made = several.config(simulator={"command": several.shell("exec 2>&-;" + several.SHELL)})
    else:
        made = several.config(
            simulator={"command": ["sh", "-c", RUN], "each": "step", "seed": "none"}, transport={"files": {}},
            start=None, reset=[{"write": {"deck.txt": "0"}}], step=[{"write": {"deck.txt": "{action}"}}],
        )  # fmt: skip
    with several.vector(2, made) as envs:
        monkeypatch.setattr(os, "close", close)

        def play():
            while True:
                envs.reset(seed=3)
                envs.step([1, 1])

        with pytest.raises(KeyboardInterrupt):
            play()
        envs.reset(seed=3)
        assert envs.step([1, 1])[4]["told"].tolist() == [1, 1]
    # It is open still.
    real(closed[0])


def test_an_interrupt_of_the_work_after_an_interrupt_is_made_up_for(monkeypatch):
    with several.vector(3, several.counting()) as envs:
        envs.reset()
        envs.step([1, 1, 1])
        monkeypatch.setattr(envs.envs[0].session, "_judge", once(envs.envs[0].session._judge))
        end = once(envs.envs[1].session.end)
        monkeypatch.setattr(envs.envs[1].session, "end", lambda **keys: end())
        with pytest.raises(KeyboardInterrupt):
            envs.step([1, 1, 1])
        assert len(fake.folders()) == 2
        assert envs.recv(3).seats.tolist() == []
        assert fake.folders() == []
        assert envs.step([1, 1, 1])[4]["heard"].tolist() == [0, 0, 0]


CLOSING = """
sys.stdin.readline()

def interrupt(number, frame):
    raise KeyboardInterrupt

made = several.config()
made["simulator"]["command"][2] = "trap '' TERM; " + made["simulator"]["command"][2]
envs.close()
envs = filebridge.BridgeVectorEnv(made, count)
envs.reset()
envs.step([0] * count)
# It ignores SIGTERM, and so its end takes some time.
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    envs.close()
except KeyboardInterrupt:
    print("interrupted", flush=True)
for call in (envs.reset, lambda: envs.step([0] * count)):
    try:
        call()
    except filebridge.UsageError as error:
        print(error.what, flush=True)
envs.close()
print("closed", len(fake.folders()), len(fake.inhabitants()), flush=True)
"""


def test_a_close_that_was_interrupted_can_be_repeated(train):
    process = train(CLOSING, 4)
    stdout, stderr = process.communicate("go\n", timeout=100)
    closed = "the environment is closed\n"
    assert (stdout, stderr) == (f"interrupted\n{closed}{closed}closed 0 0\n", "")


def in_a_child(work):
    """Return what ``work`` returns, a text, in a forked child."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        except BaseException as error:  # noqa: BLE001 - the test compares it with what it awaits
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def test_a_forked_child_has_simulators_of_its_own_after_a_reset():
    def work():
        texts = []
        for call in (lambda: envs.step([1, 1]), lambda: envs.send([1, 1])):
            with pytest.raises(filebridge.UsageError) as caught:
                call()
            texts.append(str(caught.value))
        begun = envs.reset(seed=40)[0].tolist()
        stepped = envs.step([2, 2])[0].tolist()
        envs.close()
        return "\n".join([*texts, f"{begun} {stepped}"])

    before = (
        "the environment was made before a fork\n  found: its simulator belongs to the parent process\n"
        "  cure: call reset() first\n"
    )
    with several.vector(2) as envs:
        envs.reset(seed=0)
        envs.send([1, 1])
        assert in_a_child(work) == before + before + "[[40.0], [41.0]] [[42.0], [43.0]]"
        assert envs.recv(2).observations.tolist() == [[1], [2]]
        assert envs.step([1, 1])[0].tolist() == [[2], [3]]


def test_a_child_forked_while_another_thread_was_in_a_call():
    def work():
        begun = envs.reset(seed=40)[0].tolist()
        envs.close()
        return f"{begun}"

    with several.vector(2) as envs:
        envs.reset(seed=0)
        number = several.stop(envs, 1)
        results = []
        thread = threading.Thread(target=lambda: results.append(envs.step([1, 1])[0].tolist()))
        thread.start()
        fake.until(lambda: envs._calls.busy)
        assert in_a_child(work) == "[[40.0], [41.0]]"
        os.kill(number, signal.SIGCONT)
        thread.join()
        assert results == [[[1], [2]]]


@pytest.mark.parametrize("state", ["between", "sent", "warm"])
def test_one_that_was_thrown_away_is_ended_with_a_warning(state):
    made = filebridge.BridgeVectorEnv(several.config(), 3, warm=2 if state == "warm" else 0)
    made.reset()
    if state == "sent":
        made.send([9, 9, 9])
    if state == "warm":
        fake.until(lambda: len(fake.folders()) == 5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # The garbage may be collected while this thread holds what another one would wait for.
        with guardian._GUARDIAN.lock:
            del made
            gc.collect()
    assert {str(one.message) for one in caught} == {
        "an environment of Fake was not closed; its simulator has been ended"
    }
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_one_that_was_closed_is_thrown_away_in_silence():
    made = filebridge.BridgeVectorEnv(several.config(), 2)
    made.reset()
    made.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del made
        gc.collect()
    assert caught == []
