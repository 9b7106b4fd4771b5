"""A process for each step: whatever a run does instead of its work, the step fails in time and the next run works."""

from __future__ import annotations

import errno
import gc
import importlib.util
import os
import signal
import threading
import warnings
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import (
    ExecFailed,
    LimitReached,
    MessageTooLarge,
    PeerRejected,
    ProtocolError,
    ReplayMismatch,
    SimulatorExited,
    SimulatorTimeout,
    TransportError,
    UsageError,
)
from filebridge.transports import outbox
from filebridge.transports.runs import process as run_process

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake

DECK = {"write": {"in.deck": "{step} {episode}"}}


def run(then="", at=2, **keys):
    """Give an environment of runs that do ``then`` in the step ``at`` and answer in all the others."""
    code = f"step, episode = map(int, open('in.deck').read().split())\nif step == {at}:\n    "
    code += (then or "pass").replace("\n", "\n    ") + "\nput(reply(step), 'out.lst')\n"
    made = {
        "simulator": {"each": "step"}, "transport": {"files": {"read": "out.lst"}}, "start": [],
        "reset": DECK, "step": [DECK],
    }
    for key, value in keys.items():
        made[key] = {**made[key], **value} if key == "simulator" else value
    return side.bridge(code, **made)


@pytest.mark.parametrize(("end", "code", "number", "told"), [
    ("os._exit(1)", 1, None, "exit code 1"),
    ("sys.exit(3)", 3, None, "exit code 3"),
    ("os.kill(os.getpid(), 11)", None, 11, "killed by SIGSEGV (signal 11)"),
    ("os.kill(os.getpid(), 9)", None, 9, "killed by SIGKILL (signal 9)"),
    ("os.abort()", None, 6, "killed by SIGABRT (signal 6)"),
])
@pytest.mark.parametrize("before", ["", "put(reply(2), 'out.lst')\n", "put('seq=2 x=', 'out.lst')\n"],
                         ids=["no result", "a whole result", "a part"])
def test_a_run_that_ends_badly_is_told_with_its_exit_whatever_it_wrote(end, code, number, told, before):
    with run(f"{before}note('diverged\\n')\n{end}") as env:
        error, took = side.failure(env, SimulatorExited)
        assert took < 5, "the deadline is 10 s"
    assert (error.code, error.signal) == (code, number)
    assert error.what == f"the simulator ended in the middle of a step: {told}"
    situation = error.situation
    assert (situation.exit, situation.stderr, situation.sent) == (told, "diverged\\n", "in.deck 4\\n2 1\\n")


def test_exit_codes_that_are_allowed_are_no_failure():
    with run("put(reply(2), 'out.lst')\nsys.exit(4)", simulator={"exit_ok": [0, 4]}) as env:
        env.reset()
        side.play(env, 4)


def test_a_signal_that_is_allowed_is_no_failure_and_another_is():
    dies = "put(reply(2), 'out.lst')\nos.kill(os.getpid(), signal.SIG{})"
    with run(dies.format("SEGV"), simulator={"exit_ok": [0, "SIGSEGV"]}) as env:
        env.reset()
        side.play(env, 4)
    with run(dies.format("ABRT"), simulator={"exit_ok": [0, "SIGSEGV"]}) as env:
        error, _ = side.failure(env, SimulatorExited)
    assert error.signal == signal.SIGABRT


@pytest.mark.parametrize(("exit_ok", "end", "cure"), [
    (0, "sys.exit(1)", "`exit_ok: [0, 1]`"),
    ([0, 3], "sys.exit(1)", "`exit_ok: [0, 1, 3]`"),
    ([0, "SIGABRT"], "sys.exit(1)", "`exit_ok: [0, 1, SIGABRT]`"),
    ("0..2", "os.kill(os.getpid(), signal.SIGSEGV)", "`exit_ok: [0, 1, 2, SIGSEGV]`"),
    ([0, 3], "os.kill(os.getpid(), signal.SIGKILL)", "the input it was given"),
])
def test_the_cure_names_the_end_beside_those_that_are_allowed_already(exit_ok, end, cure):
    with run(f"put(reply(2), 'out.lst')\n{end}", simulator={"exit_ok": exit_ok}) as env:
        error, _ = side.failure(env, SimulatorExited)
    assert error.cure.endswith(cure)


@pytest.mark.parametrize(("then", "state"), [
    ("time.sleep(99)", "sleeping for a set time"),
    ("while True: pass", "running (busy)"),
    ("os.kill(os.getpid(), signal.SIGSTOP)", "stopped by a signal"),
    ("for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nimport subprocess\n"
     "subprocess.Popen(['setsid', 'sleep', '99'])\ntime.sleep(99)", "sleeping for a set time"),
], ids=["asleep", "busy", "stopped", "stubborn"])
def test_a_run_that_hangs_fails_at_its_deadline_and_is_gone(then, state):
    with run(then, deadlines={"step": 0.4}) as env:
        error, took = side.failure(env, SimulatorTimeout)
        assert 0.4 <= took < 5
    assert (error.situation.process, error.situation.deadline, error.situation.exit) == (state, 0.4, "")
    assert fake.gone(error.situation.pid)


def test_a_run_without_a_result_is_told_by_the_name_of_the_file():
    with run("sys.exit(0)") as env:
        error, _ = side.failure(env, ProtocolError)
    assert error.what == "the run ended well but wrote no out.lst"


def test_a_result_of_the_last_run_is_never_that_of_this_one(tmp_path):
    (tmp_path / "out.lst").write_text("seq=0 x=99\n")
    with run("sys.exit(0)", simulator={"directory": str(tmp_path)}) as env:
        side.failure(env, ProtocolError)


@pytest.mark.parametrize(("plant", "kind", "found"), [
    ("put('', 'out.lst')", ProtocolError, ""),
    ("with open('out.lst', 'wb') as file: file.truncate(10 << 30)", MessageTooLarge, "10737418240 bytes"),
    ("os.mkdir('out.lst')", PeerRejected, "a folder"),
    ("os.mkfifo('out.lst')", PeerRejected, "a FIFO"),
    ("os.symlink('/dev/zero', 'out.lst')", PeerRejected, "a symbolic link"),
    ("os.symlink('/etc/passwd', 'out.lst')", PeerRejected, "a symbolic link"),
], ids=["empty", "sparse", "folder", "fifo", "device", "link"])
def test_what_is_planted_as_a_result_is_refused_at_once(plant, kind, found):
    with run(f"{plant}\nsys.exit(0)") as env:
        error, took = side.failure(env, kind)
    assert found in error.found
    assert took < 5, "the deadline is 10 s"


def test_a_folder_in_the_place_of_a_deck_is_told_in_the_next_step():
    with run("put(reply(2), 'out.lst')\nos.unlink('in.deck'); os.makedirs('in.deck/x')\nsys.exit(0)") as env:
        error, _ = side.failure(env, TransportError, at=3)
    assert (error.what, error.cure) == (
        "in.deck cannot be written", "a folder stands there: remove it, or choose another name"
    )


def test_output_without_an_end_is_cut_off_while_the_run_goes_on():
    deck = {"send": "{step} {episode}"}
    code = "step = hear()\nif step == 2:\n    while True: os.write(1, b'x' * 65536)\nprint(reply(step))"
    keys = {"simulator": {"each": "step"}, "transport": {"files": None, "console": {}}, "start": []}
    with side.bridge(code, **keys, reset=deck, step=[deck]) as env:
        _, took = side.failure(env, MessageTooLarge)
    assert took < 5, "the deadline is 10 s"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_deck_that_cannot_be_written_starts_nothing(tmp_path, monkeypatch, number):
    seam = type(os)("os")
    seam.__dict__.update(os.__dict__)

    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    seam.write = refuse
    with run(simulator={"directory": str(tmp_path)}) as env:
        env.reset()
        side.play(env, 1)
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "os", seam)
            with pytest.raises(TransportError) as caught:
                env.step(fake.act())
        assert caught.value.found == f"{errno.errorcode[number]}: {os.strerror(number)}"
        assert caught.value.what == "in.deck cannot be written"
        assert (tmp_path / "in.deck").read_text() == "1 1\n"
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
        assert env.reset()[0].tolist() == [0, 0]


def test_a_program_that_vanishes_between_two_steps_is_told(tmp_path):
    program = tmp_path / "solver"
    program.write_text("#!/bin/sh\nread n e < in.deck\necho \"seq=$n x=$((n * n))\" > out.lst\n")
    program.chmod(0o755)
    with run(simulator={"command": [str(program)]}) as env:
        env.reset()
        side.play(env, 1)
        program.rename(tmp_path / "away")
        with pytest.raises(ExecFailed) as caught:
            env.step(fake.act())
        assert str(program) in caught.value.what
        assert (fake.folders(), env._session.link) == ([], None)
        (tmp_path / "away").rename(program)
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 2)


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_a_machine_that_has_no_room_for_a_run_is_told(monkeypatch, number):
    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    with run() as env:
        env.reset()
        side.play(env, 1)
        with monkeypatch.context() as patch:
            patch.setattr(run_process.subprocess, "Popen", refuse)
            with pytest.raises(LimitReached):
                env.step(fake.act())
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 2)


def test_what_a_run_leaves_running_is_gone_before_the_next():
    code = "import subprocess\nsubprocess.Popen(['sleep', '99'])\nsubprocess.Popen(['setsid', 'sleep', '99'])"
    with run(code) as env:
        env.reset()
        side.play(env, 3)
        assert len(fake.inhabitants()) <= 1, "only one that left the group may live on until the end"
    assert fake.inhabitants() == []


def test_a_run_that_was_killed_from_outside_is_told():
    with run("put('', 'begun')\ntime.sleep(99)") as env:
        env.reset()
        side.play(env, 1)
        folder = Path(os.environ["FILEBRIDGE_WORKDIR"], fake.folders()[0])

        def kill():
            fake.until((folder / "begun").exists)
            os.kill(fake.inhabitants()[0], 9)

        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(SimulatorExited, match="killed by SIGKILL"):
            env.step(fake.act())
        thread.join()
        assert env.reset()[0].tolist() == [0, 0]


@pytest.mark.parametrize(("then", "kind", "error"), [
    ("os._exit(1)", "crash", "SimulatorExited"), ("time.sleep(99)", "timeout", "SimulatorTimeout"),
    ("sys.exit(0)", "protocol", "ProtocolError"),
])
def test_truncate_ends_the_episode_with_the_last_valid_observation(then, kind, error):
    with run(then, at=3, on_failure={kind: "truncate", "reward": -5.0}, deadlines={"step": 0.4}) as env:
        for _ in range(2):
            env.reset()
            side.play(env, 2)
            observation, reward, terminated, truncated, info = env.step(fake.act())
            assert (observation.tolist(), reward, terminated, truncated) == ([2, 4], -5.0, False, True)
            assert info["bridge_failure"]["error"] == error
            assert info["bridge_failure"]["sent"].startswith("in.deck 4\\n3 ")


ONCE = "if not os.path.exists({0!r}):\n    open({0!r}, 'w')\n    {1}"


@pytest.mark.parametrize("then", ["os._exit(1)", "time.sleep(99)"])
def test_a_failed_step_is_repeated_where_the_configuration_allows_it(tmp_path, then):
    once = ONCE.format(str(tmp_path / "tried"), then)
    with run(once, at=3, on_failure="retry", deterministic=True, deadlines={"step": 0.5}) as env:
        env.reset()
        side.play(env, 6)
    assert (tmp_path / "tried").exists()


def test_a_run_that_does_not_repeat_itself_is_told(tmp_path):
    tries = str(tmp_path / "tries")
    code = f"""
with open({tries!r}, "a+") as file:
    file.write(".")
    count = file.tell()
if count == 3: sys.exit(1)
put(f"seq={{step}} x={{count}}", "out.lst")
sys.exit(0)
"""
    with run(code, at="step", on_failure="retry", deterministic=True) as env:
        assert env.reset()[0].tolist() == [0, 1]
        assert env.step(fake.act())[0].tolist() == [1, 2]
        with pytest.raises(ReplayMismatch, match="the replayed episode began otherwise"):
            env.step(fake.act())
        assert env.reset()[0].tolist() == [0, 5]


def test_runs_of_two_environments_in_two_threads_do_not_disturb_one_another():
    with run() as one, run() as other:
        for env in (one, other):
            env.reset()
        threads = [threading.Thread(target=side.play, args=(env, 25)) for env in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        side.play(one, 2, first=26)
        side.play(other, 2, first=26)


def test_a_fork_between_two_runs_leaves_them_to_the_parent():
    with run() as env:
        env.reset()
        side.play(env, 2)
        child = os.fork()
        if child == 0:
            try:
                env.step(fake.act())
            except UsageError:
                env.close()
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        side.play(env, 2, first=3)


def test_an_environment_of_runs_may_be_closed_twice_at_any_time():
    with run() as env:
        env.close()
    with run() as env:
        env.reset()
        env.close()
        env.close()
        with pytest.raises(UsageError, match="closed"):
            env.step(fake.act())


def test_an_environment_of_runs_that_is_thrown_away_leaves_nothing():
    with run() as env:
        env = BridgeEnv(env.program)
    env.reset()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del env
        gc.collect()
    assert ["was not closed" in str(one.message) for one in warned] == [True]
    assert (fake.folders(), fake.inhabitants()) == ([], [])
