"""The environment keeps Gymnasium's contract: values and their types, the order of calls, variables, options."""

from __future__ import annotations

import copy
import gc
import importlib.util
import os
import pickle
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import filebridge
from filebridge.env import BridgeEnv
from filebridge.errors import ActionError, ConfigError, ParseError, UsageError
from filebridge.program import load_program

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

ENDING = """
say("x=0\\n> ")
for n in range(1, 100):
    line = hear()
    say(f"x={n}\\n" + ("OVER\\n" if line == "9" else "> "))
"""
UNTIL_OVER = {"step": [{"send": "{action:.0f}", "until": ["> ", {"over": "OVER\n"}]}], "terminated": "over"}


def refusal(call, *arguments, **keywords):
    with pytest.raises(UsageError) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


def test_a_step_returns_five_values_of_the_right_types():
    with fake.bridge(info={"double": "2 * x"}) as env:
        observation, info = env.reset()
        assert (observation.tolist(), observation.dtype, info) == ([0], np.float64, {"double": 0})
        observation, reward, terminated, truncated, info = env.step(fake.act())
        assert observation in env.observation_space
        assert [type(value) for value in (observation, reward, terminated, truncated, info)] == [
            np.ndarray, float, bool, bool, dict
        ]
        assert (observation.tolist(), reward, terminated, truncated, info) == ([1], 1.0, False, False, {"double": 2})


def test_each_observation_is_an_array_of_its_own():
    with fake.bridge() as env:
        first, _ = env.reset()
        second = env.step(fake.act())[0]
        second[:] = 99
        third = env.step(fake.act())[0]
        assert (first.tolist(), third.tolist()) == ([0], [2])


def test_a_step_before_reset_says_what_to_call():
    with fake.bridge() as env:
        assert refusal(env.step, fake.act()) == (
            "step without a running episode\n  found: no simulator runs\n  cure: call reset() first"
        )
        env.reset()


def test_a_step_after_the_end_says_what_to_call():
    with fake.bridge(ENDING, **UNTIL_OVER) as env:
        env.reset()
        assert env.step(fake.act(9))[2] is True
        assert refusal(env.step, fake.act()) == (
            "step after the end of the episode\n  found: the last step ended it\n  cure: call reset() to begin another"
        )
        env.reset()
        assert env.step(fake.act())[0].tolist() == [1]


def test_a_closed_environment_says_so_and_closing_twice_is_harmless():
    env = BridgeEnv(fake.config())
    env.reset()
    number = fake.pid(env)
    env.close()
    assert fake.gone(number)
    assert fake.folders() == []
    env.close()
    assert refusal(env.step, fake.act()) == "the environment is closed\n  cure: make a new one"
    assert refusal(env.reset, seed=1) == "the environment is closed\n  cure: make a new one"


def test_an_environment_never_reset_starts_nothing():
    env = BridgeEnv(fake.config())
    assert env._session.link is None
    env.close()
    assert refusal(env.step, fake.act()) == "the environment is closed\n  cure: make a new one"


def thrown_away(holder):
    holder.clear()
    gc.collect()


def test_one_that_is_thrown_away_ends_its_simulator_and_warns():
    holder = [BridgeEnv(fake.config())]
    holder[0].reset()
    number = fake.pid(holder[0])
    with pytest.warns(ResourceWarning, match=r"^an environment of Fake was not closed; its simulator has been ended$"):
        thrown_away(holder)
    assert fake.gone(number)


def test_one_that_is_thrown_away_unused_or_closed_does_not_warn():
    BridgeEnv(fake.config())
    closed = BridgeEnv(fake.config())
    closed.reset()
    closed.close()
    del closed
    gc.collect()


def in_thread(call):
    result = []

    def run():
        try:
            result.append(call())
        except UsageError as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return result[0]


def test_it_may_be_handed_from_thread_to_thread():
    with fake.bridge() as env:
        in_thread(env.reset)
        assert env.step(fake.act())[0].tolist() == [1]
        assert in_thread(lambda: env.step(fake.act()))[0].tolist() == [2]
        in_thread(env.close)
        assert refusal(env.step, fake.act()).startswith("the environment is closed")


def test_two_threads_cannot_be_in_it_at_once():
    with fake.bridge(fake.MIDWAY + 'open(os.environ["FLAG"]).read()\nsay("x=2\\n> ")\nhear()',
                     simulator={"environment": {"FLAG": "${workdir}/flag"}}) as env:
        env.reset()
        link = env._session.link
        os.mkfifo(link.folder.path / "flag")
        env.step(fake.act())
        steps = []
        thread = threading.Thread(target=lambda: steps.append(env.step(fake.act())))
        thread.start()
        fake.until(lambda: env._busy)
        text = (
            "the environment is in use by another thread\n  found: a call that has not returned\n"
            "  cure: give each thread an environment of its own, or take turns"
        )
        assert [refusal(env.step, fake.act()), refusal(env.reset), refusal(env.close)] == [text] * 3
        (link.folder.path / "flag").write_text("go")
        thread.join(30)
        assert steps[0][0].tolist() == [2]


def test_copies_are_made_before_the_start_and_refused_after_it():
    with fake.bridge() as env:
        for twin in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env)):
            twin.reset()
            assert twin.step(fake.act())[0].tolist() == [1]
            twin.close()
        env.reset()
        for how in (pickle.dumps, copy.deepcopy, copy.copy):
            assert refusal(how, env) == (
                "a running environment cannot be pickled\n"
                "  cure: pickle it before the first reset, or make another from its config"
            )


def test_a_copy_keeps_what_it_was_made_of(tmp_path):
    program = load_program("Lander")
    env = BridgeEnv(program, render_mode="ansi", seat=3, transcript=tmp_path)
    twin = pickle.loads(pickle.dumps(env))
    assert (twin.seat, twin.render_mode, twin.program.config, twin._transcript) == (3, "ansi", program.config, tmp_path)
    made = gymnasium.make("filebridge/Lander-v0")
    assert pickle.loads(pickle.dumps(made)).spec.id == "filebridge/Lander-v0"


def test_max_steps_truncates_and_only_what_has_not_ended():
    with fake.bridge(ENDING, max_steps=2, **UNTIL_OVER) as env:
        env.reset()
        assert env.step(fake.act())[2:4] == (False, False)
        assert env.step(fake.act())[2:4] == (False, True)
        assert refusal(env.step, fake.act()).startswith("step after the end")
        env.reset()
        env.step(fake.act())
        assert env.step(fake.act(9))[2:4] == (True, False)


def test_an_action_outside_its_space_leaves_the_episode_as_it_is():
    with fake.bridge() as env:
        env.reset()
        for action in (fake.act(10), fake.act(np.nan), "up", None, [1, 2]):
            with pytest.raises(ActionError):
                env.step(action)
        assert env.step(fake.act())[0].tolist() == [1]


def test_the_step_counts_only_what_was_sent():
    with fake.bridge(info={"number": "step"}, reward="x - prev.x") as env:
        env.reset()
        env.step(fake.act())
        with pytest.raises(ActionError):
            env.step(fake.act(11))
        assert env.step(fake.act())[1:] == (1.0, False, False, {"number": 2})


def test_render_shows_what_was_said_last():
    env = BridgeEnv(fake.config(), render_mode="ansi")
    assert env.render() is None
    env.reset()
    assert env.render() == "x=0\n> "
    env.step(fake.act())
    assert env.render() == "x=1\n> "
    env.close()
    assert env.render() is None


def test_render_reads_the_encoding_of_the_program():
    say = 'say("x=0 \u00e9\\n> ".encode("latin-1"))\nhear()'
    env = BridgeEnv(fake.config(say, text={"encoding": "latin-1"}), render_mode="ansi")
    env.reset()
    assert env.render() == "x=0 \u00e9\n> "
    env.close()


def test_render_without_a_mode_is_none_and_other_modes_are_refused():
    with fake.bridge() as env:
        env.reset()
        assert env.render() is None
    assert refusal(BridgeEnv, fake.config(), render_mode="human") == (
        "there is no render mode 'human'\n  cure: use render_mode=\"ansi\", \"rgb_array\" or none"
    )


VARIABLES = {
    "variables": {
        "wind": {"draw": "uniform(0, 10)", "low": 0, "high": 10},
        "goal": {"start": 5, "low": 0, "high": 9},
        "clock": {"start": 0.0, "update": "clock + 0.5"},
        "word": {"start": "up"},
    },
    "observation": ["x", "wind", "goal", "clock"],
    "info": {"said": "word"},
}


def test_variables_are_constant_drawn_updated_and_set():
    with fake.bridge(**VARIABLES) as env:
        one, info = env.reset(options={"goal": 7, "word": "down"})
        assert (one[2], one[3], info["said"]) == (7, 0.0, "down")
        assert [env.step(fake.act())[0][3] for _ in range(3)] == [0.0, 0.5, 1.0]
        other, info = env.reset()
        assert (other[2], other[3], info["said"]) == (5, 0.0, "up")
        assert one[1] != other[1]
        assert env.reset(options={"wind": 2})[0][1] == 2.0


def winds(env, episodes):
    return [env.reset(seed=3)[0][1], *(env.reset()[0][1] for _ in range(episodes))]


def test_draws_repeat_with_the_seed():
    with fake.bridge(**VARIABLES) as env:
        with pytest.warns(filebridge.SeedWarning):
            first = winds(env, 3)
        assert winds(env, 3) == first
        assert len(set(first)) == 4
        # A set variable takes no draw away from the others.
        assert [env.reset(seed=3)[0][1], env.reset(options={"goal": 1})[0][1]] == first[:2]


@pytest.mark.parametrize(("options", "text"), [
    ({"gaol": 1}, "reset has no option 'gaol'\n  found: the variables of the configuration: wind, goal, clock, word\n"
                  "  cure: did you mean 'goal'?"),
    ({"zzz": 1}, "reset has no option 'zzz'\n  found: the variables of the configuration: wind, goal, clock, word\n"
                 "  cure: declare it under `variables`"),
    ({"goal": "up"}, "the option 'goal' has a value that does not fit\n  found: 'up'\n"
                     "  cure: give a whole number from 0 to 9"),
    ({"goal": 2.5}, "the option 'goal' has a value that does not fit\n  found: 2.5\n"
                    "  cure: give a whole number from 0 to 9"),
    ({"wind": 11}, "the option 'wind' has a value that does not fit\n  found: 11\n"
                   "  cure: give a number from 0 to 10"),
    ({"wind": float("nan")}, "the option 'wind' has a value that does not fit\n  found: nan\n"
                             "  cure: give a number from 0 to 10"),
    ({"clock": True}, "the option 'clock' has a value that does not fit\n  found: True\n  cure: give a number"),
    ({"word": "a\nb"}, "the option 'word' has a value that does not fit\n  found: 'a\\nb'\n"
                       "  cure: give a printable text"),
    ({"clock": 10**400}, "the option 'clock' has a value that does not fit\n  found: 1" + "0" * 99
                         + "\n  cure: give a number"),
    ({"goal": -(10**5000)}, "the option 'goal' has a value that does not fit\n  found: a number of very many digits\n"
                            "  cure: give a whole number from 0 to 9"),
    (5, "the options of a reset are no mapping\n  found: 5\n"
        '  cure: give values for variables, `reset(options={"name": value})`'),
])
def test_wrong_options_are_refused(options, text):
    with fake.bridge(**VARIABLES) as env:
        assert refusal(env.reset, options=options) == text
        env.reset()
        assert refusal(env.reset, options=options) == text


@pytest.mark.parametrize("text", ["\u4e2d", "a" * 4097])
def test_a_text_that_cannot_be_observed_is_refused_before_anything_starts(text):
    keys = {"variables": {"word": {"start": "up"}}, "observation": {"x": ["x"], "word": "word"}}
    with fake.bridge(**keys) as env:
        assert refusal(env.reset, options={"word": text}) == (
            f"the option 'word' has a value that does not fit\n  found: {text!r:.100}\n"
            "  cure: it is observed: give a text of at most 4096 characters of Latin-1"
        )
        assert env._session.link is None
        assert env.reset(options={"word": "\xe4"})[0]["word"] == "\xe4"
    with fake.bridge(variables={"word": {"start": "up"}}, info={"said": "word"}) as env:
        assert env.reset(options={"word": text})[1]["said"] == text


@pytest.mark.parametrize("target", [3, 2.5, ["a.yaml"], b"a.yaml"])
def test_what_cannot_be_a_configuration_is_told_what_can(target):
    with pytest.raises(ConfigError) as caught:
        BridgeEnv(target)
    assert str(caught.value) == (
        f"this is no configuration\n  found: {target!r}, of type {type(target).__name__}\n"
        "  cure: give a path of a YAML file, the name of a bundled simulator, or a mapping"
    )


def test_a_step_after_a_failed_one_is_told_of_it():
    code = 'say("x=0\\n> ")\nhear()\nsay("y=0\\n> ")\nhear()'
    with fake.bridge(code) as env:
        env.reset()
        with pytest.raises(ParseError):
            env.step(fake.act())
        text = (
            "step without a running episode\n  found: no simulator runs; the last step failed: ParseError: field x does"
            " not occur in the reply\n  cure: call reset() first"
        )
        assert [refusal(env.step, fake.act()) for _ in range(2)] == [text, text]
        env.reset()
        assert env._session.link is not None


def test_a_mapping_and_a_program_are_configurations_too():
    program = load_program(fake.config())
    env = BridgeEnv(program)
    env.reset()
    env.close()
    with pytest.raises(ConfigError):
        BridgeEnv({"filebridge": 1})


def test_environments_of_one_program_draw_their_actions_each_for_itself():
    program = load_program(fake.config())
    one, other = BridgeEnv(program), BridgeEnv(program)
    one.action_space.seed(1)
    expected = [one.action_space.sample().tolist() for _ in range(5)]
    one.action_space.seed(1)
    other.action_space.seed(2)
    assert [(one.action_space.sample().tolist(), other.action_space.sample())[0] for _ in range(5)] == expected
    assert one.observation_space is not other.observation_space
