import os

import pytest

from filebridge.report import machine
from filebridge.report.machine import busy_seconds, cores, free_memory


@pytest.fixture
def container(monkeypatch, tmp_path):
    """Pretend to be in a container whose limits are the given files."""
    monkeypatch.setattr(machine, "_GROUPS", str(tmp_path))

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_of_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{text}\n")

    return write


def test_the_cores_are_those_that_may_be_used(container):
    assert cores() == len(os.sched_getaffinity(0))
    container(cpu_of_max="50000 100000")
    assert cores() == 0.5
    container(cpu_of_max="max 100000")
    assert cores() == len(os.sched_getaffinity(0))


def test_the_cores_of_an_older_container(container):
    container(cpu__cpu_of_cfs_quota_us="25000", cpu__cpu_of_cfs_period_us="100000")
    assert cores() == 0.25
    container(cpu__cpu_of_cfs_quota_us="-1")
    assert cores() == len(os.sched_getaffinity(0))


def test_how_busy_the_whole_machine_is_says_nothing_of_a_part_of_it(container):
    container(cpu_of_max="50000 100000")
    assert busy_seconds() is None


def test_how_busy_the_machine_is(container, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: float(os.cpu_count()))
    assert busy_seconds() > 0


def test_the_memory_of_a_container(container):
    whole = free_memory()
    assert whole > 0
    container(memory_of_max="3000000", memory_of_current="1000000")
    assert free_memory() == 2_000_000
    container(memory_of_max="max")
    assert free_memory() > 2_000_000
    container(memory__memory_of_limit_in_bytes="500", memory__memory_of_usage_in_bytes="100")
    assert free_memory() == 400
