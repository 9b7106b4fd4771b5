"""Watching through the real inotify of this kernel: one descriptor for all, and nothing lost without a word."""

import errno
import os
import select
import shutil
import threading
import time
from pathlib import Path

import pytest

from filebridge.errors import LimitReached, UsageError, WatchLost
from filebridge.transports.watching import inotify_source
from filebridge.transports.watching.event import ARRIVED, CHANGED, CLOSED, GONE, LOST
from filebridge.transports.watching.inotify import InotifyWatch
from filebridge.transports.watching.watch import open_watch


def inotify_descriptors():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if "inotify" in os.readlink(f"/proc/self/fd/{name}"):
                found.append(int(name))
        except OSError:
            continue
    return found


def watched_folders(descriptor):
    lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
    return sum(line.startswith("inotify wd:") for line in lines)


def readable(watch, seconds=0.0):
    waiter = select.poll()
    waiter.register(watch.fileno(), select.POLLIN)
    return bool(waiter.poll(seconds * 1000))


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.001)
    return found


def write(path, text="x"):
    Path(path).write_text(text)


@pytest.fixture
def watches():
    opened = []

    def watch(*folders):
        opened.append(InotifyWatch([str(folder) for folder in folders]))
        return opened[-1]

    yield watch
    for each in opened:
        each.close()


@pytest.fixture
def quick_folder(run_folders):
    """A folder on memory-backed storage, for thousands of files."""
    path = run_folders / "many"
    path.mkdir()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_nothing_is_announced_where_nothing_happens(watches, folder):
    watch = watches(folder)
    assert not readable(watch)
    assert list(watch.take()) == []
    assert watch.patience == 0.25


def test_a_file_that_is_written_closed_renamed_and_removed(watches, folder):
    watch = watches(folder)
    with open(folder / "part", "w") as file:
        file.write("1")
        file.flush()
        assert {event.kind for event in watch.take()} == {CHANGED}
    os.rename(folder / "part", folder / "whole")
    os.unlink(folder / "whole")
    assert readable(watch)
    assert watch.take() == [
        (0, "part", CLOSED), (0, "part", GONE), (0, "whole", ARRIVED), (0, "whole", GONE),
    ]  # fmt: skip
    assert not readable(watch)


def test_the_folder_is_told_by_its_number(watches, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    watch = watches(tmp_path / "a", tmp_path / "b")
    write(tmp_path / "b" / "obs.txt")
    write(tmp_path / "a" / "obs.txt")
    assert [event.folder for event in watch.take() if event.kind == CLOSED] == [1, 0]


def test_what_happens_to_folders_inside_is_not_told(watches, folder):
    watch = watches(folder)
    (folder / "sub").mkdir()
    write(folder / "sub" / "obs.txt")
    shutil.rmtree(folder / "sub")
    assert list(watch.take()) == []


def test_names_that_are_no_text_pass(watches, folder):
    watch = watches(folder)
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe")).touch()
    Path(folder, "o" * 255).touch()
    assert {event.name for event in watch.take()} == {"\udcff\udcfe", "o" * 255}


def test_more_names_than_are_remembered(watches, folder, monkeypatch):
    monkeypatch.setattr(inotify_source, "_NAMES", 4)
    watch = watches(folder)
    for number in range(20):
        write(folder / f"{number}")
    assert [event.name for event in watch.take() if event.kind == CLOSED] == [str(number) for number in range(20)]


def test_300_watches_share_one_descriptor(watches, tmp_path):
    assert inotify_descriptors() == []
    opened = []
    for number in range(300):
        (tmp_path / str(number)).mkdir()
        opened.append(watches(tmp_path / str(number)))
    [descriptor] = inotify_descriptors()
    assert watched_folders(descriptor) == 300
    for number in (0, 150, 299):
        write(tmp_path / str(number) / f"obs{number}")
    # The first that reads gets what belongs to three of them, and keeps none of it from the others.
    heard = {number: [event.name for event in watch.take()] for number, watch in enumerate(opened)}
    assert {number for number, names in heard.items() if names} == {0, 150, 299}
    assert set(heard[299]) == {"obs299"}
    assert not any(map(readable, opened))
    for watch in opened:
        watch.close()
    until(lambda: inotify_descriptors() == [])


def test_two_watches_of_one_folder_are_both_told_and_count_once(watches, folder):
    first, second = watches(folder), watches(folder)
    assert watched_folders(*inotify_descriptors()) == 1
    write(folder / "obs")
    assert first.take() == second.take() != []
    first.close()
    write(folder / "obs2")
    assert {event.name for event in second.take()} == {"obs2"}
    assert watched_folders(*inotify_descriptors()) == 1


def test_a_closed_watch_leaves_no_descriptor(watches, folder):
    before = set(os.listdir("/proc/self/fd"))
    watch = watches(folder)
    watch.close()
    watch.close()
    with pytest.raises(UsageError):
        watch.take()
    until(lambda: set(os.listdir("/proc/self/fd")) <= before)


def test_the_close_of_the_last_watch_does_not_wait_for_the_kernel(watches, folder):
    longest = []
    for _ in range(5):
        watch = watches(folder)
        begun = time.monotonic()
        watch.close()
        longest.append(time.monotonic() - begun)
        until(lambda: inotify_descriptors() == [])
    assert min(longest) < 0.008


def test_each_thread_wakes_for_its_own_folder_though_the_other_reads_it(watches, tmp_path):
    """Both wait at once; who wakes first reads all, and the other must be woken by it."""
    rounds, waited, errors = 300, [], []
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    opened = [watches(folder) for folder in folders]
    barrier = threading.Barrier(3)

    def wait(number):
        watch = opened[number]
        for turn in range(rounds):
            barrier.wait(20)
            begun, names = time.monotonic(), set()
            while f"obs{turn}" not in names:
                if not readable(watch, 5):
                    errors.append((number, turn))
                    barrier.abort()
                    return
                events = watch.take()
                names |= {event.name for event in events if event.kind == CLOSED}
            waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(rounds):
        barrier.wait(20)
        for folder in folders:
            write(folder / f"obs{turn}")
    for thread in threads:
        thread.join(20)
    assert errors == []
    assert len(waited) == 2 * rounds
    assert sorted(waited)[rounds] < 0.05
    assert not any(map(readable, opened))


def test_watches_come_and_go_in_threads_while_another_reads(watches, tmp_path):
    ended, errors = threading.Event(), []

    def come_and_go(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            for turn in range(100):
                watch = InotifyWatch([str(folder)])
                write(folder / "obs", str(turn))
                told = []
                while (0, "obs", CLOSED) not in told and readable(watch, 5):
                    told += watch.take()
                assert (0, "obs", CLOSED) in told
                watch.close()
        except Exception as error:  # noqa: BLE001 - it is shown in the main thread
            errors.append(error)

    def read_always(watch):
        while not ended.is_set():
            readable(watch, 0.1)
            watch.take()

    (tmp_path / "mine").mkdir()
    reader = threading.Thread(target=read_always, args=(watches(tmp_path / "mine"),))
    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(3)]
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join(60)
    ended.set()
    reader.join(10)
    assert errors == []
    assert watched_folders(*inotify_descriptors()) == 1


def test_nobody_spins_while_the_events_of_another_wait_to_be_fetched(watches, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mine, other = watches(tmp_path / "a"), watches(tmp_path / "b")
    write(tmp_path / "b" / "obs")
    assert readable(mine)
    assert list(mine.take()) == []
    assert not readable(mine)
    assert readable(other)
    assert {event.name for event in other.take()} == {"obs"}
    assert not readable(other)


def test_a_burst_loses_nothing_or_says_so(watches, quick_folder):
    """30 000 files: more than the kernel keeps, so the rest is announced as lost and found by looking."""
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    watch = watches(quick_folder)
    for number in range(30_000):
        os.close(os.open(quick_folder / f"{number}", os.O_WRONLY | os.O_CREAT))
    seen, lost = set(), False
    while readable(watch):
        for event in watch.take():
            lost |= event == (0, "", LOST)
            seen.add(event.name)
    assert lost is (room < 60_000)
    if lost:
        seen |= set(os.listdir(quick_folder))
    assert len(seen - {""}) == 30_000


def test_a_burst_that_is_fetched_meanwhile_loses_nothing_at_all(watches, folder):
    watch = watches(folder)
    seen = []
    for number in range(30_000):
        os.close(os.open(folder / f"{number % 7}", os.O_WRONLY | os.O_CREAT))
        if number % 1000 == 999:
            while readable(watch):
                seen += watch.take()
    assert LOST not in {event.kind for event in seen}
    assert sum(event.kind == CLOSED for event in seen) == 30_000


def test_an_overflow_is_told_to_every_watch(watches, tmp_path, folder):
    (tmp_path / "quiet").mkdir()
    watch, quiet = watches(folder), watches(tmp_path / "quiet", folder)
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    first, second = folder / "a", folder / "b"
    first.touch()
    for _ in range(room // 4 + 8):
        os.rename(first, second)
        os.rename(second, first)
    told = []
    while readable(watch):
        told += watch.take()
    assert (0, "", LOST) in told
    assert quiet.take() == [(0, "", LOST), (1, "", LOST)]


def test_what_nobody_fetches_is_not_kept_for_ever(watches, tmp_path, folder):
    (tmp_path / "mine").mkdir()
    reader, idle = watches(tmp_path / "mine"), watches(folder)
    for number in range(24_000):
        os.close(os.open(folder / f"{number % 7}", os.O_WRONLY | os.O_CREAT))
        if number % 2000 == 0:
            while readable(reader) and not reader.take():
                pass
    while readable(reader):
        reader.take()
    events = idle.take()
    assert events[0] == (0, "", LOST)
    assert len(events) < 16_384


def test_an_interrupt_in_the_middle_of_handing_out_loses_nothing_in_silence(watches, tmp_path, folder, monkeypatch):
    (tmp_path / "other").mkdir()
    watch, other = watches(folder), watches(tmp_path / "other")
    write(folder / "obs")
    write(tmp_path / "other" / "obs")

    def interrupt(self, data, reader):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inotify_source.Inotify, "_hand_out", interrupt)
        with pytest.raises(KeyboardInterrupt):
            watch.take()
    assert readable(watch)
    assert readable(other)
    assert watch.take() == other.take() == [(0, "", LOST)]


def fetched(watch, seconds=2):
    """Ask as the loop does: when something is announced, and when the watch's patience has run out."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        readable(watch, min(watch.patience, until - time.monotonic()))
        if events := watch.take():
            return events
    return []


def test_a_folder_that_is_removed_and_made_anew_is_watched_again(watches, folder):
    watch = watches(folder)
    for _ in range(3):
        shutil.rmtree(folder)
        folder.mkdir()
        write(folder / "obs")
        assert (0, "", LOST) in watch.take()
        write(folder / "obs2")
        assert (0, "obs2", CLOSED) in watch.take()


def test_a_folder_that_is_made_anew_later_is_announced_at_once(watches, folder):
    watch = watches(folder)
    times = []
    # The best of several: the machine may be busy with something else.
    while min(times, default=1) >= 0.1 and len(times) < 5:
        shutil.rmtree(folder)
        assert list(watch.take()) == []
        begun = time.monotonic()
        folder.mkdir()
        assert readable(watch)
        assert watch.take() == [(0, "", LOST)]
        times.append(time.monotonic() - begun)
    assert min(times) < 0.1
    write(folder.parent / "beside")
    assert list(watch.take()) == []
    write(folder / "obs")
    assert (0, "obs", CLOSED) in watch.take()


@pytest.mark.parametrize("away", [shutil.rmtree, lambda folder: folder.rename(folder.parent / "elsewhere"),
                                  lambda folder: (folder.rename(folder.parent / "elsewhere"), folder.touch())])
def test_a_folder_that_stays_away_is_reported_within_half_a_second(watches, folder, away):
    watch = watches(folder)
    begun = time.monotonic()
    away(folder)
    with pytest.raises(WatchLost) as failure:
        fetched(watch)
    assert time.monotonic() - begun < 2.0  # half a second, and room for a busy machine
    assert "the folder in which results appear is gone" in str(failure.value)
    assert str(folder) in failure.value.found
    assert failure.value.cure
    with pytest.raises(WatchLost):
        fetched(watch)


def test_a_folder_whose_parent_is_moved_is_reported(watches, tmp_path):
    (tmp_path / "parent" / "out").mkdir(parents=True)
    watch = watches(tmp_path / "parent" / "out")
    (tmp_path / "parent").rename(tmp_path / "moved")
    with pytest.raises(WatchLost):
        fetched(watch, 2)


def test_a_folder_that_was_moved_away_tells_nothing_any_more(watches, folder):
    watch = watches(folder)
    folder.rename(folder.parent / "elsewhere")
    folder.mkdir()
    assert watch.take() == [(0, "", LOST)]
    write(folder.parent / "elsewhere" / "obs")
    assert list(watch.take()) == []
    assert watched_folders(*inotify_descriptors()) == 1


def test_a_folder_that_went_away_concerns_all_who_watch_it(watches, folder):
    first, second = watches(folder), watches(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert first.take() == [(0, "", LOST)]
    assert readable(second)
    assert second.take() == [(0, "", LOST)]
    write(folder / "obs")
    assert (0, "obs", CLOSED) in first.take()
    assert (0, "obs", CLOSED) in second.take()


def test_a_folder_that_is_missing_from_the_start(tmp_path):
    with pytest.raises(WatchLost, match="is gone"):
        InotifyWatch([str(tmp_path / "none")])
    (tmp_path / "file").touch()
    with pytest.raises(WatchLost, match="is gone"):
        InotifyWatch([str(tmp_path), str(tmp_path / "file")])
    until(lambda: inotify_descriptors() == [])


def test_an_action_file_that_is_moved_out_of_the_folder_holds_nothing_up(watches, folder, tmp_path):
    """Where watchdog waits half a second for the other half of the move."""
    watch = watches(folder)
    write(folder / "act")
    watch.take()
    times = []
    for number in range(10):
        write(folder / "act")
        os.rename(folder / "act", tmp_path / "taken")
        begun = time.monotonic()
        write(folder / f"obs{number}")
        assert readable(watch, 1)
        assert (0, f"obs{number}", CLOSED) in watch.take()
        times.append(time.monotonic() - begun)
    assert sorted(times)[5] < 0.2


def in_child(work):
    """Run ``work`` in a forked child; return whether it ended well."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:  # noqa: BLE001 - it must not come back into pytest
            os._exit(2)
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_its_own_and_leaves_the_parents_alone(watches, folder, tmp_path):
    (tmp_path / "child").mkdir()
    watch = watches(folder)

    def child():
        assert inotify_descriptors() == []
        own = InotifyWatch([str(tmp_path / "child")])
        write(tmp_path / "child" / "obs")
        assert (0, "obs", CLOSED) in own.take()
        write(folder / "obs")
        with pytest.raises(UsageError, match="belongs to the process that opened it"):
            watch.take()
        watch.close()
        own.close()
        return True

    assert in_child(child)
    assert {event.name for event in watch.take()} == {"obs"}
    assert watched_folders(*inotify_descriptors()) == 1
    write(folder / "later")
    assert (0, "later", CLOSED) in watch.take()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_while_another_thread_holds_the_lock(watches, folder):
    watch = watches(folder)
    held, done = threading.Event(), threading.Event()

    def hold():
        with watch._source.lock:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)

    def child():
        watch.close()
        own = InotifyWatch([str(folder)])
        own.close()
        return True

    try:
        assert in_child(child)
    finally:
        done.set()
        thread.join()


def test_the_limit_of_watches_names_what_to_raise(folder, monkeypatch):
    def full(library, descriptor, path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(inotify_source, "_added", full)
    with pytest.raises(LimitReached) as failure:
        open_watch([str(folder)], "inotify", 0.001)
    assert "sysctl fs.inotify.max_user_watches" in failure.value.cure
    assert str(folder) in failure.value.found
    until(lambda: inotify_descriptors() == [])


def test_a_fetch_in_vain_and_one_with_an_event_cost_little(watches, folder):
    """Microseconds: bounds far above what is measured, to catch a change of kind and not a busy machine."""
    watch = watches(folder)
    first, second = folder / "a", folder / "b"
    first.touch()
    watch.take()

    def vain():
        for _ in range(200):
            watch.take()

    def moved():
        for _ in range(100):
            os.rename(first, second)
            os.rename(second, first)

    def fetched():
        moved()
        assert len(watch.take()) == 400

    def least(work):
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        return min(times)

    assert least(vain) / 200 < 20e-6
    alone = least(lambda: (moved(), watch._source.read(watch), watch.events.clear()))
    assert least(fetched) - alone < 400 * 10e-6
