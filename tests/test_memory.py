"""The memory that is left, as the kernel tells of it: of the machine, and of the containers around this process."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from filebridge import spares
from filebridge.env import BridgeEnv
from filebridge.memory import has_room, rooms

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

GIB = 1 << 30
MACHINE = "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\nHugePages_Total: 0\n"


@pytest.fixture
def kernel(tmp_path):
    """Give a function that writes what the kernel tells, by path, and the arguments that make it be looked at."""
    places = {"proc": str(tmp_path / "proc"), "groups": str(tmp_path / "groups")}

    def tells(**texts):
        for name, text in {"proc/meminfo": MACHINE, **texts}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return places

    return tells


def test_of_the_machine_what_is_available_counts(kernel):
    places = kernel()
    assert rooms(**places) == [(8 * GIB, 16 * GIB)]
    assert has_room(0.4, **places)
    assert not has_room(0.5, **places)


def test_an_outer_container_may_have_less_than_the_one_in_it(kernel):
    own, outer = "groups/outer/own", "groups/outer"
    places = kernel(**{
        "proc/self/cgroup": "0::/outer/own",
        f"{own}/memory.max": "max", f"{own}/memory.current": GIB,
        f"{outer}/memory.max": 4 * GIB, f"{outer}/memory.current": 4 * GIB - 1000,
    })  # fmt: skip
    assert rooms(**places) == [(8 * GIB, 16 * GIB), (1000, 4 * GIB)]
    assert not has_room(0.05, **places)
    # What was read from files, and is not in use, would be given back.
    kernel(**{f"{outer}/memory.stat": f"anon 5\ninactive_file {GIB}"})
    assert has_room(0.05, **places)


def test_a_container_of_the_older_kind(kernel):
    own = "groups/memory/own"
    places = kernel(**{
        "proc/self/cgroup": "5:cpu,cpuacct:/other\n4:memory:/own\n0::/",
        f"{own}/memory.limit_in_bytes": 2 * GIB, f"{own}/memory.usage_in_bytes": 2 * GIB,
        f"{own}/memory.stat": "inactive_file 7\ntotal_inactive_file 77",
        "groups/memory/memory.limit_in_bytes": (1 << 63) - 4096, "groups/memory/memory.usage_in_bytes": GIB,
    })  # fmt: skip
    assert rooms(**places)[1:] == [(77, 2 * GIB), ((1 << 63) - 4096 - GIB, (1 << 63) - 4096)]
    assert not has_room(0.05, **places)


@pytest.mark.parametrize("path", ["/docker/1234", "/../../elsewhere", "/"])
def test_where_the_path_is_that_of_the_machine_the_root_is_our_container(kernel, path):
    places = kernel(**{
        "proc/self/cgroup": f"0::{path}", "groups/memory.max": GIB, "groups/memory.current": GIB - 1,
    })  # fmt: skip
    assert rooms(**places)[1:] == [(1, GIB)]


def test_where_nothing_is_known_there_is_room(tmp_path):
    nowhere = str(tmp_path)
    assert rooms(nowhere, nowhere) == []
    assert has_room(0.05, nowhere, nowhere)


def test_nothing_is_started_ahead_in_a_container_that_is_full(kernel, monkeypatch):
    places = kernel(**{"groups/memory.max": GIB, "groups/memory.current": GIB})
    monkeypatch.setattr(spares, "has_room", lambda share: has_room(share, **places))
    env = BridgeEnv(fake.config(), warm=2)
    try:
        assert env.reset()[0].item() == 0
        assert env.session.pool.spares == []
        kernel(**{"groups/memory.current": GIB // 2})
        assert env.reset()[0].item() == 0
        assert len(env.session.pool.spares) == 2
    finally:
        env.close()
