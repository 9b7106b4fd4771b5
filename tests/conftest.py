"""What holds for every test: nothing is left behind, and real programs are there when they must be."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from filebridge import guardian, sweep


@pytest.fixture(scope="session", autouse=True)
def run_folders(tmp_path_factory):
    """Keep the run folders of this worker apart from those of others, so that a forgotten one is seen."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="filebridge-tests-", dir=base))
    os.environ["FILEBRIDGE_WORKDIR"] = str(folder)
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


def left_behind(folder: Path, before: dict[int, str]) -> list[str]:
    left = [f"process {pid}: {sweep._read(f'/proc/{pid}/cmdline')!r}" for pid in sweep.holders(guardian.run_token())]
    left += [f"folder {path}" for path in folder.iterdir()]
    ours = guardian._GUARDIAN.channel
    left += [f"descriptor {fd} {target}" for fd, target in descriptors().items() if fd != ours and before.get(fd) != target]
    return left


@pytest.fixture(autouse=True)
def nothing_left(run_folders):
    """Fail a test that leaves a process, a run folder or a descriptor behind."""
    before = descriptors()
    yield
    gc.collect()
    until = time.monotonic() + 2
    left = left_behind(run_folders, before)
    while left and time.monotonic() < until:
        time.sleep(0.01)
        left = left_behind(run_folders, before)
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
        message = f"{program} is not installed"
        if os.environ.get("FILEBRIDGE_REQUIRE_PROGRAMS"):
            pytest.fail(message)
        pytest.skip(message)
    return path
