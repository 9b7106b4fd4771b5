import inspect

import numpy as np
import pytest

from filebridge import ActionError, BridgeEnv
from filebridge.check import RULES, Verdict, check

FAR = np.array([9.0])
SILENT_END = "(print('x', line.strip(), flush=True), print('more' * (step == 2), end='', flush=True))"


def outcomes(verdicts):
    return {verdict.rule: verdict.outcome for verdict in verdicts}


def test_lander_keeps_every_rule():
    verdicts = list(check("Lander", episodes=1))
    assert [one for one in verdicts if one.outcome != "passed"] == []
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


def test_a_wrong_configuration_closes_the_gate():
    first, *others = check("Landr")
    assert first.is_failed
    assert first.detail.startswith("no simulator is called Landr\n")
    assert {one.outcome for one in others} == {"not run"}
    assert others[0].detail == "it would fail too: not so that the configuration loads"


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
        "the action np.int64(2) is in the space, but: field x is outside its bounds",
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


def test_what_gymnasium_asserts_is_a_failure_and_its_warnings_are_shown(config, verdict, monkeypatch):
    rule = "Gymnasium's own checker is content"
    unbounded = config(fields={"x": {"find": "x {float}", "default": 0}})
    found = verdict(unbounded, rule)
    assert found.outcome == "passed"
    assert "A Box observation space minimum value is -infinity. This is probably too low." in found.warnings
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
