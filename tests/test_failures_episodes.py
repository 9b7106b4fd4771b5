"""Episodes of simulators that answer in files: their ends, their repetition, and many of them at once."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import resource
import threading
import time
import warnings
from pathlib import Path

import gymnasium
import pytest

import filebridge  # noqa: F401  # its import registers the ids
from filebridge.env import BridgeEnv
from filebridge.errors import ReplayMismatch, SimulatorExited, SimulatorTimeout, TransportError, UsageError

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake

WAYS = {
    "closed": ("put", {}),
    "renamed": ("swap", {"written": "renamed"}),
    "poll": ("swap", {"watch": "poll"}),
    "watchdog": ("put", {"watch": "watchdog"}),
}


PROMPTING = side.MIDWAY.replace("))", ") + '> ')")
"""Says that it may be asked again at the end of each answer."""


@pytest.fixture(params=WAYS)
def way(request):
    """Give, for each way to write, the function of the simulator and the transport."""
    write, files = WAYS[request.param]
    return write, side.files(**files)


def test_a_yaml_of_files_is_made_by_gymnasium(tmp_path):
    (tmp_path / "files.yaml").write_text(json.dumps(side.config()))
    env = gymnasium.make("filebridge/Bridge-v0", config=tmp_path / "files.yaml")
    assert env.reset()[0].tolist() == [0, 0]
    side.play(env, 5)
    env.close()


def test_an_answer_of_one_that_ends_at_once_counts(way):
    write, transport = way
    code = side.MIDWAY.replace("put", write) + f"{write}(reply(2))\nos._exit(0)"
    with side.bridge(code, transport=transport) as env:
        for _ in range(5):
            assert env.reset()[0].tolist() == [0, 0]
            side.play(env, 2)
            fake.until(lambda: fake.gone(fake.pid(env)))
            with pytest.raises(SimulatorExited, match="between two steps: exit code 0"):
                env.step(fake.act())


def test_the_end_of_the_process_may_be_the_end_of_the_episode(way):
    write, transport = way
    code = PROMPTING.replace("put", write)
    code += f"{write}(reply(2) + 'THE END\\\\n')\nos._exit(0)"
    until = {"until": ["> ", {"over": {"exit": 0}}]}
    step = [{"write": {"act.txt": "{step} {action:.0f}"}, **until}]
    with side.bridge(code, transport=transport, step=step, start=[{"until": "> "}], terminated="over") as env:
        for _ in range(5):
            assert env.reset()[0].tolist() == [0, 0]
            side.play(env, 1)
            observation, _, terminated, truncated, _ = env.step(fake.act())
            assert (observation.tolist(), terminated, truncated) == ([2, 4], True, False)


def test_another_end_than_the_one_that_was_awaited_is_a_failure(way):
    write, transport = way
    code = PROMPTING.replace("put", write)
    until = {"until": ["> ", {"over": {"exit": 0}}]}
    step = [{"write": {"act.txt": "{step} {action:.0f}"}, **until}]
    with side.bridge(code + f"{write}(reply(2))\nos._exit(1)", transport=transport, step=step,
                     start=[{"until": "> "}]) as env:
        error, _ = side.failure(env, SimulatorExited)
    assert (error.code, error.situation.received) == (1, "seq=2 x=4\\n")


def test_a_reply_that_is_late_is_never_taken_for_that_of_a_later_step(way, tmp_path):
    write, transport = way
    code = """
if os.path.exists("act.txt"): os.unlink("act.txt")
put(reply(0))
act()
put(reply(1))
act()
# Neither it nor what it leaves behind may answer what comes later.
if os.fork() == 0: os.setsid()
time.sleep(0.6)
for number in range(50):
    put("seq=9 x=9\\n")
    time.sleep(0.01)
time.sleep(99)
""".replace("put", write)
    own = {"directory": str(tmp_path)}
    with side.bridge(code, simulator=own, transport=transport, deadlines={"step": 0.4}) as env:
        for _ in range(2):
            error, took = side.failure(env, SimulatorTimeout)
            assert 0.4 <= took < 5
            assert error.situation.sent == "act.txt 4\\n2 1\\n"
    assert fake.inhabitants() == []


ONCE = """
def first():
    if os.path.exists({0!r}): return False
    open({0!r}, "w").close()
    return True

step = 0
while True:
    WRITE(reply(step))
    step = act()
    if step == 4 and first():
        {1}
"""


@pytest.mark.parametrize("then", ["os._exit(1)", "os.kill(os.getpid(), 11)", "time.sleep(99)",
                                  "__import__('shutil').rmtree(os.getcwd()); time.sleep(99)"],
                         ids=["exit", "crash", "hang", "folder"])
def test_a_failed_episode_is_repeated_through_files(way, tmp_path, then):
    write, transport = way
    code = ONCE.format(str(tmp_path / "tried"), then).replace("WRITE", write)
    keys = {"on_failure": "retry", "deterministic": True, "deadlines": {"step": 0.6}}
    with side.bridge(code, transport=transport, **keys) as env:
        env.reset()
        side.play(env, 10)
    assert (tmp_path / "tried").exists()


def test_an_episode_in_files_that_does_not_repeat_itself_is_told(tmp_path):
    code = ONCE.format(str(tmp_path / "tried"), "os._exit(1)").replace("WRITE(reply(step))", """
    tried = os.path.exists(TRIED)
    put(f"seq={step} x={tried:d}")
""".replace("TRIED", repr(str(tmp_path / "tried"))))
    with side.bridge(code, on_failure="retry", deterministic=True) as env:
        env.reset()
        for _ in range(3):
            env.step(fake.act())
        with pytest.raises(ReplayMismatch):
            env.step(fake.act())
        assert env.reset()[0].tolist() == [0, 1]


@pytest.mark.parametrize(("then", "kind", "error"), [
    ("os._exit(1)", "crash", "SimulatorExited"), ("time.sleep(99)", "timeout", "SimulatorTimeout"),
    ("os.mkfifo('p'); os.rename('p', 'obs.txt'); time.sleep(99)", "crash", "PeerRejected"),
    ("swap('nothing'); time.sleep(99)", "protocol", "ParseError"),
])
def test_truncate_ends_the_episode_with_the_last_valid_observation(then, kind, error):
    with side.bridge(side.MIDWAY + then, on_failure={kind: "truncate", "reward": -5.0}, deadlines={"step": 0.4}) as env:
        for _ in range(2):
            env.reset()
            side.play(env, 1)
            observation, reward, terminated, truncated, info = env.step(fake.act())
            assert (observation.tolist(), reward, terminated, truncated) == ([1, 1], -5.0, False, True)
            record = info["bridge_failure"]
            assert (record["error"], record["step"], record["sent"]) == (error, 2, "act.txt 4\\n2 1\\n")


def test_a_failure_leaves_all_that_was_said_in_the_transcript(tmp_path):
    env = BridgeEnv(side.config(side.MIDWAY + "put(reply(2)[:5])\nos._exit(1)", framing={"lines": 1}),
                    transcript=tmp_path / "said")
    env.reset()
    side.play(env, 1)
    with pytest.raises(SimulatorExited) as caught:
        env.step(fake.act())
    env.close()
    said = Path(caught.value.situation.transcript).read_bytes()
    for part in (b"seq=0 x=0", b"seq=1 x=1", b"seq=2", b"act.txt", b"1 1", b"2 1"):
        assert part in said


def test_environments_in_threads_do_not_take_each_others_answers(way):
    write, transport = way
    code = side.ANSWERS.replace("put", write)
    with side.bridge(code, transport=transport) as one, side.bridge(code, transport=transport) as other:
        threads = []
        for env in (one, other):
            env.reset()
            threads.append(threading.Thread(target=side.play, args=(env, 150)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for env in (one, other):
            side.play(env, 3, first=151)


def test_an_environment_goes_from_thread_to_thread(way):
    write, transport = way
    with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
        env.reset()
        for first in range(1, 40, 4):
            thread = threading.Thread(target=side.play, args=(env, 4, first))
            thread.start()
            thread.join()
        side.play(env, 3, first=41)


def ended(child):
    """Wait for the end of a child and return its exit code; one that hangs is killed."""
    until, status = time.monotonic() + 20, (0, 0)
    while status[0] == 0:
        if time.monotonic() > until:
            os.kill(child, 9)
        status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.001)
    return os.waitstatus_to_exitcode(status[1])


def test_a_fork_while_an_environment_runs_leaves_it_to_the_parent(way):
    write, transport = way
    with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
        env.reset()
        side.play(env, 3)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                env.step(fake.act())
            except UsageError:
                code = 7
            env.close()
            os._exit(code)
        side.play(env, 20, first=4)
        assert ended(child) == 7
        begun = time.monotonic()
        side.play(env, 40, first=24)
        # A child that took the parent's announcements away would cost an eighth of a second for each step.
        assert time.monotonic() - begun < 3


def begin_in_child(env):
    """Play an episode in a forked child; watchdog's threads do not come along into it, which is told."""
    try:
        env.reset()
        side.play(env, 10)
        return 7
    except TransportError as error:
        return 8 if error.what == "files cannot be watched through watchdog" else 1
    finally:
        env.close()


def test_a_child_may_begin_an_episode_of_its_own(way):
    write, transport = way
    with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
        env.reset()
        side.play(env, 3)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = begin_in_child(env)
            finally:
                os._exit(code)
        side.play(env, 10, first=4)
        assert ended(child) == (8 if transport["files"].get("watch") == "watchdog" else 7)
        side.play(env, 10, first=14)


def test_it_may_be_closed_twice_and_at_any_time(way):
    write, transport = way
    with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
        env.close()
    with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
        env.reset()
        side.play(env, 2)
        env.close()
        env.close()
        with pytest.raises(UsageError, match="closed"):
            env.step(fake.act())
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_one_that_is_thrown_away_leaves_nothing(way):
    write, transport = way
    env = BridgeEnv(side.config(side.ANSWERS.replace("put", write), transport=transport))
    env.reset()
    side.play(env, 2)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del env
        gc.collect()
    assert ["was not closed" in str(one.message) for one in warned] == [True]
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_a_signal_storm_disturbs_no_step(way):
    import signal

    write, transport = way
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        with side.bridge(side.ANSWERS.replace("put", write), transport=transport) as env:
            env.reset()
            side.play(env, 100)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert heard


SEATS = 300  # more than the 128 inotify descriptors that a user may have


@pytest.fixture
def descriptors_enough():
    """Let this process have descriptors for all the seats."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 40 * SEATS
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.takes(4)
@pytest.mark.usefixtures("descriptors_enough")
def test_300_seats_share_one_inotify_descriptor():
    script = 'echo "seq=0 x=0" > obs.txt; while read n a; do echo "seq=$n x=$((n * n))" > obs.txt; done'
    program = BridgeEnv(side.config(
        "", simulator={"command": ["/bin/sh", "-c", script.replace("$", "$$")]},
        transport={"console": {}, "files": {"read": "obs.txt"}}, step=[{"send": "{step} {action:.0f}"}],
    )).program
    envs = [BridgeEnv(program, seat=seat) for seat in range(SEATS)]
    try:
        for env in envs:
            assert env.reset()[0].tolist() == [0, 0]
        opened = [os.readlink(entry.path) for entry in os.scandir("/proc/self/fd") if os.path.islink(entry.path)]
        assert opened.count("anon_inode:inotify") == 1
        for step in range(1, 4):
            for env in envs:
                side.play(env, 1, first=step)
        os.kill(fake.pid(envs[7]), 9)
        with pytest.raises(SimulatorExited):
            envs[7].step(fake.act())
        for env in envs[:7] + envs[8:]:
            side.play(env, 1, first=4)
    finally:
        threads = [threading.Thread(target=env.close) for env in envs]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert time.monotonic() - begun < 60
