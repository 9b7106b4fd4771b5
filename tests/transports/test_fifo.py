"""FIFOs work whoever opens first, closes, comes back or dies, and cost nothing while nobody talks."""

from __future__ import annotations

import errno
import importlib.util
import multiprocessing
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filebridge.errors import ConfigSecurityError, LimitReached, PeerRejected, StartError, TransportError
from filebridge.transports import fifo as fifos
from filebridge.transports.assembly import Assembly
from filebridge.transports.base import Launch, Ways
from filebridge.transports.fifo import FifoReceiver, FifoSender

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)

ONE_WAY = (FifoSender, FifoReceiver)


@pytest.fixture
def made(tmp_path):
    ends = []

    def make(kind, name):
        ends.append(kind(str(tmp_path), name))
        return ends[-1]

    yield make
    for end in ends:
        end.close()
        end.close()


def readable(receiver, seconds=conformance.PATIENCE):
    poller = select.poll()
    poller.register(receiver.fileno(), select.POLLIN)
    return poller.poll(seconds * 1000)


def heard(receiver, end):
    """Return what comes, up to ``end``; each wait must be worth it."""
    said = b""
    while not said.endswith(end):
        assert readable(receiver), said
        chunk = receiver.read()
        assert chunk, said
        said += chunk
    return said


def quiet(receiver):
    """Return the share of a core that waiting for a silent FIFO takes, and what was announced."""
    begun, busy = time.monotonic(), time.process_time()
    events = readable(receiver, 0.3)
    return (time.process_time() - busy) / (time.monotonic() - begun), events


def write(path, data):
    """Open the FIFO as a simulator does, write, and close it again."""
    subprocess.run([sys.executable, "-c", f"open({str(path)!r}, 'wb').write({data!r})"], check=True, timeout=60)


def read_line(path):
    source = f"print(open({str(path)!r}).readline(), end='')"
    return subprocess.run([sys.executable, "-c", source], check=True, timeout=60, stdout=subprocess.PIPE).stdout


def test_a_fifo_is_made_for_this_user_alone_and_removed(made, tmp_path):
    sender, receiver = made(FifoSender, "to"), made(FifoReceiver, "pipes/from")
    for name in ("to", "pipes/from"):
        assert (tmp_path / name).is_fifo()
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    sender.close()
    receiver.close()
    assert [path.name for path in tmp_path.rglob("*")] == ["pipes"]
    assert (sender.write_fileno(), receiver.fileno()) == (-1, -1)


def test_nobody_opens_it_and_that_costs_nothing(made):
    sender, receiver = made(FifoSender, "to"), made(FifoReceiver, "from")
    assert sender.write(b"anyone?\n") == 8
    assert (receiver.read(), receiver.look()) == (None, None)
    share, events = quiet(receiver)
    assert events == []
    assert share < 0.05


def test_what_nobody_reads_fills_it_and_no_more(made):
    sender = made(FifoSender, "to")
    assert 4096 <= sum(iter(lambda: sender.write(bytes(1000)), 0)) <= 1 << 20
    assert sender.write(bytes(1000)) == 0


def test_a_reader_may_come_late_and_come_back(made, tmp_path):
    sender = made(FifoSender, "to")
    sender.write(b"first\n")
    assert read_line(tmp_path / "to") == b"first\n"
    sender.write(b"second\n")
    assert read_line(tmp_path / "to") == b"second\n"


def test_a_writer_may_come_late_and_come_back_and_its_leaving_does_not_spin(made, tmp_path):
    receiver = made(FifoReceiver, "from")
    for line in (b"first\n", b"second\n"):
        write(tmp_path / "from", line)
        assert heard(receiver, b"\n") == line
        share, events = quiet(receiver)
        assert events == []
        assert share < 0.05
        assert receiver.read() is None


def test_a_writer_that_dies_in_the_middle_of_a_line_leaves_what_it_said(made, tmp_path):
    receiver = made(FifoReceiver, "from")
    source = "import os, sys; os.write(os.open(sys.argv[1], os.O_WRONLY), b'obs 1.'); os.kill(os.getpid(), 9)"
    argv = [sys.executable, "-c", source, str(tmp_path / "from")]
    assert subprocess.run(argv, check=False, timeout=60).returncode == -9
    assert heard(receiver, b".") == b"obs 1."
    assert receiver.read() is None
    assert quiet(receiver)[1] == []
    write(tmp_path / "from", b"obs 2\n")
    assert heard(receiver, b"\n") == b"obs 2\n"


def test_two_writers_do_not_cut_each_others_lines(made, tmp_path):
    receiver = made(FifoReceiver, "from")
    source = "import os, sys; out = os.open(sys.argv[1], 1); [os.write(out, sys.argv[2].encode()) for _ in range(500)]"
    lines = ("a" * 199 + "\n", "b" * 199 + "\n")
    writers = [subprocess.Popen([sys.executable, "-c", source, str(tmp_path / "from"), line]) for line in lines]
    said = b""
    while len(said) < 200_000:
        assert readable(receiver), len(said)
        said += receiver.read()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert sorted(said.decode().splitlines(True)) == sorted(lines * 500)


def test_the_end_of_the_input_comes_after_all_of_it(made, tmp_path):
    sender = made(FifoSender, "to")
    source = f"import sys; to = open({str(tmp_path / 'to')!r}); print('open', flush=True); print(to.read(), end='')"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as reader:
        assert reader.stdout.readline() == b"open\n"
        sender.write(b"last words")
        sender.end_input()
        assert reader.stdout.read() == b"last words"
    assert sender.write_fileno() == -1
    with pytest.raises(TransportError, match="takes no more input\n  found: its input was ended by us"):
        sender.write(b"x")


@pytest.mark.parametrize("kind", ONE_WAY)
def test_an_old_fifo_is_replaced_with_all_that_was_in_it(made, tmp_path, kind):
    os.mkfifo(tmp_path / "way", 0o644)
    held = os.open(tmp_path / "way", os.O_RDWR | os.O_NONBLOCK)
    os.write(held, b"stale")
    made(kind, "way")
    assert (tmp_path / "way").stat().st_mode & 0o777 == 0o600
    again = os.open(tmp_path / "way", os.O_RDWR | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        os.read(again, 1)
    os.close(held)
    os.close(again)


def link(path):
    path.symlink_to(path.with_name("elsewhere"))


def listen(path):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))


PLANTS = {"file": lambda path: path.write_text("x"), "folder": Path.mkdir, "link": link, "socket": listen}

STANDS = {
    "file": "a file", "folder": "a folder", "link": "a symbolic link, which is not followed", "socket": "a socket"
}  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("kind", ONE_WAY)
def test_anything_else_under_the_name_is_refused_and_stays(tmp_path, kind, plant):
    before = conformance.descriptors()
    PLANTS[plant](tmp_path / "way")
    mode = (tmp_path / "way").lstat().st_mode
    with pytest.raises(PeerRejected) as caught:
        kind(str(tmp_path), "way")
    assert str(caught.value) == (
        "a FIFO is to be made under the name way\n"
        f"  found: {STANDS[plant]} stands there\n"
        "  cure: remove it, or choose another name"
    )
    assert (tmp_path / "way").lstat().st_mode == mode
    assert conformance.descriptors() == before


def test_what_is_put_there_in_between_is_refused(tmp_path, monkeypatch):
    before = conformance.descriptors()
    monkeypatch.setattr(fifos.os, "mkfifo", lambda name, mode, dir_fd: (tmp_path / name).write_text("x"))
    with pytest.raises(PeerRejected):
        FifoReceiver(str(tmp_path), "way")
    assert conformance.descriptors() == before


@pytest.mark.parametrize("name", ["../way", "/tmp/way", "", "in/../way"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(ConfigSecurityError):
        FifoSender(str(tmp_path), name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "kind"), [(errno.EPERM, StartError), (errno.ENOSPC, LimitReached)])
def test_a_fifo_that_cannot_be_made_is_a_failed_start(tmp_path, monkeypatch, number, kind):
    before = conformance.descriptors()

    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fifos.os, "mkfifo", refuse)
    with pytest.raises(kind, match="the FIFO way cannot be made in"):
        FifoSender(str(tmp_path), "way")
    assert conformance.descriptors() == before


def test_a_fifo_that_cannot_be_opened_is_not_left(tmp_path, monkeypatch):
    before, true = conformance.descriptors(), os.open

    def scarce(path, flags, *args, **options):
        if flags & os.O_RDWR:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return true(path, flags, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(fifos.os, "open", scarce)
        with pytest.raises(LimitReached, match="Too many open files"):
            FifoSender(str(tmp_path), "way")
    assert list(tmp_path.iterdir()) == []
    assert conformance.descriptors() == before


def test_another_fifo_of_that_name_is_not_removed(made, tmp_path):
    receiver = made(FifoReceiver, "way")
    (tmp_path / "way").unlink()
    os.mkfifo(tmp_path / "way")
    receiver.close()
    assert (tmp_path / "way").is_fifo()


def test_a_folder_that_is_gone_does_not_keep_it_from_closing(made, tmp_path):
    sender = made(FifoSender, "in/to")
    (tmp_path / "in/to").unlink()
    (tmp_path / "in").rmdir()
    sender.close()
    assert sender.write_fileno() == -1


def test_a_forked_copy_leaves_it_to_its_parent(made, tmp_path):
    receiver = made(FifoReceiver, "from")
    child = multiprocessing.get_context("fork").Process(target=receiver.close)
    child.start()
    child.join()
    assert child.exitcode == 0
    write(tmp_path / "from", b"still here\n")
    assert heard(receiver, b"\n") == b"still here\n"


ECHO = """
import os, sys
modes = {"to": os.O_RDONLY, "from": os.O_WRONLY}
opened = {name: os.open(name, modes[name]) for name in sys.argv[1:]}
while data := os.read(opened.get("to", 0), 65536):
    while data:
        data = data[os.write(opened.get("from", 1), data):]
"""


@pytest.mark.parametrize("order", [("to",), ("from",), ("to", "from"), ("from", "to")])
def test_a_megabyte_goes_both_ways_whatever_is_a_fifo_and_opened_first(tmp_path, order):
    ways = Ways("to" if "to" in order else "", "from" if "from" in order else "", console=len(order) == 1)
    argv = (sys.executable, "-I", "-S", "-u", "-c", ECHO, *order)
    data = b"0123456789" * 100_000 + b"\n"
    with conformance.ending(Assembly(Launch(argv, str(tmp_path), {"PATH": os.defpath}, ways=ways))) as transport:
        for text in (b"one\n", data, b"two\n"):
            assert conformance.exchange(transport, text, lambda got, text=text: len(got) >= len(text)) == text
        assert transport.read() is None
