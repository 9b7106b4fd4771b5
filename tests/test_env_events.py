"""Programs that tell of events: lines and documents say the same, and what is awaited in vain is told."""

from __future__ import annotations

import re
from contextlib import closing

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import ReadyTimeout, SimulatorTimeout

DECISION = 'event == "DECIDE" or event == "CLOSE"'
LINES = {
    "event": {"column": 2, "type": "word"},
    "time": {"column": 3, "low": 0, "high": 480},
    "small": {"column": 4, "low": 0, "high": 1000},
    "large": {"column": 5, "low": 0, "high": 1000},
    "cost": {"regex": r"/^EVENT .* (\S+)$/", "pick": "sum"},
    "first": {"find": "EVENT {any} {float} ", "pick": "first"},
    "events": {"find": "EVENT {any} {float} ", "pick": "count"},
}
DOCUMENTS = {
    "event": {"json": "/event", "type": "word"},
    "time": {"json": "/time", "low": 0, "high": 480},
    "small": {"json": "/small", "low": 0, "high": 1000},
    "large": {"json": "/large", "low": 0, "high": 1000},
    "cost": {"json": "/cost", "pick": "sum"},
    "first": {"json": "/time", "pick": "first"},
    "events": {"json": "/time", "pick": "count"},
}


def shop(*options, fields=DOCUMENTS, gather=DECISION, **keys):
    """Return a workshop over TCP."""
    command = ["${python}", "-I", "-S", "${simulators}/shop.py", *options, "--seed", "${seed}", "--listen", "${port}"]
    made = {
        "filebridge": 1, "name": "Day", "simulator": {"command": command},
        "transport": {"tcp": {"connect": "127.0.0.1:${port}"}}, "ignore": "HEARTBEAT",
        "action": {"choices": ["SMALL", "LARGE", "WAIT"]},
        "start": [{"gather": DECISION}], "step": [{"send": "{action}", "gather": gather}],
        "fields": fields, "observation": ["time", "small", "large"], "reward": "-cost",
        "info": {"first": "first", "events": "events"}, "terminated": 'event == "CLOSE"', "max_steps": 400,
    }  # fmt: skip
    return BridgeEnv(made | keys)


def day(env, seed):
    """Return the whole day of decisions drawn with ``seed``: what was observed, rewarded and told."""
    decisions, over = np.random.default_rng(seed), False
    observation, info = env.reset(seed=seed)
    rows = [(observation.tolist(), 0.0, info["events"], info["first"])]
    while not over:
        observation, reward, over, _, info = env.step(int(decisions.integers(3)))
        rows.append((observation.tolist(), reward, info["events"], info["first"]))
    return rows


def test_documents_are_gathered_as_lines_are():
    with (
        closing(shop(fields=LINES)) as lines,
        closing(shop("--json", framing={"document": "json"})) as documents,
    ):
        for seed in (3, 4):
            rows = day(documents, seed)
            assert rows == day(lines, seed)
            assert max(row[2] for row in rows) > 2, "several events between two decisions"


def test_several_documents_that_are_awaited_begin_lines_of_their_own():
    code = "import sys\nfor line in sys.stdin: print(end='{\"v\": %s}' % line.strip(), flush=True)"
    made = {
        "filebridge": 1, "name": "Toy", "simulator": {"command": ["${python}", "-c", code], "seed": "none"},
        "transport": {"console": {}},
        "framing": {"document": "json"}, "action": {"box": {"low": 0, "high": 9}}, "max_steps": 9,
        "fields": {"v": {"json": "/v", "pick": "sum"}, "last": {"json": "/v"}},
        "observation": ["v", "last"], "reward": "0",
    }  # fmt: skip
    steps = [[{"send": ["1", "2", "{action:.0f}"]}], [{"send": "3"}, {"send": "{action:.0f}"}]]
    for step in steps:
        with closing(BridgeEnv(made | {"start": [{"send": "0"}], "step": step})) as env:
            env.reset()
            assert env.step(np.array([5.0], np.float32))[0].tolist() == [8.0, 5.0]


@pytest.mark.parametrize(("options", "framing", "fields", "last"), [
    ((), {"lines": 1}, LINES, r"EVENT DECIDE \d\S+ \d \d \d\S+\\n"),
    (("--json",), {"document": "json"}, DOCUMENTS, r'\{\\n "event": "DECIDE",.*\}\\n'),
], ids=["lines", "documents"])  # fmt: skip
def test_a_gather_that_never_is_true(options, framing, fields, last):
    keys = {"gather": 'event == "OPEN"', "deadlines": {"step": 0.2}}
    with closing(shop(*options, fields=fields, framing=framing, **keys)) as env:
        env.reset(seed=3)
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(0)
    error = caught.value
    begin, _, cause = error.what.partition(" s: ")
    assert begin.startswith("no whole reply within ")
    assert cause == '`event == "OPEN"` was not true of the 4 replies that were gathered'
    assert error.cure == "correct `gather`, or see what the program says"
    assert error.situation.process.startswith("sleeping")
    assert re.fullmatch(last, error.found), error.found


def test_a_gather_that_never_is_true_at_the_start():
    env = shop(fields=LINES, start=[{"gather": 'event == "OPEN"'}], deadlines={"start": 2})
    with closing(env), pytest.raises(ReadyTimeout) as caught:
        env.reset(seed=3)
    begin, _, cause = caught.value.what.partition(" s: ")
    assert begin.startswith("the simulator was not ready within ")
    assert cause == '`event == "OPEN"` was not true of the 2 replies that were gathered'
    assert caught.value.found.startswith("EVENT DECIDE ")


BEATS = "import sys, time\nfor line in sys.stdin:\n    print('BEAT 1\\nBEAT 2', flush=True)"


def test_where_all_that_came_is_ignored_that_is_told():
    config = {
        "filebridge": 1, "name": "Beats", "ignore": "BEAT", "transport": {"console": {}}, "max_steps": 9,
        "simulator": {"command": ["${python}", "-I", "-S", "-c", BEATS], "seed": "none"}, "action": {"choices": ["go"]},
        "reset": {"send": "{episode}", "silent": 0.5}, "step": {"send": "{action}"},
        "fields": {"x": {"column": 2, "default": 0}}, "observation": ["x"], "deadlines": {"step": 0.5},
    }  # fmt: skip
    with closing(BridgeEnv(config)) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(0)
    assert caught.value.what.endswith(": 2 messages came, and were all dropped by `ignore`")
    assert caught.value.cure == (
        "correct `ignore`: it drops each message that holds one of its texts; if the reply was none of them, see what"
        ' was sent: many protocols want `text: {line_end: "\\r\\n"}`'
    )
