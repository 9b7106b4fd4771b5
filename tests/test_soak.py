"""Thousands of steps through an environment whose simulator answers in files: not one observation is wrong.

Each answer carries its step and a hash over all that stands before it; every one is checked.
"""

from __future__ import annotations

import hashlib
import importlib.util
from contextlib import contextmanager
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)
fake = side.fake
WRITER = str(Path(__file__).parent / "fakes" / "writer.py")
LOG = {"read": "obs.log", "written": "appended"}


@contextmanager
def soaking(way, files, pause=0, **keys):
    """Give an environment of ``writer.py``, which is told each step on stdin."""
    files = {"read": "obs.txt", **files}
    name = files["read"] if "*" not in files["read"] else "obs.txt"
    told = {"send": "{step}", "fresh": "seq == step"}
    config = {
        **side.config(),
        "simulator": {"command": [*fake.PYTHON, WRITER, way, pause, name], "seed": "none"},
        "transport": {"console": {}, "files": files},
        "framing": {"until": "END\n"},
        "start": [], "reset": [told], "step": [told],
        "fields": {
            "seq": {"find": "step {int}"},
            "body": {"regex": r"/^(step \d+ x*) [0-9a-f]{16} END\n\Z/", "type": "text"},
            "digest": {"regex": r"/ ([0-9a-f]{16}) END/", "type": "word"},
        },
        "observation": ["seq"],
        "info": {"body": "body", "digest": "digest"},
        "reward": "0",
        "max_steps": 1_000_000,
        **keys,
    }
    env = BridgeEnv(config)
    try:
        yield env
    finally:
        env.close()


def take(env, steps):
    """Take ``steps`` steps, of each of which the whole message is checked by its own hash."""
    assert env.reset()[0].tolist() == [0]
    for step in range(1, steps + 1):
        observation, _, terminated, truncated, info = env.step(fake.act())
        assert (observation.tolist(), terminated, truncated) == ([step], False, False)
        body = info["body"].encode()
        assert hashlib.sha256(body).hexdigest()[:16] == info["digest"], f"mixed at step {step}: {body!r}"
        assert body == b"step %d %s" % (step, b"x" * (step * 37 % 101))


@pytest.mark.parametrize(("way", "files", "steps"), [
    ("truncated", {}, 2000),
    ("renamed", {"written": "renamed"}, 2000),
    ("appended_open", LOG, 2000),
    ("appended", LOG, 500),
    ("rotated", LOG, 500),
    ("kept_open", {"written": "open"}, 500),
    ("numbered", {"read": "out/*.txt"}, 500),
    ("flagged", {"flag": "done"}, 500),
    ("locked", {"lock": "busy"}, 500),
    ("truncated", {"watch": "poll"}, 300),
    ("renamed", {"watch": "watchdog"}, 300),
])
def test_of_thousands_of_steps_not_one_observation_is_partial_stale_or_repeated(way, files, steps):
    with soaking(way, files) as env:
        take(env, steps)


@pytest.mark.parametrize(("way", "files"), [("truncated", {}), ("renamed", {"written": "renamed"})])
def test_an_answer_is_whole_and_new_by_its_own_evidence_where_it_has_neither_end_nor_number(way, files):
    told = [{"send": "{step}"}]
    with soaking(way, files, framing={"whole": True}, reset=told, step=told) as env:
        take(env, 2000)


@pytest.mark.parametrize(("way", "files"), [
    ("truncated", {}), ("renamed", {"written": "renamed"}), ("appended_open", LOG), ("kept_open", {"written": "open"}),
])
def test_an_answer_that_is_written_slowly_is_never_seen_in_part(way, files):
    with soaking(way, files, pause=0.002) as env:
        take(env, 100)


def test_episodes_of_one_process_do_not_see_each_others_answers():
    with soaking("truncated", {}) as env:
        for _ in range(20):
            take(env, 20)
