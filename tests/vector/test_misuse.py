"""A vector environment that is called out of order, or with what it cannot take, says so and goes on."""

from __future__ import annotations

import importlib.util
import os
import pickle
import signal
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import filebridge
from filebridge.errors import ActionError, ConfigError, UsageError

_spec = importlib.util.spec_from_file_location("several", Path(__file__).parent.parent / "fakes" / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)
fake = several.fake


@pytest.fixture
def envs():
    with several.vector(3) as made:
        yield made


def refusal(call, kind=UsageError):
    """Return the text of the error that ``call`` raises."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return str(caught.value)


NOT_BEGUN = "step without a running episode\n  found: no reset so far\n  cure: call reset() first"
CLOSED = "the environment is closed\n  cure: make a new one"
ORDER = "\n  cure: one for each seat, in the order of the seats"
EACH_ONCE = "\n  cure: numbers from 0 to 2, each once"


def test_before_the_first_reset(envs):
    assert refusal(lambda: envs.step([1, 1, 1])) == NOT_BEGUN
    assert refusal(lambda: envs.send([1, 1, 1])) == NOT_BEGUN
    assert refusal(lambda: envs.send([1], [2])) == NOT_BEGUN
    assert envs.recv().seats.tolist() == []
    some = {"reset_mask": np.array([True, False, False])}
    assert refusal(lambda: envs.reset(options=some)) == (
        "seats that never began are not in the mask\n  cure: reset all of them at first, or call send_reset()"
    )
    assert envs.reset(seed=0)[0].tolist() == [[0], [1], [2]]


def test_after_close(envs):
    envs.reset()
    envs.close()
    envs.close()
    for call in (envs.reset, envs.send_reset, envs.recv, lambda: envs.step([1, 1, 1]), lambda: envs.send([1, 1, 1])):
        assert refusal(call) == CLOSED


@pytest.mark.parametrize("running", [False, True])
def test_seats_that_were_closed_one_by_one_stay_closed(envs, running):
    if running:
        envs.reset()
    envs.call("close")
    assert refusal(envs.reset) == CLOSED
    assert refusal(lambda: envs.step([1, 1, 1])) == CLOSED
    assert fake.folders() == []


def test_while_seats_have_been_sent_to(envs):
    envs.reset(seed=0)
    envs.send([4, 5], [1, 2])
    already = "seat 2 has been sent to already\n  cure: call recv() until it has answered"
    assert refusal(lambda: envs.send([1, 1], [0, 2])) == already
    assert refusal(lambda: envs.send_reset(options={"reset_mask": np.array([True, False, True])})) == already
    assert refusal(lambda: envs.step([1, 1, 1])) == (
        "step while seats have been sent to\n  found: seat 1\n  cure: call recv() until they have answered"
    )
    assert refusal(envs.reset) == (
        "reset while seats have been sent to\n  found: seat 1\n  cure: call recv() until they have answered"
    )
    received = envs.recv(2)
    assert (received.seats.tolist(), received.observations.tolist()) == ([1, 2], [[5], [7]])
    assert envs.step([1, 1, 1])[0].tolist() == [[1], [6], [8]], "nothing was sent twice, and nothing to the first"


@pytest.mark.parametrize(("seats", "text"), [
    ([3], "there is no such seat\n  found: 3 of 3"),
    ([-1], "there is no such seat\n  found: -1 of 3"),
    ([1, 1], "a seat is named twice\n  found: [1, 1]"),
    ([1.0], "a seat is named by its number\n  found: [1.0]"),
    (["1"], "a seat is named by its number\n  found: ['1']"),
    (np.array([False, True, False]), "a seat is named by its number\n  found: array([False,  True, False])"),
    (1, "the seats are no list\n  found: 1"),
])
def test_seats_that_are_none(envs, seats, text):
    envs.reset(seed=0)
    assert refusal(lambda: envs.send([1], seats)) == text + EACH_ONCE
    assert envs.step([1, 1, 1])[0].tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(("actions", "text"), [
    ([1, 2], "another number of actions than of seats\n  found: 2 for 3" + ORDER),
    (np.array([[1, 2, 3]]), "another number of actions than of seats\n  found: 1 for 3" + ORDER),
    (5, "the actions are no batch\n  found: 5\n  cure: an element of MultiDiscrete([10 10 10])"),
    ([1, 2, 10], "the action is outside its space\n  found: 10\n  where: Fake, seat 2, step of episode 1, step 2\n"
                 "  cure: choose an element of Discrete(10)"),
    ([1, None, 1], "the action is not a whole number\n  found: None\n  where: Fake, seat 1, step of episode 1, step 2\n"
                   "  cure: choose an element of Discrete(10)"),
    (np.array([0.5, 1, 1]), "the action is not a whole number\n  found: np.float64(0.5)\n"
     "  where: Fake, seat 0, step of episode 1, step 2\n  cure: choose an element of Discrete(10)"),
])  # fmt: skip
def test_a_bad_action_in_one_seat_touches_nobody(envs, actions, text):
    envs.reset(seed=0)
    envs.step([1, 1, 1])
    assert refusal(lambda: envs.step(actions), ActionError) == text
    assert refusal(lambda: envs.send(actions), ActionError) == text
    assert envs.recv(timeout=0).seats.tolist() == []
    assert envs.step([1, 1, 1])[0].tolist() == [[2], [3], [4]]


@pytest.mark.parametrize("actions", [None, 5, np.array("1")], ids=["nothing", "a number", "an array of no seats"])
def test_what_is_no_batch_of_texts_touches_nobody(actions):
    with several.vector(2, several.config(action={"text": {"max_length": 4, "charset": "12"}})) as envs:
        envs.reset(seed=0)
        text = refusal(lambda: envs.step(actions), ActionError)
        assert text.startswith(f"the actions are no batch\n  found: {actions!r}\n  cure: an element of Tuple(Text(")
        assert envs.step(("1", "2"))[0].tolist() == [[1], [3]]


def test_an_action_that_cannot_be_sent_touches_nobody_either():
    made = several.config(
        action={"text": {"max_length": 4, "charset": "12\n"}}, info={"told": "a", "number": "step", "was": "prev.x"}
    )
    with several.vector(3, made) as envs:
        envs.reset(seed=0)
        for wrong in (lambda actions: envs.step(actions), lambda actions: envs.send(actions)):
            assert refusal(lambda wrong=wrong: wrong(["1", "2\n", "1"]), ActionError) == (
                "`action` holds a character that cannot be sent\n  found: 2\\n\n"
                "  where: Fake, seat 1, step of episode 1, step 1\n"
                "  cure: send printable characters only: a line end or a control character would be a second command"
            )
        observations, _, _, _, infos = envs.step(["1", "2", "1"])
        assert (observations.tolist(), infos["number"].tolist()) == ([[1], [3], [3]], [1, 1, 1])
        assert infos["was"].tolist() == [0, 1, 2]


def test_an_action_that_cannot_be_sent_in_the_middle_of_a_step_costs_its_seat_only():
    step = [{"send": "0", "until": "> "}, {"send": "{action}", "until": "> "}]
    made = several.config(action={"text": {"max_length": 4, "charset": "12\n"}}, step=step)
    with several.vector(3, made) as envs:
        envs.reset(seed=0)
        with pytest.raises(ActionError) as caught:
            envs.step(["1", "2\n", "1"])
        error = caught.value
        assert error.situation.seat == 1
        assert (error.partial.seats.tolist(), error.partial.observations.tolist()) == ([0, 2], [[1], [3]])
        observations, rewards, *_ = envs.step(["1", "2", "1"])
        assert observations[[0, 2]].tolist() == [[2], [4]]
        assert rewards[1] == 0, "it has begun another episode"


def test_what_was_prepared_is_taken_back_with_what_was_before():
    made = several.config(info={"number": "step", "was": "prev.x", "told": "prev.a"})
    with several.vector(2, made) as envs:
        envs.reset(seed=0)
        envs.step([3, 3])
        for _ in range(3):
            refusal(lambda: envs.step([1, 99]), ActionError)
        infos = envs.step([2, 2])[4]
        assert [infos[name].tolist() for name in ("number", "was", "told")] == [[2, 2], [3, 4], [3, 3]]


@pytest.mark.parametrize(("keys", "text"), [
    ({"min_seats": -1}, "min_seats must be a whole number from 0 on\n  found: -1\n  cure: min_seats=4, say"),
    ({"min_seats": 1.5}, "min_seats must be a whole number from 0 on\n  found: 1.5\n  cure: min_seats=4, say"),
    ({"min_seats": "1"}, "min_seats must be a whole number from 0 on\n  found: '1'\n  cure: min_seats=4, say"),
    ({"timeout": -0.1}, "timeout must be a number of seconds from 0 on\n  found: -0.1\n"
                        "  cure: timeout=0.5, say; None to wait for as long as it takes"),
    ({"timeout": float("nan")}, "timeout must be a number of seconds from 0 on\n  found: nan\n"
                                "  cure: timeout=0.5, say; None to wait for as long as it takes"),
    ({"timeout": "1"}, "timeout must be a number of seconds from 0 on\n  found: '1'\n"
                       "  cure: timeout=0.5, say; None to wait for as long as it takes"),
])
def test_what_recv_cannot_take(envs, keys, text):
    envs.reset(seed=0)
    envs.send([1, 1, 1])
    assert refusal(lambda: envs.recv(**keys)) == text
    assert envs.recv(3).observations.tolist() == [[1], [2], [3]]


A_SEED = "a seed is a whole number from 0 on\n  found: {}\n" \
         "  cure: a whole number from 0 on, or a list with one, or None, for each seat"


@pytest.mark.parametrize(("keys", "text"), [
    ({"seed": [1, 2]}, "another number of seeds than of seats\n  found: 2 for 3\n  cure: one number, or one each"),
    ({"seed": -1}, A_SEED.format("-1")),
    ({"seed": 1.5}, A_SEED.format("1.5")),
    ({"seed": "abc"}, A_SEED.format("'a'")),
    ({"seed": [1, 2, 0.5]}, A_SEED.format("0.5")),
    ({"options": {"nope": 1}}, "reset has no option 'nope'\n  found: the variables of the configuration: none\n"
                               "  cure: declare it under `variables`"),
    ({"options": {"reset_mask": [True] * 3}}, "the reset_mask is no choice of seats\n  found: [True, True, True]\n"
        "  cure: a numpy array of bool, shape (3,), True for the seats that begin an episode"),
    ({"options": {"reset_mask": np.ones(3)}}, "the reset_mask is no choice of seats\n  found: float64, shape (3,)\n"
        "  cure: a numpy array of bool, shape (3,), True for the seats that begin an episode"),
    ({"options": {"reset_mask": np.zeros(3, bool)}}, "the reset_mask is no choice of seats\n  found: True nowhere\n"
        "  cure: a numpy array of bool, shape (3,), True for the seats that begin an episode"),
    ({"options": {"reset_mask": np.ones(2, bool)}}, "the reset_mask is no choice of seats\n  found: bool, shape (2,)\n"
        "  cure: a numpy array of bool, shape (3,), True for the seats that begin an episode"),
])  # fmt: skip
def test_a_reset_that_is_refused_leaves_the_episodes_as_they_are(envs, keys, text):
    envs.reset(seed=0)
    envs.step([1, 1, 1])
    assert refusal(lambda: envs.reset(**keys)) == text
    assert envs.step([1, 1, 1])[0].tolist() == [[2], [3], [4]]


@pytest.mark.parametrize("call", ["reset", "send_reset"])
def test_a_seed_that_cannot_be_obeyed_is_said_once_where_it_is_given(call):
    with several.vector(2, several.fake.config()) as envs:
        with pytest.warns(filebridge.SeedWarning, match=r"^Fake has no seed") as caught:
            getattr(envs, call)(seed=3)
        assert [warning.filename for warning in caught] == [__file__]
        envs.recv(2)
        envs.reset(seed=4)


def test_options_that_are_no_mapping(envs):
    envs.reset(seed=0)
    assert refusal(lambda: envs.reset(options=5)) == (
        "the options of a reset are no mapping\n  found: 5\n"
        '  cure: give values for variables, `reset(options={"name": value})`'
    )


def test_a_seat_that_waits_for_its_mask():
    with several.vector(2, several.config(terminated="a == 6"), autoreset_mode="Disabled") as envs:
        envs.reset(seed=0)
        envs.step([6, 1])
        text = (
            "no episode runs in seat 0\n  found: it has ended, or failed, and the autoreset_mode is DISABLED\n"
            '  cure: reset(options={"reset_mask": ...}), a bool array that is True for this seat'
        )
        assert refusal(lambda: envs.step([1, 1])) == text
        assert refusal(lambda: envs.send([1], [0])) == text
        envs.send([1], [1])
        assert envs.recv().observations.tolist() == [[3]]


@pytest.mark.parametrize(("keys", "kind", "text"), [
    ({"num_envs": 0}, UsageError, "num_envs must be a whole number from 1 on\n  found: 0\n  cure: num_envs=4, say"),
    ({"num_envs": True}, UsageError,
     "num_envs must be a whole number from 1 on\n  found: True\n  cure: num_envs=4, say"),
    ({"num_envs": 2.0}, UsageError, "num_envs must be a whole number from 1 on\n  found: 2.0\n  cure: num_envs=4, say"),
    ({"wait_for": 0}, UsageError, "wait_for must be a whole number from 1 on\n  found: 0\n  cure: wait_for=4, say"),
    ({"autoreset_mode": "always"}, UsageError,
     "there is no such autoreset_mode\n  found: 'always'\n  cure: one of NextStep, SameStep, Disabled"),
    ({"render_mode": "human"}, UsageError,
     'there is no render mode \'human\'\n  cure: use render_mode="ansi", "rgb_array" or none'),
    ({"config": ""}, ConfigError, "no configuration is given\n"
     '  cure: gymnasium.make("filebridge/Bridge-v0", config=...):'
     " a path of a YAML file, the name of a bundled simulator, or a mapping"),
])  # fmt: skip
def test_what_no_environment_can_be_made_of(keys, kind, text):
    given = {"config": several.config(), "num_envs": 2, **keys}
    assert refusal(lambda: filebridge.BridgeVectorEnv(**given), kind) == text


def test_from_another_thread_while_a_call_is_under_way(envs):
    envs.reset(seed=0)
    number = several.stop(envs, 1)
    results = []
    thread = threading.Thread(target=lambda: results.append(envs.step([1, 1, 1])))
    thread.start()
    fake.until(lambda: envs._calls.busy)
    text = (
        "the environment is in use by another thread\n  found: a call that has not returned\n"
        "  cure: give each thread an environment of its own, or take turns"
    )
    for call in (envs.reset, envs.recv, envs.close, lambda: envs.step([1, 1, 1])):
        assert refusal(call) == text
    os.kill(number, signal.SIGCONT)
    thread.join()
    assert results[0][0].tolist() == [[1], [2], [3]]
    assert envs.step([1, 1, 1])[0].tolist() == [[2], [3], [4]]


def test_threads_may_take_turns(envs):
    results = []
    for call in (lambda: envs.reset(seed=0), lambda: envs.step([1, 1, 1]), lambda: envs.step([2, 2, 2])):
        thread = threading.Thread(target=lambda call=call: results.append(call()[0].tolist()))
        thread.start()
        thread.join()
    assert results == [[[0], [1], [2]], [[1], [2], [3]], [[3], [4], [5]]]


def test_pickled_before_its_first_reset(tmp_path):
    made = filebridge.BridgeVectorEnv(
        several.config(), 2, "ansi", AutoresetMode.SAME_STEP, wait_for=2, transcript=tmp_path
    )
    twin = pickle.loads(pickle.dumps(made))
    made.close()
    try:
        kept = ("num_envs", "render_mode", "autoreset_mode", "wait_for", "action_space", "observation_space", "spec")
        assert [getattr(twin, name) for name in kept] == [getattr(made, name) for name in kept]
        assert twin.reset(seed=0)[0].tolist() == [[0], [1]]
        assert len(list(tmp_path.iterdir())) == 2
        assert refusal(lambda: pickle.dumps(twin)) == (
            "a running environment cannot be pickled\n"
            "  cure: pickle it before the first reset, or make another from its config"
        )
    finally:
        twin.close()


def test_pickled_with_what_gymnasium_knows_of_it():
    made = gymnasium.make_vec("filebridge/Lander-v0", num_envs=2)
    twin = pickle.loads(pickle.dumps(made))
    assert twin.spec == made.spec
    assert made.spec is not None
    made.close()
    twin.close()
