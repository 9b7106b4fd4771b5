import inspect
import sys

import numpy as np
import pytest

from filebridge import ActionError, BridgeEnv
from filebridge.check import RULES, Verdict, check

TOGETHER = "no seed, begun together: different episodes"
FAR = np.array([9.0])
EQUAL = (
    "two that began at the same moment gave equal episodes, as all seats of a vector environment would: if it draws"
    " nothing, say `deterministic: true`; if it draws from the clock, let a variable be drawn, or give it a clock that"
    " is set by the seed"
)
SILENT_END = "(print('x', line.strip(), flush=True), print('more' * (step == 2), end='', flush=True))"


def outcomes(verdicts):
    return {verdict.rule: verdict.outcome for verdict in verdicts}


def test_lander_keeps_every_rule():
    verdicts = list(check("Lander", episodes=1))
    assert [(one.rule, one.detail) for one in verdicts if one.outcome != "passed"] == [
        (TOGETHER, "its episodes follow the seed")
    ]
    assert [one.rule for one in verdicts] == [rule.name for rule in RULES]


def test_wump_keeps_every_rule_but_those_that_it_declares(require):
    require("wump", "/usr/games")
    verdicts = list(check("Wump", episodes=2))
    assert {one.outcome for one in verdicts} == {"passed", "not applicable"}
    assert [one.detail for one in verdicts if one.outcome == "not applicable"] == [
        "`seed: none`, and `deterministic` is false",
        "`seed: none`, and `deterministic` is false",
        "`seed: none`, and no variable is drawn",
    ]
    # It draws from the clock, of which it sees whole seconds.
    (warning,) = next(one for one in verdicts if one.rule == TOGETHER).warnings
    assert warning == EQUAL


def test_a_wrong_configuration_closes_the_gate():
    first, *others = check("Landr")
    assert first.is_failed
    assert first.detail.startswith("no simulator is called Landr\n")
    assert {one.outcome for one in others} == {"not run"}
    assert others[0].detail == "it would fail too: not so that the configuration loads"


def test_a_token_that_all_users_of_the_machine_can_read_is_warned_of(config, verdict):
    served = {"transport": {"http": {"serve": True}}, "start": [{}]}
    rule = "the configuration loads"
    command = ["${python}", "-c", "", "${port}"]
    open_, closed = (
        config(simulator={"command": [*command, *words], "environment": environment}, **served)
        for words, environment in ((["http://127.0.0.1:${port}/${token}"], {}), ([], {"TOKEN": "${token}"}))
    )
    assert verdict(closed, rule).warnings == ()
    found = verdict(open_, rule)
    assert (found.outcome, found.warnings) == (
        "passed",
        (
            "`${token}` stands in `command`, and all users of this machine can read the words of a command: write"
            " `environment: {TOKEN: \"${token}\"}`, and let the program take it from there",
        ),
    )


def test_a_missing_program_is_named_and_nothing_is_started(config, verdict, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    ghost = config(simulator={"command": ["no-such-program"], "install": "apt-get install ghost"})
    found = verdict(ghost, "the program is installed")
    assert found.is_failed
    assert found.detail.startswith("no-such-program cannot be started: No such file or directory\n  found: no no-such-")
    assert found.detail.endswith("\n  cure: install with: apt-get install ghost")


def test_a_program_of_the_run_folder_needs_no_installation(config, verdict):
    placed = config(simulator={"command": ["./go"], "files": {"go": {"text": "#!/bin/sh\n"}}})
    assert verdict(placed, "the program is installed") == Verdict("the program is installed", "passed", "./go")


def test_a_missing_module_of_this_python_is_named_and_nothing_is_started(config, verdict, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    simulator = {"command": ["${python}", "-m", "no_such_kiln.server"], "install": "pip install no-such-kiln"}
    found = verdict(config(simulator=simulator), "the program is installed")
    assert (found.outcome, found.detail) == (
        "failed",
        f"no_such_kiln is no module of this Python\n  found: {sys.executable}\n  cure: install with: pip install"
        " no-such-kiln",
    )


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"files": {"no_such_kiln.py": {"text": ""}}},
        {"files": {"no_such_kiln/__init__.py": {"text": ""}}},
        {"environment": {"PYTHONPATH": "/opt/kiln"}},
        {"directory": "${config}"},
    ],
)
def test_a_module_that_may_lie_elsewhere_is_not_missed(config, verdict, elsewhere):
    simulator = {"command": ["${python}", "-m", "no_such_kiln"], "install": "pip install no-such-kiln", **elsewhere}
    assert verdict(config(simulator=simulator), "the program is installed").outcome == "passed"


BROKEN = [
    (
        "the simulator starts and answers",
        {"body": "print('y', end='', flush=True)"},
        "no whole reply within 0.9 s: ",
    ),
    (
        "a random agent's episodes end",
        {"body": "sys.exit(3) if step == 2 else print('x 1', flush=True)"},
        "the simulator ended in the middle of a step: exit code 3",
    ),
    (
        "a random agent's episodes end",
        {"max_steps": 100_000},
        "no end after 10000 steps in 1 of 1 episodes",
    ),
    (
        "the extremes of the action space are answered",
        {"body": "print('x', 9 if '2' in line else 0, flush=True)"},
        "the action 2 is in the space, but: field x is outside its bounds",
    ),
    (
        "one reply for each action, none left over",
        {"body": SILENT_END, "max_steps": 2},
        "after 2 steps it said, unasked: more",
    ),
    (
        "equal seeds, fresh processes: equal episodes",
        {"body": "print('x', __import__('time').time_ns() % 1000 / 1000, flush=True)", "deterministic": True},
        "the episodes differ at step 1: observation array([",
    ),
    (
        "equal seeds after a reset: equal episodes",
        {
            "body": "print('x', step / 100, flush=True)",
            "deterministic": True,
            "reset": [{"send": "again", "until": "\n"}],
        },
        "the episodes differ at the reset: observation array([0.01]) and array([",
    ),
    (
        "observations lie in their space",
        {"body": "sys.exit(3)", "start": [{"until": "never"}], "deadlines": {"start": 0.2}},
        "the random agent saw nothing",
    ),
]


@pytest.mark.parametrize(("rule", "changes", "detail"), BROKEN)
def test_a_rule_that_is_broken_says_how(config, verdict, rule, changes, detail):
    found = verdict(config(**changes), rule, episodes=1)
    assert found.outcome == "failed"
    assert found.detail.startswith(detail)


NOT_APPLICABLE = [
    ("one reply for each action, none left over", {"leftover": "keep"}, "the configuration says `leftover: keep`"),
    ("the step limit holds", {"max_steps": None, "terminated": "step == 3"}, "the configuration has no `max_steps`"),
    ("equal seeds, fresh processes: equal episodes", {}, "`seed: none`, and `deterministic` is false"),
    (TOGETHER, {"deterministic": True}, "its episodes follow the seed"),
]


@pytest.mark.parametrize(("rule", "changes", "reason"), NOT_APPLICABLE)
def test_a_rule_that_the_configuration_excuses(config, verdict, rule, changes, reason):
    excused = {key: value for key, value in config(**changes).items() if value is not None}
    assert verdict(excused, rule) == Verdict(rule, "not applicable", reason)


def test_equal_episodes_of_different_seeds_are_a_warning(config, verdict):
    program = config(simulator={"seed": "0..9", "environment": {"SEED": "${seed}"}})
    found = verdict(program, "different seeds: different episodes")
    assert (found.outcome, found.warnings) == (
        "passed",
        ("four seeds gave equal episodes: does `${seed}` reach the simulator?",),
    )


def test_equal_episodes_of_copies_without_a_seed_are_a_warning(config, verdict):
    assert verdict(config(), TOGETHER) == Verdict(TOGETHER, "passed", "", "", (EQUAL,))


def test_copies_that_draw_for_themselves_are_none(config, verdict):
    body = "print('x', __import__('os').getpid(), flush=True)"
    drawing = config(body, fields={"x": {"find": "x {float}", "default": 0}})
    assert verdict(drawing, TOGETHER) == Verdict(TOGETHER, "passed")


@pytest.mark.parametrize(
    ("rule", "returned", "detail"),
    [
        ("rewards are finite", (None, float("nan"), False, False, {}), "step 1 of episode 1: the reward is nan"),
        ("endings are flags", (None, 0.0, 0, True, {}), "step 1 of episode 1: terminated is 0, of type int"),
        ("info holds plain values", (None, 0.0, False, True, {"x": object()}), "step 1 of episode 1: info['x'] is of"),
        ("observations lie in their space", (FAR, 0.0, False, True, {}), "step 1 of episode 1: array([9.]) is not in"),
    ],
)
def test_what_an_environment_returns_is_judged(config, verdict, monkeypatch, rule, returned, detail):
    true_step = BridgeEnv.step

    def step(self, action):
        observation, *_ = true_step(self, action)
        return (observation if returned[0] is None else returned[0], *returned[1:])

    monkeypatch.setattr(BridgeEnv, "step", step)
    found = verdict(config(), rule, episodes=1)
    assert found.outcome == "failed"
    assert found.detail.startswith(detail)


def test_an_action_outside_the_space_must_be_refused(config, verdict, monkeypatch):
    rule = "actions outside the space are refused"
    assert verdict(config(), rule).outcome == "passed"
    true_step = BridgeEnv.step

    def step(self, action):
        try:
            return true_step(self, action)
        except ActionError:
            return None, 0.0, False, False, {}

    monkeypatch.setattr(BridgeEnv, "step", step)
    assert verdict(config(), rule).detail == "the action None lies outside the space, but it was sent"


def test_a_field_that_never_had_more_than_its_default_is_told(config, verdict):
    rule = "observations lie in their space"
    found = verdict(config(fields={"x": {"find": "X {float}", "default": 0, "low": 0, "high": 2}}), rule)
    assert (found.outcome, found.warnings) == (
        "passed", ("x had its default, 0, in all of them: see by `filebridge probe` whether it is read",)
    )
    assert verdict(config(), rule).warnings == ()


def test_what_gymnasium_asserts_is_a_failure_and_its_warnings_are_shown(config, verdict, monkeypatch):
    rule = "Gymnasium's own checker is content"
    unbounded = config(fields={"x": {"find": "x {float}", "default": 0}})
    found = verdict(unbounded, rule)
    assert found.outcome == "passed"
    assert "A Box observation space minimum value is -infinity. This is probably too low." in found.warnings
    assert found.warnings[-1].startswith("give each field that is observed a `low` and a `high`; ")
    assert not any("`low`" in one for one in verdict(config(), rule).warnings)
    monkeypatch.setattr(BridgeEnv, "reset", lambda self, *, seed=None, options=None: (None, {}))
    assert verdict(config(), rule).outcome == "failed"


def test_close_must_end_what_was_started(config, verdict, monkeypatch):
    kept = []
    true_close = BridgeEnv.close
    monkeypatch.setattr(BridgeEnv, "close", lambda self: kept.append(self))
    found = verdict(config(), "close leaves nothing behind")
    true_close(kept[0])
    assert found.outcome == "failed"
    assert found.detail.startswith("left behind: process ")


def test_every_rule_says_what_it_asks_for():
    for rule in RULES:
        first = rule.description.split("\n")[0]
        assert first.endswith((".", ";"))
        assert inspect.signature(rule.judge).parameters.keys() == {"subject"}
    assert len({rule.name for rule in RULES}) == len(RULES)


WRITER = """
import time
{first}
last = None
while True:
    try:
        with open("act.txt") as file:
            said = file.read().split()
    except FileNotFoundError:
        said = []
    if said and said != last:
        last = said
        for _ in range({times}):
            with open("obs.txt", "w") as file:
                file.write(f"{{said[0]}} {{said[1]}}\\n")
            time.sleep(0.02)
    time.sleep(0.001)
"""
LEFT = "one reply for each action, none left over"


def in_files(config, times=1, **changes):
    return config(**{
        "simulator": {"command": ["${python}", "-S", "-c", WRITER.format(first="", times=times)]},
        "transport": {"files": {"read": "obs.txt"}},
        "start": [{"write": {"act.txt": "0 0"}}],
        "step": [{"write": {"act.txt": "{step} {action}"}}],
        "fields": {"n": {"column": 1, "type": "int"}, "x": {"column": 2, "low": 0, "high": 2}},
        "deadlines": {"start": 20, "step": 20},
        "deterministic": True,
        **changes,
    })  # fmt: skip


def in_runs(config, **changes):
    return config(**{
        "simulator": {"command": ["sh", "-c", "echo x $$(cat deck.txt)"], "each": "step"},
        "start": [],
        "reset": [{"write": {"deck.txt": "0"}}],
        "step": [{"write": {"deck.txt": "{action}"}}],
        "deadlines": {"reset": 20, "step": 20},
        "deterministic": True,
        **changes,
    })  # fmt: skip


@pytest.mark.parametrize("ways", [in_files, in_runs])
def test_files_and_runs_keep_every_rule_that_applies(config, ways):
    verdicts = list(check(ways(config), episodes=2))
    assert {one.detail for one in verdicts if one.is_failed} == set()
    skipped = {one.rule: one.detail for one in verdicts if one.outcome == "not applicable"}
    reason = {LEFT: "with `each: step` no process lives between two steps"} if ways is in_runs else {}
    assert skipped == {
        **reason,
        "different seeds: different episodes": "`seed: none`, and no variable is drawn",
        TOGETHER: "its episodes follow the seed",
    }


def test_a_result_that_is_written_again_unasked_is_left_over(config, verdict):
    found = verdict(in_files(config, times=3, step=[{"write": {"act.txt": "{step} {action}"}, "fresh": "n == step"}],
                             max_steps=1), LEFT)  # fmt: skip
    assert found.is_failed
    assert found.detail.startswith("after 1 steps it said, unasked: 1 ")
    assert found.cure == "tell old replies from new ones, `fresh: seq == step` say, or say `leftover: drop`"


def test_what_is_drawn_between_steps_is_nothing_left_over(config, verdict):
    pytest.importorskip("pyte")
    screen = config(transport={"console": {"terminal": True, "screen": "20x4"}}, step=[{"press": "{action}<enter>"}],
                    start=[{}])  # fmt: skip
    found = verdict(screen, LEFT)
    assert found == Verdict(LEFT, "not applicable", "a full screen is read as it stands, whatever was drawn in between")


def test_a_background_process_of_a_run_is_ended_with_it(config, verdict):
    rule = "close leaves nothing behind"
    family = ["sh", "-c", "setsid sleep 99 >/dev/null 2>&1 & echo x $$(cat deck.txt)"]
    assert verdict(in_runs(config, simulator={"command": family, "each": "step"}), rule) == Verdict(rule, "passed")


def test_one_that_draws_although_it_is_said_to_be_deterministic_is_told_what_to_write(config, verdict):
    drawing = config("import random; print('x', random.random(), flush=True)", deterministic=True)
    for rule in ("equal seeds, fresh processes: equal episodes", "equal seeds after a reset: equal episodes"):
        assert verdict(drawing, rule).cure == (
            "it draws although it gets no seed: leave out `deterministic: true`, or, where it draws from the clock,"
            " give it one that is set by the seed (docs/console.md#resets)"
        )
