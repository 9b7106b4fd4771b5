"""Whatever the disk, the folder or the simulator does, the old file stays and nothing outside is touched."""

from __future__ import annotations

import errno
import importlib.util
import os
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from filebridge.errors import ConfigSecurityError, LimitReached, PeerRejected, StartError, TransportError
from filebridge.transports import outbox as outboxes
from filebridge.transports.outbox import Outbox

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
