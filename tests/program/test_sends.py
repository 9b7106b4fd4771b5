"""What an exchange sends that is no line of text, through the whole program."""

import importlib.util
import pathlib
import struct

import pytest

from filebridge.errors import ActionError, ConfigError

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
Talk, samples = talking.Talk, talking.samples


def sends(**exchange):
    return samples.toy(step=[{"until": ["> ", {"over": "END\n"}], **exchange}])


def problems(config):
    with pytest.raises(ConfigError) as caught:
        Talk(config)
    return [(problem.path, problem.what, problem.found) for problem in caught.value.problems]


def test_a_document_is_one_line():
    talk = Talk({**sends(send_json={"move": "action", "n": "step"}), "text": {"line_end": "\r\n"}})
    assert talk.begin(action=0.5) == b'{"move":0.5,"n":0}\r\n'
    assert talk.hear("X= 1\n> ") == "done"


def test_a_box_is_a_list_of_plain_numbers():
    box = {"low": [0, 0], "high": 1, "names": ["a", "b"]}
    config = {**sends(send_json=["action", "action.b"]), "action": {"box": box}}
    assert Talk(config).begin(action=[0.5, 0.25]) == b"[[0.5,0.25],0.25]\n"


def test_a_document_uses_fields_of_the_exchange_before():
    ends = ["> ", {"over": "END\n"}]
    talk = Talk(samples.toy(step=[{"send": "look", "lines": 1}, {"send_json": {"x": "x"}, "until": ends}]))
    assert talk.begin(action=0.5) == b"look\n"
    assert talk.hear("X= 3\n") == b'{"x":3.0}\n'


def test_binary_numbers_have_no_line_end():
    talk = Talk(sends(pack={"layout": ">Bf", "values": [10, "action * 2"]}))
    assert talk.begin(action=0.25) == struct.pack(">Bf", 10, 0.5)


def test_a_number_that_does_not_fit_is_the_fault_of_the_action():
    talk = Talk(sends(pack={"layout": "<B", "values": ["action * 2"]}))
    assert talk.begin(action=1.0) == b"\x02"
    with pytest.raises(ActionError, match=r"^pack: `action \* 2` is packed as `B`, which takes whole numbers from 0 "):
        talk.begin(action=0.75)


def test_large_whole_numbers_of_the_yaml_are_packed():
    values = [2**64 - 1, -(2**63), 2**40]
    talk = Talk(sends(pack={"layout": "<Qqq", "values": values}))
    assert talk.begin(action=0.5) == struct.pack("<Qqq", *values)


def test_mistakes_are_told_with_their_places():
    at = ("step", 0)
    assert problems(sends(send_json={"a": [1, "acton"]})) == [
        ((*at, "send_json", "a", 1), "unknown name `acton`", "acton")
    ]
    assert problems(sends(pack={"layout": "<BB", "values": ["'a'", "acton"]})) == [
        ((*at, "pack", "values", 0), "'a' is text, a number is due", "'a'"),
        ((*at, "pack", "values", 1), "unknown name `acton`", "acton"),
    ]
    assert problems(sends(pack={"layout": "<Bb", "values": [256, 1]})) == [
        ((*at, "pack", "values", 0), "`256` is packed as `B`, which takes whole numbers from 0 to 255", "256")
    ]


def test_a_mistake_in_the_layout_is_told_once():
    assert len(problems(sends(pack={"layout": "<Bs", "values": [1, 2]}))) == 1
    assert len(problems(sends(pack={"layout": "<BB", "values": [1]}))) == 1


def test_there_is_no_action_at_reset():
    config = {**sends(send="go"), "reset": [{"send_json": {"a": "action"}, "until": "> "}]}
    assert [problem[1:] for problem in problems(config)] == [("there is no action yet", "action")]
