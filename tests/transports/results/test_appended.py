from __future__ import annotations

import importlib.util
import os
import select
import shutil
from pathlib import Path

import pytest

from filebridge.errors import PeerRejected, TransportError, WatchLost
from filebridge.transports.base import Results
from filebridge.transports.results import appended
from filebridge.transports.results.receiver import open_results

_spec = importlib.util.spec_from_file_location("soak", Path(__file__).parents[2] / "fakes" / "soak.py")
soaking = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(soaking)
soak, next_piece, nothing_follows = soaking.soak, soaking.next_piece, soaking.nothing_follows

LOG = Results(("obs.txt",), "appended")


@pytest.fixture
def receive(tmp_path):
    made = []

    def make(results=LOG):
        made.append(open_results(str(tmp_path), results))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()
        receiver.close()


def append(path, data):
    with path.open("ab", buffering=0) as file:
        file.write(data)


def everything(receiver):
    """Return all that is announced now."""
    pieces = []
    while piece := receiver.read():
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("way", ["appended", "appended_open", "rotated"])
@pytest.mark.parametrize("watch", ["inotify", "poll"])
def test_each_answer_is_whole_new_and_given_once(tmp_path, way, watch):
    soak(tmp_path, way, Results(LOG.names, "appended", watch=watch), 300)


@pytest.mark.parametrize("way", ["appended_open", "rotated"])
def test_an_answer_that_is_written_slowly_comes_in_pieces(tmp_path, way):
    soak(tmp_path, way, LOG, 12, pause=0.004)


def test_what_an_earlier_run_has_left_is_passed_over(tmp_path, receive):
    append(tmp_path / "obs.txt", b"old\n" * 50)
    receiver = receive()
    assert [receiver.read(), receiver.look()] == [None, None]
    append(tmp_path / "obs.txt", b"new\n")
    assert receiver.read() == b"new\n"
    assert [receiver.read(), receiver.look()] == [None, None]


def test_what_an_earlier_run_has_left_is_removed_where_that_is_asked_for(tmp_path, receive):
    append(tmp_path / "obs.txt", b"old\n")
    receiver = receive(Results(LOG.names, "appended", remove=True))
    assert not (tmp_path / "obs.txt").exists()
    append(tmp_path / "obs.txt", b"new\n")
    assert receiver.read() == b"new\n"


def test_an_old_file_that_cannot_be_removed_is_told(tmp_path, receive):
    (tmp_path / "obs.txt").mkdir()
    with pytest.raises(TransportError, match=r"obs\.txt of an earlier run cannot be removed"):
        receive(Results(LOG.names, "appended", remove=True))


@pytest.mark.parametrize("text", [b"READY\n", b"OTHER\n", b"R\n", b"OTHER, and more than before\n"])
def test_a_run_that_begins_the_old_file_anew_is_read_from_its_begin(tmp_path, receive, text):
    path = tmp_path / "obs.txt"
    path.write_bytes(b"READY\n")
    os.utime(path, (0, 0))
    receiver = receive()
    path.write_bytes(text)
    assert everything(receiver) == text


def test_a_truncated_file_is_read_from_its_begin(tmp_path, receive):
    receiver = receive()
    path = tmp_path / "obs.txt"
    append(path, b"first line\n")
    assert receiver.read() == b"first line\n"
    for text in (b"second\n", b"a third one, longer than all before it together\n", b"4\n"):
        path.write_bytes(text)
        assert everything(receiver) == text


def test_nothing_is_lost_or_repeated_when_the_file_is_rotated(tmp_path, receive):
    receiver = receive()
    path, old = tmp_path / "obs.txt", tmp_path / "obs.txt.1"
    append(path, b"1")
    assert receiver.read() == b"1"
    append(path, b"2")
    path.rename(old)
    append(old, b"3")
    append(path, b"4")
    assert everything(receiver) == b"234"
    append(path, b"5")
    assert receiver.read() == b"5"


def test_a_file_that_was_renamed_is_read_on_until_there_is_another(tmp_path, receive):
    receiver = receive()
    path, old = tmp_path / "obs.txt", tmp_path / "obs.txt.1"
    append(path, b"1")
    assert everything(receiver) == b"1"
    path.rename(old)
    append(old, b"2")
    assert everything(receiver) == b"2"
    append(old, b"3")
    assert receiver.look() == b"3"
    append(path, b"4")
    assert everything(receiver) == b"4"
    append(old, b"no")
    nothing_follows(receiver)


def test_a_file_that_is_replaced_is_read_from_its_begin(tmp_path, receive):
    receiver = receive()
    append(tmp_path / "obs.txt", b"same\n")
    assert receiver.read() == b"same\n"
    append(tmp_path / "next", b"same\n")
    (tmp_path / "next").replace(tmp_path / "obs.txt")
    assert everything(receiver) == b"same\n"


def test_much_at_once_comes_whole(tmp_path, receive):
    receiver = receive()
    data = bytes(range(256)) * 4000
    append(tmp_path / "obs.txt", data)
    assert everything(receiver) == data
    append(tmp_path / "obs.txt", b"more")
    assert receiver.read() == b"more"


@pytest.mark.parametrize("watch", ["inotify", "watchdog", "poll"])
def test_very_much_at_once_is_announced_until_all_of_it_is_read(tmp_path, receive, watch):
    receiver = receive(Results(("obs.txt",), "appended", watch=watch, interval=60.0))
    data = bytes(range(256)) * (9 << 12)
    append(tmp_path / "obs.txt", data[:10])
    got = bytearray()
    waiter = select.poll()
    waiter.register(receiver.fileno(), select.POLLIN)
    while len(got) < 10:
        got += (receiver.look() if watch == "poll" else waiter.poll(20_000) and receiver.read()) or b""
    append(tmp_path / "obs.txt", data[10:])
    got += receiver.look()
    assert len(got) < len(data), "it is read in pieces of 4 MiB"
    while len(got) < len(data):
        assert waiter.poll(20_000), "who waits is not woken for the rest"
        got += receiver.read() or b""
    assert bytes(got) == data


def test_all_of_a_large_file_is_read_before_the_one_that_follows_it(tmp_path, receive):
    receiver = receive()
    path, old = tmp_path / "obs.txt", tmp_path / "obs.txt.1"
    append(path, b"1")
    assert receiver.read() == b"1"
    data = bytes(range(256)) * (9 << 12)
    append(path, data)
    path.rename(old)
    append(path, b"and on")
    assert everything(receiver) == data + b"and on"
    append(path, b" and on")
    assert receiver.read() == b" and on"


def test_a_lost_announcement_is_made_good_by_a_look(tmp_path, receive):
    receiver = receive()
    receiver._take = tuple
    append(tmp_path / "obs.txt", b"x")
    assert [receiver.read(), receiver.look(), receiver.look()] == [None, b"x", None]
    assert receiver.patience <= 0.25


@pytest.mark.parametrize("plant", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused(tmp_path, receive, plant):
    receiver = receive()
    plant(tmp_path / "obs.txt")
    with pytest.raises(PeerRejected, match=r"obs\.txt is no regular file"):
        next_piece(receiver)
    with pytest.raises(PeerRejected):
        receive()


def test_an_error_of_the_storage_is_told(tmp_path, receive, monkeypatch):
    receiver = receive()
    append(tmp_path / "obs.txt", b"x")

    def failing(*_args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(appended.os, "pread", failing)
    with pytest.raises(TransportError) as caught:
        receiver.read()
    assert str(caught.value) == (
        "obs.txt cannot be read on\n  found: Input/output error\n"
        "  cure: see what became of the storage that it lies on"
    )


def test_a_folder_that_is_made_anew_is_watched_again(tmp_path, receive):
    receiver = receive(Results(("log/obs.txt",), "appended"))
    for text in (b"1", b"2"):
        shutil.rmtree(tmp_path / "log")
        (tmp_path / "log").mkdir()
        append(tmp_path / "log" / "obs.txt", text)
        assert next_piece(receiver) == text
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(WatchLost):
        next_piece(receiver, 5)
