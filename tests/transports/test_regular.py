from __future__ import annotations

import os
import socket
import stat

import pytest

from filebridge.errors import ConfigSecurityError, MessageTooLarge, PeerRejected, TransportError
from filebridge.transports import regular
from filebridge.transports.regular import identity, open_folder, read_regular

CAP = 1 << 20


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_file_is_given_with_its_identity(folder, tmp_path):
    (tmp_path / "obs.txt").write_bytes(b"x=1\n")
    data, seen, nameless = read_regular(folder, "obs.txt", CAP)
    assert not nameless
    status = (tmp_path / "obs.txt").stat()
    assert data == b"x=1\n"
    assert seen == (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, 4) == identity(folder, "obs.txt")


def test_what_is_missing_is_none(folder, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("obs.txt", "no/obs.txt", "file/obs.txt"):
        assert read_regular(folder, name, CAP) is None
        assert identity(folder, name) is None


def test_a_file_may_be_as_large_as_the_cap_and_no_larger(folder, tmp_path):
    (tmp_path / "obs.txt").write_bytes(b"x" * 10)
    assert read_regular(folder, "obs.txt", 10)[0] == b"x" * 10
    with pytest.raises(MessageTooLarge) as caught:
        read_regular(folder, "obs.txt", 9)
    assert str(caught.value) == (
        "obs.txt is larger than a message may be\n"
        "  found: 10 bytes, of which none was read; the limit is 9\n"
        "  cure: raise `limits: {output: ...}` if messages are that large"
    )


def test_ten_gigabytes_of_nothing_are_not_read(folder, tmp_path, monkeypatch):
    with (tmp_path / "obs.txt").open("wb") as file:
        file.truncate(10 << 30)
    monkeypatch.setattr(regular.os, "read", None)
    with pytest.raises(MessageTooLarge, match="10737418240 bytes"):
        read_regular(folder, "obs.txt", CAP)


def plant_link(path):
    (path.parent / "secret").write_bytes(b"secret")
    path.symlink_to(path.parent / "secret")


def plant_socket(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path)[-100:] if len(str(path)) < 100 else os.path.relpath(path))
    listener.close()


@pytest.mark.parametrize(("plant", "found"), [
    (plant_link, "a symbolic link, which is not followed"),
    (os.mkdir, "a folder"),
    (os.mkfifo, "a FIFO"),
    (plant_socket, "a socket"),
])
def test_what_is_no_regular_file_is_refused_at_once(folder, tmp_path, plant, found):
    plant(tmp_path / "obs.txt")
    with pytest.raises(PeerRejected) as caught:
        read_regular(folder, "obs.txt", CAP)
    assert str(caught.value) == (
        f"obs.txt is no regular file\n  found: {found}\n  cure: let the simulator write a regular file there"
    )
    assert identity(folder, "obs.txt") is not None


def test_a_device_is_refused():
    folder = os.open("/dev", os.O_RDONLY)
    try:
        with pytest.raises(PeerRejected, match="a device"):
            read_regular(folder, "zero", CAP)
    finally:
        os.close(folder)


def rewrite(path):
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.write_bytes(b"other")


@pytest.mark.parametrize("meddle", [
    rewrite,
    lambda path: path.write_bytes(b"longer than before"),
    lambda path: path.write_bytes(b""),
    lambda path: path.unlink(),
    lambda path: os.replace(path.with_name("next"), path),
])
@pytest.mark.parametrize("late", [False, True])
def test_a_file_that_changes_while_it_is_read_is_none(folder, tmp_path, monkeypatch, meddle, late):
    path = tmp_path / "obs.txt"
    path.write_bytes(b"first")
    path.with_name("next").write_bytes(b"later")
    read = os.read

    def disturbed(descriptor, size):
        data = read(descriptor, size) if late else b""
        meddle(path)
        return data if late else read(descriptor, size)

    monkeypatch.setattr(regular.os, "read", disturbed)
    assert read_regular(folder, "obs.txt", CAP) is None


def test_a_file_that_comes_in_pieces_is_put_together(folder, tmp_path, monkeypatch):
    (tmp_path / "obs.txt").write_bytes(b"0123456789")
    read = os.read
    monkeypatch.setattr(regular.os, "read", lambda descriptor, size: read(descriptor, min(size, 3)))
    assert read_regular(folder, "obs.txt", CAP)[0] == b"0123456789"


def test_errors_of_the_system_are_told(folder, tmp_path, monkeypatch):
    (tmp_path / "obs.txt").write_bytes(b"x")

    def failing(*_args, **_options):
        raise OSError(5, "Input/output error")

    for call in ("open", "read", "fstat"):
        with monkeypatch.context() as patched:
            patched.setattr(regular.os, call, failing)
            with pytest.raises(TransportError) as caught:
                read_regular(folder, "obs.txt", CAP)
        assert str(caught.value) == (
            "obs.txt cannot be read\n  found: Input/output error\n"
            "  cure: let the simulator write it so that this user may read it"
        )
    monkeypatch.setattr(regular.os, "stat", failing)
    with pytest.raises(TransportError, match=r"obs\.txt cannot be read"):
        identity(folder, "obs.txt")


def test_a_folder_is_reached_step_by_step(tmp_path):
    (tmp_path / "out" / "deep").mkdir(parents=True)
    for name, place in (("obs.txt", tmp_path), ("out/deep/obs.txt", tmp_path / "out" / "deep")):
        folder, last = open_folder(str(tmp_path), name)
        assert last == "obs.txt"
        assert os.path.samestat(os.fstat(folder), place.stat())
        os.close(folder)


def test_a_missing_folder_is_made_where_it_should_be(tmp_path):
    with pytest.raises(TransportError, match=r"the folder out on the way to out/in/obs\.txt cannot be opened"):
        open_folder(str(tmp_path), "out/in/obs.txt")
    os.close(open_folder(str(tmp_path), "out/in/obs.txt", make=True)[0])
    assert stat.S_IMODE((tmp_path / "out" / "in").stat().st_mode) == 0o700
    with pytest.raises(TransportError, match="cannot be opened"):
        open_folder(str(tmp_path / "none"), "obs.txt", make=True)


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "out/../../a", "out//a", "", "out/", ".", "a\0b"])
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigSecurityError, match="is no name of a file beneath the folder"):
        open_folder(str(tmp_path), name, make=True)


@pytest.mark.parametrize("plant", [lambda path: path.symlink_to("/tmp"), lambda path: path.write_bytes(b"")])
def test_a_link_or_a_file_in_the_place_of_a_folder_is_refused(tmp_path, plant):
    plant(tmp_path / "out")
    with pytest.raises(PeerRejected, match=r"out on the way to out/obs\.txt is no folder"):
        open_folder(str(tmp_path), "out/obs.txt", make=True)
