"""Environments of programs that draw a full screen, and the pictures and videos that there are of any simulator."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import filebridge
from filebridge.env import BridgeEnv
from filebridge.errors import ReadyTimeout, SimulatorExited
from filebridge.picture import CELL

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

pytest.importorskip("pyte")

KEYS = r"""
import os, sys, tty

def ask(what, end):
    sys.stdout.write(what)
    sys.stdout.flush()
    answer = ""
    while not answer.endswith(end):
        answer += os.read(0, 1).decode()
    return answer

tty.setraw(0)
x, said = 0, ""
"""
COUNTER = KEYS + r"""
while True:
    sys.stdout.write(f"\x1b[H\x1b[2Jx={x}\x1b[2;1H{said}\x1b[4;1H#@.\x1b[3;7H")
    sys.stdout.flush()
    key = os.read(0, 1).decode()
    if key == "!":
        sys.exit(3)
    x += int(key) if key.isdigit() else 0
    said = repr(key)
"""
BOARD = {"grid": {"legend": {".": 0, "#": 1, "@": 2}, "rows": 1, "columns": 3, "first_row": 4}}


def screen(code=COUNTER, **keys):
    return {
        "filebridge": 1,
        "name": "Keys",
        "simulator": {"command": [*fake.PYTHON, "-c", code.replace("$", "$$")], "seed": "none"},
        "transport": {"console": {"terminal": True, "screen": "20x5"}},
        "action": {"choices": ["1", "2", "!"]},
        "start": {"until": "x=0"},
        "step": {"press": "{action}"},
        "fields": {"x": {"find": "x={int}"}, "board": BOARD, "cursor": {"screen": "cursor"}},
        "observation": {"x": "x", "board": "board", "cursor": "cursor"},
        "deadlines": {"start": 20, "step": 20},
        "max_steps": 100,
        **keys,
    }


@pytest.fixture
def bridge():
    opened = []

    def make(*given, render_mode=None, **keys):
        opened.append(BridgeEnv(screen(*given, **keys), render_mode=render_mode))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


def test_fields_are_read_from_the_screen_as_it_stands(bridge):
    env = bridge()
    observation, _ = env.reset()
    assert (observation["x"], observation["board"].tolist(), observation["cursor"].tolist()) == (0, [[1, 2, 0]], [3, 7])
    assert [env.step(action)[0]["x"].item() for action in (0, 1, 1)] == [1, 3, 5]


def test_the_place_of_the_cursor_is_none_of_the_text(bridge):
    # The cursor stands in row 3, column 7, and no number 7 is on the screen.
    fields = {
        "last": {"find": "{int}"}, "many": {"find": "{int}", "pick": "count"}, "seven": {"seen": "7"},
        "escape": {"seen": r"/\x1b/"}, "found": {"regex": r"/(\d+)\D*$/", "type": "int"},
        "row": {"chars": "1..3", "line": -1, "type": "line", "default": "none"},
    }  # fmt: skip
    env = bridge(fields=fields, observation=["last", "many"])
    observation, info = env.reset()
    assert observation.tolist() == [0, 1]
    assert info == {"seven": False, "escape": False, "found": 0, "row": "#@."}
    observation, _, _, _, info = env.step(1)
    assert observation.tolist() == [2, 2], "x=2 and the key that was pressed"
    env = bridge(step={"press": "{action}", "until": [{"seven": "7"}, "x="]})
    env.reset()
    assert env.step(1)[4]["seven"] is False


def test_of_several_screens_in_a_step_the_last_one_is_read(bridge):
    env = bridge(step=[{"press": "{action}"}, {"press": "2"}], fields={
        "x": {"find": "x={int}", "pick": "first"}, "board": BOARD, "cursor": {"screen": "cursor"},
    })  # fmt: skip
    env.reset()
    assert [env.step(0)[0]["x"].item() for _ in range(2)] == [3, 6]
    assert env.step(1)[0]["board"].tolist() == [[1, 2, 0]]


@pytest.mark.parametrize("end", [{"until": "'"}, {"cursor": [3, 7]}, {"quiet": 0.1}])
def test_a_screen_settles_and_is_read_to_its_last_row(bridge, end):
    env = bridge(step={"press": "{action}", **end}, start=end if "until" not in end else {"until": "x=0"})
    env.reset()
    observation = env.step(1)[0]
    assert observation["board"].tolist() == [[1, 2, 0]]
    assert observation["cursor"].tolist() == [3, 7]


def test_an_old_screen_is_passed_over(bridge):
    slow = COUNTER.replace("key = os", "import time; time.sleep(0.3)\n    key = os", 1).replace(
        "x += int", 'sys.stdout.write("\\x1b[5;1Hwait"); sys.stdout.flush(); time.sleep(0.3)\n    x += int'
    )
    env = bridge(slow, step={"press": "{action}", "fresh": "x == 2 * step"})
    env.reset()
    assert [env.step(1)[0]["x"].item() for _ in range(2)] == [2, 4]


@pytest.mark.parametrize("end", [{"quiet": 0.05}, {"until": "/at \\d+ /"}])
def test_a_program_that_asks_the_terminal_is_answered(bridge, end):
    asking = KEYS + r"""
sys.stdout.write("\x1b[H\x1b[2Jx=0\x1b[4;1H#@.\x1b[3;7H")
sys.stdout.flush()
while True:
    x += int(os.read(0, 1))
    place = ask("\x1b[H\x1b[2K\x1b[2;9Hwhere?\x1b[6n", "R")[2:-1]
    kind = ask("\x1b[c", "c")
    sys.stdout.write(f"\x1b[Hx={x} at {place.replace(';', '')} {len(kind)}\x1b[3;7H")
    sys.stdout.flush()
"""
    env = bridge(asking, step={"press": "{action}", **end})
    env.reset()
    for x in (1, 2):
        assert env.step(0)[0]["x"].item() == x
        assert "at 215" in env._session.link.dialogue.reply.decode()


def test_ansi_is_the_screen_without_its_cursor(bridge):
    env = bridge(render_mode="ansi")
    assert env.render() is None
    env.reset()
    lines = env.render().split("\n")
    assert [line.rstrip() for line in lines] == ["x=0", "", "", "#@.", "", ""]
    assert {len(line) for line in lines[:-1]} == {20}
    env.step(0)
    assert env.render().startswith("x=1 ")
    env.close()
    assert env.render() is None


def test_a_picture_has_the_cells_of_the_screen(bridge):
    env = bridge(render_mode="rgb_array")
    assert env.render() is None
    env.reset()
    first = env.render()
    assert (first.shape, first.dtype) == ((5 * CELL[0], 20 * CELL[1], 3), np.uint8)
    env.step(0)
    second = env.render()
    changed = np.argwhere((first != second).any(axis=2)) // CELL
    assert {tuple(place) for place in changed.tolist()} == {(0, 2), (1, 0), (1, 1), (1, 2)}


def test_a_console_simulator_has_pictures_of_a_terminal():
    with fake.bridge() as plain:
        plain.render_mode = "rgb_array"
        plain.reset()
        assert plain.render().shape == (24 * CELL[0], 80 * CELL[1], 3)


def test_a_failed_step_that_ends_an_episode_has_a_frame_too(bridge):
    env = bridge(render_mode="ansi", on_failure={"crash": "truncate"})
    env.reset()
    env.step(1)
    _, _, terminated, truncated, info = env.step(2)
    assert (terminated, truncated, info["bridge_failure"]["error"]) == (False, True, "SimulatorExited")
    assert env.render().startswith("x=2 ")
    env.reset()
    assert env.render().startswith("x=0 ")


def test_a_failure_without_a_policy_shows_the_screen_in_the_error(bridge):
    env = bridge()
    env.reset()
    with pytest.raises(SimulatorExited) as caught:
        env.step(2)
    assert caught.value.code == 3
    assert env.render() is None


RESTLESS = KEYS + r"""
import itertools, time
for n in itertools.count():
    sys.stdout.write(f"\x1b[H\x1b[2Jx=0 {n}\x1b[4;1H#@.\x1b[3;7H")
    sys.stdout.flush()
    time.sleep(0.01)
"""


@pytest.mark.parametrize(("code", "end", "cause", "cure"), [
    (RESTLESS, {"quiet": 0.1}, "the screen never stood still for 0.1 s",
     "await a place of the cursor, `cursor: [ROW, COLUMN]`, or a text, `until: ...`"),
    (COUNTER, {"cursor": [1, 1]},
     "the screen never had the cursor in row 1, column 1; its cursor is in row 3, column 7",
     "correct `until` or `cursor`, or await silence: `quiet: 50 ms`"),
    (COUNTER, {"until": "X = 0"}, '`x=0` on the screen looks like the awaited "X = 0"',
     "copy it exactly; spaces and capitals count"),
])  # fmt: skip
def test_a_screen_that_never_settles_is_told(bridge, code, end, cause, cure):
    env = bridge(code, start=end, deadlines={"start": 0.5})
    with pytest.raises(ReadyTimeout) as caught:
        env.reset()
    assert caught.value.what == f"the simulator was not ready within 0.5 s: {cause}"
    assert caught.value.cure == cure
    assert caught.value.situation.received.startswith("x=0")
    assert "  " not in caught.value.situation.received


@pytest.mark.parametrize("name", [pytest.param("Robots", marks=pytest.mark.takes(7)), "Lander"])
def test_a_video_is_recorded(name, tmp_path, require):
    pytest.importorskip("moviepy")
    if name == "Robots":
        require("robots", "/usr/games")
    env = gymnasium.make(f"filebridge/{name}-v0", render_mode="rgb_array")
    assert env.metadata["render_modes"] == ["ansi", "rgb_array"]
    folder = tmp_path / "videos"
    with gymnasium.wrappers.RecordVideo(env, str(folder), episode_trigger=lambda episode: episode == 0) as video:
        video.action_space.seed(1)
        for _ in range(2):
            video.reset()
            for _ in range(5):
                _, _, terminated, truncated, _ = video.step(video.action_space.sample())
                if terminated or truncated:
                    break
    (recorded,) = folder.iterdir()
    assert recorded.name == "rl-video-episode-0.mp4"
    assert recorded.read_bytes()[4:8] == b"ftyp"


def test_the_warning_of_watches_is_public():
    from filebridge.transports.watching.watch import WatchWarning

    assert filebridge.WatchWarning is WatchWarning
