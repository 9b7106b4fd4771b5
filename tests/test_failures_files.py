"""A simulator that answers in files, and all that can go wrong with them: never a wrong observation, never a hang."""

from __future__ import annotations

import errno
import importlib.util
import os
import resource
import shutil
import subprocess
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from filebridge import sweep
from filebridge.errors import (
    Desync,
    LimitReached,
    MessageTooLarge,
    PeerRejected,
    SimulatorExited,
    SimulatorTimeout,
    StartError,
    TransportError,
    WatchLost,
)
from filebridge.transports import outbox
from filebridge.transports.watching import inotify_source, storage, watch
from filebridge.transports.watching.inotify_source import Inotify
from filebridge.transports.watching.watch import WatchWarning

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake

SLOW = """
step = 0
while True:
    put(reply(step), pause=0.01)
    step = act()
"""
OPEN = """
step, descriptor = 0, os.open("obs.txt", os.O_WRONLY | os.O_CREAT, 0o600)
while True:
    text = reply(step).encode()
    os.ftruncate(descriptor, 0)
    for at in range(0, len(text), 3):
        os.pwrite(descriptor, text[at : at + 3], at)
        time.sleep(0.003)
    step = act()
"""
APPENDED = """
step, descriptor = 0, os.open("obs.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while True:
    text = reply(step).encode()
    for at in range(0, len(text), 3):
        os.write(descriptor, text[at : at + 3])
        time.sleep(0.003)
    step = act()
"""
FLAGGED = """
step = 0
while True:
    put(reply(step)[:7], pause=0.003)
    put(reply(step), pause=0.003)
    put("", "done")
    step = act()
"""
LOCKED = """
step = 0
while True:
    put("1", "busy")
    put(reply(step)[:7], pause=0.003)
    put(reply(step), pause=0.003)
    os.unlink("busy")
    step = act()
"""
SWAPS = side.ANSWERS.replace("put(", "swap(")
SWAPPED_MIDWAY = side.MIDWAY.replace("put(", "swap(")
BY_LINE = {"framing": {"lines": 1}}


@pytest.mark.parametrize("watched", ["auto", "watchdog", "poll"])
@pytest.mark.parametrize(("code", "files", "keys"), [
    (SLOW, {}, {}),
    (SWAPS, {"written": "renamed"}, {}),
    (OPEN, {"written": "open"}, BY_LINE),
    (APPENDED, {"written": "appended"}, BY_LINE),
    (FLAGGED, {"flag": "done"}, {}),
    (LOCKED, {"lock": "busy"}, {}),
], ids=["truncated", "renamed", "open", "appended", "flag", "lock"])
def test_however_slowly_it_writes_only_whole_answers_are_seen(code, files, keys, watched):
    with side.bridge(code, transport=side.files(watch=watched, **files), **keys) as env:
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 12)


CUT = side.MIDWAY + """
descriptor = os.open("obs.txt", os.O_WRONLY | os.O_TRUNC)
os.write(descriptor, b"seq=2 x=")
os.write(descriptor, b"40")
"""


@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
@pytest.mark.parametrize("name", ["obs.txt", "obs*.txt"])
def test_a_simulator_that_is_killed_in_the_middle_of_a_write_gives_no_observation(watched, name):
    code = CUT + "os.kill(os.getpid(), 9)"
    if "*" in name:
        for number, words in enumerate(('reply(0)', 'reply(1)')):
            code = code.replace(f"put({words})", f"put({words}, 'obs{number}.txt')")
        code = code.replace('"obs.txt", os.O_WRONLY | os.O_TRUNC', '"obs2.txt", os.O_WRONLY | os.O_CREAT, 0o600')
    with side.bridge(code, transport={"files": {"read": name, "watch": watched}}) as env:
        for _ in range(3):
            error, took = side.failure(env, SimulatorExited)
            assert (error.signal, error.situation.exit) == (9, "killed by SIGKILL (signal 9)")
            assert took < 5, "the deadline is 10 s"


@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
def test_a_simulator_that_fails_in_the_middle_of_a_write_gives_no_observation(watched):
    with side.bridge(CUT + "os._exit(1)", transport=side.files(watch=watched)) as env:
        for _ in range(3):
            error, _ = side.failure(env, SimulatorExited)
            assert (error.code, error.situation.exit) == (1, "exit code 1")


def test_a_simulator_that_is_killed_from_outside_in_the_middle_of_a_write_gives_no_observation():
    code = CUT + 'swap("", "begun")\ntime.sleep(99)'
    with side.bridge(code) as env:
        env.reset()
        side.play(env, 1)
        number = fake.pid(env)
        begun = Path(f"/proc/{number}/cwd/begun")

        def kill():
            fake.until(begun.exists)
            os.kill(number, 9)

        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(SimulatorExited, match="in the middle of a step: killed by SIGKILL"):
            env.step(fake.act())
        thread.join()
        assert env.reset()[0].tolist() == [0, 0]


BRISK = """
step = 0
while True:
    swap(reply(step))
    step = hear()
"""
TOLD = {"send": "{step} {action:.0f}"}
BY_STDIN = {"transport": {"console": {}, "files": {"read": "obs.txt", "written": "renamed"}}, "step": [TOLD]}


def test_a_rename_is_seen_at_once():
    with side.bridge(BRISK, **BY_STDIN) as env:
        env.reset()
        worst, limit = [], time.monotonic() + 60
        # The best of several: the machine may be busy with something else.
        while min(worst, default=1) >= 0.005 and time.monotonic() < limit:
            took = []
            for step in range(100 * len(worst) + 1, 100 * len(worst) + 101):
                begun = time.monotonic()
                assert env.step(fake.act())[0].tolist() == side.right(step)
                took.append(time.monotonic() - begun)
            worst.append(sorted(took)[98])
        assert min(worst) < 0.005


CLEARED = """
if os.path.exists("act.txt"): os.unlink("act.txt")
"""
"""A program in a folder of its own that takes no old action for a new one."""


@pytest.mark.parametrize("watched", ["auto", "poll"])
@pytest.mark.parametrize("files", [
    {}, {"remove": True}, {"written": "renamed"}, {"flag": "done"}, {"written": "open"}, {"written": "appended"},
], ids=["closed", "removed", "renamed", "flag", "open", "appended"])
def test_what_an_earlier_run_has_left_is_no_answer(tmp_path, files, watched):
    go = "while not os.path.exists('go'): time.sleep(0.001)\n"
    answers = APPENDED.replace("obs.txt", "obs.log") if files.get("written") == "appended" else """
step = 0
while True:
    swap(reply(step))
    put("", "done")
    step = act()
"""
    for name in ("obs.txt", "obs.log"):
        (tmp_path / name).write_text("seq=0 x=99\n")
    (tmp_path / "done").write_text("")
    (tmp_path / "act.txt").write_text("1 0")
    read = "obs.log" if "log" in answers else "obs.txt"
    transport = {"files": {"read": read, "watch": watched, **files}}
    own = {"directory": str(tmp_path), "command": [*fake.PYTHON, side.SIMULATOR, CLEARED + go + answers]}
    with side.bridge(simulator=own, transport=transport, framing={"lines": 1}) as env:
        timer = threading.Timer(0.3, (tmp_path / "go").touch)
        timer.start()
        assert env.reset()[0].tolist() == [0, 0]
        timer.join()
        side.play(env, 5)


def test_what_the_last_episode_left_in_a_folder_of_its_own_is_no_answer(tmp_path):
    code = CLEARED + """
time.sleep(0.02)
step = 0
while True:
    put(reply(step))
    step = act()
    if step == 3: swap("seq=3 x=")
"""
    with side.bridge(code, simulator={"directory": str(tmp_path)}) as env:
        for _ in range(3):
            assert env.reset()[0].tolist() == [0, 0]
            side.play(env, 2)


def test_a_file_placed_before_the_start_is_no_answer():
    placed = {"obs.txt": {"text": "seq=0 x=99\n"}}
    code = "time.sleep(0.3)\n" + side.ANSWERS
    with side.bridge(code, simulator={"files": placed}) as env:
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 3)


FRESH = [{"write": {"act.txt": "{step} {action:.0f}"}, "fresh": "seq == step"}]


@pytest.mark.parametrize("files", [{}, {"written": "renamed"}, {"written": "open"}, {"watch": "poll"}],
                         ids=["closed", "renamed", "open", "poll"])
def test_a_late_copy_of_an_old_answer_is_waited_out_by_its_number(files):
    code = """
step = 0
while True:
    swap(reply(step))
    step = act()
    for _ in range(3):
        swap(reply(step - 1) + "again\\n")
        time.sleep(0.002)
"""
    framing = {"framing": {"lines": 1}} if files.get("written") == "open" else {}
    with side.bridge(code, transport=side.files(**files), step=FRESH, **framing) as env:
        env.reset()
        side.play(env, 20)


def test_a_late_copy_of_an_old_answer_after_a_reply_is_an_error_without_a_number():
    late = "put(reply(1))\nwhile not os.path.exists('go'): time.sleep(0.001)\nswap(reply(0))\nnote('done')"
    with side.bridge(side.MIDWAY.replace("put(reply(1))", late)) as env:
        env.reset()
        side.play(env, 1)
        Path(f"/proc/{fake.pid(env)}/cwd/go").touch()
        fake.until(lambda: b"done" in _stderr(env))
        with pytest.raises(Desync) as caught:
            env.step(fake.act())
        assert "seq=0" in str(caught.value)
        assert env.reset()[0].tolist() == [0, 0]


def _stderr(env):
    process = env._session.link.process
    process.drain_stderr()
    return process.stderr_tail()


SAME = "x = 'seq=7 x=7\\n'\n"


@pytest.mark.parametrize(("write", "files"), [
    ("put(x)", {}), ("put(x)", {"watch": "inotify"}), ("swap(x)", {"written": "renamed"}), ("put(x)", {"remove": True}),
    ("put(x)", {"written": "open"}), ("put(x)\n    put('', 'done')", {"flag": "done"}),
    ("swap(x)", {"watch": "poll"}), ("swap(x)", {"watch": "watchdog"}),
    ("swap(x)", {"watch": "poll", "written": "renamed"}),
], ids=["closed", "inotify", "renamed", "removed", "open", "flag", "poll", "watchdog", "poll, renamed"])
def test_the_same_bytes_at_the_same_time_are_an_answer_each_time(write, files):
    dated = f"{write}\n    os.utime('obs.txt', (1_700_000_000, 1_700_000_000))"
    if {"flag", "remove"} & files.keys():
        dated = write
    code = f"{SAME}while True:\n    {dated}\n    act()\n"
    if "swap" in write:
        code = code.replace("swap(x)\n    os.utime('obs.txt'", "put(x, 'made')\n    os.utime('made'").replace(
            "1_700_000_000))", "1_700_000_000))\n    os.replace('made', 'obs.txt')")
    with side.bridge(code, transport=side.files(**files), framing={"lines": 1}) as env:
        assert env.reset()[0].tolist() == [7, 7]
        for _ in range(20):
            assert env.step(fake.act())[0].tolist() == [7, 7]


@pytest.mark.parametrize("files", [
    {}, {"written": "renamed"}, {"written": "open"}, {"watch": "poll"}, {"watch": "watchdog"},
    {"watch": "poll", "written": "renamed"},
], ids=["closed", "renamed", "open", "poll", "watchdog", "poll, renamed"])
def test_a_clock_that_goes_back_by_an_hour_changes_nothing(files, monkeypatch):
    code = """
step = 0
while True:
    put(reply(step), "made")
    os.utime("made", (time.time() - 3600 * step,) * 2)
    os.replace("made", "obs.txt")
    step = act()
"""
    with side.bridge(code, transport=side.files(**files), framing={"lines": 1}) as env:
        env.reset()
        side.play(env, 3)
        monkeypatch.setattr(time, "time", lambda real=time.time: real() - 3600)
        monkeypatch.setattr(time, "time_ns", lambda real=time.time_ns: real() - 3600 * 10**9)
        side.play(env, 10, first=4)


@pytest.mark.parametrize("files", [{}, {"written": "renamed"}, {"written": "open"}], ids=["closed", "renamed", "open"])
def test_a_lost_announcement_costs_a_quarter_of_a_second(files, monkeypatch):
    lost = []
    with side.bridge(SWAPS, transport=side.files(**files), framing={"lines": 1}) as env:
        env.reset()
        with monkeypatch.context() as patch:
            patch.setattr(Inotify, "_hand_out", lambda self, data, reader: lost.append(data))
            took = []
            for step in range(1, 6):
                begun = time.monotonic()
                side.play(env, 1, first=step)
                took.append(time.monotonic() - begun)
        assert lost
        # The best of several: the machine may be busy with something else.
        assert min(took) <= 0.35
        side.play(env, 3, first=6)


FLOOD = """
def flood(count, name="crowd"):
    for number in range(count):
        os.close(os.open(f"{name}{number % 50}", os.O_WRONLY | os.O_CREAT, 0o600))
        os.unlink(f"{name}{number % 50}")

step = 0
while True:
    put(reply(step))
    step = act()
    if step == 2:
        flood(COUNT)
        put("", "flooded")
"""


def waiting_for(marker, read=Inotify.read):
    """Return a way to read announcements that is slow: it waits until the file ``marker`` is there."""
    def slow(self, reader):
        if marker.parent.joinpath("act.txt").read_text().startswith("2"):
            fake.until(marker.exists)
        read(self, reader)

    return slow


def test_an_overflow_in_the_middle_of_a_step_loses_no_answer(tmp_path, monkeypatch):
    overflows = []
    monkeypatch.setattr(Inotify, "_lose", lambda self, real=Inotify._lose: overflows.append(1) or real(self))
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    code = FLOOD.replace("COUNT", str(limit // 3 + 10))
    with side.bridge(code, simulator={"directory": str(tmp_path)}) as env, side.bridge() as other:
        for each in (env, other):
            each.reset()
            side.play(each, 1)
        with monkeypatch.context() as patch:
            patch.setattr(Inotify, "read", waiting_for(tmp_path / "flooded"))
            side.play(env, 1, first=2)
        assert overflows
        for each, first in ((env, 3), (other, 2)):
            side.play(each, 10, first)


def test_a_burst_between_two_steps_loses_no_answer():
    code = FLOOD.replace("    step = act()\n    if step == 2:\n", "    if step == 2:\n") + "    step = act()\n"
    with side.bridge(code.replace("COUNT", "10_000")) as env:
        env.reset()
        side.play(env, 2)
        fake.until(Path(f"/proc/{fake.pid(env)}/cwd/flooded").exists)
        side.play(env, 20, first=3)


def test_a_burst_of_30000_announcements_in_a_step_disturbs_neither_it_nor_another_simulator():
    with side.bridge(FLOOD.replace("COUNT", "10_000")) as env, side.bridge() as other:
        env.reset()
        other.reset()
        taken = []

        def beside():
            while not taken or thread.is_alive():
                side.play(other, 1, first=len(taken) + 1)
                taken.append(1)

        thread = threading.Thread(target=side.play, args=(env, 20))
        thread.start()
        beside()
        thread.join()
        side.play(env, 5, first=21)
        side.play(other, 5, first=len(taken) + 1)


def test_a_burst_of_numbered_answers_is_taken_in_its_order():
    code = """
def result(number): swap(reply(number), f"out/obs_{number:05d}.txt")

os.makedirs("out", exist_ok=True)
result(0)
act()
for number in range(1, 2001): result(number)
note("done")
act()
"""
    step = [{"write": {"act.txt": "{step}"}, "fresh": "seq == 2000"}]
    with side.bridge(code, transport={"files": {"read": "out/*.txt"}}, step=step) as env:
        env.reset()
        assert env.step(fake.act())[0].tolist() == side.right(2000)


IN_OUT = """
import shutil
os.makedirs("out", exist_ok=True)
swap(reply(0), "out/obs.txt")
act()
swap(reply(1), "out/obs.txt")
act()
"""


def in_out(then, watched="inotify", **keys):
    return side.bridge(IN_OUT + then, transport={"files": {"read": "out/obs.txt", "watch": watched}}, **keys)


@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
@pytest.mark.parametrize("away", [
    'shutil.rmtree("out")', 'os.rename("out", "elsewhere")', 'shutil.rmtree(os.getcwd())',
    'shutil.rmtree("out"); put("", "out")',
], ids=["removed", "moved", "all removed", "a file now"])
def test_a_result_folder_that_goes_away_in_a_step_is_told_long_before_the_deadline(away, watched):
    with in_out(f"{away}\ntime.sleep(99)", watched) as env:
        error, took = side.failure(env, WatchLost)
        assert took < 2, "the deadline is 10 s"
        assert error.what == "the folder in which results appear is gone"


@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
@pytest.mark.parametrize("then", [
    'shutil.rmtree("out"); os.mkdir("out")',
    'os.rename("out", "old"); os.mkdir("out")',
    'os.mkdir("new"); shutil.rmtree("out"); os.rename("new", "out")',
], ids=["removed", "moved", "replaced"])
def test_a_result_folder_that_is_made_anew_in_a_step_is_watched_again(then, watched):
    code = f"""
step = 2
while True:
    {then}
    swap(reply(step), "out/obs.txt")
    shutil.rmtree("old", ignore_errors=True)
    step = act()
"""
    with in_out(code, watched) as env:
        env.reset()
        side.play(env, 8)


def test_one_whose_folder_went_away_costs_only_its_own_seat():
    with in_out('shutil.rmtree("out")\ntime.sleep(99)') as env, side.bridge() as other:
        other.reset()
        env.reset()
        side.play(env, 1)
        side.play(other, 5)
        with pytest.raises(WatchLost):
            env.step(fake.act())
        side.play(other, 5, first=6)
        assert env.reset()[0].tolist() == [0, 0]
        side.play(other, 5, first=11)


@contextmanager
def storage_of_its_own(folder, options="size=64k"):
    """Mount a small file system there; tell whether this user may."""
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def test_a_result_folder_that_is_unmounted_in_a_step_is_told(tmp_path):
    (tmp_path / "out").mkdir()
    code = IN_OUT + "swap('', 'told')\ntime.sleep(99)"
    keys = {"simulator": {"directory": str(tmp_path)}, "transport": {"files": {"read": "out/obs.txt"}}}
    with side.bridge(CLEARED + code, **keys) as env, storage_of_its_own(tmp_path / "out") as mounted:
        env.reset()
        side.play(env, 1)

        def unmount():
            fake.until((tmp_path / "told").exists)
            if mounted:
                subprocess.run(["umount", "-l", str(tmp_path / "out")], check=True)
            shutil.rmtree(tmp_path / "out")

        thread = threading.Thread(target=unmount)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(WatchLost):
            env.step(fake.act())
        assert time.monotonic() - begun < 5
        thread.join()
        assert env.reset()[0].tolist() == [0, 0]


@pytest.fixture
def no_memory(monkeypatch):
    """Forget what was found out about this machine, and what was warned of."""
    monkeypatch.setattr(watch, "_warned", set())
    monkeypatch.setattr(storage, "_heard", {})


def refuse(number):
    def refusing(*_args, **_options):
        raise OSError(number, os.strerror(number))

    return refusing


@pytest.mark.parametrize(("seam", "reason"), [
    (lambda patch: patch.setattr(inotify_source, "_opened", refuse(errno.EMFILE)),
     "this user's limit of inotify instances is reached"),
    (lambda patch: patch.setattr(storage, "remote", lambda path: "NFS"),
     "NFS storage announces nothing that another machine does"),
    (lambda patch: patch.setattr(Inotify, "_hand_out", lambda self, data, reader: None),
     "the storage announces nothing"),
], ids=["EMFILE", "NFS", "overlay"])
@pytest.mark.usefixtures("no_memory")
def test_where_nothing_is_announced_files_are_looked_at_and_that_is_said_once(monkeypatch, seam, reason):
    seam(monkeypatch)
    with side.bridge(SWAPS) as env, side.bridge() as other:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            env.reset()
            other.reset()
        assert {one.category for one in warned} == {WatchWarning}
        assert [str(one.message) for one in warned] == [f"{reason}: files are looked at every 0.001 s instead"]
        side.play(env, 10)
        side.play(other, 10)
        assert env.reset()[0].tolist() == [0, 0]


def limited(env, monkeypatch, seam, number):
    with monkeypatch.context() as patch:
        patch.setattr(inotify_source, seam, refuse(number))
        with pytest.raises(LimitReached) as caught:
            env.reset()
    assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    assert (caught.value.situation.simulator, caught.value.situation.phase) == ("Fake", "start")
    assert env.reset()[0].tolist() == [0, 0]
    side.play(env, 2)
    return caught.value


def test_the_limit_of_watches_is_told_with_the_sysctl_that_raises_it(monkeypatch):
    with side.bridge() as env:
        error = limited(env, monkeypatch, "_added", errno.ENOSPC)
    assert error.cure == "raise it, sysctl fs.inotify.max_user_watches=1048576, or write `watch: poll`"


def test_the_limit_of_instances_is_told_where_inotify_was_asked_for(monkeypatch):
    with side.bridge(transport=side.files(watch="inotify")) as env:
        error = limited(env, monkeypatch, "_opened", errno.EMFILE)
    assert error.cure == "raise it, sysctl fs.inotify.max_user_instances=1024, or write `watch: auto`"


@contextmanager
def no_room(folder, mounted):
    """Leave no room in the folder, a storage of its own if it is ``mounted``, else not for more than 4 KiB."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    else:
        with suppress(OSError), (folder / "filler").open("wb", 0) as filler:
            while filler.write(b"x" * 4096):
                pass
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        (folder / "filler").unlink(missing_ok=True)


def refused_write(env, folder, begun):
    """Take a step whose file cannot be written; what stood there stays, and nothing else."""
    with pytest.raises(TransportError) as caught:
        env.step(fake.act())
    error = caught.value
    assert type(error) is TransportError
    assert error.what == "act.txt cannot be written"
    assert error.cure
    assert (error.situation.phase, error.situation.step) == ("step", 2)
    assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    assert (folder / "act.txt").read_text().startswith("1 ")
    assert time.monotonic() - begun < 5, "the deadline is 10 s"
    return error


def test_a_full_disk_is_told_and_the_old_action_stays(tmp_path):
    own = {"directory": str(tmp_path)}
    step = [{"write": {"act.txt": "{step} {action:.0f} " + "x" * 5000}}]
    with storage_of_its_own(tmp_path) as mounted, side.bridge(CLEARED + side.ANSWERS, simulator=own, step=step) as env:
        env.reset()
        side.play(env, 1)
        with no_room(tmp_path, mounted):
            error = refused_write(env, tmp_path, time.monotonic())
        assert error.found == ("ENOSPC: No space left on device" if mounted else "EFBIG: File too large")
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 3)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["open", "write", "rename"])
def test_whatever_the_system_refuses_the_old_action_stays(tmp_path, monkeypatch, call, number):
    with side.bridge(CLEARED + side.ANSWERS, simulator={"directory": str(tmp_path)}) as env:
        env.reset()
        side.play(env, 1)
        begun = time.monotonic()
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "os", _refusing(call, number))
            error = refused_write(env, tmp_path, begun)
        assert error.found == f"{errno.errorcode[number]}: {os.strerror(number)}"
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 2)


def _refusing(call, number):
    """Return the module ``os`` with a call that refuses whatever is asked."""
    seam = type(os)("os")
    seam.__dict__.update(os.__dict__)
    setattr(seam, call, refuse(number))
    return seam


@contextmanager
def read_only(folder, mounted):
    """Let nothing be written to the folder: a storage of its own if it is ``mounted``, else one of this user."""
    folders = [folder, folder / ".filebridge-out"]
    if mounted:
        # A file that is open for writing keeps the storage from it.
        remount = ["mount", "-o", "remount,ro", str(folder)]
        fake.until(lambda: subprocess.run(remount, capture_output=True, check=False).returncode == 0)
    for each in folders * (not mounted):
        each.chmod(0o500)
    yield
    if mounted:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    for each in folders * (not mounted):
        each.chmod(0o700)


def test_a_storage_that_may_only_be_read_is_told_and_the_old_action_stays(tmp_path):
    own = {"directory": str(tmp_path)}
    with storage_of_its_own(tmp_path) as mounted, side.bridge(CLEARED + side.ANSWERS, simulator=own) as env:
        env.reset()
        side.play(env, 1)
        with read_only(tmp_path, mounted):
            error = refused_write(env, tmp_path, time.monotonic())
            assert (error.found, error.cure) in (
                ("EROFS: Read-only file system", "let the simulator start in a folder that can be written to"),
                ("EACCES: Permission denied", "let this user write to that folder"),
            )
            with pytest.raises(StartError):
                env.reset()
        assert env.reset()[0].tolist() == [0, 0]
        side.play(env, 2)


def test_a_folder_under_the_name_of_an_action_is_told():
    code = side.MIDWAY.replace("put(reply(1))", "os.unlink('act.txt'); os.makedirs('act.txt/x'); put(reply(1))")
    with side.bridge(code) as env:
        error, _ = side.failure(env, TransportError)
    assert (error.what, error.cure) == (
        "act.txt cannot be written", "a folder stands there: remove it, or choose another name"
    )


@pytest.mark.parametrize("files", [{}, {"written": "renamed"}, {"written": "open"}, {"watch": "poll"}],
                         ids=["closed", "renamed", "open", "poll"])
@pytest.mark.parametrize(("plant", "kind", "found"), [
    ("with open('bad', 'wb') as file: file.truncate(10 << 30)", MessageTooLarge, "10737418240 bytes"),
    ("os.mkdir('bad')", PeerRejected, "a folder"),
    ("os.mkfifo('bad')", PeerRejected, "a FIFO"),
    ("os.symlink('/dev/zero', 'bad')", PeerRejected, "a symbolic link"),
    ("os.symlink('/etc/passwd', 'bad')", PeerRejected, "a symbolic link"),
    ("os.symlink('obs.old', 'bad'); put(reply(2), 'obs.old')", PeerRejected, "a symbolic link"),
    ("import socket; s = socket.socket(socket.AF_UNIX); s.bind('bad')", PeerRejected, "a socket"),
    ("os.mknod('bad', 0o600 | 0o020000, os.makedev(1, 5))", PeerRejected, "a device"),
], ids=["sparse", "folder", "fifo", "device", "passwd", "link", "socket", "node"])
def test_what_is_planted_as_a_result_is_refused_at_once_and_unread(plant, kind, found, files, bytes_read):
    if "mknod" in plant and os.geteuid() != 0:
        plant, found = "os.symlink('/dev/zero', 'bad')", "a symbolic link"  # only root makes devices
    code = f"{SWAPPED_MIDWAY}{plant}\nos.unlink('obs.txt')\nos.rename('bad', 'obs.txt')\ntime.sleep(99)"
    with side.bridge(code, transport=side.files(**files), framing={"lines": 1}) as env:
        read = bytes_read()
        error, took = side.failure(env, kind)
        assert took < 2, "the deadline is 10 s"
        assert bytes_read() - read < 1 << 20
    assert found in error.found
    assert error.what.startswith("obs.txt is ")


@pytest.fixture
def bytes_read(monkeypatch):
    """Give a function for what this process has read, but for the environments of all processes of the machine."""
    looked = []
    read = sweep._read
    monkeypatch.setattr(sweep, "_read", lambda path: looked.append(read(path)) or looked[-1])
    return lambda: int(Path("/proc/self/io").read_text().split()[1]) - sum(map(len, filter(None, looked)))


@pytest.mark.parametrize("files", [{}, {"written": "renamed"}, {"written": "open"}, {"watch": "poll"}],
                         ids=["closed", "renamed", "open", "poll"])
def test_an_empty_result_is_no_answer(files):
    code = SWAPPED_MIDWAY + "swap('')\ntime.sleep(99)"
    with side.bridge(code, transport=side.files(**files), framing={"lines": 1}, deadlines={"step": 0.4}) as env:
        error, took = side.failure(env, SimulatorTimeout)
        assert 0.4 <= took < 5
        assert error.situation.received == ""


def test_an_empty_result_may_be_followed_by_the_answer():
    with side.bridge(side.ANSWERS.replace("put(reply", "swap('')\n    time.sleep(0.002)\n    put(reply")) as env:
        env.reset()
        side.play(env, 10)


@pytest.mark.parametrize("move", ["os.rename('act.txt', 'away/act.txt')", "os.unlink('act.txt')"])
@pytest.mark.parametrize("watched", ["inotify", "watchdog", "poll"])
def test_an_action_file_that_is_taken_away_holds_nothing_up(move, watched):
    code = f"""
os.mkdir("away")
step = 0
while True:
    swap(reply(step))
    step = act()
    {move}
"""
    with side.bridge(code, transport=side.files(watch=watched)) as env:
        env.reset()
        # Watchdog's own stall of half a second is cut short by the next look.
        took, most, limit = [], 0.35 if watched == "watchdog" else 0.1, time.monotonic() + 60
        # The best of several times 20 steps: the machine may be busy with something else.
        while len(took) < 20 or (sorted(took[-20:])[10] >= most and time.monotonic() < limit):
            begun = time.monotonic()
            side.play(env, 1, first=len(took) + 1)
            took.append(time.monotonic() - begun)
        assert sorted(took[-20:])[10] < most
