"""Simulators that fail among many: each costs its own seat, and the others' episodes go on to the last digit."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from filebridge.errors import (
    Desync,
    ExpressionError,
    ParseError,
    RestartBudgetExceeded,
    SimulatorExited,
    SimulatorTimeout,
    StartCrashed,
    UsageError,
)

_spec = importlib.util.spec_from_file_location("several", Path(__file__).parent.parent / "fakes" / "several.py")
several = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(several)
fake = several.fake


def rows(received, seats):
    """Return of each of ``seats`` its observation, reward, ends and what the infos hold."""
    places = [received.seats.tolist().index(seat) for seat in seats]
    return [
        (received.observations[place].tolist(), received.rewards[place], received.terminations[place],
         received.truncations[place], received.infos["told"][place], received.infos["_told"][place])
        for place in places
    ]  # fmt: skip


def failing(envs, actions, kind):
    """Take a step in which seats fail; return the error."""
    with pytest.raises(kind) as caught:
        envs.step(actions)
    assert type(caught.value) is kind
    return caught.value


@pytest.mark.parametrize("way", ["killed", "exits", "dead before"])
def test_one_of_64_that_dies_costs_its_seat_only(way):
    """The episodes of the other 63 are those of a run in which nothing happens."""
    count, dying = 64, 41
    choices = np.random.default_rng(5).integers(0, 7, (12, count))
    others = [seat for seat in range(count) if seat != dying]
    with several.vector(count) as calm, several.vector(count) as envs:
        for one in (calm, envs):
            one.reset(seed=3)
        for number, actions in enumerate(choices):
            expected = [part[others] if isinstance(part, np.ndarray) else part for part in calm.step(actions)]
            if number != 5:
                steps = envs.step(actions)
                got = [part[others] if isinstance(part, np.ndarray) else part for part in steps]
                several.same(got[:4], expected[:4])
                for name, values in expected[4].items():
                    several.same(steps[4][name][others], values[others])
                continue
            actions = actions.copy()
            if way == "killed":
                several.stop(envs, dying)
            if way == "exits":
                actions[dying] = 7
            else:
                os.kill(several.pid(envs, dying), signal.SIGKILL)
            error = failing(envs, actions, SimulatorExited)
            assert (error.situation.seat, error.situation.step, error.others) == (dying, 6, ())
            assert (error.code, error.signal) == ((3, None) if way == "exits" else (None, 9))
            assert error.partial.seats.tolist() == others
            several.same(list(error.partial[1:5]), expected[:4])
            for name, values in expected[4].items():
                several.same(error.partial.infos[name], values[others])
            assert envs.envs[dying].session.link is None
        assert envs.envs[dying].session.episode == 2
        assert len(fake.inhabitants()) == 2 * count


def test_a_death_in_a_step_is_told_as_soon_as_of_a_single_environment():
    """The time from the kill to the error, when all others have answered."""
    with several.vector(64) as envs:
        envs.reset()
        envs.step([1] * 64)
        delays = []
        # The best of several: the machine may be busy with something else in one of them.
        while min(delays, default=1) > 0.05 and len(delays) < 20:
            number, killed = several.stop(envs, 17), []

            def kill(number=number, killed=killed):
                others = [seat for seat in range(64) if seat != 17]
                fake.until(lambda: not any(several.has_said(envs, seat) for seat in others))
                time.sleep(0.05)
                killed.append(time.monotonic())
                os.kill(number, signal.SIGKILL)

            thread = threading.Thread(target=kill)
            thread.start()
            failing(envs, [1] * 64, SimulatorExited)
            delays.append(time.monotonic() - killed[0])
            thread.join()
            envs.step([1] * 64)
        assert min(delays) <= 0.05


def test_a_seat_that_failed_begins_another_episode_in_the_next_step():
    with several.vector(3) as envs:
        envs.reset(seed=0)
        failing(envs, [1, 7, 1], SimulatorExited)
        observations, rewards, terminations, truncations, infos = envs.step([1, 9, 1])
        assert observations[[0, 2]].tolist() == [[2], [4]]
        assert (rewards[1], terminations[1], truncations[1], infos["told"][1]) == (0, False, False, 0)
        begun = observations[1, 0]
        assert envs.step([1, 2, 1])[0][1].tolist() == [begun + 2]


def test_a_seat_that_failed_waits_for_its_mask_where_no_episode_begins_by_itself():
    with several.vector(3, autoreset_mode=AutoresetMode.DISABLED) as envs:
        envs.reset(seed=0)
        failing(envs, [1, 7, 1], SimulatorExited)
        with pytest.raises(UsageError, match=r"^no episode runs in seat 1\n  found: it has ended, or failed, and"):
            envs.step([1, 1, 1])
        observations, _ = envs.reset(seed=50, options={"reset_mask": np.array([False, True, False])})
        assert observations.tolist() == [[1], [51], [3]]
        assert envs.step([1, 1, 1])[0].tolist() == [[2], [52], [4]]


def test_several_that_fail_are_all_told():
    with several.vector(5, several.config(deadlines={"step": 0.5})) as envs:
        envs.reset(seed=0)
        envs.step([0] * 5)
        os.kill(several.pid(envs, 4), signal.SIGKILL)
        error = failing(envs, [1, 9, 7, 1, 1], SimulatorTimeout)
        assert error.situation.seat == 1
        assert [(type(other), other.situation.seat) for other in error.others] == [
            (SimulatorExited, 2), (SimulatorExited, 4)
        ]  # fmt: skip
        assert (error.partial.seats.tolist(), error.partial.observations.tolist()) == ([0, 3], [[1], [4]])
        assert envs.step([1] * 5)[0][[0, 3]].tolist() == [[2], [5]]


def test_all_may_fail_at_once():
    with several.vector(3) as envs:
        envs.reset(seed=0)
        error = failing(envs, [7, 7, 7], SimulatorExited)
        assert [other.situation.seat for other in error.others] == [1, 2]
        assert error.partial.seats.tolist() == []
        assert error.partial.observations.shape == (0, 1)
        assert envs.step([1, 1, 1])[1].tolist() == [0, 0, 0]


def test_those_that_are_late_are_awaited_together():
    with several.vector(8, several.config(deadlines={"step": 0.5})) as envs:
        envs.reset(seed=0)
        envs.step([0] * 8)
        begun = time.monotonic()
        error = failing(envs, [9] * 8, SimulatorTimeout)
        took = time.monotonic() - begun
        assert 0.5 <= took < 0.5 * 7
        assert len(error.others) == 7
        assert fake.inhabitants() == []


def test_a_late_reply_is_never_taken_for_the_next_one():
    with several.vector(2, several.config(deadlines={"step": 0.5})) as envs:
        envs.reset(seed=0)
        envs.step([0, 0])
        slow = several.stop(envs, 0)
        failing(envs, [5, 1], SimulatorTimeout)
        assert fake.gone(slow)
        assert envs.step([5, 1])[1][0] == 0
        before = envs.step([0, 0])[0][0, 0]
        assert envs.step([5, 1])[0].tolist() == [[before + 5], [4]]


@pytest.mark.parametrize("kind", [ParseError, ExpressionError])
def test_a_reply_that_is_wrong_costs_its_seat_only(kind):
    wrong = "7) printf 'x=oops\\n> '; read -r never ;;" if kind is ParseError else ""
    code = several.SHELL.replace("7) exit 3 ;;", wrong)
    made = several.config(simulator={"command": several.shell(code)}, reward="1 / (a - 7)")
    with several.vector(3, made) as envs:
        envs.reset(seed=0)
        error = failing(envs, [1, 7, 1], kind)
        assert error.situation.seat == 1
        assert error.partial.observations.tolist() == [[1], [3]]
        assert envs.step([1, 1, 1])[0][[0, 2]].tolist() == [[2], [4]]


def test_cut_short_where_the_configuration_says_so():
    policy = {"crash": "truncate", "timeout": "truncate", "reward": -5}
    made = several.config(on_failure=policy, deadlines={"step": 0.5})
    with several.vector(4, made) as envs:
        envs.reset(seed=0)
        envs.step([1] * 4)
        observations, rewards, terminations, truncations, infos = envs.step([1, 7, 9, 1])
        assert observations.tolist() == [[2], [2], [3], [5]]
        assert rewards.tolist()[1:3] == [-5, -5]
        assert not terminations.any()
        assert truncations.tolist() == [False, True, True, False]
        failures = infos["bridge_failure"]
        assert failures["error"].tolist() == [None, "SimulatorExited", "SimulatorTimeout", None]
        assert failures["seat"].tolist() == [0, 1, 2, 0]
        assert infos["_bridge_failure"].tolist() == [False, True, True, False]
        observations, rewards, _, truncations, infos = envs.step([1] * 4)
        assert observations[[0, 3]].tolist() == [[3], [6]]
        assert (rewards[1:3].tolist(), truncations.any()) == ([0, 0], False)
        assert "bridge_failure" not in infos


def test_cut_short_in_the_same_step():
    made = several.config(on_failure={"crash": "truncate"})
    with several.vector(3, made, autoreset_mode=AutoresetMode.SAME_STEP) as envs:
        envs.reset(seed=0)
        envs.step([1] * 3)
        observations, _, _, truncations, infos = envs.step([1, 7, 1])
        assert truncations.tolist() == [False, True, False]
        several.same(infos["final_obs"][1], np.array([2.0]))
        assert infos["final_info"]["bridge_failure"]["error"].tolist() == [None, "SimulatorExited", None]
        begun = observations[1, 0]
        assert envs.step([1, 1, 1])[0].tolist() == [[3], [begun + 1], [5]]


def test_played_again_where_the_configuration_says_so():
    """The episodes are those of a run in which nothing happens, in all seats."""
    made = several.config(on_failure={"crash": "retry", "restarts": 9}, max_steps=9)
    choices = np.random.default_rng(5).integers(0, 7, (20, 6))
    with several.vector(6, several.config(max_steps=9)) as calm, several.vector(6, made) as envs:
        several.same(envs.reset(seed=3), calm.reset(seed=3))
        for number, actions in enumerate(choices):
            if number in (4, 13):
                for seat in (2, number % 6):
                    number = several.pid(envs, seat)
                    os.kill(number, signal.SIGKILL)
                    fake.until(lambda number=number: fake.gone(number))
            if number == 7:
                os.kill(several.stop(envs, 1), signal.SIGCONT)
            several.same(envs.step(actions), calm.step(actions), f"step {number}")


def test_the_others_go_on_while_one_is_played_again():
    """An episode is replayed in the seat that failed; by its side the others take as many steps as they like."""
    made = several.config(on_failure={"crash": "retry"})
    with several.vector(3, made) as envs:
        envs.reset(seed=0)
        for _ in range(3):
            envs.step([1] * 3)
        envs.send([1] * 3)
        envs.recv(3)
        os.kill(several.pid(envs, 1), signal.SIGKILL)
        envs.send([1] * 3)
        counts = {0: 0, 1: 0, 2: 0}
        while not counts[1]:
            received = envs.recv()
            for seat, value in zip(received.seats.tolist(), received.observations[:, 0].tolist(), strict=True):
                counts[seat] += 1
                assert value == seat + 4 + counts[seat]
            envs.send([1] * len(received.seats), received.seats)
        assert max(counts[0], counts[2]) >= 1


def test_all_seats_have_one_budget():
    made = several.config(on_failure={"crash": "truncate", "restarts": 3, "within": "1 h"})
    with several.vector(4, made) as envs:
        envs.reset(seed=0)
        assert envs.step([7, 7, 1, 1])[3].sum() == 2
        envs.step([1] * 4)
        # Which of the two comes second, and is one too many, nobody knows.
        error = failing(envs, [7, 7, 1, 1], RestartBudgetExceeded)
        assert len(error.causes) == 4
        other = 1 - error.situation.seat
        assert error.partial.seats.tolist() == [other, 2, 3]
        assert error.partial.truncations.tolist() == [True, False, False]


START = """
[ $2 = 1 ] && [ $1 = 5 ] && exit 4
"""


@pytest.mark.parametrize("again", ["step", "reset", "mask"])
def test_a_start_that_fails_costs_its_seat_only(again):
    made = several.config(simulator={"command": several.shell(START + several.SHELL, "${episode}")})
    with several.vector(3, made) as envs:
        with pytest.raises(StartCrashed, match=r"exit code 4") as caught:
            envs.reset(seed=[3, 5, 9])
        error = caught.value
        assert (error.situation.seat, error.situation.phase) == (1, "start")
        assert (error.partial.seats.tolist(), error.partial.observations.tolist()) == ([0, 2], [[3], [9]])
        if again == "step":
            assert envs.step([1, 1, 1])[0][[0, 2]].tolist() == [[4], [10]]
            return
        options = {"reset_mask": np.array([False, True, False])} if again == "mask" else None
        observations, _ = envs.reset(seed=[4, 5, 8], options=options)
        assert observations.tolist() == ([[3], [5], [9]] if again == "mask" else [[4], [5], [8]])
        assert envs.step([1, 1, 1])[0].tolist() == (observations + 1).tolist()


def test_the_seat_that_failed_is_that_of_the_environment_whatever_number_its_program_was_given():
    made = several.config(simulator={"command": several.shell(several.SHELL, "${seat}")})
    with several.vector(1, made) as earlier, several.vector(3, made) as envs:
        earlier.reset(seed=0)
        envs.reset(seed=0)
        error = failing(envs, [1, 7, 7], SimulatorExited)
        assert (error.seat, [other.seat for other in error.others]) == (1, [2])
        assert error.situation.seat == envs.envs[1].seat != 1


def test_a_next_episode_that_fails_to_begin_costs_its_seat_only():
    start = "[ $2 = 2 ] && exit 4\n"
    made = several.config(
        simulator={"command": several.shell(start + several.SHELL, "${episode}")}, terminated="a == 6"
    )
    for mode in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        with several.vector(3, made, autoreset_mode=mode) as envs:
            envs.reset(seed=0)
            if mode is AutoresetMode.NEXT_STEP:
                envs.step([1, 6, 1])
                error = failing(envs, [1, 1, 1], StartCrashed)
            else:
                envs.step([1, 1, 1])
                error = failing(envs, [1, 6, 1], StartCrashed)
            assert error.situation.seat == 1
            others = [error.partial.seats.tolist().index(seat) for seat in (0, 2)]
            assert error.partial.observations[others].tolist() == [[2], [4]]
            observations, rewards, *_ = envs.step([1, 1, 1])
            assert observations[[0, 2]].tolist() == [[3], [5]]
            assert rewards[1] == 0


@pytest.mark.parametrize("call", ["step", "recv"])
def test_the_step_that_ended_an_episode_is_kept_where_the_next_one_fails_to_begin(call):
    start = "[ $2 = 2 ] && exit 4\n"
    made = several.config(
        simulator={"command": several.shell(start + several.SHELL, "${episode}")}, terminated="a == 6"
    )
    with several.vector(3, made, autoreset_mode=AutoresetMode.SAME_STEP) as envs:
        envs.reset(seed=0)
        envs.step([1, 1, 1])
        if call == "recv":
            envs.send([1, 6, 1])
        with pytest.raises(StartCrashed) as caught:
            envs.step([1, 6, 1]) if call == "step" else envs.recv(3)
        partial = caught.value.partial
        assert (partial.seats.tolist(), partial.observations.tolist()) == ([0, 1, 2], [[2], [8], [4]])
        assert partial.rewards.tolist() == [0.1 * 2 - 1, 0.1 * 8 - 2, 0.1 * 4 - 3]
        assert (partial.terminations.tolist(), partial.truncations.any()) == ([False, True, False], False)
        assert partial.infos["told"].tolist() == [1, 6, 1]
        assert partial.infos["_final_obs"].tolist() == partial.infos["_final_info"].tolist() == [False, True, False]
        assert (partial.infos["final_obs"][1].tolist(), partial.infos["final_info"]["told"][1]) == ([8], 6)
        observations, rewards, terminations, *_ = envs.step([1, 1, 1])
        assert (observations[[0, 2]].tolist(), rewards[1], terminations.any()) == ([[3], [5]], 0, False)


def test_a_death_between_two_steps_is_told_before_anything_is_sent_to_it():
    with several.vector(3) as envs:
        envs.reset(seed=0)
        envs.step([1, 1, 1])
        number = several.pid(envs, 1)
        os.kill(number, signal.SIGKILL)
        fake.until(lambda: fake.gone(number))
        error = failing(envs, [1, 1, 1], SimulatorExited)
        assert error.between
        assert error.what == "the simulator ended between two steps: killed by SIGKILL (signal 9)"


def test_output_that_answers_nothing_is_told_and_never_taken_for_an_answer():
    """Between two steps one says what nobody asked for, as if it were the next reply."""
    later = "7) (kill -STOP $(exec sh -c 'echo $PPID'); printf 'x=1 a=1\\n> ') & ;;"
    code = several.SHELL.replace("7) exit 3 ;;", later)
    with several.vector(2, several.config(simulator={"command": several.shell(code)})) as envs:
        envs.reset(seed=0)
        envs.step([1, 7])
        stray = [number for number in fake.inhabitants() if number not in (several.pid(envs, 0), several.pid(envs, 1))]
        fake.until(lambda: several.is_stopped(stray[0]))
        os.kill(stray[0], signal.SIGCONT)
        fake.until(lambda: several.has_said(envs, 1))
        error = failing(envs, [1, 1], Desync)
        assert error.what == "the simulator said more than was asked for"
        assert error.partial.observations.tolist() == [[2]]
