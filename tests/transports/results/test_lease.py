from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys

import pytest

from filebridge.errors import PeerRejected
from filebridge.transports.results import lease
from filebridge.transports.results.lease import is_closed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "_TRIED", {})
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_file_is_closed_once_nobody_can_write_it(folder, tmp_path):
    path = tmp_path / "obs.txt"
    with path.open("wb"):
        assert is_closed(folder, "obs.txt") is False
        assert os.listdir(tmp_path) == ["obs.txt"]
    assert is_closed(folder, "obs.txt") is True
    with path.open("rb"):
        assert is_closed(folder, "obs.txt") is True
    assert is_closed(folder, "none.txt") is None


def test_what_another_process_writes_is_not_closed(folder, tmp_path):
    hold = "import sys; file = open('obs.txt', 'w'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"open\n"
        assert is_closed(folder, "obs.txt") is False
        process.communicate()
    assert is_closed(folder, "obs.txt") is True


def test_a_writer_that_comes_meanwhile_is_held_up_and_nobody_is_killed(folder, tmp_path, monkeypatch):
    path = tmp_path / "obs.txt"
    path.write_bytes(b"x")
    close, happened = os.close, []

    def disturbed(descriptor):
        with pytest.raises(BlockingIOError):
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        happened.append("held up")
        close(descriptor)

    before = signal.signal(signal.SIGURG, lambda *_: happened.append("told"))
    try:
        with monkeypatch.context() as patched:
            patched.setattr(lease.os, "close", disturbed)
            assert is_closed(folder, "obs.txt") is True
    finally:
        signal.signal(signal.SIGURG, before)
    assert happened == ["told", "held up"]
    path.write_bytes(b"y")


@pytest.mark.parametrize("refusal", [BlockingIOError(11, "again"), OSError(22, "invalid")])
def test_a_storage_that_refuses_all_leases_says_nothing(folder, tmp_path, monkeypatch, refusal):
    (tmp_path / "obs.txt").write_bytes(b"x")

    def refuse(_descriptor, command, _argument):
        if command == fcntl.F_SETLEASE:
            raise refusal

    monkeypatch.setattr(lease.fcntl, "fcntl", refuse)
    assert is_closed(folder, "obs.txt") is None
    assert os.listdir(tmp_path) == ["obs.txt"]


def test_a_system_without_leases_says_nothing(folder, tmp_path, monkeypatch):
    (tmp_path / "obs.txt").write_bytes(b"x")
    monkeypatch.setattr(lease, "_SET_LEASE", 0)
    assert is_closed(folder, "obs.txt") is None


def test_what_is_no_file_is_refused(folder, tmp_path):
    (tmp_path / "obs.txt").symlink_to("/etc/passwd")
    with pytest.raises(PeerRejected):
        is_closed(folder, "obs.txt")
