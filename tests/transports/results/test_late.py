"""What is announced late, of files that were seen before it was: no answer is given twice, none in part."""

from __future__ import annotations

import os

import pytest

from filebridge.transports.base import Results
from filebridge.transports.results import numbered, receiver
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE, PATIENCE, Event

WRITTEN = (CHANGED, CLOSED)


class LateWatch:
    """A watch that announces what it is told to, when it is told to."""

    patience = PATIENCE
    polls = False
    late = True

    def __init__(self):
        self.events = []
        self.ends = os.pipe()

    def fileno(self):
        return self.ends[0]

    def take(self):
        events, self.events = self.events, []
        return events

    def close(self):
        while self.ends:
            os.close(self.ends[0])
            self.ends = self.ends[1:]

    def announce(self, *kinds, name="obs.txt"):
        self.events += [Event(0, name, kind) for kind in kinds]


@pytest.fixture
def watch(monkeypatch):
    late = LateWatch()
    for module in (receiver, numbered):
        monkeypatch.setattr(module, "open_watch", lambda *_: late)
    return late


@pytest.fixture
def results(request, tmp_path, watch):
    made = receiver.open_results(str(tmp_path), Results(*getattr(request, "param", (("obs.txt",),))))
    yield made
    made.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "obs.txt"


def put(path, data):
    part = path.parent / "part"
    part.write_bytes(data)
    part.replace(path)


ANY = pytest.mark.parametrize("results", [(("obs.txt",),), (("obs*.txt",),)], ids=["one", "numbered"], indirect=True)


@ANY
@pytest.mark.parametrize("before", [(), (GONE,)], ids=["written over", "removed and written"])
def test_an_answer_that_was_seen_is_not_given_again_when_it_is_announced(tmp_path, watch, results, before, request):
    name = "obs.txt" if "one" in request.node.callspec.id else "obs1.txt"
    (tmp_path / name).write_bytes(b"first")
    assert results.look() == b"first"
    results.expect()
    watch.announce(*before, *WRITTEN, name=name)
    assert [results.read(), results.look()] == [None, None]
    (tmp_path / name).write_bytes(b"other")
    watch.announce(*WRITTEN, name=name)
    assert [results.read(), results.look()] == [b"other", None]


def test_an_answer_that_was_announced_by_the_one_before_is_given_once(path, watch, results):
    path.write_bytes(b"first")
    assert results.look() == b"first"
    results.expect()
    path.write_bytes(b"other")
    watch.announce(*WRITTEN)
    assert results.read() == b"other"
    results.expect()
    watch.announce(*WRITTEN)
    assert [results.read(), results.look()] == [None, None]


def test_an_answer_that_is_being_written_is_not_taken_for_the_one_that_is_announced(path, watch, results):
    path.write_bytes(b"first")
    assert results.look() == b"first"
    results.expect()
    with path.open("wb", buffering=0) as file:
        file.write(b"half")
        watch.announce(*WRITTEN)
        assert [results.read(), results.look()] == [None, None]
        file.write(b", whole")
    watch.announce(*WRITTEN)
    assert results.read() == b"half, whole"


def test_one_behind_a_lock_is_not_given_again_either(tmp_path, watch):
    results = receiver.open_results(str(tmp_path), Results(("obs.txt",), lock="busy"))
    (tmp_path / "obs.txt").write_bytes(b"first")
    assert results.look() == b"first"
    results.expect()
    watch.announce(*WRITTEN)
    assert [results.read(), results.look()] == [None, None]
    results.close()


@pytest.mark.parametrize("results", [(("obs.txt",), way) for way in ("closed", "renamed", "open")], indirect=True)
def test_an_answer_that_is_replaced_while_it_is_read_again_is_not_given_again(path, watch, results, monkeypatch):
    put(path, b"first")
    watch.announce(ARRIVED)
    assert results.read() == b"first"
    results.expect()
    status, seen = os.fstat, []

    def fstat(descriptor):
        # The simulator's next answer comes when the old one has been opened, which changes the old one's ctime.
        if not seen:
            put(path, b"other")
        seen.append(status(descriptor))
        return seen[-1]

    monkeypatch.setattr(os, "fstat", fstat)
    watch.announce(ARRIVED)
    assert results.read() is None
    assert seen[0].st_nlink == 0
    watch.announce(ARRIVED)
    assert [results.read(), results.look()] == [b"other", None]
