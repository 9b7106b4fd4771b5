"""A simulator's folder is private, holds what the config places in it, and nothing leads out of it."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from filebridge.errors import CleanupError, ConfigError, ConfigSecurityError, LimitReached, StartError
from filebridge.transports import folder as module
from filebridge.transports.folder import PlacedFile, RunFolder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_WORKDIR", str(tmp_path))
    made = RunFolder.make("Lander")
    yield made
    made.remove()


@pytest.fixture
def rendered(folder):
    def render(text, **values):
        folder.place([PlacedFile("deck", "text", text)], values)
        return (folder.path / "deck").read_bytes()

    return render


def test_the_folder_is_private_whatever_the_umask_and_shows_its_label(tmp_path, monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_WORKDIR", str(tmp_path))
    before = os.umask(0)
    try:
        made = RunFolder.make("../My lander; v0")
    finally:
        os.umask(before)
    assert made.path.parent == tmp_path
    assert made.path.name.startswith("filebridge-My-lander-v0-")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert RunFolder.make("").path != RunFolder.make("").path


def test_memory_backed_storage_is_used_where_it_has_room(monkeypatch, tmp_path):
    monkeypatch.delenv("FILEBRIDGE_WORKDIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(module, "_SHARED_MEMORY", str(tmp_path / "absent"))
    assert module._storage(False) == str(tmp_path)
    monkeypatch.setattr(module, "_SHARED_MEMORY", "/proc")
    assert module._storage(False) == str(tmp_path)


@pytest.mark.parametrize(("free", "flag", "executable", "used"), [
    (64 << 20, 0, False, True), ((64 << 20) - 1, 0, False, False),
    (64 << 20, os.ST_NOEXEC, False, True), (64 << 20, os.ST_NOEXEC, True, False), (64 << 20, 0, True, True)])
def test_shared_memory_needs_room_and_leave_to_start_programs(monkeypatch, tmp_path, free, flag, executable, used):
    class State:
        f_bavail, f_frsize, f_flag = free, 1, flag

    mounts = tmp_path / "mounts"
    mounts.write_text(f"tmpfs {tmp_path} tmpfs rw 0 0\n")
    monkeypatch.setattr(os, "statvfs", lambda _: State)
    monkeypatch.setattr(module, "_SHARED_MEMORY", str(tmp_path))
    monkeypatch.setattr(module, "Path", lambda _: mounts)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "elsewhere")
    assert module._storage(executable) == (str(tmp_path) if used else "elsewhere")


def test_a_place_that_does_not_exist_is_named_with_its_cure(monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_WORKDIR", "/nowhere")
    with pytest.raises(StartError) as raised:
        RunFolder.make("Lander")
    what, found, cure = str(raised.value).split("\n")
    assert what == "could not make a folder in /nowhere"
    assert found.startswith("  found: ENOENT [Errno 2] No such file or directory: '/nowhere/filebridge-Lander-")
    assert cure == "  cure: set FILEBRIDGE_WORKDIR to a folder that you may write to"


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, LimitReached), (errno.EDQUOT, LimitReached),
                                              (errno.EMFILE, LimitReached), (errno.EROFS, StartError),
                                              (errno.EACCES, StartError)])
def test_a_machine_that_refuses_is_told_from_one_that_is_full(folder, monkeypatch, number, kind):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StartError, match=errno.errorcode[number]) as raised:
        folder.place([PlacedFile("deck", "text", "x")], {})
    assert type(raised.value) is kind
    assert list(folder.path.iterdir()) == []


def test_files_are_copied_linked_and_rendered(folder, tmp_path):
    for name, text in (("data", "\x00\xff data"), ("template", "v = {{ v }}\n")):
        (tmp_path / name).write_text(text, "latin-1")
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    data, template = str(tmp_path / "data"), str(tmp_path / "template")
    folder.place([PlacedFile("in/put/data", "copy", data), PlacedFile("program", "copy", str(program)),
                  PlacedFile("in/link", "link", data), PlacedFile("deck", "template", template),
                  PlacedFile("note", "text", "{{ v + 1 }}")], {"v": 2.5})
    path = folder.path
    assert (path / "in/put/data").read_bytes() == b"\x00\xff data"
    assert (path / "in/link").readlink() == tmp_path / "data"
    assert (path / "deck").read_text() == "v = 2.5\n"
    assert (path / "note").read_text() == "3.5"
    assert subprocess.run([path / "program"], capture_output=True, check=True).stdout == b"started\n"
    modes = {name: stat.S_IMODE((path / name).stat().st_mode) for name in ("in", "in/put/data", "program", "deck")}
    assert modes == {"in": 0o700, "in/put/data": 0o600, "program": 0o700, "deck": 0o600}
    assert sorted(entry.name for entry in path.iterdir()) == ["deck", "in", "note", "program"]


@pytest.mark.parametrize("name", ["../x", "a/../x", "/etc/x", "a//x", "", ".", "..", "a/", "./x", "a\0b"])
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    with pytest.raises(ConfigSecurityError, match="leaves the simulator's folder"):
        folder.place([PlacedFile(name, "text", "x")], {})
    assert list(folder.path.iterdir()) == []


def test_a_planted_link_is_neither_passed_nor_written_through(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("kept")
    (folder.path / "sub").symlink_to(outside)
    (folder.path / "deck").symlink_to(outside / "victim")
    with pytest.raises(ConfigSecurityError, match="sub is a link or a file, not a folder"):
        folder.place([PlacedFile("sub/victim", "text", "bad")], {})
    folder.place([PlacedFile("deck", "text", "good")], {})
    assert (outside / "victim").read_text() == "kept"
    assert not (folder.path / "deck").is_symlink()
    assert (folder.path / "deck").read_text() == "good"


def test_a_folder_that_was_swapped_for_a_link_is_not_entered(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    folder.path.rmdir()
    folder.path.symlink_to(tmp_path / "outside")
    with pytest.raises(StartError):
        folder.place([PlacedFile("deck", "text", "x")], {})
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("way", ["copy", "link", "template"])
def test_a_missing_source_is_named_with_its_cure(folder, way):
    with pytest.raises(StartError) as raised:
        folder.place([PlacedFile("deck", way, "/nowhere/deck.j2")], {})
    assert str(raised.value) == ("could not read /nowhere/deck.j2\n"
                                 "  found: ENOENT [Errno 2] No such file or directory: '/nowhere/deck.j2'\n"
                                 "  cure: correct the path given for deck under files:")


def test_a_failed_file_leaves_the_earlier_one_whole(rendered, folder):
    rendered("first")
    with pytest.raises(ConfigError):
        rendered("{{ 1 / 0 }}")
    assert [(entry.name, entry.read_text()) for entry in folder.path.iterdir()] == [("deck", "first")]


def test_descriptors_are_given_back(rendered):
    before = len(os.listdir("/proc/self/fd"))
    rendered("x")
    with pytest.raises(ConfigError):
        rendered("{{ y }}")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_template_keeps_its_line_ends_its_last_line_and_its_odd_bytes(rendered, folder, tmp_path):
    assert rendered("a\r\n{{ v }}\r\n", v=1) == b"a\r\n1\r\n"
    assert rendered("a\n{{ v }}\n\n", v=1) == b"a\n1\n\n"
    (tmp_path / "old").write_bytes(b"temp\xe9rature {{ v }}")
    folder.place([PlacedFile("deck", "template", str(tmp_path / "old"))], {"v": "<&>"})
    assert (folder.path / "deck").read_bytes() == b"temp\xe9rature <&>"


def test_a_template_that_changed_is_read_anew(folder, tmp_path):
    source = tmp_path / "t"
    for text in ("one {{ v }}", "two {{ v }}"):
        source.write_text(text)
        os.utime(source, (1, 1))
        folder.place([PlacedFile("deck", "template", str(source))], {"v": 1})
        assert (folder.path / "deck").read_text() == text.replace("{{ v }}", "1")


def test_jinja_is_imported_for_templates_only(tmp_path):
    code = ("import sys\nfrom filebridge.transports.folder import *\nf = RunFolder.make('x')\n"
            "f.place([PlacedFile(way, way, sys.executable) for way in ('copy', 'link')], {})\nf.remove()\n"
            "print('jinja2' in sys.modules)")
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"FILEBRIDGE_WORKDIR": str(tmp_path)})
    assert seen.stdout == "False\n"


def test_clearing_keeps_the_folder_and_removing_twice_does_no_harm(folder):
    folder.place([PlacedFile("a/b/c", "text", "x")], {})
    folder.clear()
    assert list(folder.path.iterdir()) == []
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_what_cannot_be_removed_is_named_with_its_cure(folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module.sweep, "remove_folder", lambda path: [f"{path}/mounted"])
        with pytest.raises(CleanupError) as raised:
            folder.remove()
    assert raised.value.left == (f"{folder.path}/mounted",)
    assert str(raised.value) == ("the simulator's folder could not be removed\n"
                                 f"  found: left: {folder.path}/mounted\n"
                                 "  cure: end what still uses it, then remove it by hand")
