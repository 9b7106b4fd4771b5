"""Processes of a run are found and ended wherever they went, and nothing else is."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pytest

from filebridge import sweep

ALONE = [sys.executable, "-I", "-S"]
LOADED = f"import os, sys, time; sys.path.insert(0, {os.path.dirname(sweep.__file__)!r}); import sweep\n"

DAEMON = """
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
print(os.getpid(), flush=True)
time.sleep(600)
"""
SEQUEL = """
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
child = os.fork()
if child:
    print(child, flush=True)
    os._exit(0)
time.sleep(600)
"""
BOMB = """
import os, time
for _ in range(7):
    if os.fork() == 0:
        os.setsid()
print("x", flush=True)
time.sleep(600)
"""
CHAIN = """
import os
print("x", flush=True)
if os.fork() == 0:
    while not os.fork():
        pass
    os._exit(0)
while True:
    os.wait()
    while True: pass
"""
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("x", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
LOCKED = LOADED + """
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
folder = sys.argv[1]
os.makedirs(folder + "/a/b/c")
open(folder + "/a/b/x", "w").close()
for name, mode in (("/a/b", 0o500), ("/a", 0), ("", 0o400)):
    os.chmod(folder + name, mode)
print(sweep.remove_folder(folder), os.path.exists(folder))
"""


def until(condition, seconds=20.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "the condition never came true"
        time.sleep(0.002)


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def living(pids):
    return [pid for pid in pids if state(pid) not in ("gone", "Z", "X")]


@pytest.fixture
def run():
    """A run of its own; whatever the test leaves of it is ended."""
    name = uuid.uuid4().hex
    yield name
    sweep.end(name, time.monotonic() + 5)


@pytest.fixture
def start(run):
    """Start a program under ``<run>.<link>``; it is reaped when the test ends."""
    started = []

    def begin(*command, link=1, environment=None):
        carried = {"PATH": os.environ["PATH"], sweep.ENVIRONMENT_NAME: f"{run}.{link}"}
        process = subprocess.Popen(command, env=carried if environment is None else environment, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def ended(token, **others):
    return sweep.end(token, time.monotonic() + 5, **others) == []


def test_a_run_is_found_by_its_name_and_a_link_by_its_whole_token(run, start):
    first, second = start("sleep", "600"), start("sleep", "600", link=12)
    until(lambda: len(sweep.holders(run)) == 2)
    assert sorted(sweep.holders(run)) == sorted([first.pid, second.pid])
    assert sweep.holders(f"{run}.1") == [first.pid]
    assert sweep.holders(f"{run}.12") == [second.pid]
    assert sweep.holders(f"{run}.2") == []
    assert sweep.holders(run[:-1]) == []
    assert sweep.holders("") == []


def test_the_name_of_another_variable_is_not_taken_for_the_token(run, start):
    start("sh", "-c", "echo ready; exec sleep 600", environment={"PATH": os.environ["PATH"],
          f"MY_{sweep.ENVIRONMENT_NAME}": f"{run}.1"}).stdout.readline()
    assert sweep.holders(run) == []


def test_this_process_is_never_returned(run):
    code = LOADED + "print(sweep.holders(sys.argv[1]))"
    seen = subprocess.run([*ALONE, "-c", code, run], capture_output=True, text=True, check=True,
                          env={sweep.ENVIRONMENT_NAME: f"{run}.1"})
    assert seen.stdout == "[]\n"


def test_pids_below_the_first_are_skipped_only_while_the_counter_has_not_wrapped(run, start):
    process = start("sleep", "600")
    until(lambda: sweep.holders(run))
    assert sweep.holders(run, first_pid=process.pid) == [process.pid]
    assert sweep.holders(run, first_pid=process.pid + 1) in ([], [process.pid])
    assert sweep.holders(run, first_pid=1 << 22) == [process.pid]


def test_the_wrapped_counter_is_not_trusted(run, start, monkeypatch):
    process = start("sleep", "600")
    until(lambda: sweep.holders(run))
    start("true").wait()
    # So many have been started since this was imported that nothing would be certain.
    monkeypatch.setattr(sweep, "_FORKS", sweep._forks())
    assert sweep.holders(run, first_pid=process.pid + 1) == []
    monkeypatch.setattr(sweep, "_FORKS", -(1 << 40))
    assert sweep.holders(run, first_pid=process.pid + 1) == [process.pid]


def test_descendants_that_left_the_session_are_ended(run, start):
    start("sh", "-c", "setsid sleep 600 & (setsid sleep 600 &) ; sleep 600 & echo ready; wait").stdout.readline()
    until(lambda: len(sweep.holders(run)) == 4)
    pids = sweep.holders(run)
    assert ended(run)
    until(lambda: not living(pids))


def test_a_double_forked_daemon_is_ended(run, start):
    daemon = int(start(sys.executable, "-S", "-c", DAEMON).stdout.readline())
    until(lambda: sweep.holders(run) == [daemon])
    assert ended(run)
    until(lambda: not living([daemon]))


def test_a_child_of_one_that_ends_just_before_it_is_looked_at_is_ended(run, start, monkeypatch):
    parent = start(sys.executable, "-S", "-c", SEQUEL)
    parent.stdout.readline()
    look, children = sweep._environment, []

    def late(pid):
        # The child is forked when all have been listed.
        if pid == parent.pid and not children:
            os.kill(parent.pid, signal.SIGUSR1)
            children.append(int(parent.stdout.readline()))
            parent.wait(20)
        return look(pid)

    monkeypatch.setattr(sweep, "_environment", late)
    assert ended(run)
    assert children
    until(lambda: not living(children))


def test_a_member_of_the_session_that_cleared_its_environment_is_ended(run, start):
    process = start("sh", "-c", "env -i sleep 600 & echo $!; wait")
    cleared = int(process.stdout.readline())
    until(lambda: cleared not in sweep.holders(run))
    started = sweep.start_time(process.pid)
    assert sorted(sweep.group_members(process.pid, started)) == sorted([process.pid, cleared])
    assert ended(run, groups={process.pid: started})
    until(lambda: not living([process.pid, cleared]))


def test_a_group_is_found_after_its_leader_has_gone(start):
    process = start("sh", "-c", "sleep 600 & echo $!")
    left, started = int(process.stdout.readline()), sweep.start_time(process.pid)
    process.wait()
    assert sweep.group_members(process.pid, started) == [left]
    assert ended("", groups={process.pid: started})
    until(lambda: not living([left]))


@pytest.mark.parametrize("shift", [-1, 1], ids=["given away later", "older than ours"])
def test_a_reused_pid_is_left_alone(start, shift):
    stranger = start("sleep", "600")
    registered = sweep.start_time(stranger.pid) + shift
    assert sweep.group_members(stranger.pid, registered) == []
    assert ended("", groups={stranger.pid: registered})
    assert stranger.poll() is None


def test_a_pid_that_is_reused_between_the_walk_and_the_signal_is_left_alone(run, start, monkeypatch):
    stranger = start("sleep", "600", environment={})
    seen = iter([([stranger.pid], False), ([], False)])
    monkeypatch.setattr(sweep, "_targets", lambda *_: next(seen))
    assert ended(run)
    assert stranger.poll() is None


def test_a_fork_bomb_is_walked_to_its_end(run, start):
    process = start(sys.executable, "-S", "-c", BOMB)
    process.stdout.readline()
    assert ended(run)
    assert sweep.holders(run) == []
    process.wait()


def test_a_chain_that_forks_and_ends_without_pause_is_caught_by_its_group(run, start):
    process = start(sys.executable, "-S", "-c", CHAIN)
    process.stdout.readline()
    assert ended(run, groups={process.pid: sweep.start_time(process.pid)})
    assert sweep.holders(run) == []


def test_a_process_whose_main_thread_has_ended_is_found(run, start):
    process = start(sys.executable, "-S", "-c", HEADLESS)
    process.stdout.readline()
    until(lambda: state(process.pid) == "Z")
    assert sweep.holders(run) == [process.pid]
    assert sweep.group_members(process.pid, sweep.start_time(process.pid)) == [process.pid]
    assert ended(run)
    process.wait()


def test_zombies_are_not_counted_as_alive(run, start):
    process = start("true")
    until(lambda: state(process.pid) == "Z")
    assert sweep.holders(run) == []
    assert sweep.group_members(process.pid, sweep.start_time(process.pid)) == []
    assert ended(run, groups={process.pid: sweep.start_time(process.pid)})


def test_what_outlives_the_deadline_is_returned(run, start, monkeypatch):
    process = start("sleep", "600")
    until(lambda: sweep.holders(run))
    monkeypatch.setattr(sweep, "_kill", lambda *_: None)
    assert sweep.end(run, time.monotonic() + 0.05) == [process.pid]


def test_without_pidfd_the_environment_is_still_looked_at_before_the_signal(run, start, monkeypatch):
    ours, stranger = start("sleep", "600"), start("sleep", "600", environment={})
    until(lambda: sweep.holders(run))
    monkeypatch.delattr(os, "pidfd_open")
    sweep._kill(stranger.pid, sweep._mark(run), {})
    assert ended(run)
    until(lambda: not living([ours.pid]))
    assert stranger.poll() is None


def test_without_proc_the_registered_groups_are_ended(start, monkeypatch):
    process = start("sh", "-c", "sleep 600 & echo $!; wait")
    child = int(process.stdout.readline())
    monkeypatch.setattr(sweep, "_PROC", False)
    assert sweep.holders("x") == []
    assert ended("x", groups={process.pid: 0})
    until(lambda: not living([process.pid, child]))


def test_a_folder_is_removed_with_links_left_unfollowed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder = tmp_path / "folder"
    (folder / "sub" / "deeper").mkdir(parents=True)
    (folder / "sub" / "file").write_text("x")
    (folder / "out").symlink_to(outside)
    (folder / "sub" / "out").symlink_to(outside)
    os.mkfifo(folder / "fifo")
    assert sweep.remove_folder(folder) == []
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"
    assert sweep.remove_folder(folder) == []


def test_a_link_in_the_folders_place_is_removed_and_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("kept")
    (tmp_path / "folder").symlink_to(tmp_path / "outside")
    assert sweep.remove_folder(tmp_path / "folder") == []
    assert not (tmp_path / "folder").is_symlink()
    assert (tmp_path / "outside" / "kept").exists()


def test_a_tree_deeper_than_stack_and_descriptors_is_removed(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    before = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=before)
        inner = os.open("d", os.O_RDONLY, dir_fd=before)
        os.close(before)
        before = inner
    os.close(before)
    assert sweep.remove_folder(folder) == []
    assert not folder.exists()


def test_locked_folders_are_removed_by_a_user_who_is_not_root():
    # Root passes every lock, so where the tests run as root the program gives its rights up first.
    place = tempfile.mkdtemp()
    try:
        os.chmod(place, 0o777)
        done = subprocess.run([*ALONE, "-c", LOCKED, f"{place}/folder"], capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("[] False\n", "")
    finally:
        shutil.rmtree(place)


def test_what_cannot_be_removed_is_named(tmp_path, monkeypatch):
    (tmp_path / "stuck").mkdir()
    (tmp_path / "stuck" / "file").write_text("x")
    (tmp_path / "loose").write_text("x")
    monkeypatch.setattr(sweep, "_drop", _refusing(sweep._drop))
    assert sweep.remove_folder(tmp_path) == [str(tmp_path / "stuck")]
    assert not (tmp_path / "loose").exists()


def _refusing(drop):
    def refuse(root, name):
        if name == "stuck":
            raise PermissionError(13, "mounted")
        drop(root, name)

    return refuse


def test_emptying_keeps_the_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    assert sweep.empty_folder(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
