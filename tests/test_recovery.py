"""What a failure in a step becomes: an error, the end of the episode, or a verified repetition; and how often."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path

import numpy as np
import pytest

from filebridge.errors import (
    ExpressionError,
    ParseError,
    ReplayMismatch,
    RestartBudgetExceeded,
    SimulatorExited,
    SimulatorTimeout,
    StartCrashed,
    UsageError,
)

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

RETRY = {"on_failure": "retry", "deterministic": True}


def failing(then, at=3, starts=1, tmp_path=None, value="n"):
    """Return a counter that does ``then`` at its ``at``-th command; with ``tmp_path`` in its first processes only."""
    flag = f"tries = open({str(tmp_path / 'tries')!r}, 'a+')\ntries.write('.'); tries.flush()\n" if tmp_path else ""
    only = f"os.path.getsize({str(tmp_path / 'tries')!r}) <= {starts} and " if tmp_path else ""
    return (
        f"{flag}say('x=0\\n> ')\nfor n in range(1, 99):\n    hear()\n    if {only}n == {at}:\n        {then}\n"
        f"    say(f'x={{{value}}}\\n> ')\n"
    )


def test_by_default_a_failure_is_raised():
    with fake.bridge(failing("os._exit(1)")) as env:
        env.reset()
        env.step(fake.act())
        env.step(fake.act())
        with pytest.raises(SimulatorExited):
            env.step(fake.act())


@pytest.mark.parametrize(("then", "kind", "error"), [
    ("os._exit(1)", "crash", "SimulatorExited"),
    ("time.sleep(99)", "timeout", "SimulatorTimeout"),
    ("say('x=?\\n> ')\n        hear()", "protocol", "ParseError"),
])
def test_truncate_ends_the_episode_with_the_last_valid_observation(then, kind, error):
    with fake.bridge(failing(then), on_failure={kind: "truncate", "reward": -5.0}, deadlines={"step": 0.3}) as env:
        env.reset()
        env.step(fake.act())
        kept, pid = env.step(fake.act())[0], fake.pid(env)
        observation, reward, terminated, truncated, info = env.step(fake.act())
        assert (observation.tolist(), reward, terminated, truncated) == ([2], -5.0, False, True)
        assert fake.gone(pid)
        assert not np.shares_memory(observation, kept)
        record = info["bridge_failure"]
        assert json.loads(json.dumps(record)) == record
        assert record["error"] == error
        assert (record["simulator"], record["phase"], record["episode"], record["step"]) == ("Fake", "step", 1, 3)
        assert (record["action"], record["sent"]) == ("1", "1\\n")
        assert set(record) == {
            "error", "what", "found", "cure", "simulator", "phase", "seat", "episode", "step", "process", "exit",
            "awaited", "deadline", "action", "sent", "received", "stderr", "transcript",
        }
        with pytest.raises(UsageError, match=r"^step without a running episode"):
            env.step(fake.act())
        assert env.reset()[0].tolist() == [0]
        assert env.step(fake.act())[0].tolist() == [1]


def test_equal_episodes_give_equal_infos_of_a_failure():
    infos = []
    for _ in range(2):
        with fake.bridge(failing("os._exit(1)"), on_failure={"crash": "truncate"}) as env:
            env.reset()
            infos.append([env.step(fake.act())[4] for _ in range(3)])
    assert infos[0] == infos[1]
    assert infos[0][2]["bridge_failure"]["error"] == "SimulatorExited"


def test_each_kind_of_failure_has_its_own_policy():
    with fake.bridge(failing("os._exit(1)"), on_failure={"timeout": "truncate", "protocol": "truncate"}) as env:
        env.reset()
        env.step(fake.act())
        env.step(fake.act())
        with pytest.raises(SimulatorExited):
            env.step(fake.act())


def test_a_mistake_in_the_configuration_is_never_overlooked():
    with fake.bridge(reward="1 / (x - 1)", on_failure="truncate") as env:
        env.reset()
        with pytest.raises(ExpressionError):
            env.step(fake.act())


def test_the_last_observation_may_be_a_mapping_or_the_first_one():
    with fake.bridge(failing("os._exit(1)", at=1), on_failure="truncate", observation={"a": ["x"], "b": "x"}) as env:
        first, _ = env.reset()
        observation, _, _, truncated, _ = env.step(fake.act())
        assert truncated
        assert {name: value.tolist() for name, value in observation.items()} == {"a": [0], "b": [0]}
        assert not np.shares_memory(observation["a"], first["a"])


def test_retry_replays_the_episode_and_takes_the_step_again(tmp_path):
    with fake.bridge(failing("os._exit(1)", tmp_path=tmp_path), **RETRY) as env:
        env.reset()
        number = fake.pid(env)
        values = [env.step(fake.act()) for _ in range(5)]
        assert [(value[0].item(), value[1], value[2], value[3]) for value in values] == [
            (n, float(n), False, False) for n in range(1, 6)
        ]
        assert "bridge_failure" not in values[2][4]
        assert fake.gone(number)
        assert (tmp_path / "tries").read_text() == ".."


def test_what_is_interrupted_while_it_is_replayed_is_ended(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    # The first process ends in the second step, the other hangs in the first.
    again = f"again = os.path.exists({str(tmp_path / 'again')!r})\nopen({str(tmp_path / 'again')!r}, 'a')\n"
    code = again + fake.MIDWAY.replace("hear()\n", "hear()\nif again: time.sleep(99)\n", 1) + "os._exit(1)"
    with fake.bridge(code, **RETRY) as env:
        env.reset()
        env.step(fake.act())
        old = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            with pytest.raises(KeyboardInterrupt):
                env.step(fake.act())
        finally:
            signal.signal(signal.SIGALRM, old)
        assert fake.inhabitants() == []
        with pytest.raises(UsageError):
            env.step(fake.act())


def test_retry_covers_a_timeout_too(tmp_path):
    code = failing("time.sleep(99)", tmp_path=tmp_path)
    with fake.bridge(code, deadlines={"step": 0.3}, **RETRY) as env:
        env.reset()
        assert [env.step(fake.act())[0].item() for _ in range(4)] == [1, 2, 3, 4]


def test_retry_sends_the_same_seed_and_the_same_variables(tmp_path):
    code = failing("os._exit(1)", tmp_path=tmp_path)
    code = code.replace("say('x=0", "base = int(hear()) + int(hear())\nsay('x=0", 1)
    start = [{"send": "{seed}", "silent": 0.01, "until": "never"}, {"send": "{wind}", "until": "> "}]
    with fake.bridge(code.replace("{n}", "{n + base}"), start=start, simulator={"seed": "0..1000"},
                     variables={"wind": {"draw": "integers(0, 1000)"}}, **RETRY) as env:
        env.reset(seed=5)
        values = [env.step(fake.act())[0].item() for _ in range(4)]
        assert [value - values[0] for value in values] == [0, 1, 2, 3]


@pytest.mark.parametrize("then", ["raise", "truncate"])
def test_an_episode_that_does_not_repeat_is_not_continued(tmp_path, then):
    code = failing("os._exit(1)", tmp_path=tmp_path, value="n + 10 * os.path.getsize(tries.name) - 10")
    with fake.bridge(code, **{**RETRY, "on_failure": {"crash": "retry", "then": then}}) as env:
        env.reset()
        env.step(fake.act())
        env.step(fake.act())
        if then == "raise":
            with pytest.raises(ReplayMismatch) as caught:
                env.step(fake.act())
            error = caught.value
            assert error.what == "step 1 of the replayed episode gave another observation"
            assert error.found == "array([11.]) instead of array([1.])"
            assert error.cure == "the simulator is not deterministic: use `truncate` instead of `retry`"
            assert isinstance(error.__cause__, SimulatorExited)
            assert error.situation.step == 3
        else:
            observation, _, terminated, truncated, info = env.step(fake.act())
            assert (observation.tolist(), terminated, truncated) == ([2], False, True)
            assert info["bridge_failure"]["error"] == "ReplayMismatch"


def test_a_beginning_that_does_not_repeat_is_noticed(tmp_path):
    code = failing("os._exit(1)", at=1, tmp_path=tmp_path).replace("x=0", "x=' + str(os.path.getsize(tries.name)) + '")
    with fake.bridge(code, **RETRY) as env:
        env.reset()
        with pytest.raises(ReplayMismatch, match=r"^the replayed episode began otherwise"):
            env.step(fake.act())


def test_one_that_fails_again_at_the_same_place_falls_to_then(tmp_path):
    with fake.bridge(failing("os._exit(7)"), **{**RETRY, "on_failure": {"crash": "retry", "then": "truncate"}}) as env:
        env.reset()
        env.step(fake.act())
        env.step(fake.act())
        info = env.step(fake.act())[4]
        assert (info["bridge_failure"]["error"], info["bridge_failure"]["exit"]) == ("SimulatorExited", "exit code 7")


def test_a_reply_that_cannot_be_read_is_not_retried(tmp_path):
    with fake.bridge(failing("say('x=?\\n> ')\n        hear()", tmp_path=tmp_path), **RETRY) as env:
        env.reset()
        env.step(fake.act())
        env.step(fake.act())
        with pytest.raises(ParseError):
            env.step(fake.act())
        assert (tmp_path / "tries").read_text() == "."


def test_too_many_failures_are_an_error_with_all_the_causes():
    policy = {"crash": "truncate", "restarts": 2, "within": "1 h"}
    with fake.bridge(failing("os._exit(1)", at=1), on_failure=policy) as env:
        for _ in range(2):
            env.reset()
            assert env.step(fake.act())[3] is True
        env.reset()
        with pytest.raises(RestartBudgetExceeded) as caught:
            env.step(fake.act())
        error = caught.value
        assert error.what == "3 failures within 3600 s, with `restarts: 2`"
        assert [type(cause) for cause in error.causes] == [SimulatorExited] * 3
        assert [cause.situation.episode for cause in error.causes] == [1, 2, 3]
        assert error.found == "; ".join(["the simulator ended in the middle of a step: exit code 1"] * 3)
        assert error.cure == (
            "mend the cause, or raise `on_failure: {restarts: ..., within: ...}` if so many are normal"
        )
        assert env.reset()[0].tolist() == [0]


def test_of_many_failures_the_last_are_told():
    policy = {"crash": "truncate", "restarts": 3, "within": "1 h"}
    with fake.bridge(failing("os._exit(1)", at=1), on_failure=policy) as env:
        for _ in range(3):
            env.reset()
            env.step(fake.act())
        env.reset()
        with pytest.raises(RestartBudgetExceeded) as caught:
            env.step(fake.act())
    assert caught.value.what == "4 failures within 3600 s, with `restarts: 3`"
    assert caught.value.found == "the last 3 of 4: " + "; ".join(
        ["the simulator ended in the middle of a step: exit code 1"] * 3
    )
    assert len(caught.value.causes) == 4


def test_failures_that_are_long_past_are_forgotten():
    policy = {"crash": "truncate", "restarts": 1, "within": "1 ms"}
    with fake.bridge(failing("os._exit(1)", at=1), on_failure=policy) as env:
        for _ in range(4):
            env.reset()
            assert env.step(fake.act())[3] is True


def test_a_start_that_fails_is_tried_again_within_the_budget(tmp_path):
    code = f"""
tries = open({str(tmp_path / "tries")!r}, "a+")
tries.write(".")
tries.flush()
if os.path.getsize(tries.name) % 3:
    sys.exit(1)
""" + fake.COUNTER
    with fake.bridge(code, on_failure={"crash": "truncate", "restarts": 2}) as env:
        assert env.reset()[0].tolist() == [0]
        assert (tmp_path / "tries").read_text() == "..."
        with pytest.raises(RestartBudgetExceeded) as caught:
            env.reset()
        assert [type(cause) for cause in caught.value.causes] == [StartCrashed] * 3
    with fake.bridge(code) as env, pytest.raises(StartCrashed):
        env.reset()


def test_a_timeout_is_raised_with_the_policy_for_crashes():
    with fake.bridge(failing("time.sleep(99)", at=1), on_failure={"crash": "truncate"}, deadlines={"step": 0.1}) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout):
            env.step(fake.act())
