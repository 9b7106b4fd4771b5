"""Configurations for the tests of loading: a small one, and parts that it can be given instead of its own."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import pytest

from filebridge import load_program
from filebridge.errors import ConfigError

TOY = """\
filebridge: 1
name: Toy
simulator:
  command: [toy, "${seed}"]
transport:
  console: {}
action:
  box: {low: 0, high: 1}
start:
  - until: "> "
step:
  - send: "{action:.2f}"
    until: ["> ", {over: "END\\n"}]
fields:
  x: {find: "X= {float}"}
observation: [x]
reward: -abs(x)
terminated: over
"""

_PLAIN: dict[str, Any] = {
    "filebridge": 1,
    "name": "Toy",
    "simulator": {"command": ["toy", "${seed}"]},
    "transport": {"console": {}},
    "action": {"box": {"low": 0, "high": 1}},
    "start": [{"until": "> "}],
    "step": [{"send": "{action:.2f}", "until": ["> ", {"over": "END\n"}]}],
    "fields": {"x": {"find": "X= {float}"}},
    "observation": ["x"],
    "reward": "-abs(x)",
    "terminated": "over",
}


def toy(**parts: Any) -> dict[str, Any]:
    """Return the small configuration with ``parts`` in place of its own."""
    return {**copy.deepcopy(_PLAIN), **parts}


def step(**more: Any) -> dict[str, Any]:
    """Return the small configuration with its only exchange changed."""
    return toy(step=[{**_PLAIN["step"][0], **more}])


def field(**keys: Any) -> dict[str, Any]:
    """Return the small configuration with another field beside its own."""
    return toy(fields={**_PLAIN["fields"], "y": keys})


def act(send: str = "go", **action: Any) -> dict[str, Any]:
    """Return the small configuration with another action."""
    return toy(action=action, step=[{"send": send, "until": ["> ", {"over": "END\n"}]}])


# Each loads, and passes the schema.
GOOD: dict[str, dict[str, Any]] = {
    "as it is": toy(),
    "start of one exchange": toy(start={"until": "> "}),
    "no start": toy(start=[]),
    "step of one exchange": toy(step={"send": "go", "until": ["> ", {"over": "END\n"}]}),
    "stop of one exchange": toy(stop={"send": "quit"}),
    "reset as a list": toy(reset=[{"send": "again", "until": "> "}]),
    "reset as a mapping": toy(reset={"from": "over", "exchanges": [{"send": "y", "until": "> "}]}),
    "reset of one exchange": toy(reset={"send": "again", "until": "> "}),
    "on_failure as a word": toy(on_failure="truncate"),
    "on_failure as a mapping": toy(on_failure={"crash": "truncate", "reward": -1, "within": "1 min"}),
    "retry": toy(on_failure="retry", deterministic=True),
    "a plain variable": toy(variables={"goal": 3, "word": "go", "part": 0.5}),
    "variables in full": toy(
        variables={"goal": {"draw": "uniform(1, 2)"}, "n": {"start": 0, "update": "n + 1", "low": 0}}
    ),
    "an update that is a number": toy(variables={"n": {"start": 0, "update": 1}}),
    "until as a text": toy(start=[{"until": "> ", "answer": {"? more": "y"}, "silent": 0.5}]),
    "until as a mapping": step(until={"ready": "> ", "over": "END\n"}),
    "until with an exit": step(until=["> ", {"over": {"exit": 0}}]),
    "until with exits": step(until={"over": {"exit": [0, 3]}, "ready": "> "}),
    "until with a range of exits": step(until=["> ", {"over": {"exit": "0..1"}}]),
    "until as a regular expression": step(until=[r"/\d> /", {"over": "END\n"}]),
    "a duration as text": toy(deadlines={"start": "2 min", "step": "50 ms", "reset": "1.5s"}),
    "a duration as a number": toy(deadlines={"start": 2, "step": 0.5}),
    "sizes": toy(limits={"memory": "2 GB", "output": 4096, "file_size": "64 KiB", "cpu": 5, "files": 64}),
    "terminal true": toy(transport={"console": {"terminal": True, "size": "80x24"}}),
    "terminal false": toy(transport={"console": {"terminal": False, "stderr": "merged"}}),
    "terminal raw": toy(transport={"console": {"terminal": "raw"}}),
    "terminal cooked": toy(transport={"console": {"terminal": "cooked"}}),
    "seed none": toy(simulator={"command": ["toy"], "seed": "none"}),
    "seed range": toy(simulator={"command": ["toy", "${seed}"], "seed": "0..65535"}),
    "a command with numbers": toy(simulator={"command": ["toy", 3, 0.5, "${seed}"], "environment": {"A": 1, "B": "x"}}),
    "files": toy(
        simulator={"command": ["toy"], "files": {"a": {"copy": "b"}, "c": {"link": "d"}, "e": {"text": "{{ seed }}"}}}
    ),
    "choices as a count": act("{action}", choices=4),
    "choices as a range": act("{action:d}", choices="1..20"),
    "choices as labels": act("{action}", choices=["left", "right"]),
    "choices as numbers": act("{action:.1f}", choices=[1, 5, 25]),
    "multi": act("{action.verb} {action.room}", multi={"verb": ["m", "s"], "room": "1..20", "times": 3}),
    "bits as a count": act("{action.b0}{action.b7}", bits=8),
    "bits as names": act("{action.pump}", bits=["pump", "valve"]),
    "text": act("{action}", text={"max_length": 5}),
    "parts": act("{action.go} {action.far}", parts={"go": {"choices": 2}, "far": {"box": {"low": [0], "high": [1]}}}),
    "a box with names": act("{action.a} {action.b}", box={"low": [0, -1], "high": 1, "names": ["a", "b"]}, label="two"),
    "an unbounded box": act(
        "{action:.2f}", box={"low": float("-inf"), "high": float("inf"), "size": 1, "dtype": "float64"}
    ),
    "a numeric reward": toy(reward=1),
    "a flag as an ending": toy(terminated=False, truncated=False, max_steps=5),
    "info": toy(info={"double": "2 * x", "one": 1, "yes": True}),
    "one observation": toy(observation="x"),
    "observations in a mapping": toy(observation={"a": "x", "b": ["x", "over"], "c": "over"}),
    "seen": field(seen="ouch"),
    "regex": field(regex="/Y(\\d+)/", type="int"),
    "column": field(column=2, line=1, separator=","),
    "columns as a range": field(columns="1..3"),
    "columns as a list": field(columns=[1, 3]),
    "chars": field(chars="3..9"),
    "table": field(table={"after": "HEAD", "skip": 1, "column": 2}),
    "key": field(key="depth", default=0),
    "json": field(json="/a/0"),
    "grid": field(grid={"legend": {"#": 1, ".": 0}, "rows": 2, "columns": 3}),
    "a grid with a default": field(grid={"legend": {"#": 1}, "rows": 2, "columns": 3}, default=1),
    "compute": field(compute="x + 1"),
    "compute a number": field(compute=3),
    "values as a range": field(find="Y {int}", values="1..20", keep=True),
    "values as words": field(find="Y {word}", values=["on", "off"], default="off"),
    "values as numbers": field(find="Y {int}", values=[1, 5]),
    "a vector with a default": field(find="Y {float:2}", default=[0, 0.5]),
    "bounds": field(find="Y {float}", low=0, high=2.5, outside="clip", allow_nan=False, overflow=9),
    "several lines": step(send=["alter {action:.2f}", 5], until=["> ", {"over": "END\n"}]),
    "a number is sent": toy(start=[{"send": 3, "until": "> "}]),
    "when and repeat": step(when="x > 0", repeat={"until": "x > 1", "every": "10 ms"}),
    "when is a flag": step(when=True),
    "framing": toy(
        framing={"quiet": "50 ms"}, stop=[{"send": "q", "lines": 2}, {"send": "r", "bytes": 3}, {"blank": True}]
    ),
    "answers that are numbers": toy(start=[{"until": "> ", "answer": {"how many? ": 3}}]),
    "text settings": toy(text={"encoding": "latin-1", "line_end": "\r\n", "ansi": "keep", "decimal": ","}),
    "leftover": toy(leftover="drop", about="A toy.", observation_dtype="float32"),
}

# Each is refused by the loader and by the schema.
BAD: dict[str, Any] = {
    "a list": [toy()],
    "an unknown key": toy(max_step=3),
    "another version": toy(filebridge=2),
    "no name": {key: value for key, value in toy().items() if key != "name"},
    "a small name": toy(name="toy"),
    "a command as text": toy(simulator={"command": "toy -s"}),
    "an empty command": toy(simulator={"command": []}),
    "two ways": field(find="{int}", seen="a"),
    "no way": field(low=3),
    "an unknown way": field(finds="{int}"),
    "a capital field": toy(fields={"X": {"find": "{int}"}}),
    "two kinds of action": act(box={"low": 0, "high": 1}, choices=3),
    "no kind of action": act(label="x"),
    "a number of choices below one": act(choices=0),
    "a flag for choices": act(choices=True),
    "a word for choices": act(choices="left"),
    "no choices": act(choices=[]),
    "no bits": act(bits=0),
    "bits twice": act(bits=["a", "a"]),
    "a flag as a bound": act(box={"low": True, "high": 2}),
    "no transport": toy(transport={}),
    "an unknown transport": toy(transport={"consol": {}}),
    "an unknown terminal": toy(transport={"console": {"terminal": "yes"}}),
    "a window of one number": toy(transport={"console": {"size": 80}}),
    "a duration without a unit": toy(deadlines={"step": "10"}),
    "a duration of another unit": toy(deadlines={"step": "10 sec"}),
    "a negative duration": toy(deadlines={"step": -1}),
    "a size of another unit": toy(limits={"output": "1 MX"}),
    "an unknown policy": toy(on_failure="ignore"),
    "an unknown policy of one kind": toy(on_failure={"crash": "ignore"}),
    "an empty until": step(until=""),
    "an until without entries": step(until=[]),
    "a number as until": step(until=3),
    "two labels in one entry": step(until=[{"a": "x", "b": "y"}]),
    "a capital label": step(until={"Over": "END"}),
    "an exit that is a word": step(until={"over": {"exit": "x"}}),
    "an exit that ends before it begins": step(until={"over": {"exit": "a..b"}}),
    "two framings": toy(start=[{"blank": True, "lines": 3}]),
    "no lines": toy(start=[{"lines": 0}]),
    "a misspelt exchange": toy(step=[{"sent": "x"}]),
    "a misspelt single exchange": toy(step={"sent": "x"}),
    "a text as start": toy(start="> "),
    "an empty step": toy(step=[]),
    "an empty reset": toy(reset=[]),
    "a misspelt reset of one exchange": toy(reset={"sent": "again"}),
    "a misspelt reset": toy(reset={"form": "over", "exchanges": [{}]}),
    "a list as reward": toy(reward=[1]),
    "a list as a variable": toy(variables={"a": [1]}),
    "a variable with two starts": toy(variables={"a": {"start": 1, "draw": "uniform(1, 2)"}}),
    "a variable without a start": toy(variables={"a": {"low": 1}}),
    "a seed of one number": toy(simulator={"command": ["toy"], "seed": 3}),
    "a flag in the environment": toy(simulator={"command": ["toy"], "environment": {"A": True}}),
    "a file with two sources": toy(simulator={"command": ["toy"], "files": {"a": {"copy": "b", "text": "c"}}}),
    "a word as values": field(find="{int}", values="on"),
    "a fraction in values": field(find="{int}", values=[1, 2.5]),
    "columns from nought": field(columns=[0]),
    "a table without a column": field(table={"after": "X"}),
    "an unknown leftover": toy(leftover="refuze"),
    "no steps": toy(max_steps=0),
    "half a step": toy(max_steps=1.5),
    "a number as observation": toy(observation=3),
    "a number observed": toy(observation=[1]),
}


def refusal(folder, text):
    """Return the text of the error with which a file of this text is refused."""
    path = folder / "toy.yaml"
    path.write_text(text, encoding="utf-8")
    # Errors show the path as it is from the current folder.
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(ConfigError) as caught:
            load_program(path)
    return str(caught.value)


def dedented(text):
    """Return a text of this file without its margin."""
    return textwrap.dedent(text).strip("\n ")
