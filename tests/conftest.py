"""What holds for every test: nothing is left behind, and real programs are there when they must be."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import pytest

from filebridge import guardian, sweep

# The many short programs of these tests work with a handful of numbers; threads for more only cost their start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Many tests start an interpreter. What it imports is to be compiled by the first of them, not by each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session", autouse=True)
def run_folders(tmp_path_factory):
    """Keep the run folders of this worker apart from those of others, so that a forgotten one is seen."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="filebridge-tests-", dir=base))
    os.environ["FILEBRIDGE_WORKDIR"] = str(folder)
    # What is there by now stays: no collection after a test has to look through all of it again.
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


def left_behind(folder: Path, before: dict[int, str], earlier: set[int], linked: bool) -> list[str]:
    left = [f"process {pid}: {sweep._read(f'/proc/{pid}/cmdline')!r}" for pid in children() - earlier]
    if linked:
        left += [f"simulator {pid}" for pid in sweep.holders(guardian.run_token())]
    left += [f"folder {folder / name}" for name in os.listdir(folder)]
    ours = guardian._GUARDIAN.channel
    left += [f"descriptor {fd} {to}" for fd, to in descriptors().items() if fd != ours and before.get(fd) != to]
    return left


@pytest.fixture(autouse=True)
def nothing_left(run_folders):
    """Fail a test that leaves a process, a run folder or a descriptor behind."""
    before, earlier, links = descriptors(), children(), repr(guardian._GUARDIAN.links)
    yield
    # Looking through all processes takes long: only where a simulator was started in this very process.
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
