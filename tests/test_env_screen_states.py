"""Full screens as states: what counts where a key draws nothing, and what was drawn while nothing was asked."""

from __future__ import annotations

import importlib.util
import itertools
import os
import platform
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import Desync, ReadyTimeout, SimulatorTimeout
from filebridge.picture import CELL

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

pytest.importorskip("pyte")

proves = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or not os.path.exists("/proc/self/syscall"),
    reason="the kernel does not tell what a process sleeps in",
)

PANEL = r"""
import os, sys, time, tty

def draw(text):
    os.write(1, text.encode())

tty.setraw(0)
n = 0
draw("\x1b[2J\x1b[1;1HALARM\x1b[3;1HMOVE 0")
while True:
    key = os.read(0, 1)
    if key == b"u":
        n += 1
        draw(f"\x1b[3;1HMOVE {n}")
    elif key == b"l":
        n += 1
        draw(f"\x1b[3;1HMOVE {n}")
        time.sleep(0.06)
        draw(f"\x1b[4;1HLATE {n}")
    elif key == b"s":
        time.sleep(0.3)
        n += 1
        draw(f"\x1b[3;1HMOVE {n}")
"""


def panel(code=PANEL, **keys):
    return {
        "filebridge": 1,
        "name": "Panel",
        "simulator": {"command": [*fake.PYTHON, "-c", code.replace("$", "$$")], "seed": "none"},
        "transport": {"console": {"terminal": True, "screen": "20x5"}},
        "action": {"choices": ["u", "x", "l", "s"]},
        "start": {"until": "MOVE 0"},
        "step": {"press": "{action}"},
        "fields": {
            "moves": {"find": "MOVE {int}"}, "late": {"find": "LATE {int}", "default": 0}, "alarm": {"seen": "ALARM"},
            "cells": {"screen": "cells"},
        },
        "observation": {"moves": "moves", "late": "late", "alarm": "alarm", "cells": "cells"},
        "deadlines": {"start": 20, "step": 20},
        "max_steps": 100,
        **keys,
    }


@pytest.fixture
def bridge():
    opened = []

    def make(*given, **keys):
        opened.append(BridgeEnv(panel(*given, **keys)))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


def moves(env, *actions):
    """Reset, and return what was observed after each action."""
    env.reset()
    return [env.step(action)[0]["moves"].item() for action in actions]


U, X, LATE, SLOW = range(4)


@pytest.mark.parametrize("leftover", [None, "drop", "keep", "refuse"])
def test_what_is_drawn_in_a_pause_is_on_the_screen_after_it(bridge, leftover):
    policy = {"leftover": leftover} if leftover else {}
    env = bridge(step=[{"press": "{action}"}, {"at": 1.0}], **policy)
    env.reset()
    observation = env.step(LATE)[0]
    assert (observation["moves"], observation["late"]) == (1, 1)


def test_a_screen_that_stood_still_in_a_pause_is_read_when_that_is_over(bridge):
    env = bridge(step=[{"press": "{action}", "until": "/MOVE \\d/"}, {"at": 0.7, "quiet": 0.5}])
    env.reset()
    times = []
    # The best of several: the machine may be busy with something else.
    while min(times, default=9) > 1.1 and len(times) < 10:
        env.step(U)
        times.append(monotonic() - env._session.link.begun)
    assert 0.6 < min(times) < 1.1


def test_an_exchange_that_presses_nothing_reads_the_screen_as_it_stands(bridge):
    env = bridge(step=[{"press": "{action}", "until": "/MOVE [1-9]/"}, {}, {"until": "ALARM"}])
    assert moves(env, U, U) == [1, 2]


def test_what_is_drawn_between_two_steps_is_no_answer_to_a_key(bridge):
    env = bridge(step={"press": "{action}", "until": "/MOVE \\d/"}, leftover="keep")
    env.reset()
    env.step(LATE)
    env._session.link.poll(2000)
    observation = env.step(U)[0]
    assert (observation["moves"], observation["late"]) == (2, 1)


def test_what_is_drawn_between_two_steps_may_be_refused(bridge):
    env = bridge(step={"press": "{action}", "until": "/MOVE \\d/"}, leftover="refuse")
    env.reset()
    env.step(LATE)
    env._session.link.poll(2000)
    with pytest.raises(Desync):
        env.step(U)


CLOCK = r"""
import itertools, os, time, tty
tty.setraw(0)
for n in itertools.count():
    os.write(1, f"\x1b[1;1HMOVE {n} ".encode())
    time.sleep(0.2)
"""


def test_a_step_that_presses_nothing_awaits_the_next_picture(bridge):
    env = bridge(CLOCK, step={"quiet": 0.02})
    seen = moves(env, U, U, U, U)
    assert all(later > earlier for earlier, later in itertools.pairwise(seen)), seen


@pytest.mark.parametrize("step", [
    {"press": "{action}", "silent": 0.7}, {"press": "{action}", "quiet": 0.05, "silent": 0.7},
    {"press": "{action}", "until": "/MOVE \\d/", "silent": 0.7},
])  # fmt: skip
def test_where_silence_is_normal_the_screen_counts_as_it_stands(bridge, step):
    env = bridge(step=step)
    env.reset()
    drawn, *undrawn = (env.step(action)[0] for action in (U, X, X))
    for observation in undrawn:
        assert (observation["moves"], observation["alarm"]) == (1, 1)
        assert np.array_equal(observation["cells"], drawn["cells"])
    assert env.step(U)[0]["moves"] == 2


def test_silence_is_no_older_answer(bridge):
    env = bridge(step={"press": "{action}", "silent": 0.7, "fresh": "moves > prev.moves"})
    assert moves(env, U, X, U) == [1, 1, 2]


@proves
@pytest.mark.parametrize("around", ["{}", "import os, sys\nif os.fork():\n    os.wait()\n    sys.exit()\n{}"])
def test_a_key_that_draws_nothing_is_known_by_the_program_waiting_for_the_next_one(bridge, around):
    env = bridge(around.replace("{}", PANEL))
    assert moves(env, U, X, X, U, X) == [1, 1, 1, 2, 2]


HELPER = PANEL.replace("tty.setraw(0)", """tty.setraw(0)
keys, told = os.pipe(), os.pipe()
if not os.fork():
    while True:
        os.read(keys[0], 1)
        time.sleep(0.3)
        draw("\\x1b[3;1HMOVE 1")
""").replace("time.sleep(0.3)\n        n += 1", "os.write(keys[1], b'.'); continue\n        n += 1")
ALARM = PANEL.replace("tty.setraw(0)", """tty.setraw(0)
import signal
signal.signal(signal.SIGALRM, lambda *_: draw("\\x1b[3;1HMOVE 1"))
""").replace("time.sleep(0.3)\n        n += 1", "signal.setitimer(signal.ITIMER_REAL, 0.3); continue\n        n += 1")
THREAD = PANEL.replace("time.sleep(0.3)\n        n += 1", """import threading
        threading.Timer(0.3, lambda: draw("\\x1b[3;1HMOVE 1")).start()
        continue
        n += 1""")
SELECT = PANEL.replace("key = os", "import select\n    select.select([0], [], [])\n    key = os")
TIMED = PANEL.replace("time.sleep(0.3)", "import select; select.select([0], [], [], 0.3)")


@pytest.mark.parametrize("code", [PANEL, HELPER, ALARM, THREAD, SELECT, TIMED], ids=[
    "asleep", "helper", "alarm", "thread", "select", "timed",
])  # fmt: skip
def test_a_slow_answer_is_never_taken_for_none(bridge, code):
    env = bridge(code, step={"press": "{action}", "quiet": 0.02})
    assert moves(env, SLOW) == [1]


@pytest.mark.parametrize(("step", "code"), [
    ({"press": "{action}"}, SELECT), ({"press": "{action}", "until": "/MOVE \\d/"}, PANEL),
])  # fmt: skip
def test_a_key_that_draws_nothing_is_told_of_where_nothing_is_known(bridge, step, code):
    env = bridge(code, step=step, deadlines={"start": 20, "step": 0.5})
    moves(env, U)
    with pytest.raises(SimulatorTimeout) as caught:
        env.step(X)
    assert caught.value.what == "no whole reply within 0.5 s: nothing was drawn after these keys"
    assert caught.value.cure == (
        "where that is normal, `silent: 100 ms` beside `press`: then the screen counts as it stands once nothing was"
        " drawn for so long, which must be longer than any answer takes to begin"
    )
    assert caught.value.situation.received.startswith("ALARM")


def test_an_exchange_that_presses_nothing_awaits_the_first_picture(bridge):
    env = bridge("import tty; tty.setraw(0); input()", start={}, deadlines={"start": 0.5})
    with pytest.raises(ReadyTimeout) as caught:
        env.reset()
    assert caught.value.what.endswith("nothing was drawn, and this exchange presses no key")


DUNGEON = r"""
import os, sys, tty

def draw(text):
    os.write(1, b"\x1b[H\x1b[2J" + text.encode())

tty.setraw(0)
turn = 0
draw("Destroy old game?")
assert os.read(0, 1) == b"y"
draw(" T:0 ")
while True:
    key = os.read(0, 1)
    turn += 1
    if key == b"l":
        for n in range(3):
            draw(f"{n} --More--")
            while os.read(0, 1) != b"\r":
                pass
    if key == b"x":
        draw("Play again?")
        if os.read(0, 1) == b"n":
            os.write(1, b"\x1b[2;1HBYE")
            sys.exit(3)
    if key == b"s":
        sys.exit(3)
    draw(f" T:{turn} ")
"""


def test_questions_are_answered_and_the_end_of_the_program_is_an_end(bridge):
    env = bridge(
        DUNGEON, start=[{"until": [{"old": "Destroy old game?"}, "/ T:\\d+ /"]},
                        {"press": "y", "when": "old", "until": "/ T:\\d+ /"}],
        step=[{"press": "{action}", "until": ["/ T:\\d+ /", "--More--", "Play again?", {"over": {"exit": "0..255"}}]},
              {"press": "<enter>", "when": "more", "repeat": {"until": "not more", "every": 0.001}},
              {"press": "n", "when": "asked", "until": [{"over": {"exit": 3}}]}],
        fields={"more": {"seen": "--More--"}, "asked": {"seen": "Play again?"}, "bye": {"seen": "BYE"},
                "moves": {"find": "T:{int}", "keep": True}, "cells": {"screen": "cells"}},
        observation={"moves": "moves", "bye": "bye", "cells": "cells"}, terminated="over",
    )  # fmt: skip
    assert moves(env, U, LATE, U) == [1, 2, 3]
    observation, _, terminated, _, _ = env.step(X)
    assert (observation["bye"], terminated) == (1, True)
    assert moves(env, U) == [1]
    observation, _, terminated, _, _ = env.step(SLOW)
    assert (terminated, bytes(observation["cells"][0][:5])) == (True, b" T:1 ")


BOARD = r"""
import os, tty
tty.setraw(0)
place = 0
os.write(1, b"\x1b[2J\x1b[1;1HScore: 0\x1b[2;1H\x1b[7m  \x1b[m")
while True:
    key = os.read(0, 1)
    os.write(1, b"\x1b[2;%dH  " % (place + 1))
    place += key == b"u"
    os.write(1, b"\x1b[2;%dH\x1b[7m  \x1b[m\x1b[1;9H" % (place + 1))
"""


def test_a_board_that_is_drawn_in_reverse_is_read_and_seen(bridge):
    pytest.importorskip("PIL")
    env = bridge(
        BOARD, start={"until": "Score"}, fields={"board": {"screen": "reverse"}, "score": {"find": "Score: {int}"}},
        observation="board",
    )  # fmt: skip
    assert env.observation_space.high.max() == 1
    env.render_mode = "rgb_array"
    first, _ = env.reset()
    assert first.shape == (5, 20)
    picture = env.render()
    second = env.step(U)[0]
    assert np.argwhere(first).tolist() == [[1, 0], [1, 1]]
    assert np.argwhere(second).tolist() == [[1, 1], [1, 2]]
    changed = np.argwhere((picture != env.render()).any(axis=2)) // CELL
    # Where the board is new the cursor was before.
    assert {tuple(cell) for cell in changed.tolist()} == {(1, 0), (0, 8)}
    env.render_mode = "ansi"
    assert env.render() == "".join(line.ljust(20) + "\n" for line in ("Score: 0", "", "", "", ""))


@proves
def test_a_key_that_draws_nothing_is_known_where_all_is_recorded_too(tmp_path):
    env = BridgeEnv(panel(), transcript=tmp_path)
    try:
        assert moves(env, U, X, U) == [1, 1, 2]
    finally:
        env.close()
