"""Hundreds of simulators, and a thousand episodes: all that was opened is closed, and nothing grows."""

from __future__ import annotations

import gc
import importlib.util
import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from filebridge import sweep
from filebridge.env import BridgeEnv
from filebridge.errors import CleanupError, LimitReached
from filebridge.program import load_program
from filebridge.vector import BridgeVectorEnv

_spec = importlib.util.spec_from_file_location("several", Path(__file__).parent.parent / "fakes" / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)
fake = several.fake


@pytest.fixture
def many_descriptors():
    """Let this process open as many descriptors as it may; skip the test where those are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine lets nobody open more than {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_512_seats_on_one_machine(many_descriptors):
    made = several.config(deadlines={"start": 60, "step": 30, "stop": 30})
    with several.vector(512, made) as envs:
        observations, _ = envs.reset(seed=0)
        assert observations[:, 0].tolist() == list(range(512))
        for number in range(1, 6):
            observations, *_ = envs.step(np.full(512, 2))
            assert observations[:, 0].tolist() == [seat + 2 * number for seat in range(512)]
        assert len(fake.folders()) == 512
        begun = time.monotonic()
        envs.close()
        assert time.monotonic() - begun < 30, "the deadline of one"
        assert (fake.folders(), fake.inhabitants()) == ([], [])


@contextmanager
def descriptors(free):
    """Leave this process just so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd"))) + 1
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + free + 1, hard))
    try:
        while True:
            try:
                held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        for number in held[len(held) - free :]:
            os.close(number)
        del held[len(held) - free :]
        yield
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_descriptors_are_told_before_anything_is_started():
    program = load_program(several.config())
    with descriptors(100), pytest.raises(LimitReached) as caught:
        BridgeVectorEnv(program, 64)
    assert caught.value.what == "64 simulators need more descriptors than this process may open"
    assert fake.folders() == []


def test_too_few_descriptors_are_told_before_anything_is_made_for_each_seat(monkeypatch):
    made = []

    class Counted(BridgeEnv):
        def __init__(self, *given):
            made.append(given)
            super().__init__(*given)

    monkeypatch.setattr("filebridge.vector.env.BridgeEnv", Counted)
    with descriptors(100), pytest.raises(LimitReached, match=r"^100 simulators need more descriptors"):
        BridgeVectorEnv(several.config(), 100)
    assert len(made) == 1


@pytest.mark.parametrize("free", range(24))
def test_where_descriptors_run_out_later_that_is_told_and_nothing_is_left(free):
    with several.vector(4) as envs:
        with descriptors(free), pytest.raises(LimitReached) as caught:
            envs.reset(seed=0)
        begun = caught.value.partial.seats.tolist() if caught.value.partial is not None else []
        assert len(begun) == 4 - 1 - len(caught.value.others)
        assert len(fake.folders()) == len(begun)
        fake.until(lambda: len(fake.inhabitants()) == len(begun))
        assert envs.reset(seed=0)[0].tolist() == [[0], [1], [2], [3]]
        assert envs.step([1] * 4)[0].tolist() == [[1], [2], [3], [4]]


def test_all_are_closed_where_no_descriptor_is_left():
    envs = BridgeVectorEnv(several.config(start=[{"until": "> "}], stop=[{"send": "7"}]), 4)
    envs.reset()
    with descriptors(0):
        envs.close()
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_all_say_goodbye_at_the_same_time(tmp_path):
    code = several.SHELL.replace("7) exit 3", f"7) echo bye >> {tmp_path}/said; printf bye; exit 0")
    made = several.config(simulator={"command": several.shell(code)}, stop=[{"send": "7", "until": "bye"}])
    envs = BridgeVectorEnv(made, 8)
    envs.reset()
    envs.step([1] * 8)
    begun = time.monotonic()
    envs.close()
    assert time.monotonic() - begun < 2, "what each may take for its goodbye"
    assert (tmp_path / "said").read_text() == "bye\n" * 8


def test_what_remains_of_some_is_told_and_the_others_are_ended(monkeypatch):
    remove = sweep.remove_folder
    envs = BridgeVectorEnv(several.config(), 3, warm=2)
    envs.reset()
    fake.until(lambda: len(fake.folders()) == 5)
    stuck = [f"{os.environ['FILEBRIDGE_WORKDIR']}/{name}" for name in sorted(fake.folders())[:2]]
    monkeypatch.setattr(sweep, "remove_folder", lambda path: remove(path) + [str(path)] * (str(path) in stuck))
    with pytest.raises(CleanupError) as caught:
        envs.close()
    assert sorted(caught.value.left) == [f"folder {path}" for path in stuck]
    assert caught.value.what == "simulators left something behind"
    envs.close()
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_those_that_ignore_every_polite_word_are_ended_together():
    code = "trap '' TERM\n" + several.SHELL
    made = several.config(simulator={"command": several.shell(code)}, deadlines={"stop": 1}, stop=[{"send": "9"}])
    envs = BridgeVectorEnv(made, 8)
    envs.reset()
    begun = time.monotonic()
    envs.close()
    assert 0.4 <= time.monotonic() - begun < 3
    assert (fake.folders(), fake.inhabitants()) == ([], [])


def memory():
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", ["masks", "steps"])
def test_a_thousand_episodes_leave_no_trace(way):
    """Descriptors, processes, folders, and the memory of the trainer are the same after five hundred more."""
    mode = AutoresetMode.DISABLED if way == "masks" else AutoresetMode.NEXT_STEP
    with several.vector(4, several.config(max_steps=1), autoreset_mode=mode) as envs:
        envs.reset()
        # The allocator may take a step at any time; what leaks does so in every thousand episodes.
        slopes = []
        while len(slopes) < 3 and not any(slope < 256 * 1024 for slope in slopes):
            sizes, counts = [], []
            for number in range(250):
                envs.step([1] * 4)
                if way == "masks":
                    envs.reset(options={"reset_mask": np.ones(4, bool)})
                else:
                    envs.step([1] * 4)
                if number % 10 == 9:
                    gc.collect()
                    sizes.append(memory())
                    counts.append((len(os.listdir("/proc/self/fd")), len(fake.folders())))
            assert len(set(counts)) == 1
            half = sizes[len(sizes) // 2 :]
            slopes.append(np.polyfit(range(len(half)), half, 1)[0] * len(half))
        assert envs.envs[0].session.episode == 1 + 250 * len(slopes)
        assert len(fake.inhabitants()) == 4, "no zombie either"
        assert min(slopes) < 256 * 1024, "bytes in 500 episodes"
