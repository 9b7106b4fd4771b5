"""What the vector environment gives is what Gymnasium's SyncVectorEnv gives around as many BridgeEnv."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from filebridge.errors import UsageError

FAKES = Path(__file__).parent.parent / "fakes"


def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, FAKES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


several, motors = _loaded("several"), _loaded("motors")
same, MODES = several.same, several.MODES
BRIDGE = "filebridge/Bridge-v0"


def play(name, num_envs, mode, steps, actions=None, **keys):
    """Take the same steps in both, and compare everything they give; return how many episodes ended."""
    ended = 0
    with several.both(name, num_envs, mode, **keys) as (ours, theirs):
        same(ours.metadata, theirs.metadata)
        for space in ("action_space", "observation_space", "single_action_space", "single_observation_space"):
            assert getattr(ours, space) == getattr(theirs, space), space
        same(ours.reset(seed=3), theirs.reset(seed=3), "reset")
        same(ours.np_random_seed, theirs.np_random_seed)
        ours.action_space.seed(1)
        for step in range(steps):
            action = ours.action_space.sample() if actions is None else actions(step)
            mine = ours.step(action)
            same(mine, theirs.step(action), f"step {step}")
            assert mine[0] in ours.observation_space
            over = mine[2] | mine[3]
            ended += over.sum()
            if mode is AutoresetMode.DISABLED and over.any():
                same(
                    ours.reset(options={"reset_mask": over}), theirs.reset(options={"reset_mask": over.copy()}),
                    f"reset after {step}",
                )  # fmt: skip
    return ended


@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
@pytest.mark.parametrize("way", motors.WAYS)
def test_over_every_transport_and_in_every_role(way, mode):
    # The first seat runs into its stop, the other one comes to the end of its time a little later.
    volts = np.array([[12.0], [0.5]], np.float32)
    assert play(BRIDGE, 2, mode, 14, lambda step: volts, config={**motors.config(way), "max_steps": 12}) >= 2


@pytest.mark.parametrize("way", motors.WAYS)
def test_over_every_transport_for_long(way):
    # Long runs, and in the other seat short ones: it is driven into its stop.
    random = np.random.default_rng(7)
    volts = [np.array([[value], [6 + value]], np.float32) for value in random.uniform(-3, 3, 150)]
    assert play(BRIDGE, 2, MODES[0], 150, volts.__getitem__, config=motors.config(way)) >= 5


def test_with_a_transcript_of_all_that_is_said(tmp_path):
    volts = np.array([[12.0], [0.5]], np.float32)
    way = "http url, a connection for each request"
    made = {**motors.config(way), "max_steps": 12}
    assert play(BRIDGE, 2, MODES[0], 14, lambda step: volts, config=made, transcript=tmp_path) >= 2


def test_where_nothing_is_announced_and_one_has_to_look():
    made = motors.config("files")
    files = {**made["transport"]["files"], "watch": "poll"}
    volts = np.array([[12.0], [0.5]], np.float32)
    made = {**made, "transport": {"files": files}, "max_steps": 12}
    assert play(BRIDGE, 2, MODES[0], 14, lambda step: volts, config=made) >= 2


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
def test_over_thousands_of_steps(mode, terminal):
    made = several.config(transport={"console": {"terminal": terminal}}, action={"choices": "1..6"})
    made["terminated"] = "x % 97 == 0"
    assert play(BRIDGE, 4, mode, 500, config=made) > 12


def test_with_a_bundled_simulator():
    assert play("filebridge/Lander-v0", 4, MODES[0], 200) > 10


def test_with_a_solver_run_for_each_step():
    hot = np.array([[1e5], [1e5]], np.float32)
    assert play("filebridge/Rod-v0", 2, MODES[0], 15, lambda step: hot) == 2


@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
def test_with_a_process_for_each_step(mode):
    script = "read a b < deck.txt; echo x=$((a + b)) a=$a > out.txt; echo note >&2"
    made = several.config(
        simulator={"command": ["sh", "-c", script.replace("$", "$$")], "each": "step", "seed": "none"}, start=None,
        reset=[{"write": {"deck.txt": "0 0"}}], step=[{"write": {"deck.txt": "{action} {x}"}}], terminated="x > 20",
    )
    made["transport"] = {"files": {"read": "out.txt"}}
    assert play(BRIDGE, 3, mode, 20, config=made) >= 6


@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
def test_where_one_process_serves_all_episodes(mode):
    ends = {"until": ["> ", {"over": "! "}]}
    code = 'while true; do x=$1; printf "x=%s> " $x; for n in 1 2 3; do read -r a || exit; x=$((x + a));' \
           ' printf "x=%s" $x; [ $n = 3 ] && printf "! " || printf "> "; done; read -r a || exit; done'
    again = several.config(
        simulator={"command": several.shell(code)},
        step=[{"send": "{action}", **ends}], reset={"from": "over", "exchanges": [{"send": "y", "until": "> "}]},
        terminated="over",
    )  # fmt: skip
    assert play(BRIDGE, 3, mode, 20, config=again) >= 12


FORMS = {
    "one number": ["x"],
    "whole numbers": "x",
    "a text": "line",
    "a choice": "word",
    "a flag": "even",
    "a board": "board",
    "mapping": {
        "place": ["x", "a"], "line": "line", "word": "word", "even": "even", "board": "board", "digits": "digits",
        "vector": ["digits", "x"],
    },
}  # fmt: skip
SHOWN = r"""
x=$1
while :; do
    case $((x % 2)) in 0) w=calm e=even b='.#@' ;; *) w=storm e=odd b='@..' ;; esac
    printf 'x=%s a=%s line=step %s\nword=%s %s\n%s\nDIGITS\n1 0 %s\n> ' $x "$a" "$x$a" $w $e $b $((x % 2))
    read -r a || exit
    x=$((x + 1))
done
"""
FIELDS = {
    "x": {"find": "x={int}", "values": "0..2000"},
    "a": {"find": "a={float}", "default": 0},
    "line": {"find": "line={line}", "max_length": 200},
    "word": {"find": "word={word}", "values": ["calm", "storm"]},
    "even": {"seen": " even"},
    "board": {"grid": {"legend": {".": 0, "#": 1, "@": 2}, "rows": 1, "columns": 3, "first_row": 3}},
    "digits": {"table": {"after": "DIGITS", "columns": "1..3"}, "type": "int"},
}  # fmt: skip


def shown(**keys):
    return several.config(
        simulator={"command": several.shell(SHOWN)},
        **{"fields": FIELDS, "info": {"doubled": "2 * x", "said": "line", "mood": "word"}, "reward": "a", **keys},
    )


@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_whatever_an_observation_is(form, mode):
    made = shown(observation=FORMS[form], max_steps=7)
    made["terminated"] = "x % 5 == 0"
    assert play(BRIDGE, 3, mode, 12, config=made) >= 6


ACTIONS = {
    "numbers": ({"box": {"low": -1, "high": [1, 2], "names": ["p", "q"]}}, "{action.p:.3f}"),
    "a number": ({"box": {"low": -1, "high": 1}}, "{action:.6f}"),
    "whole numbers": ({"choices": "3..9"}, "{action}"),
    "choices": ({"multi": {"p": "0..4", "q": "1..3"}}, "{action.p} {action.q}"),
    "bits": ({"bits": ["p", "q", "r"]}, "{action.p}{action.q}{action.r}"),
    "a text": ({"text": {"max_length": 6, "charset": "123456789"}}, "{action}"),
    "parts": ({"parts": {"p": {"box": {"low": 0, "high": 1}}, "q": {"choices": "1..3"}}}, "{action.p:.3f} {action.q}"),
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_whatever_an_action_is(kind):
    action, sent = ACTIONS[kind]
    assert play(BRIDGE, 3, MODES[0], 12, config=shown(
        action=action, step=[{"send": sent, "until": "> "}], observation=["x", "a"], max_steps=5
    )) == 6  # fmt: skip


def test_a_full_screen():
    pytest.importorskip("pyte")
    code = r"""
stty raw -echo
x=$1
while :; do
    printf '\033[H\033[2Jx=%s\033[2;1H%s\033[4;1H#@.\033[3;7H' $x "$k"
    k=$(dd bs=1 count=1 2>/dev/null)
    x=$((x + k))
done
"""
    made = several.config(
        simulator={"command": several.shell(code)},
        transport={"console": {"terminal": True, "screen": "20x5"}}, framing=None,
        action={"choices": ["1", "2"]}, start=[{"until": "x="}], step=[{"press": "{action}"}],
        fields={"x": {"find": "x={int}"}, "cursor": {"screen": "cursor"}, "board": FIELDS["board"] | {
            "grid": {**FIELDS["board"]["grid"], "first_row": 4}}},
        observation={"x": "x", "board": "board", "cursor": "cursor"}, info={}, max_steps=4,
    )  # fmt: skip
    assert play(BRIDGE, 2, MODES[1], 10, config=made) == 4


@pytest.mark.parametrize("mode", MODES, ids=several.MODE_NAMES)
def test_seeds_options_and_masks_of_resets(mode):
    made = several.config(variables={"goal": {"draw": "uniform(0, 9)"}, "other": {"start": 1}}, info={"goal": "goal"})
    with several.both(BRIDGE, 3, mode, config=made) as (ours, theirs):
        for keys in (
            {"seed": 5}, {"seed": [9, None, 7]}, {}, {"options": {"goal": 2.5}}, {"seed": np.int64(4)},
            {"seed": np.array([4, 8, 2])},
            {"seed": [1, 2, 3], "options": {"other": 3.0, "reset_mask": np.array([False, True, True])}},
            {"options": {"reset_mask": np.array([True, False, False])}},
        ):  # fmt: skip
            twin = copy.deepcopy(keys)
            if isinstance(twin.get("seed"), np.integer | np.ndarray):
                twin["seed"] = twin["seed"].tolist()  # theirs takes no other whole numbers
            same(ours.reset(**keys), theirs.reset(**twin), str(keys))
            assert "options" not in keys or keys["options"], "the caller's options are left as they are"
            same(ours.step([1, 2, 3]), theirs.step(np.array([1, 2, 3])))
            same([one.random() for one in ours.np_random], [one.random() for one in theirs.np_random])


def test_what_is_asked_of_the_copies():
    with several.both(BRIDGE, 2, MODES[0], config=several.config(), render_mode="ansi") as (ours, theirs):
        for envs in (ours, theirs):
            envs.reset(seed=3)
            envs.set_attr("note", ["a", "b"])
        assert ours.render() == theirs.render() == ("x=3 a=\n> ", "x=4 a=\n> ")
        assert ours.render_mode == theirs.render_mode == "ansi"
        assert ours.get_attr("note") == theirs.get_attr("note") == ("a", "b")
        assert ours.call("render") == theirs.call("render")
        ours.set_attr("note", 5)
        assert ours.get_attr("note") == (5, 5)
        with pytest.raises(UsageError, match=r"^another number of values than of seats\n  found: 3\n"):
            ours.set_attr("note", [1, 2, 3])


def test_what_was_given_is_the_callers_own():
    """No array is handed out twice, and none that was handed in is kept."""
    with several.vector(2, several.config(observation={"x": ["x"], "all": ["x", "a"]})) as envs:
        first = envs.reset(seed=3)
        kept = copy.deepcopy(first)
        second = envs.step(np.array([1, 2]))
        same(first, kept)
        for value in (first[0]["x"], second[0]["x"], second[1], second[2], second[3], second[4]["told"]):
            value.fill(0)
        same(envs.step(np.array([1, 2]))[0]["x"], np.array([[5.0], [8.0]]))
