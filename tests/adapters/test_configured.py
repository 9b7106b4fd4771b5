"""An adapter that a configuration names: found, made with its options, given actions and seeds."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from filebridge import BridgeEnv, ConfigError, ParseError, ProtocolError, ValueOutOfRange, load_program

CODE = '''
from filebridge.wire.adapter import Adapter


class Plain(Adapter):
    """Sends the action as text, and reads a line of two numbers."""

    made = 0

    def __init__(self, *, unit: int, factor: float = 1.0):
        if unit > 9:
            raise ValueError(f"unit {unit} is too large")
        self.unit = unit
        type(self).made += 1

    def encode(self, action):
        self.action = action
        return f"{self.unit} {action}\\n".encode()

    def decode(self, message):
        words = message.split()
        return {"size": int(words[0]), "same": words[1] == b"1"}


class Spoken(Adapter):
    """Holds all dialogues."""

    def start(self):
        return {"size": int((yield b"start\\n").split()[0])}

    def reset(self, seed):
        return {"size": int((yield f"seed {seed}\\n".encode()).split()[0])}

    def step(self, action):
        first = yield b"a\\n"
        return {"size": int(first.split()[0]) + int((yield b"bb\\n").split()[0])}


class Decoding(Plain):
    def __init__(self):
        super().__init__(unit=1)

    encode = Adapter.encode


class Stranger:
    pass


LARGEST = 3
'''
PROGRAM = "import sys\nfor line in sys.stdin: print(len(line), int(len(set(line)) == 1), flush=True)"
CONFIG = """
filebridge: 1
name: Toy
simulator: {{command: ["${{python}}", -c, "{program}"], seed: 0..9}}
transport: {{console: {{}}}}
adapter: {adapter}
action: {action}
step: {step}
fields:
  size: {{adapter: size, type: int, low: 0, high: 30}}
observation: [size]
max_steps: 5
"""


@pytest.fixture
def module(tmp_path, monkeypatch, request):
    """The name of an importable module with the classes of ``CODE``."""
    name = f"toys_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(CODE)
    (tmp_path / f"{name}_broken.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def config(module, tmp_path):
    """Return what writes a configuration and returns its path."""

    def written(adapter="Plain", options="{unit: 1}", action="{box: {low: 0, high: 9}}", step="{}", more=""):
        named = adapter if ":" in adapter else f"{module}:{adapter}"
        text = CONFIG.format(
            program=PROGRAM.replace("\n", "\\n"), action=action, step=step,
            adapter=f'{{class: "{named}", options: {options}}}',
        )  # fmt: skip
        (tmp_path / "toy.yaml").write_text(text + textwrap.dedent(more))
        return tmp_path / "toy.yaml"

    return written


def problems(path):
    with pytest.raises(ConfigError) as caught:
        load_program(path)
    return [(".".join(map(str, each.path)), each.what, each.found) for each in caught.value.problems]


def test_a_step_through_an_adapter(config):
    path = config()
    path.write_text(path.read_text().replace("type: int,", "type: int, default: 0,"))
    with BridgeEnv(path) as env:
        assert env.reset(seed=1)[0].tolist() == [0]
        assert env.step(np.array([2.0], np.float32))[0].tolist() == [len("1 [2.]\n")]


def test_all_dialogues_can_be_the_adapters(config):
    with BridgeEnv(config("Spoken", "{}", more="reset: [{}]\n")) as env:
        assert env.reset(seed=3)[0].tolist() == [len("seed 3\n")]
        assert env.step([1.0])[0].tolist() == [5]
        pid = env._session.link.process.pid
        assert env.reset(seed=4)[0].tolist() == [len("seed 4\n")]
        assert env._session.link.process.pid == pid


def test_a_reset_is_the_adapters_only_where_the_configuration_has_one(config):
    with BridgeEnv(config("Spoken", "{}")) as env:
        assert env.reset(seed=3)[0].tolist() == [len("start\n")]


def test_an_adapter_may_only_decode(config):
    with BridgeEnv(config("Decoding", "{}", step='{send: "{action:.1f}"}', more="start: {send: hello}\n")) as env:
        assert env.reset(seed=1)[0].tolist() == [6]
        assert env.step([1.0])[0].tolist() == [4]


def test_fields_of_other_kinds_are_read_beside(config):
    path = config("Spoken", "{}")
    path.write_text(path.read_text().replace("observation:", '  word: {find: "{int} 0", pick: first}\nobservation:'))
    with BridgeEnv(path) as env:
        assert env.reset(seed=1)[1] == {"word": 6}


@pytest.mark.parametrize(
    ("action", "given", "seen"),
    [
        ("{box: {low: [0, 0], high: [9, 9]}}", [1, 2], "[1. 2.]"),
        ("{choices: [go, stop]}", np.int64(1), "1"),
        ("{multi: {a: 3, b: 2}}", [2, 1], "[2 1]"),
        ("{bits: [a, b]}", [0, 1], "[0 1]"),
        ("{text: {max_length: 5}}", "abc", "abc"),
        ("{parts: {a: {choices: 2}, b: {box: {low: 0, high: 1}}}}", {"b": [0.5], "a": 1}, None),
    ],
)
def test_an_adapter_gets_an_element_of_the_action_space(config, action, given, seen):
    program = load_program(config(action=action))
    talk = program.dialogue()
    program.read_action(given, talk.row)
    sent = talk.begin(program.phases["step"])
    element = talk._speaker._adapter.action
    assert sent == f"1 {element}\n".encode()
    if seen is None:
        assert (element["a"], element["b"].tolist()) == (1, [0.5])
        with pytest.raises(TypeError):
            element["a"] = 2
        return
    assert str(element) == seen
    assert program.action_space.contains(element)
    assert not isinstance(element, np.ndarray) or not element.flags.writeable


def test_each_simulator_has_an_adapter_of_its_own(config):
    program = load_program(config())
    first, second = program.dialogue(), program.dialogue()
    assert first._speaker._adapter is not second._speaker._adapter


def test_a_value_is_held_to_its_field(config):
    path = config("Spoken", "{}")
    for old, new, kind in (
        ("adapter: size", "adapter: sice", ParseError),
        ("high: 30", "high: 5", ValueOutOfRange),
        ("type: int, low: 0, high: 30", "type: flag", ParseError),
    ):
        other = path.with_name("other.yaml")
        other.write_text(path.read_text().replace(old, new))
        with BridgeEnv(other) as env, pytest.raises(kind, match="field size"):
            env.reset(seed=1)


def test_a_failure_of_the_adapter_is_a_failure_of_the_protocol(config, module):
    path = config("Decoding", "{}", step='{send: "{action:.1f}"}', more='start: {send: "", until: "1"}\n')
    with BridgeEnv(path) as env, pytest.raises(ProtocolError) as caught:
        env.reset(seed=1)
    what = f"the adapter {module}:Decoding failed in decode: IndexError: list index out of range"
    assert (caught.value.what, caught.value.found) == (what, "the message 1")


def test_a_class_that_is_not_there(config, module):
    found = problems(config("Plane"))
    assert found == [("adapter.class", f"{module} has no class Plane", f"{module}:Plane")]
    found = problems(config("no_such_module_at_all:Plain"))
    assert found == [("adapter.class", "there is no module no_such_module_at_all", "no_such_module_at_all:Plain")]
    found = problems(config(f"{module}_broken:Plain"))
    what = "the module cannot be imported: ZeroDivisionError: division by zero"
    assert found == [("adapter.class", what, f"{module}_broken:Plain")]


@pytest.mark.parametrize("name", ["Stranger", "LARGEST"])
def test_a_class_that_is_no_adapter(config, module, name):
    assert problems(config(name, "{}")) == [("adapter.class", "not an adapter", f"{module}:{name}")]


@pytest.mark.parametrize(
    ("options", "place", "what"),
    [
        ("{unit: 1, unid: 2}", "adapter.options.unid", "the adapter has no such option"),
        ("{}", "adapter", "the adapter wants the option unit"),
        ("{unit: 10}", "adapter.options", "the adapter refuses its options: ValueError: unit 10 is too large"),
        ("{unit: ten}", "adapter.options", "the adapter refuses its options: TypeError: '>' not supported between"
         " instances of 'str' and 'int'"),
    ],
)  # fmt: skip
def test_options_are_tried_when_the_file_is_loaded(config, options, place, what):
    assert [(where, told) for where, told, _ in problems(config(options=options))] == [(place, what)]


def test_options_are_told_with_those_that_there_are(config):
    with pytest.raises(ConfigError) as caught:
        load_program(config(options="{unit: 1, unid: 2}"))
    problem = caught.value.problems[0]
    assert (problem.found, problem.expected, problem.near) == ("unid", "one of its options: unit, factor", "unit")


@pytest.mark.parametrize(
    ("step", "place", "what"),
    [
        ('{send: "{action}"}', "step.send", "the adapter holds the dialogue `step`, and says what is sent"),
        ("[{}, {}]", "step.1", "the adapter holds the dialogue `step`: more than one exchange"),
    ],
)
def test_what_is_sent_is_said_once(config, step, place, what):
    assert [(where, told) for where, told, _ in problems(config(step=step))] == [(place, what)]
