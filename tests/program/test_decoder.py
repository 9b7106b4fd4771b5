"""From a reply to the row: default, keep, missing, computed."""

import importlib.util
import pathlib

import pytest

from filebridge.errors import ConfigError, ExpressionError, ParseError, ValueOutOfRange

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples


def with_fields(**fields):
    return samples.toy(fields={"x": {"find": "X= {float}"}, **fields})


def test_what_is_found_stands_in_the_row():
    talk = Talk(with_fields(n={"find": "N {int}"}, ouch={"seen": "OUCH"}, who={"find": "BY {word}"}))
    talk.read("X= 1.5D+01 N 3\nBY me\n")
    assert (talk["x"], talk["n"], talk["ouch"], talk["who"]) == (15.0, 3, False, "me")
    assert talk.read("X= 2 N 4 OUCH BY you")["ouch"] is True


def test_a_default_stands_in():
    talk = Talk(with_fields(n={"find": "N {int}", "default": 5}, v={"find": "V {float:2}", "default": [0, 1.5]}))
    talk.read("X= 1")
    assert talk["n"] == 5
    assert talk["v"] == [0, 1.5]
    assert Talk(with_fields(who={"find": "BY {word}", "default": "nobody"})).read("X= 1")["who"] == "nobody"


def test_a_default_vector_is_fresh_each_time():
    talk = Talk(with_fields(v={"find": "V {float:2}", "default": [0, 1]}))
    first = talk.read("X= 1")["v"]
    first[0] = 99
    assert talk.read("X= 1")["v"] == [0, 1]


def test_the_previous_value_is_kept():
    talk = Talk(with_fields(n={"find": "N {int}", "keep": True}))
    talk.read("X= 1 N 3")
    assert talk.read("X= 1")["n"] == 3
    assert talk.read("X= 1 N 4")["n"] == 4


def test_nothing_to_keep_is_an_error_unless_there_is_a_default():
    with pytest.raises(ParseError):
        Talk(with_fields(n={"find": "N {int}", "keep": True})).read("X= 1")
    talk = Talk(with_fields(n={"find": "N {int}", "keep": True, "default": 8})).read("X= 1")
    assert talk["n"] == 8
    talk.read("X= 1 N 3")
    assert talk.read("X= 1")["n"] == 3


def test_what_is_missing_is_named():
    with pytest.raises(ParseError) as caught:
        Talk(samples.toy()).read("Y= 1\n\x1b")
    assert str(caught.value) == (
        "field x does not occur in the reply\n"
        "  found: Y= 1\\n\\x1b\n"
        '  cure: searched: find "X= {float}"; correct that (fields.x), or give the field a `default` or `keep: true`'
    )


def test_an_empty_reply_is_called_empty():
    with pytest.raises(ParseError) as caught:
        Talk(samples.toy()).read("")
    assert caught.value.found == "an empty reply"
    assert caught.value.cure == (
        'searched: find "X= {float}"; await what says it (`until`, in an exchange), or give the field a `default` or'
        " `keep: true`"
    )


def test_a_value_outside_its_bounds():
    with pytest.raises(ValueOutOfRange) as caught:
        Talk(with_fields(n={"find": "N {int}", "high": 3})).read("X= 1 N 4")
    assert str(caught.value).startswith("field n is outside its bounds\n  found: 4")


def test_computed_fields_see_the_others_and_those_computed_before():
    talk = Talk(
        with_fields(double={"compute": "2 * x"}, more={"compute": "double + goal"}) | {"variables": {"goal": 1}}
    )
    talk.read("X= 3")
    assert (talk["double"], talk["more"]) == (6.0, 7.0)


def test_computed_fields_see_what_is_read_wherever_it_stands():
    config = with_fields()
    config["fields"] = {"double": {"compute": "2 * x"}, **config["fields"]}
    assert Talk(config).read("X= 3")["double"] == 6.0


def test_computed_fields_see_the_step_before():
    talk = Talk(with_fields(speed={"compute": "x - prev.x"}))
    assert talk.program.uses_previous
    assert talk.read("X= 3", previous={"x": 1.0})["speed"] == 2.0


def test_a_computed_field_that_fails_is_named():
    with pytest.raises(ExpressionError) as caught:
        Talk(with_fields(inverse={"compute": "1 / x"})).read("X= 0")
    assert str(caught.value) == (
        "fields.inverse: division by zero\n"
        "  found: 1 / x\n"
        "         ^^^^^\n"
        "         with x = 0.0\n"
        "  cure: write 1 / x if x != 0 else 0"
    )


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"a": {"compute": "b + 1"}, "b": {"compute": "x"}}, "`b` is computed later"),
        ({"a": {"compute": "a + 1"}}, "`a` is computed from itself"),
        ({"a": {"compute": "action * 2"}}, "there is no action at reset, when fields are computed too"),
        ({"a": {"compute": "who"}, "who": {"find": "BY {word}"}}, "`who` is text, a number is due"),
    ],
)
def test_what_cannot_be_computed(fields, what):
    with pytest.raises(ConfigError) as caught:
        Talk(with_fields(**fields))
    assert [problem.what for problem in caught.value.problems] == [what]
    assert caught.value.problems[0].path == ("fields", "a", "compute")


def test_a_part_of_the_fields_can_be_read_before_the_reply_is_whole():
    talk = Talk(with_fields(n={"find": "N {int}"}, m={"find": "M {int}", "default": 2}))
    assert talk.program.decoder.partly(["unknown"]) is None
    read = talk.program.decoder.partly(["n", "m"])
    read(b"N 3", talk.row, talk.dialogue.previous)
    assert (talk["n"], talk["m"], talk["x"]) == (3, 2, None)
    read(b"M 4", talk.row, talk.dialogue.previous)
    assert (talk["n"], talk["m"]) == (3, 4)


@pytest.mark.parametrize(
    ("way", "searched"),
    [
        ({"find": "\nALT = {float}"}, r'find "\\nALT = {float}"'.replace("\\\\", "\\")),
        ({"find": r"C:\\data.+ {float}"}, r"""find "C:\\\\data.+ {float}", which is taken as it stands"""
         " (a regular expression is written `regex: '/.../'`)"),
        ({"regex": "/A(.)/"}, 'regex "/A(.)/"'),
        ({"key": "depth"}, 'key "depth"'),
        ({"chars": "3..9"}, "chars 3..9"),
        ({"column": 2}, "column 2"),
        ({"columns": "1..2"}, "columns [1, 2]"),
        ({"table": {"after": "HEAD", "column": 1}}, 'table after "HEAD"'),
        ({"grid": {"legend": {"#": 1}, "rows": 1, "columns": 1, "before": "END"}}, 'grid before "END"'),
        ({"grid": {"legend": {"#": 1}, "rows": 1, "columns": 1}}, "grid"),
        ({"json": "/state/poss"}, 'json "/state/poss": no key `state` in / (there is no JSON in the reply)'),
    ],
)
def test_what_was_searched_is_shown(way, searched):
    with pytest.raises(ParseError) as caught:
        Talk(samples.toy(fields={"y": way, "x": {"find": "X= {float}"}})).read("\n")
    cure = "correct that (fields.y), or give the field a `default` or `keep: true`"
    assert caught.value.cure == f"searched: {searched}; {cure}"


def test_a_default_grid_is_fresh_each_time():
    grid = {"legend": {"#": 1, ".": 0}, "rows": 1, "columns": 2, "after": "MAP"}
    talk = Talk(with_fields(maze={"grid": grid, "default": 1}))
    maze = talk.read("X= 1")["maze"]
    assert maze.tolist() == [[1, 1]]
    maze[0][0] = 0
    assert talk.read("X= 1")["maze"].tolist() == [[1, 1]]



def test_a_computed_field_keeps_its_bounds():
    talk = Talk(with_fields(half={"compute": "x / 2", "high": 3}))
    talk.read("X= 4")
    assert talk["half"] == 2.0
    with pytest.raises(ValueOutOfRange) as caught:
        talk.read("X= 8")
    assert str(caught.value).startswith("field half is outside its bounds\n  found: 4.0\n")


def test_a_computed_field_may_be_clipped():
    talk = Talk(with_fields(half={"compute": "x / 2", "high": 3, "outside": "clip"}))
    talk.read("X= 8")
    assert talk["half"] == 3


def test_bounds_of_a_computed_field_that_contradict_are_refused():
    with pytest.raises(ConfigError, match=r"fields\.half\.low: "):
        Talk(with_fields(half={"compute": "x / 2", "low": 3, "high": 1}))
