"""Fields that are read only under a condition."""

import importlib.util
import pathlib

import pytest

from filebridge.errors import ConfigError, ExpressionError, ParseError

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples

KIND = {"find": "KIND {int}"}


def with_fields(**fields):
    return samples.toy(fields={"x": {"find": "X= {float}", "default": 0}, "kind": KIND, **fields})


def refused(**fields):
    with pytest.raises(ConfigError) as caught:
        Talk(with_fields(**fields))
    return [(problem.path, problem.what, problem.found, problem.expected) for problem in caught.value.problems]


def test_a_field_whose_condition_is_false_has_its_default():
    talk = Talk(with_fields(y={"find": "V {float}", "when": "kind == 2", "default": -1}))
    assert talk.read("KIND 2 V 5")["y"] == 5.0
    assert talk.read("KIND 1 V 5")["y"] == -1


def test_the_way_itself_is_not_tried():
    bounded = {"find": "V {float}", "when": "kind == 2", "default": 0, "high": 1}
    assert Talk(with_fields(y=bounded)).read("KIND 1 V 99")["y"] == 0


def test_a_default_vector_is_fresh_each_time():
    talk = Talk(with_fields(v={"find": "V {float:2}", "when": "kind == 2", "default": [0, 1]}))
    talk.read("KIND 1")["v"][0] = 99
    assert talk.read("KIND 1")["v"] == [0, 1]


def test_the_value_before_is_kept():
    talk = Talk(with_fields(y={"find": "V {float}", "when": "kind == 2", "keep": True, "default": 7}))
    assert talk.read("KIND 1 V 5")["y"] == 7
    assert talk.read("KIND 2 V 5")["y"] == 5
    assert talk.read("KIND 1 V 6")["y"] == 5


def test_nothing_to_keep_is_an_error():
    with pytest.raises(ParseError) as caught:
        Talk(with_fields(y={"find": "V {float}", "when": "kind == 2", "keep": True})).read("KIND 1 V 5")
    assert str(caught.value) == (
        "field y is not read, and has no value yet\n"
        "  found: `kind == 2` is false\n"
        "  cure: give the field a `default` beside `keep: true` (fields.y)"
    )


def test_what_is_missing_although_the_condition_is_true_has_the_default_too():
    assert Talk(with_fields(y={"find": "V {float}", "when": "kind == 2", "default": 4})).read("KIND 2")["y"] == 4


def test_the_step_and_variables_and_the_step_before():
    talk = Talk(
        {
            **with_fields(
                y={"find": "V {float}", "when": "step == 0 and goal > 1", "default": -1},
                z={"find": "V {float}", "when": "prev.kind == 3 and prev.y > 0", "default": -2},
            ),
            "variables": {"goal": {"start": 2.0}},
        }
    )
    talk.read("KIND 1 V 5")
    assert (talk["y"], talk["z"]) == (5.0, -2)
    talk.read("KIND 1 V 5", {"kind": 3, "y": 1.0})
    assert talk["z"] == 5.0


def test_before_the_first_action_a_condition_over_it_is_false():
    talk = Talk(with_fields(y={"find": "V {float}", "when": "action < 2", "default": -1}))
    assert talk.read("KIND 1 V 5")["y"] == -1
    talk.begin(action=0.5)
    assert talk.read("KIND 1 V 5")["y"] == 5.0


def test_a_computed_field_uses_one_that_is_read_under_a_condition():
    talk = Talk(with_fields(y={"find": "V {float}", "when": "kind == 2", "default": -1}, w={"compute": "y * 2"}))
    assert talk.read("KIND 2 V 4")["w"] == 8.0
    assert talk.read("KIND 1 V 4")["w"] == -2


def test_a_condition_that_fails_says_so():
    talk = Talk(with_fields(y={"find": "V {float}", "when": "1 / kind > 0", "default": -1}))
    with pytest.raises(ExpressionError, match=r"^fields\.y\.when: division by zero\n"):
        talk.read("KIND 0 V 4")


def test_a_name_that_has_no_value_yet_is_a_problem():
    later = {"find": "V {float}", "when": "late == 2 and y > 0 and twice > 1 and foo", "default": 0}
    found = refused(y=later, late=KIND, twice={"compute": "x * 2"})
    assert [what for _, what, _, _ in found] == ["unknown name `foo`"]
    later["when"] = "late == 2 and y > 0 and twice > 1"
    at = ("fields", "y", "when")
    assert refused(y=later, late=KIND, twice={"compute": "x * 2"}) == [
        (at, "`late` is read later", "late", "fields in the order in which they need one another"),
        (
            at,
            "`twice` is computed after all fields are read",
            "twice",
            "a field that is read above, or `prev.twice`",
        ),
        (at, "`y` would decide whether it is read itself", "y", "a field above, or `prev.y`"),
    ]


def test_a_condition_is_no_text():
    assert [what for _, what, _, _ in refused(y={"find": "V {float}", "when": "'a'", "default": 0})] == [
        "'a' is text, a number is due"
    ]


def test_what_a_repetition_waits_for_brings_the_fields_of_its_condition():
    ready = {"find": "V {float}", "when": "kind == 2", "default": 0}
    step = [{"send": "go", "until": "> ", "repeat": {"until": "y > 0"}}]
    talk = Talk({**with_fields(y=ready), "step": step, "terminated": "False", "max_steps": 9})
    talk.begin(action=0.5)
    assert talk.hear("KIND 1 V 5\n> ") == b""
    assert talk.expire() == b"go\n"
    assert talk.hear("KIND 2 V 5\n> ") == "done"


def test_while_the_reply_is_partial_a_kept_value_stays_and_a_stale_one_goes():
    fields = {
        "a": {"find": "V {float}", "when": "kind == 2", "default": 0},
        "b": {"find": "V {float}", "when": "kind == 2", "keep": True},
    }
    talk = Talk(with_fields(**fields))
    talk.read("KIND 2 V 5")
    talk.program.decoder.partly(["a", "b"])(b"KIND 1 V 9", talk.row, talk.dialogue.previous)
    assert (talk["kind"], talk["a"], talk["b"]) == (1, 0, 5.0)
