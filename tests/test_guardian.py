"""However the training process ends, nothing of it is left; as long as it lives, nothing of it is touched."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from filebridge import guardian, sweep
from filebridge.errors import LimitReached, StartError

PROLOGUE = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from filebridge import guardian, sweep

def simulator(*command, known=True, **others):
    token = guardian.link_token()
    environment = {"PATH": os.environ["PATH"], guardian.ENVIRONMENT_NAME: token}
    process = subprocess.Popen(command or ["sleep", "600"], env=environment, start_new_session=True,
                               stdout=subprocess.DEVNULL, **others)
    if known:
        guardian.watch(pid=process.pid, token=token)
    return process

folder = Path(sys.argv[1])
"""
READY = "\nprint(guardian.run_token(), guardian.pid(), flush=True)\n"
WAIT = READY + "time.sleep(600)\n"
SIMULATORS = """
guardian.watch(folder=folder)
(folder / "deck").write_text("x")
simulator()
simulator("sh", "-c", "trap '' TERM INT HUP; setsid sleep 600 & (setsid sleep 600 &) ; sleep 600; wait")
simulator("sh", "-c", "env -i sleep 600; wait")
while len(sweep.holders(guardian.run_token())) != 6: time.sleep(0.002)
"""


def until(condition, seconds=20.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "the condition never came true"
        time.sleep(0.002)


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def train(tmp_path):
    """Run a training program; it is ended, and its run swept, when the test ends."""
    started, runs = [], []

    def begin(code, *flags):
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen([sys.executable, *flags, "-c", PROLOGUE + code, folder], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        started.append(process)
        run, guard = process.stdout.readline().split()
        runs.append(run)
        return process, run, int(guard), folder

    yield begin
    for process in started:
        process.kill()
        process.communicate()
    for run in runs:
        sweep.end(run, time.monotonic() + 5)


@pytest.fixture
def quiet():
    """Leave this process without a guardian, before and after."""
    guardian.shut_down()
    yield
    guardian.shut_down()


@pytest.fixture
def simulator():
    """Start a simulator of this process's run, watched."""
    started = []

    def begin(command=("sleep", "600")):
        token = guardian.link_token()
        process = subprocess.Popen(command, env={"PATH": os.environ["PATH"], guardian.ENVIRONMENT_NAME: token},
                                   start_new_session=True)
        started.append(process)
        guardian.watch(pid=process.pid, token=token)
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        guardian.release(pid=process.pid)


def assert_nothing_left(run, guard, folder):
    until(lambda: not sweep.holders(run))
    until(lambda: not folder.exists())
    until(lambda: gone(guard))


def test_everything_is_gone_within_a_second_of_the_trainers_sigkill(train):
    process, run, guard, folder = train(SIMULATORS + WAIT)
    leaders = sweep.holders(run)
    process.kill()
    killed = time.monotonic()
    assert_nothing_left(run, guard, folder)
    assert time.monotonic() - killed < 1.0
    assert all(gone(pid) for pid in leaders)


ENDINGS = {
    "sigterm": READY + "os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)",
    "abort": READY + "os.abort()",
    "exit without clean-up": READY + "os._exit(0)",
    "exception": READY + "raise ValueError",
    "normal end": READY,
    "exit in a thread": READY + "threading.Thread(target=sys.exit).start()",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_everything_is_gone_however_the_trainer_ends(train, ending):
    assert_nothing_left(*train(SIMULATORS + ending)[1:])


def test_a_session_member_without_environment_is_ended_too(train):
    code = """
process = simulator("sh", "-c", "env -i sleep 600 & wait")
started = sweep.start_time(process.pid)
while len(sweep.group_members(process.pid, started)) != 2 or len(sweep.holders(guardian.run_token())) != 1: pass
(folder / "members").write_text(" ".join(map(str, sweep.group_members(process.pid, started))))
"""
    process, _, guard, folder = train(code + WAIT)
    members = (folder / "members").read_text().split()
    process.kill()
    until(lambda: gone(guard))
    until(lambda: all(gone(pid) for pid in members))


def test_a_trainer_killed_before_the_guardian_has_come_up_leaves_nothing(train):
    code = "guardian.watch(folder=folder); simulator(known=False)" + READY + "os.kill(os.getpid(), signal.SIGKILL)"
    assert_nothing_left(*train(code)[1:])


def test_a_trainer_killed_in_the_middle_of_a_start_leaves_nothing(train):
    code = "guardian.watch(folder=folder)" + READY + "while True: simulator()"
    for _ in range(3):
        process, run, guard, folder = train(code)
        until(lambda run=run: len(sweep.holders(run)) > 3)
        process.kill()
        assert_nothing_left(run, guard, folder)


def test_a_fork_bomb_dies_with_the_trainer(train):
    bomb = "import os,time\nfor _ in range(7):\n  if os.fork() == 0: os.setsid()\ntime.sleep(600)"
    code = f"guardian.watch(folder=folder); simulator(sys.executable, '-S', '-c', {bomb!r})"
    process, run, guard, folder = train(code + WAIT)
    until(lambda: len(sweep.holders(run)) >= 100)
    process.kill()
    assert_nothing_left(run, guard, folder)


def test_the_guardian_ignores_signals_and_lives_alone(train):
    process, run, guard, folder = train(SIMULATORS + WAIT)
    ignored = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    status = Path(f"/proc/{guard}/status")
    mask = sum(1 << (number - 1) for number in ignored)
    until(lambda: int(status.read_text().partition("SigIgn:")[2].split()[0], 16) & mask == mask)
    for number in ignored:
        os.kill(guard, number)
    assert os.getsid(guard) == guard
    assert os.readlink(f"/proc/{guard}/cwd") == "/"
    assert sorted(os.listdir(f"/proc/{guard}/fd")) == ["0", "1", "2"]
    assert [os.readlink(f"/proc/{guard}/fd/{number}") for number in (1, 2)] == ["/dev/null"] * 2
    assert sweep.ENVIRONMENT_NAME.encode() not in Path(f"/proc/{guard}/environ").read_bytes()
    process.kill()
    assert_nothing_left(run, guard, folder)


def test_what_was_released_is_left_alone(train):
    code = """
guardian.watch(folder=folder)
process = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL)
guardian.watch(pid=process.pid)
(folder / "pid").write_text(str(process.pid))
guardian.release(pid=process.pid)
guardian.release(folder=folder)
"""
    process, _, guard, folder = train(code + WAIT)
    process.kill()
    until(lambda: gone(guard))
    pid = int((folder / "pid").read_text())
    assert not gone(pid)
    os.kill(pid, signal.SIGKILL)


def test_a_forked_child_has_a_run_of_its_own_and_ends_nothing_of_its_parent(train):
    code = """
guardian.watch(folder=folder)
simulator()
child = os.fork()
if child == 0:
    alone = guardian.run_token() != sys.argv and not guardian.alive() and guardian.pid() == 0
    simulator()
    (folder / "run").write_text(guardian.run_token() + f" {guardian.pid()} {alone}")
    os._exit(0)
os.waitpid(child, 0)
"""
    process, run, guard, folder = train(code + WAIT)
    own_run, own_guard, alone = (folder / "run").read_text().split()
    assert own_run != run
    assert alone == "True"
    until(lambda: gone(own_guard))
    until(lambda: not sweep.holders(own_run))
    assert len(sweep.holders(run)) == 1
    assert not gone(guard)
    process.kill()
    assert_nothing_left(run, guard, folder)


def test_a_forked_child_that_lives_on_does_not_hide_the_trainers_death(train):
    code = """
guardian.watch(folder=folder)
simulator()
if os.fork() == 0:
    os.close(1); os.close(2)
    signal.alarm(60)
    (folder.parent / "child").write_text(str(os.getpid()))
    while True: time.sleep(1)
while not (folder.parent / "child").exists(): pass
"""
    process, run, guard, folder = train(code + WAIT)
    process.kill()
    assert_nothing_left(run, guard, folder)
    child = int((folder.parent / "child").read_text())
    assert not gone(child)
    os.kill(child, signal.SIGKILL)


def test_the_interpreters_end_is_silent(train):
    process, *_ = train(SIMULATORS.replace("simulator(", "p = simulator(") + "del p; sys.stdout.flush()" + READY
                        + "for pid in sweep.holders(guardian.run_token()): os.kill(pid, 9)", "-X", "dev")
    _, stderr = process.communicate()
    assert [line for line in stderr.splitlines() if "sweep.py" in line or "socket" in line or "Exception" in line] == []
    assert process.returncode == 0


def test_the_guardian_starts_with_the_first_watch(quiet, tmp_path):
    assert not guardian.alive()
    assert guardian.pid() == 0
    guardian.release(folder=tmp_path)
    assert not guardian.alive()
    guardian.watch(folder=tmp_path)
    first = guardian.pid()
    guardian.watch()
    assert guardian.alive()
    assert guardian.pid() == first


def test_a_killed_guardian_is_replaced_and_told_everything(quiet, simulator, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    guardian.watch(folder=folder)
    process = simulator()
    first = guardian.pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: not guardian.alive())
    guardian.watch()
    assert guardian.pid() not in (0, first)
    assert process.poll() is None
    assert folder.exists()
    guardian.shut_down()
    assert process.wait(5) == -signal.SIGKILL
    assert not folder.exists()


def test_a_killed_guardian_is_reaped_at_the_next_call(quiet):
    guardian.watch()
    first = guardian.pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: guardian.pid() == 0)
    assert not os.path.exists(f"/proc/{first}")


def test_a_guardian_that_hangs_is_replaced_without_harm(quiet, simulator, monkeypatch):
    monkeypatch.setattr(guardian, "_PATIENCE", 0.05)
    process = simulator()
    first = guardian.pid()
    os.kill(first, signal.SIGSTOP)
    for number in range(5000):
        guardian.watch(folder=Path(f"/nowhere/{'x' * 200}/{number}"))
        if guardian.pid() != first:
            break
    assert guardian.pid() not in (0, first)
    assert not os.path.exists(f"/proc/{first}")
    assert process.poll() is None


def test_a_record_that_was_cut_short_costs_only_itself(quiet, simulator):
    guardian.watch()
    guardian._GUARDIAN.send(b'{"add": {"pid": 1')
    process = simulator()
    guardian.shut_down()
    assert process.wait(5) == -signal.SIGKILL


def test_many_threads_may_register_at_once(quiet, simulator):
    def register(number):
        for step in range(50):
            guardian.watch(folder=Path(f"/nowhere/{number}/{step}"))
            tokens.append(guardian.link_token())
            guardian.release(folder=Path(f"/nowhere/{number}/{step}"))

    tokens = []
    threads = [threading.Thread(target=register, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 400
    process = simulator()
    guardian.shut_down()
    assert process.wait(5) == -signal.SIGKILL


def test_tokens_name_the_run_and_count_the_links(quiet):
    run = guardian.run_token()
    assert len(run) == 32
    assert int(run, 16)
    first, second = guardian.link_token(), guardian.link_token()
    assert first.rpartition(".")[0] == second.rpartition(".")[0] == run
    assert int(second.rpartition(".")[2]) == int(first.rpartition(".")[2]) + 1


def test_shutting_down_leaves_no_process_no_descriptor_and_no_warning(quiet):
    before = sorted(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        guardian.watch()
        pid = guardian.pid()
        guardian.shut_down()
        guardian.shut_down()
        gc.collect()
    assert not os.path.exists(f"/proc/{pid}")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_guardian_that_cannot_start_says_what_to_do(quiet, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(StartError) as raised:
        guardian.watch()
    assert str(raised.value) == (
        "the guardian, which ends the simulators if this process dies, could not be started\n"
        "  found: [Errno 2] No such file or directory: '/nowhere/python'\n"
        "  cure: let this user start /nowhere/python; see ulimit -n and ulimit -u"
    )
    assert not guardian.alive()


def test_a_guardian_without_descriptors_is_a_limit_reached(quiet, monkeypatch):
    def refuse():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socketpair", refuse)
    with pytest.raises(LimitReached, match="Too many open files"):
        guardian.watch()
