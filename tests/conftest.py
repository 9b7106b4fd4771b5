"""What holds for every test: nothing is left behind, and real programs are there when they must be."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import pytest

from filebridge import guardian, sweep

# The many short programs of these tests work with a handful of numbers; threads for more only cost their start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Many tests start an interpreter. What it imports is to be compiled by the first of them, not by each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config):
    """Compile the tests of a fresh clone once, a share on each core, before all workers would compile all of them."""
    tests = Path(__file__).parent
    fresh = [path for path in sorted(tests.rglob("test_*.py")) if not _is_compiled(path)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(fresh) <= cores:
        return
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", "-p", "no:xdist"]
    # The largest first, so that the shares are alike. What cannot be collected is told by the workers.
    fresh.sort(key=lambda path: path.stat().st_size, reverse=True)
    shares = [
        subprocess.Popen([*command, *map(str, fresh[core::cores])], cwd=config.rootpath, stdout=subprocess.DEVNULL)
        for core in range(cores)
    ]
    for share in shares:
        share.wait()


def _is_compiled(path: Path) -> bool:
    compiled = path.parent.glob(f"__pycache__/{path.stem}.{sys.implementation.cache_tag}-pytest-*.pyc")
    return any(pyc.stat().st_mtime > path.stat().st_mtime for pyc in compiled)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the tests that take long at the head of what each worker begins with: no core waits for the last of them.

    The distribution ``worksteal`` gives each worker a run of the list, of the same length for all, and who has
    done his takes from the end of another's.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    seconds = [0.0] * workers
    for item in sorted(items, key=_seconds, reverse=True):
        if not _seconds(item):
            break
        share = seconds.index(min(seconds))
        shares[share].append(item)
        seconds[share] += _seconds(item)
    others = (item for item in items if not _seconds(item))
    for number, share in enumerate(shares):
        length = (len(items) - sum(map(len, shares[:number]))) // (workers - number)
        share.extend(itertools.islice(others, max(0, length - len(share))))
    items[:] = itertools.chain(*shares)


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("takes")
    return mark.args[0] if mark else 0.0


@pytest.fixture(scope="session", autouse=True)
def run_folders(tmp_path_factory):
    """Keep the run folders of this worker apart from those of others, so that a forgotten one is seen."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="filebridge-tests-", dir=base))
    os.environ["FILEBRIDGE_WORKDIR"] = str(folder)
    # Where Stable-Baselines3 logs: it leaves a folder for each model beside all others else.
    os.environ["SB3_LOGDIR"] = str(tmp_path_factory.mktemp("sb3"))
    gc.collect()
    gc.freeze()
    yield folder
    guardian.shut_down()
    shutil.rmtree(folder, ignore_errors=True)


def descriptors() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
    return found


def children() -> set[int]:
    """Return the processes that this one has started; the guardian is to stay."""
    found: set[int] = set()
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children", "rb", buffering=0) as file:
                found.update(map(int, file.readall().split()))
        except OSError:
            continue  # a thread that has ended meanwhile
    return found - {guardian._GUARDIAN.child}


STRANGERS: set[int] = set()
"""The processes that are known to be no simulators of this one: they are not looked at again."""


def simulators() -> list[int]:
    """Return the living simulators of this process, also those that have left its group."""
    there = set(map(int, filter(str.isdigit, os.listdir("/proc"))))
    STRANGERS.intersection_update(there)
    mark = sweep._mark(guardian.run_token())
    carrying = {pid: sweep._carries(pid, mark) for pid in there - STRANGERS}
    STRANGERS.update(pid for pid, carries in carrying.items() if carries is False)
    return [pid for pid, carries in carrying.items() if carries]


def left_behind(folder: Path, before: dict[int, str], earlier: set[int], linked: bool) -> list[str]:
    left = [f"process {pid}: {sweep._read(f'/proc/{pid}/cmdline')!r}" for pid in children() - earlier]
    if linked:
        left += [f"simulator {pid}" for pid in simulators()]
    left += [f"folder {folder / name}" for name in os.listdir(folder)]
    ours = guardian._GUARDIAN.channel
    left += [f"descriptor {fd} {to}" for fd, to in descriptors().items() if fd != ours and before.get(fd) != to]
    return left


@pytest.fixture(autouse=True)
def nothing_left(run_folders):
    """Fail a test that leaves a process, a run folder or a descriptor behind."""
    before, earlier, links = descriptors(), children(), repr(guardian._GUARDIAN.links)
    yield
    # Looking through the processes takes long: only where a simulator was started in this very process.
    linked = repr(guardian._GUARDIAN.links) != links
    if linked:
        gc.collect()
    until = time.monotonic() + 2
    left = left_behind(run_folders, before, earlier, linked)
    while left and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
        left = left_behind(run_folders, before, earlier, linked)
    assert not left, "the test left behind: " + ", ".join(left)
    if linked:
        # What is there by now stays: no later collection has to look through it again.
        gc.freeze()


@pytest.fixture(scope="session", name="require")
def program_finder():
    """Give ``require(program, *folders)``: the path of a real program; without it the test is skipped, or
    fails where programs are required (``FILEBRIDGE_REQUIRE_PROGRAMS``).
    """
    return _required


def _required(program: str, *folders: str) -> str:
    path = shutil.which(program, path=os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]))
    if path is None:
        _missing(program)
    return path


@pytest.fixture(scope="session", name="require_module")
def module_finder():
    """Give ``require_module(name)``, the same for a program that is a Python module."""
    return lambda name: importlib.util.find_spec(name) or _missing(name)


def _missing(name: str) -> NoReturn:
    message = f"{name} is not installed"
    if os.environ.get("FILEBRIDGE_REQUIRE_PROGRAMS"):
        pytest.fail(message)
    pytest.skip(message)
