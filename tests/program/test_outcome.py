"""Reward, endings, info and the variables' next values."""

import importlib.util
import pathlib
from functools import partial

import pytest

from filebridge.errors import ConfigError, ExpressionError

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples


def judged(text="X= 2", **parts):
    talk = Talk(samples.toy(**parts)).read(text)
    talk.row[talk.program.names["over"].index] = False
    return talk.program.outcome.judge(talk.row, talk.dialogue.previous)


def test_plain_python_values():
    reward, terminated, truncated = judged(reward=1, terminated="x > 1", truncated="step")
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert [type(value) for value in (reward, terminated, truncated)] == [float, bool, bool]


def test_a_flag_as_a_reward():
    assert judged(reward="x > 1")[0] == 1.0
    assert judged(reward=True)[0] == 1.0


@pytest.mark.parametrize(("reward", "found"), [("inf * x", "inf"), ("inf - inf * x", "nan"), ("-inf * x", "-inf")])
def test_a_reward_that_is_not_finite(reward, found):
    with pytest.raises(ExpressionError) as caught:
        judged(reward=reward)
    assert str(caught.value) == (
        "the reward is not a finite number\n"
        f"  found: {found} from `{reward}`\n"
        "  cure: bound what can overflow, with min() and max() say"
    )


@pytest.mark.parametrize("key", ["reward", "terminated", "truncated"])
def test_the_expression_that_fails_is_named(key):
    with pytest.raises(ExpressionError) as caught:
        judged("X= 0", **{key: "1 / x"})
    assert str(caught.value).startswith(f"{key}: division by zero\n  found: 1 / x")


def test_a_text_is_no_reward():
    with pytest.raises(ConfigError) as caught:
        Talk(samples.toy(fields={"x": {"find": "X= {word}"}}, observation="x", reward="x"))
    assert [problem.what for problem in caught.value.problems] == ["`x` is text, a number is due"]


def test_info_of_a_step():
    talk = Talk(samples.toy(info={"double": "2 * x", "push": "action", "change": "x - prev.x"}))
    talk.begin(action=0.5)
    talk.read("X= 2", previous={"x": 1.5})
    info = {}
    talk.program.outcome.inform(talk.row, talk.dialogue.previous, info, over=False)
    assert info == {"double": 4.0, "push": 0.5, "change": 0.5}


def test_info_at_reset_lacks_what_is_not_there_yet():
    parts = {"fields": {"x": {"find": "X= {float}"}, "y": {"find": "Y= {float}"}}}
    talk = Talk(samples.toy(info={"double": "2 * x", "push": "action", "change": "x - prev.x"}, **parts))
    talk.begin("start")
    talk.read("X= 2 Y= 3")
    info = talk.program.info(talk.row)
    talk.program.outcome.inform_first(talk.row, talk.dialogue.previous, info)
    assert info == {"y": 3.0, "over": False, "double": 4.0}


def test_info_holds_what_is_not_observed():
    talk = Talk(samples.toy(observation=["x", "over"])).read("X= 2")
    assert talk.program.info(talk.row) == {}


def test_an_info_that_fails_is_named():
    talk = Talk(samples.toy(info={"one": 1, "inverse": "1 / x"})).read("X= 0")
    outcome = talk.program.outcome
    for tell in (partial(outcome.inform, over=False), outcome.inform_first):
        with pytest.raises(ExpressionError) as caught:
            tell(talk.row, talk.dialogue.previous, {})
        assert str(caught.value).startswith("inverse: division by zero")


def test_updates_are_simultaneous():
    talk = Talk(samples.toy(variables={"a": {"start": 1, "update": "b"}, "b": {"start": 2.0, "update": "a + b"}}))
    talk.read("X= 0")
    for expected in ((2, 3), (3, 5), (5, 8)):
        talk.program.outcome.advance(talk.row, talk.dialogue.previous)
        assert (talk["a"], talk["b"]) == expected


def test_an_update_sees_the_reply_and_the_action():
    talk = Talk(samples.toy(variables={"total": {"start": 0, "update": "total + x * action"}}))
    talk.begin(action=0.5)
    talk.read("X= 3")
    talk.program.outcome.advance(talk.row, talk.dialogue.previous)
    assert talk["total"] == 1.5


def test_without_updates_nothing_changes():
    talk = Talk(samples.toy(variables={"goal": 3})).read("X= 1")
    before = talk.row.copy()
    talk.program.outcome.advance(talk.row, talk.dialogue.previous)
    assert talk.row == before


def test_an_update_that_fails_is_named():
    variables = {"n": {"start": 0, "update": "n + 1"}, "bad": {"start": 1, "update": "1 / x"}}
    talk = Talk(samples.toy(variables=variables)).read("X= 0")
    with pytest.raises(ExpressionError) as caught:
        talk.program.outcome.advance(talk.row, talk.dialogue.previous)
    assert str(caught.value).startswith("variables.bad.update: division by zero")


def test_a_text_stays_a_text():
    with pytest.raises(ConfigError) as caught:
        Talk(samples.toy(variables={"word": {"start": "go", "update": "x"}}))
    assert [problem.path for problem in caught.value.problems] == [("variables", "word", "update")]
    talk = Talk(samples.toy(variables={"word": {"start": "go", "update": '"stop" if x > 1 else word'}})).read("X= 2")
    talk.program.outcome.advance(talk.row, talk.dialogue.previous)
    assert talk["word"] == "stop"


def test_the_step_before_is_kept_only_where_it_is_used():
    assert not Talk(samples.toy()).program.uses_previous
    assert Talk(samples.toy(reward="x - prev.x")).program.uses_previous
    assert Talk(samples.toy(variables={"n": {"start": 0.0, "update": "prev.x"}})).program.uses_previous


def test_a_drawn_text_is_updated_by_a_text():
    draw = {"draw": "choice('go', 'stop')", "update": '"go"'}
    assert Talk(samples.toy(variables={"word": draw})).program.outcome is not None
