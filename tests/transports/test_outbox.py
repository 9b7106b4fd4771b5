"""A simulator finds a file whole or as it was before, and nothing beside it; what can go wrong is tried apart."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from filebridge.errors import TransportError
from filebridge.transports import outbox as outboxes
from filebridge.transports.outbox import Outbox
from filebridge.transports.watching.event import ARRIVED
from filebridge.transports.watching.watch import open_watch

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)


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
