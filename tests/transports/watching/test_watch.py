"""Which way of watching is taken, what all the ways have in common, and what is said when one fails."""

import errno
import os
import resource
import select
import shutil
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from filebridge.errors import LimitReached, TransportError, WatchLost
from filebridge.transports.watching import inotify_source, observing, storage, watch
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE, LOST
from filebridge.transports.watching.inotify import InotifyWatch
from filebridge.transports.watching.observing import ObserverWatch
from filebridge.transports.watching.polling import PollingWatch
from filebridge.transports.watching.watch import WatchWarning, open_watch

WAYS = ["inotify", "watchdog", "poll"]
ANNOUNCED = ["inotify", "watchdog"]


@pytest.fixture(scope="module", autouse=True)
def what_watchdog_keeps(tmp_path_factory):
    """Let watchdog make the descriptors that it keeps for as long as the process lives."""
    ObserverWatch([str(tmp_path_factory.mktemp("first"))]).close()


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Forget what was found out about this machine, and what was warned of."""
    monkeypatch.setattr(watch, "_warned", set())
    monkeypatch.setattr(storage, "_heard", {})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


@pytest.fixture
def opened():
    opened = []

    def opener(mode, *folders):
        opened.append(open_watch([str(folder) for folder in folders], mode, 0.002))
        return opened[-1]

    yield opener
    for each in opened:
        each.close()


def readable(watch, seconds=0.0):
    waiter = select.poll()
    waiter.register(watch.fileno(), select.POLLIN)
    return bool(waiter.poll(seconds * 1000))


def fetched(watch, *wanted, seconds=20.0):
    """Ask as the loop does, when something is announced or patience has run out, until all ``wanted`` was told."""
    deadline, told = time.monotonic() + seconds, []
    while not all(one in told for one in wanted):
        left = deadline - time.monotonic()
        assert left > 0, f"{wanted} was not told, but {told}"
        readable(watch, min(left, watch.patience))
        told += watch.take()
    return told


def refuse(number):
    def refusing(*_):
        raise OSError(number, os.strerror(number))
    return refusing


@pytest.mark.parametrize("mode", ANNOUNCED)
def test_what_happens_to_a_file_is_told_in_its_order(opened, folder, mode):
    watch = opened(mode, folder)
    assert watch.patience == 0.25
    assert not watch.polls
    with open(folder / "part", "w") as file:
        file.write("1")
        file.flush()
        fetched(watch, (0, "part", CHANGED))
    os.rename(folder / "part", folder / "whole")
    told = fetched(watch, (0, "whole", ARRIVED))
    assert told.index((0, "part", CLOSED)) < told.index((0, "part", GONE)) < told.index((0, "whole", ARRIVED))
    os.unlink(folder / "whole")
    fetched(watch, (0, "whole", GONE))


@pytest.mark.parametrize("mode", ANNOUNCED)
def test_a_change_wakes_who_waits(opened, folder, mode):
    watch = opened(mode, folder)
    writer = threading.Timer(0.05, (folder / "obs").write_text, ["1"])
    writer.start()
    assert readable(watch, 5)
    fetched(watch, (0, "obs", CLOSED))
    writer.join()


@pytest.mark.parametrize("mode", ANNOUNCED)
def test_each_of_several_watches_and_folders_is_told_its_own(opened, tmp_path, mode):
    for name in "abc":
        (tmp_path / name).mkdir()
    first, second = opened(mode, tmp_path / "a", tmp_path / "b"), opened(mode, tmp_path / "b", tmp_path / "c")
    for name in "abc":
        (tmp_path / name / f"of_{name}").write_text("1")
    heard, also = (0, "of_a", CLOSED), (1, "of_b", CLOSED)
    assert {event.name for event in fetched(first, heard, also)} == {"of_a", "of_b"}
    heard, also = (0, "of_b", CLOSED), (1, "of_c", CLOSED)
    assert {event.name for event in fetched(second, heard, also)} == {"of_b", "of_c"}
    first.close()
    (tmp_path / "b" / "later").write_text("1")
    fetched(second, (0, "later", CLOSED))


@pytest.mark.parametrize("mode", ANNOUNCED)
def test_a_link_to_a_folder_is_followed_wherever_it_leads(opened, tmp_path, folder, mode):
    (tmp_path / "next").mkdir()
    (tmp_path / "link").symlink_to(folder)
    watch = opened(mode, tmp_path / "link")
    (folder / "obs").write_text("1")
    fetched(watch, (0, "obs", CLOSED))
    (tmp_path / "new").symlink_to(tmp_path / "next")
    (tmp_path / "new").rename(tmp_path / "link")
    fetched(watch, (0, "", LOST))
    (tmp_path / "next" / "obs").write_text("1")
    fetched(watch, (0, "obs", CLOSED))
    (folder / "obs").write_text("1")
    assert list(watch.take()) == []


def test_polling_announces_nothing_and_asks_to_be_looked_at(opened, folder):
    watch = opened("poll", folder)
    (folder / "obs").write_text("1")
    assert not readable(watch)
    assert list(watch.take()) == []
    assert watch.polls
    assert watch.patience == 0.002


@pytest.mark.parametrize("mode", WAYS)
def test_a_folder_that_stays_away(opened, folder, mode):
    watch = opened(mode, folder)
    shutil.rmtree(folder)
    begun = time.monotonic()
    with pytest.raises(WatchLost) as failure:
        fetched(watch, None)
    assert time.monotonic() - begun < 2.0  # half a second, and room for a busy machine
    assert failure.value.found == f"{folder}: No such file or directory"
    assert "the folder in which results appear is gone" in str(failure.value)


@pytest.mark.parametrize("mode", WAYS)
def test_a_folder_that_is_moved_away(opened, folder, mode):
    watch = opened(mode, folder)
    folder.rename(folder.parent / "elsewhere")
    with pytest.raises(WatchLost):
        fetched(watch, None)


@pytest.mark.parametrize("mode", WAYS)
def test_a_folder_in_the_place_of_another_is_watched_from_then_on(opened, folder, mode):
    watch = opened(mode, folder)
    folder.rename(folder.parent / "elsewhere")
    folder.mkdir()
    fetched(watch, (0, "", LOST))
    (folder / "obs").write_text("1")
    if mode != "poll":
        fetched(watch, (0, "obs", CLOSED))
    shutil.rmtree(folder)
    with pytest.raises(WatchLost):
        fetched(watch, None)


@pytest.mark.parametrize("mode", ANNOUNCED)
def test_a_folder_that_is_removed_and_made_anew(opened, folder, mode):
    first, second = opened(mode, folder), opened(mode, folder)
    for turn in range(3):
        shutil.rmtree(folder)
        folder.mkdir()
        fetched(first, (0, "", LOST))
        fetched(second, (0, "", LOST))
        (folder / f"obs{turn}").write_text("1")
        fetched(first, (0, f"obs{turn}", CLOSED))
        fetched(second, (0, f"obs{turn}", CLOSED))


@pytest.mark.parametrize("mode", [*WAYS, "auto"])
def test_a_folder_that_is_missing_from_the_start(opened, tmp_path, mode):
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(WatchLost, match="is gone"):
        opened(mode, tmp_path, tmp_path / "none")
    assert_closed(before)


@pytest.mark.parametrize("mode", WAYS)
def test_all_is_closed(opened, folder, mode):
    before, threads = set(os.listdir("/proc/self/fd")), threading.active_count()
    first, second = opened(mode, folder), opened(mode, folder)
    for each in (first, second, first, second):
        each.close()
    assert_closed(before)
    assert threading.active_count() == threads


def assert_closed(before):
    deadline = time.monotonic() + 5
    while left := set(os.listdir("/proc/self/fd")) - before:
        assert time.monotonic() < deadline, f"left open: {left}"
        time.sleep(0.001)


def test_auto_takes_inotify_where_a_probe_is_heard(opened, folder, monkeypatch):
    made = []
    monkeypatch.setattr(storage, "_made", lambda path, real=storage._made: made.append(path) or real(path))
    watch = opened("auto", folder)
    assert isinstance(watch, InotifyWatch)
    opened("auto", folder)
    assert len(made) == 1, "one probe for each storage is enough"
    assert os.path.basename(made[0]).startswith(".filebridge-")
    assert os.listdir(folder) == []
    (folder / "obs").write_text("1")
    assert (0, "obs", CLOSED) in watch.take()


def test_auto_trusts_a_folder_that_it_may_not_write_to(opened, folder, monkeypatch):
    monkeypatch.setattr(storage, "_made", lambda path: False)
    assert isinstance(opened("auto", folder), InotifyWatch)
    assert storage._heard == {}


def test_auto_looks_where_a_probe_is_not_heard(opened, folder, monkeypatch):
    monkeypatch.setattr(storage, "_made", lambda path: True)
    with pytest.warns(WatchWarning) as told:
        watch = opened("auto", folder)
    assert isinstance(watch, PollingWatch)
    assert [str(each.message) for each in told] == [
        "the storage announces nothing: files are looked at every 0.002 s instead"
    ]
    assert isinstance(opened("auto", folder), PollingWatch), "and does not warn again"


def test_auto_looks_on_storage_that_others_write_to(opened, folder, monkeypatch):
    monkeypatch.setattr(storage, "_REMOTE", {_storage_kind(folder): "NFS"})
    with pytest.warns(WatchWarning, match="^NFS storage announces nothing that another machine does: files are"):
        assert isinstance(opened("auto", folder), PollingWatch)
    assert isinstance(opened("auto", folder), PollingWatch)
    assert isinstance(opened("inotify", folder), InotifyWatch)


def _storage_kind(folder):
    return int(subprocess.run(["stat", "-f", "-c", "%t", folder], capture_output=True, check=True).stdout, 16)


def test_this_storage_is_none_of_another_machine(folder, tmp_path):
    assert _storage_kind(folder) not in storage._REMOTE
    assert storage.remote(str(folder)) == ""
    assert storage.remote(str(tmp_path / "none")) == ""


def test_auto_looks_when_the_user_has_no_instance_left_and_says_so_once(opened, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_opened", refuse(errno.EMFILE))
    with pytest.warns(WatchWarning) as told:
        ways = [type(opened("auto", folder)) for _ in range(2)]
    assert ways == [PollingWatch, PollingWatch]
    assert [str(each.message) for each in told] == [
        "this user's limit of inotify instances is reached: files are looked at every 0.002 s instead"
    ]


def test_inotify_by_name_says_which_limit_to_raise(opened, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_opened", refuse(errno.EMFILE))
    with pytest.raises(LimitReached) as failure:
        opened("inotify", folder)
    assert failure.value.found == "this user's limit of inotify instances is reached"
    assert "sysctl fs.inotify.max_user_instances" in failure.value.cure


@contextmanager
def few_descriptors(free):
    """Let this process open ``free`` more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 100, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(free):
            os.close(taken.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.mark.parametrize("mode", ["auto", "inotify", "poll"])
def test_a_process_without_descriptors_is_told_so(opened, folder, mode):
    with few_descriptors(0), pytest.raises(LimitReached) as failure:
        opened(mode, folder)
    assert "ulimit -n" in failure.value.cure


@pytest.mark.parametrize("free", range(1, 3))
def test_a_start_with_too_few_descriptors_leaks_none(opened, folder, free):
    before = set(os.listdir("/proc/self/fd"))
    with few_descriptors(free), pytest.raises(LimitReached) as failure:
        opened("inotify", folder)
    assert "ulimit -n" in failure.value.cure
    assert_closed(before)


def test_a_system_without_inotify_goes_through_watchdog(opened, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_opened", refuse(errno.ENOSYS))
    with pytest.warns(WatchWarning) as told:
        watch = opened("auto", folder)
    assert isinstance(watch, ObserverWatch)
    assert [str(each.message) for each in told] == [
        "there is no inotify on this system: files are watched through watchdog, which is slower"
    ]
    (folder / "obs").write_text("1")
    fetched(watch, (0, "obs", CLOSED))
    with pytest.raises(TransportError, match="there is no inotify on this system"):
        opened("inotify", folder)


def test_a_system_with_neither_is_looked_at(opened, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_opened", refuse(errno.ENOSYS))
    monkeypatch.setitem(sys.modules, "watchdog.observers", None)
    with pytest.warns(WatchWarning) as told:
        assert isinstance(opened("auto", folder), PollingWatch)
    assert len(told) == 2
    assert str(told[1].message).startswith("watchdog cannot be used: ")
    with pytest.raises(TransportError, match="files cannot be watched through watchdog"):
        opened("watchdog", folder)


def test_a_folder_that_may_not_be_watched(opened, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_added", refuse(errno.EACCES))
    with pytest.raises(TransportError) as failure:
        opened("inotify", folder)
    assert failure.value.found == f"{folder}: Permission denied"


def test_what_nobody_fetches_from_watchdog_is_not_kept_for_ever(opened, folder, monkeypatch):
    monkeypatch.setattr(observing, "_MANY", 50)
    watch = opened("watchdog", folder)
    for number in range(200):
        (folder / f"{number}").touch()
    fetched(watch, (0, "", LOST))


def test_an_action_file_moved_out_holds_watchdog_up_but_the_next_look_is_due_before(opened, folder, tmp_path):
    """Its half second is beyond our reach; ``patience`` is shorter, and the owner looks by itself then."""
    watch = opened("watchdog", folder)
    (folder / "act").write_text("1")
    fetched(watch, (0, "act", CLOSED))
    os.rename(folder / "act", tmp_path / "taken")
    (folder / "obs").write_text("1")
    fetched(watch, (0, "obs", CLOSED))
    assert watch.patience < 0.5


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_without_watchdogs_threads(opened, folder):
    watch = opened("watchdog", folder)
    pid = os.fork()
    if pid == 0:
        try:
            watch.close()
            with pytest.raises(TransportError, match="files cannot be watched through watchdog"):
                ObserverWatch([str(folder)])
            os._exit(0)
        except BaseException:  # noqa: BLE001 - it must not come back into pytest
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    (folder / "obs").write_text("1")
    fetched(watch, (0, "obs", CLOSED))


@pytest.mark.parametrize("mode", ["inotify", "auto", "poll"])
def test_watchdog_is_not_imported_where_it_is_not_needed(folder, mode):
    code = f"""
import sys
from filebridge.transports.watching.watch import open_watch
assert not {{"ctypes", "watchdog"}} & set(sys.modules), "before anything is watched"
open_watch([{str(folder)!r}], {mode!r}, 0.001).close()
assert "watchdog" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60, cwd=Path(__file__).parent)


def test_no_warning_where_all_is_well(opened, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mode in [*WAYS, "auto"]:
            opened(mode, folder)
