from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from filebridge.errors import ConfigError, ConfigSecurityError, MessageTooLarge, PeerRejected, TransportError, WatchLost
from filebridge.parcel import unpack
from filebridge.transports.base import Results
from filebridge.transports.results.receiver import open_results
from filebridge.transports.watching.event import LOST, Event

_spec = importlib.util.spec_from_file_location("soak", Path(__file__).parents[2] / "fakes" / "soak.py")
soaking = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(soaking)
soak, next_piece, nothing_follows = soaking.soak, soaking.next_piece, soaking.nothing_follows

RENAMED = Results(("obs.txt",), "renamed")
CLOSED = Results(("obs.txt",), "closed")
OPEN = Results(("obs.txt",), "open")
FLAG = Results(("obs.txt",), flag="done")
LOCK = Results(("obs.txt",), lock="busy")
PAIR = Results(("obs.txt", "b.txt"))


@pytest.fixture
def receive(tmp_path):
    """Give a function that makes a receiver for results in ``tmp_path``."""
    made = []

    def make(results):
        made.append(open_results(str(tmp_path), results))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()
        receiver.close()


def put(path, data):
    """Rename a file with this content into place."""
    part = path.parent / "part"
    part.write_bytes(data)
    part.replace(path)


def looks(receiver, times=4):
    return [receiver.look() for _ in range(times)]


@pytest.mark.parametrize(("way", "results"), [
    ("renamed", RENAMED),
    ("renamed", CLOSED),
    ("truncated", CLOSED),
    ("kept_open", OPEN),
    ("flagged", FLAG),
    ("locked", LOCK),
    ("backdated", RENAMED),
    ("backdated_open", OPEN),
    ("chmodded", RENAMED),
    ("truncated", Results(("sub/obs.txt",), remove=True)),
    ("renamed", Results(("obs.txt",), "renamed", watch="poll")),
    ("kept_open", Results(("obs.txt",), "open", watch="poll")),
    ("flagged", Results(("obs.txt",), flag="done", watch="poll")),
    ("truncated", Results(("obs.txt",), watch="poll")),
    ("truncated", Results(("obs.txt",), watch="watchdog")),
])
def test_each_answer_is_whole_new_and_given_once(tmp_path, way, results):
    soak(tmp_path, way, results, 300)


@pytest.mark.parametrize(("way", "results"), [
    ("renamed", RENAMED),
    ("truncated", CLOSED),
    ("rotated", Results(("obs.txt",), "appended")),
])
def test_of_thousands_not_one_is_partial_stale_or_repeated(tmp_path, way, results):
    soak(tmp_path, way, results, 1500)


@pytest.mark.parametrize(("way", "results"), [
    ("truncated", CLOSED),
    ("kept_open", OPEN),
    ("flagged", FLAG),
    ("locked", LOCK),
    ("renamed", RENAMED),
    ("truncated", Results(("obs.txt",), watch="poll")),
    ("locked", Results(("obs.txt",), lock="busy", watch="poll")),
])
def test_an_answer_that_is_written_slowly_is_never_taken_in_part(tmp_path, way, results):
    soak(tmp_path, way, results, 12, pause=0.004)


@pytest.mark.parametrize("watch", ["inotify", "poll"])
def test_a_pause_longer_than_the_patience_ends_no_answer(tmp_path, watch):
    soak(tmp_path, "truncated", Results(CLOSED.names, watch=watch), 1, pause=0.3)


def test_where_leases_are_unknown_a_file_that_stands_still_is_whole(tmp_path, receive, monkeypatch):
    monkeypatch.setattr("filebridge.transports.results.lease._SET_LEASE", 0)
    receiver = receive(Results(CLOSED.names, watch="poll"))
    (tmp_path / "obs.txt").write_bytes(b"x")
    assert looks(receiver) == [None, b"x", None, None]
    receiver.expect()
    put(tmp_path / "obs.txt", b"y")
    assert looks(receiver) == [None, b"y", None, None]


@pytest.mark.parametrize("watch", ["auto", "poll"])
def test_several_files_make_one_message(tmp_path, watch):
    soak(tmp_path, "several", Results(PAIR.names, watch=watch), 100, check=soaking.check_parcel)


def test_the_same_bytes_written_again_are_a_new_answer(tmp_path):
    def check(data, step):
        assert data == b"the same END\n"

    soak(tmp_path, "same", CLOSED, 300, check=check)


def test_a_simulator_that_takes_its_action_file_away_is_not_waited_for(tmp_path):
    (tmp_path / "away").mkdir()
    seconds = soak(tmp_path, "mover", RENAMED, 40, prepare=lambda step: put(tmp_path / "act.txt", b"1"))
    assert seconds < 40 * 0.1


@pytest.mark.parametrize("results", [RENAMED, CLOSED, OPEN, Results(("obs.txt",), "closed", watch="poll")])
def test_what_an_earlier_run_has_left_is_never_an_answer(tmp_path, receive, results):
    (tmp_path / "obs.txt").write_bytes(b"old END\n")
    receiver = receive(results)
    receiver.expect()
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    put(tmp_path / "obs.txt", b"new END\n")
    assert next_piece(receiver) == b"new END\n"
    assert (tmp_path / "obs.txt").exists()


def test_what_an_earlier_run_has_left_is_removed_where_that_is_asked_for(tmp_path, receive):
    (tmp_path / "obs.txt").write_bytes(b"old")
    receiver = receive(Results(("obs.txt",), remove=True))
    assert not (tmp_path / "obs.txt").exists()
    put(tmp_path / "obs.txt", b"new")
    assert receiver.read() == b"new"
    receiver.expect()
    assert not (tmp_path / "obs.txt").exists()
    assert [receiver.read(), receiver.look()] == [None, None]


def test_an_old_result_that_cannot_be_removed_is_told(tmp_path, receive):
    receiver = receive(Results(("obs.txt",), remove=True))
    (tmp_path / "obs.txt").mkdir()
    with pytest.raises(TransportError) as caught:
        receiver.expect()
    assert str(caught.value).startswith("obs.txt of an earlier step cannot be removed\n  found: ")


def test_a_flag_of_an_earlier_run_says_nothing(tmp_path, receive):
    (tmp_path / "obs.txt").write_bytes(b"old")
    (tmp_path / "done").write_bytes(b"")
    receiver = receive(FLAG)
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    assert not (tmp_path / "done").exists()


def test_a_flag_counts_once(tmp_path, receive):
    receiver = receive(FLAG)
    (tmp_path / "obs.txt").write_bytes(b"new")
    assert receiver.read() is None
    (tmp_path / "done").write_bytes(b"")
    assert receiver.read() == b"new"
    (tmp_path / "done").write_bytes(b"once more")
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    receiver.expect()
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    (tmp_path / "done").write_bytes(b"")
    assert receiver.read() == b"new"


def test_what_is_written_while_a_lock_is_there_waits_for_its_end(tmp_path, receive):
    receiver = receive(LOCK)
    (tmp_path / "busy").write_bytes(b"")
    (tmp_path / "obs.txt").write_bytes(b"half")
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    (tmp_path / "obs.txt").write_bytes(b"whole")
    (tmp_path / "busy").unlink()
    assert receiver.read() == b"whole"
    assert [receiver.read(), *looks(receiver)] == [None] * 5


def test_a_file_that_is_being_written_is_no_answer(tmp_path, receive):
    receiver = receive(CLOSED)
    with (tmp_path / "obs.txt").open("wb", buffering=0) as file:
        file.write(b"half")
        assert [receiver.read(), *looks(receiver)] == [None] * 5
        file.write(b", whole")
    assert receiver.read() == b"half, whole"
    assert [receiver.read(), *looks(receiver)] == [None] * 5


def test_a_file_that_is_begun_again_while_it_is_read_is_read_again(tmp_path, receive, monkeypatch):
    receiver = receive(CLOSED)
    from filebridge.transports.results import part

    reading, turns = part.read_regular, []

    def disturbed(folder, name, cap):
        found = reading(folder, name, cap)
        turns.append(found)
        if len(turns) == 1:
            (tmp_path / "obs.txt").write_bytes(b"second")
        return found

    monkeypatch.setattr(part, "read_regular", disturbed)
    (tmp_path / "obs.txt").write_bytes(b"first")
    assert receiver.read() == b"second"
    assert [found[0] for found in turns] == [b"first", b"second"]
    assert [receiver.read(), *looks(receiver)] == [None] * 5


def test_closing_a_file_without_writing_is_no_answer(tmp_path, receive):
    receiver = receive(CLOSED)
    put(tmp_path / "obs.txt", b"x")
    assert receiver.read() == b"x"
    receiver.expect()
    (tmp_path / "obs.txt").open("ab").close()
    assert [receiver.read(), *looks(receiver)] == [None] * 5


@pytest.mark.parametrize("results", [RENAMED, CLOSED, OPEN, LOCK, Results(CLOSED.names, watch="poll")])
@pytest.mark.parametrize("meddle", [
    lambda path: path.chmod(0o640),
    lambda path: os.link(path, path.with_name("backup")),
    lambda path: subprocess.run(["touch", path], check=True),
    lambda path: os.utime(path, (1, 1)),
])
def test_a_date_a_mode_or_a_link_is_no_answer(tmp_path, receive, results, meddle):
    receiver = receive(results)
    put(tmp_path / "obs.txt", b"x")
    assert next_piece(receiver) == b"x"
    meddle(tmp_path / "obs.txt")
    receiver.expect()
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    if results.watch != "poll":
        os.utime(tmp_path / "obs.txt", (2, 2))
        assert [receiver.read(), *looks(receiver)] == [None] * 5


def test_only_a_rename_is_an_answer_where_files_are_renamed(tmp_path, receive):
    receiver = receive(RENAMED)
    put(tmp_path / "obs.txt", b"x")
    assert receiver.read() == b"x"
    (tmp_path / "obs.txt").write_bytes(b"in place")
    assert [receiver.read(), *looks(receiver)] == [None] * 5


def test_an_open_file_is_given_in_each_state_once(tmp_path, receive):
    receiver = receive(OPEN)
    with (tmp_path / "obs.txt").open("wb", buffering=0) as file:
        file.write(b"a")
        assert [receiver.read(), receiver.read(), receiver.look()] == [b"a", None, None]
        file.write(b"b")
        assert receiver.read() == b"ab"
    assert [receiver.read(), receiver.look()] == [None, None]
    receiver.expect()
    assert [receiver.read(), receiver.look()] == [None, None]
    before = (tmp_path / "obs.txt").stat().st_ctime_ns
    while (tmp_path / "obs.txt").stat().st_ctime_ns == before:
        (tmp_path / "obs.txt").write_bytes(b"ab")
    assert receiver.read() == b"ab"


def test_what_comes_between_two_actions_is_given_so_that_it_can_be_refused(tmp_path, receive):
    receiver = receive(RENAMED)
    for text in (b"answer", b"stray"):
        put(tmp_path / "obs.txt", text)
        assert receiver.read() == text


def test_a_message_of_several_waits_for_each_of_them(tmp_path, receive):
    receiver = receive(PAIR)
    for step in (b"1", b"2"):
        receiver.expect()
        (tmp_path / "b.txt").write_bytes(step)
        assert [receiver.read(), *looks(receiver)] == [None] * 5
        (tmp_path / "obs.txt").write_bytes(b"")
        parcel = receiver.read()
        assert unpack(parcel) == {"obs.txt": b"", "b.txt": step}
        assert list(unpack(parcel)) == ["obs.txt", "b.txt"]


def test_an_empty_file_is_no_answer_yet(tmp_path, receive):
    receiver = receive(CLOSED)
    (tmp_path / "obs.txt").write_bytes(b"")
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    (tmp_path / "obs.txt").write_bytes(b"x")
    assert receiver.read() == b"x"


@pytest.mark.parametrize("plant", [
    lambda path: path.symlink_to("/etc/passwd"),
    os.mkfifo,
    os.mkdir,
    lambda path: path.symlink_to("/dev/zero"),
])
@pytest.mark.parametrize("results", [RENAMED, CLOSED, OPEN])
def test_what_is_no_file_is_refused(tmp_path, receive, plant, results):
    receiver = receive(results)
    (tmp_path / "obs.txt").write_bytes(b"")
    nothing_follows(receiver)
    plant(tmp_path / "part")
    (tmp_path / "obs.txt").unlink()
    (tmp_path / "part").rename(tmp_path / "obs.txt")
    with pytest.raises(PeerRejected, match=r"obs\.txt is no regular file"):
        next_piece(receiver, 5)


def test_a_planted_link_that_was_there_before_is_refused_when_it_is_looked_at(tmp_path, receive):
    (tmp_path / "obs.txt").symlink_to("/etc/passwd")
    receiver = receive(OPEN)
    assert looks(receiver) == [None] * 4
    (tmp_path / "obs.txt").unlink()
    (tmp_path / "obs.txt").symlink_to("/etc/group")
    with pytest.raises(PeerRejected):
        next_piece(receiver)


@pytest.mark.parametrize("results", [RENAMED, CLOSED, OPEN])
def test_ten_gigabytes_are_refused_without_being_read(tmp_path, receive, results):
    receiver = receive(results)
    with (tmp_path / "part").open("wb") as file:
        file.truncate(10 << 30)
    (tmp_path / "part").rename(tmp_path / "obs.txt")
    with pytest.raises(MessageTooLarge, match="10737418240 bytes"):
        receiver.read()


@pytest.mark.parametrize("results", [RENAMED, CLOSED, OPEN, PAIR])
def test_a_lost_announcement_costs_a_quarter_of_a_second(tmp_path, receive, results):
    receiver = receive(results)
    receiver._take = tuple
    for name in results.names:
        put(tmp_path / name, b"x")
    begun = monotonic()
    while receiver.look() is None:
        assert monotonic() < begun + 5
    assert receiver.patience * 2 <= 0.25
    assert looks(receiver) == [None] * 4


def test_after_an_overflow_everything_is_looked_at(tmp_path, receive):
    receiver = receive(RENAMED)
    receiver._take = lambda: [Event(0, "", LOST)]
    put(tmp_path / "obs.txt", b"x")
    assert receiver.read() == b"x"
    assert receiver.read() is None


def test_a_folder_that_is_made_anew_is_watched_again(tmp_path, receive):
    receiver = receive(Results(("out/obs.txt",)))
    for text in (b"1", b"2"):
        shutil.rmtree(tmp_path / "out")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "obs.txt").write_bytes(text)
        assert next_piece(receiver) == text


def test_a_folder_that_is_gone_is_told(tmp_path, receive):
    receiver = receive(Results(("out/obs.txt",)))
    (tmp_path / "out").rmdir()
    with pytest.raises(WatchLost):
        next_piece(receiver, 5)


def test_after_the_end_of_the_simulator_one_look_is_enough(tmp_path, receive):
    receiver = receive(CLOSED)
    with (tmp_path / "obs.txt").open("wb", buffering=0) as file:
        file.write(b"all")
        receiver._take()
        assert receiver.look() is None
        receiver.final = True
        assert receiver.look() == b"all"
    assert receiver.look() is None


@pytest.mark.parametrize("results", [
    Results(("../obs.txt",)), Results(("/obs.txt",)), Results(("obs.txt",), flag="../done"),
    Results(("a/../../obs.txt",), "appended"), Results(("../*.txt",)),
])
def test_names_that_lead_out_are_refused(receive, results):
    with pytest.raises(ConfigSecurityError):
        receive(results)


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path, receive):
    (tmp_path / "out").symlink_to("/tmp")
    with pytest.raises(PeerRejected):
        receive(Results(("out/obs.txt",)))


NUMBERED = Results(("out/obs_*.txt",))


@pytest.mark.parametrize(("way", "results"), [
    ("numbered", NUMBERED),
    ("numbered", Results(NUMBERED.names, remove=True)),
    ("numbered_renamed", Results(("out/*.txt",), "renamed")),
    ("numbered_renamed", Results(("out/*.txt",), "renamed", watch="poll")),
    ("numbered", Results(NUMBERED.names, "open")),
])
def test_numbered_answers_come_one_by_one(tmp_path, way, results):
    soak(tmp_path, way, results, 200)
    assert len(list((tmp_path / "out").iterdir())) == (1 if results.remove else 200)


def test_numbered_answers_are_given_in_their_order(tmp_path, receive):
    receiver = receive(NUMBERED)
    for number in (10, 9, 11):
        (tmp_path / "out" / f"obs_{number}.txt").write_bytes(b"%d" % number)
    (tmp_path / "out" / "other_12.txt").write_bytes(b"no")
    (tmp_path / "out" / "obs_none.txt").write_bytes(b"no")
    assert [next_piece(receiver) for _ in range(3)] == [b"9", b"10", b"11"]
    nothing_follows(receiver)
    (tmp_path / "out" / "obs_10.txt").write_bytes(b"old")
    nothing_follows(receiver)
    assert looks(receiver) == [None] * 4


def test_numbered_answers_that_were_not_awaited_are_no_answer(tmp_path, receive):
    receiver = receive(NUMBERED)
    for number in (1, 2):
        (tmp_path / "out" / f"obs_{number}.txt").write_bytes(b"%d" % number)
    assert receiver.read() == b"1"
    receiver.expect()
    nothing_follows(receiver)
    (tmp_path / "out" / "obs_3.txt").write_bytes(b"3")
    assert receiver.read() == b"3"


@pytest.mark.parametrize("watch", ["auto", "poll"])
def test_numbers_may_begin_again(tmp_path, receive, watch):
    (tmp_path / "out").mkdir()
    for number in range(3):
        (tmp_path / "out" / f"obs_{number}.txt").write_bytes(b"old")
    receiver = receive(Results(NUMBERED.names, watch=watch))
    assert [receiver.read(), *looks(receiver)] == [None] * 5
    for turn in (b"1", b"2"):
        for number in range(3):
            receiver.expect()
            put(tmp_path / "out" / f"obs_{number}.txt", turn)
            assert next_piece(receiver) == turn
            nothing_follows(receiver)
            assert looks(receiver) == [None] * 4


def test_a_lost_announcement_of_a_number_is_found(tmp_path, receive):
    receiver = receive(NUMBERED)
    (tmp_path / "out" / "obs_1.txt").write_bytes(b"1")
    receiver._take = tuple
    assert looks(receiver) == [b"1", None, None, None]


@pytest.mark.parametrize("results", [
    Results(("a*/b.txt",)), Results(("*_*.txt",)), Results(("*.txt", "b.txt")), Results(("*.txt",), flag="done"),
])
def test_numbered_results_with_more_beside_them_are_refused(receive, results):
    with pytest.raises(ConfigError, match="numbered results"):
        receive(results)
