"""A simulator finds a file whole or as it was before, whatever the disk, the folder or the simulator does."""

from __future__ import annotations

import errno
import importlib.util
import multiprocessing
import os
import resource
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from filebridge.errors import ConfigSecurityError, LimitReached, PeerRejected, StartError, TransportError
from filebridge.transports import outbox as outboxes
from filebridge.transports.outbox import Outbox
from filebridge.transports.watch import ARRIVED, open_watch

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

NOBODY = 65534


@pytest.fixture
def made():
    boxes = []

    def make(folder, **options):
        boxes.append(Outbox(str(folder), **options))
        return boxes[-1]

    yield make
    for box in boxes:
        box.close()
        box.close()


def beneath(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def unfinished(folder):
    return beneath(folder / ".filebridge-out")


def test_a_file_is_there_whole_for_this_user_alone(made, tmp_path):
    box = made(tmp_path)
    box.put("act.txt", b"1 2\n")
    box.put("in/deep/act.bin", bytes(range(256)) * 4096)
    assert (tmp_path / "act.txt").read_bytes() == b"1 2\n"
    assert (tmp_path / "in/deep/act.bin").read_bytes() == bytes(range(256)) * 4096
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("act.txt", "in/deep/act.bin", "in", "in/deep")]
    assert modes == [0o600, 0o600, 0o700, 0o700]
    box.put("act.txt", b"")
    assert (tmp_path / "act.txt").read_bytes() == b""


def test_hundreds_of_files_leave_nothing_else_behind(made, tmp_path):
    before = conformance.descriptors()
    box = made(tmp_path)
    held = conformance.descriptors()
    for step in range(300):
        box.put(f"act_{step}.txt", b"%d" % step)
        box.put("in/act.txt", b"%d" % step)
    assert conformance.descriptors() == held
    assert unfinished(tmp_path) == []
    assert (tmp_path / ".filebridge-out").stat().st_mode & 0o777 == 0o700
    box.close()
    assert beneath(tmp_path) == sorted([*(f"act_{step}.txt" for step in range(300)), "in", "in/act.txt"])
    assert conformance.descriptors() == before


def test_who_reads_all_the_time_never_finds_a_part(made, tmp_path):
    box = made(tmp_path)
    contents = {bytes([letter]) * 200_000 for letter in b"abc"}
    box.put("act.txt", b"a" * 200_000)
    found, done = [], threading.Event()

    def look():
        while not done.is_set():
            found.append((tmp_path / "act.txt").read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    until = time.monotonic() + conformance.PATIENCE
    while len(found) < 100 and time.monotonic() < until:
        for content in contents:
            box.put("act.txt", content)
    done.set()
    reader.join()
    assert len(found) >= 100
    assert set(found) <= contents


def test_whoever_watches_the_folder_sees_one_thing_happen(made, tmp_path):
    box = made(tmp_path)
    watch = open_watch([str(tmp_path)], "inotify", 0.001)
    box.put("act.txt", b"1")
    assert watch.take() == [(0, "act.txt", ARRIVED)]
    watch.close()


@contextmanager
def small_disk(folder):
    """Let the folder hold less than 64 KiB: a file system of its own where this user may mount one, else a limit."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file(made, tmp_path):
    with small_disk(tmp_path):
        box = made(tmp_path)
        box.put("act.txt", b"old")
        with pytest.raises(TransportError) as caught:
            box.put("act.txt", b"n" * 200_000)
        assert str(caught.value).splitlines()[0] == "act.txt cannot be written"
        assert caught.value.found in ("ENOSPC: No space left on device", "EFBIG: File too large")
        assert (tmp_path / "act.txt").read_bytes() == b"old"
        assert unfinished(tmp_path) == []
        box.put("act.txt", b"new")
        assert (tmp_path / "act.txt").read_bytes() == b"new"
        box.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["open", "write", "rename", "fsync"])
def test_whatever_the_system_refuses_the_old_file_stays(made, tmp_path, monkeypatch, call, number):
    box = made(tmp_path, durable=True)
    box.put("act.txt", b"old")

    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(outboxes.os, call, refuse)
        with pytest.raises(TransportError) as caught:
            box.put("act.txt", b"new")
    assert caught.value.found == f"{errno.errorcode[number]}: {os.strerror(number)}"
    assert caught.value.cure
    assert (tmp_path / "act.txt").read_bytes() == b"old"
    assert unfinished(tmp_path) == []


@contextmanager
def without_privileges():
    """Be nobody where this user may do everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_may_only_be_read(made, tmp_path):
    box = made(tmp_path)
    box.put("act.txt", b"old")
    tmp_path.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(tmp_path / ".filebridge-out", NOBODY, -1)
    with without_privileges(), pytest.raises(TransportError) as caught:
        box.put("act.txt", b"new")
    tmp_path.chmod(0o700)
    assert caught.value.found == "EACCES: Permission denied"
    assert caught.value.cure == "let this user write to that folder"
    assert (tmp_path / "act.txt").read_bytes() == b"old"
    assert unfinished(tmp_path) == []


def test_an_outbox_that_cannot_be_made_is_a_failed_start(tmp_path, monkeypatch):
    before = conformance.descriptors()
    with pytest.raises(StartError, match=r"no files can be put into .*/none\n  found: ENOENT"):
        Outbox(str(tmp_path / "none"))
    tmp_path.chmod(0o555)
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="found: ENOTDIR"):
        Outbox(str(tmp_path / "file"))
    tmp_path.chmod(0o700)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".filebridge-out").symlink_to("elsewhere")
    with pytest.raises(StartError, match=r"found: (ELOOP|ENOTDIR)"):
        Outbox(str(tmp_path))

    def refuse(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(outboxes.os, "mkdir", refuse)
    with pytest.raises(LimitReached, match="No space left"):
        Outbox(str(tmp_path))
    assert conformance.descriptors() == before


def test_a_hidden_folder_of_another_user_is_not_used(tmp_path, monkeypatch):
    (tmp_path / ".filebridge-out").mkdir()
    monkeypatch.setattr(outboxes.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StartError, match="belongs to another user"):
        Outbox(str(tmp_path))


def test_a_planted_link_is_replaced_and_never_followed(made, tmp_path):
    folder, victim = tmp_path / "run", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"precious")
    (folder / "act.txt").symlink_to(victim)
    made(folder).put("act.txt", b"new")
    assert victim.read_bytes() == b"precious"
    assert not (folder / "act.txt").is_symlink()
    assert (folder / "act.txt").read_bytes() == b"new"


@pytest.mark.parametrize("plant", [lambda path, other: path.symlink_to(other), lambda path, _: path.write_text("")])
def test_a_link_or_a_file_in_the_way_is_refused(made, tmp_path, plant):
    folder, other = tmp_path / "run", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    plant(folder / "in", other)
    box = made(folder)
    with pytest.raises(PeerRejected, match=r"in on the way to in/act\.txt is no folder"):
        box.put("in/act.txt", b"new")
    assert beneath(other) == []
    assert unfinished(folder) == []


def test_a_folder_under_that_name_is_refused(made, tmp_path):
    (tmp_path / "act.txt").mkdir()
    (tmp_path / "act.txt" / "kept").write_text("")
    box = made(tmp_path)
    with pytest.raises(TransportError) as caught:
        box.put("act.txt", b"new")
    assert caught.value.found == "EISDIR: Is a directory"
    assert caught.value.cure == "a folder stands there: remove it, or choose another name"
    assert beneath(tmp_path) == [".filebridge-out", "act.txt", "act.txt/kept"]
    with pytest.raises(TransportError, match=r"act\.txt cannot be removed"):
        box.remove("act.txt")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../act", "/tmp/act", "in/../../act", "in//act", "in/", "a\0b", "in/\0"]
)
def test_no_name_leads_out_of_the_folder(made, tmp_path, name):
    box = made(tmp_path)
    for act in (lambda: box.put(name, b""), lambda: box.remove(name)):
        with pytest.raises(ConfigSecurityError):
            act()
    assert beneath(tmp_path) == [".filebridge-out"]


def test_a_durable_file_is_synced_before_it_has_its_name(made, tmp_path, monkeypatch):
    box, calls = made(tmp_path, durable=True), []
    for name in ("fsync", "rename"):
        true = getattr(os, name)
        monkeypatch.setattr(
            outboxes.os, name, lambda *args, name=name, true=true, **opts: (calls.append(name), true(*args, **opts))
        )
    box.put("act.txt", b"1")
    box.put("in/act.txt", b"1")
    assert calls == ["fsync", "rename", "fsync"] * 2


def test_nothing_is_synced_unasked(made, tmp_path, monkeypatch):
    box = made(tmp_path)
    monkeypatch.setattr(outboxes.os, "fsync", None)
    box.put("act.txt", b"1")


def test_what_the_system_takes_in_pieces_is_whole(made, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(outboxes.os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    made(tmp_path).put("act.txt", b"0123456789")
    assert (tmp_path / "act.txt").read_bytes() == b"0123456789"


def test_the_lock_is_there_while_files_are_written(made, tmp_path, monkeypatch):
    box, seen = made(tmp_path, lock="in/LOCK"), []
    rename = os.rename

    def watched(*args, **options):
        seen.append((tmp_path / "in/LOCK").exists())
        rename(*args, **options)

    monkeypatch.setattr(outboxes.os, "rename", watched)
    box.put("a.txt", b"1")
    assert beneath(tmp_path / "in") == []
    box.put_all([("a.txt", b"2"), ("in/b.txt", b"3")])
    assert seen == [True, True, True]
    assert beneath(tmp_path / "in") == ["b.txt"]


def test_the_lock_goes_when_writing_fails_and_a_stale_one_is_taken_over(made, tmp_path):
    (tmp_path / "LOCK").write_text("4711")
    (tmp_path / "act.txt").mkdir()
    box = made(tmp_path, lock="LOCK")
    with pytest.raises(TransportError, match=r"act\.txt cannot be written"):
        box.put("act.txt", b"1")
    assert not (tmp_path / "LOCK").exists()
    (tmp_path / "LOCK").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TransportError, match="the lock LOCK cannot be made\n  found: ELOOP"):
        box.put("b.txt", b"1")
    assert not (tmp_path / "b.txt").exists()


def test_a_simulator_may_clear_its_folder(made, tmp_path):
    box = made(tmp_path)
    box.put("in/act.txt", b"1")
    (tmp_path / "in/act.txt").rename(tmp_path / "in/taken.txt")
    (tmp_path / "in").rename(tmp_path / "in.old")
    (tmp_path / ".filebridge-out").rmdir()
    box.put("act.txt", b"2")
    box.put("in/act.txt", b"3")
    assert (tmp_path / "act.txt").read_bytes() == b"2"
    assert (tmp_path / "in/act.txt").read_bytes() == b"3"
    assert beneath(tmp_path / "in.old") == ["taken.txt"]


def test_a_name_that_somebody_guessed_is_taken_back(made, tmp_path, monkeypatch):
    monkeypatch.setattr(outboxes.os, "urandom", bytes)
    box = made(tmp_path)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".filebridge-out" / "part-000000000000").symlink_to(victim)
    box.put("act.txt", b"new")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "act.txt").read_bytes() == b"new"


def test_a_folder_that_is_gone_is_an_error(made, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    box = made(folder)
    (folder / ".filebridge-out").rmdir()
    folder.rmdir()
    for act in (lambda: box.put("act.txt", b"1"), lambda: box.put("in/act.txt", b"1"), lambda: box.remove("act.txt")):
        with pytest.raises(TransportError):
            act()


def test_what_is_not_there_need_not_be_removed(made, tmp_path):
    box = made(tmp_path)
    box.remove("act.txt")
    (tmp_path / "act.txt").symlink_to("nowhere")
    box.remove("act.txt")
    assert beneath(tmp_path) == [".filebridge-out"]


def test_unfinished_files_may_lie_in_another_folder(made, tmp_path):
    run, room = tmp_path / "run", tmp_path / "room"
    run.mkdir()
    room.mkdir()
    made(run, room=str(room)).put("act.txt", b"1")
    assert (beneath(run), beneath(room)) == (["act.txt"], [".filebridge-out"])


def test_two_copies_may_share_a_folder(made, tmp_path):
    first, second = made(tmp_path), made(tmp_path)
    first.put("a", b"1")
    second.put("b", b"2")
    first.close()
    second.put("c", b"3")
    second.close()
    assert beneath(tmp_path) == ["a", "b", "c"]


def test_a_closed_outbox_takes_nothing(made, tmp_path):
    box = made(tmp_path)
    box.close()
    with pytest.raises(TransportError, match=r"act\.txt cannot be written"):
        box.put("act.txt", b"1")
    assert beneath(tmp_path) == []


def test_a_forked_copy_leaves_the_folder_to_its_parent(made, tmp_path):
    box = made(tmp_path)
    child = multiprocessing.get_context("fork").Process(target=box.close)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert beneath(tmp_path) == [".filebridge-out"]


def by_hand(folder, room, data, times):
    begun = time.process_time()
    for _ in range(times):
        descriptor = os.open("part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=room)
        os.write(descriptor, data)
        os.close(descriptor)
        os.rename("part", "act.txt", src_dir_fd=room, dst_dir_fd=folder)
    return time.process_time() - begun


def ours(box, data, times):
    begun = time.process_time()
    for _ in range(times):
        box.put("act.txt", data)
    return time.process_time() - begun


def test_a_small_file_costs_little_more_than_its_system_calls(made, run_folders):
    box, data = made(run_folders), b"x" * 20
    folder, room = (os.open(path, os.O_RDONLY) for path in (run_folders, run_folders / ".filebridge-out"))
    rounds = [(ours(box, data, 500), by_hand(folder, room, data, 500)) for _ in range(9)]
    os.close(folder)
    os.close(room)
    (run_folders / "act.txt").unlink()
    assert min(mine for mine, _ in rounds) < 1.5 * min(theirs for _, theirs in rounds)
