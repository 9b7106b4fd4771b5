"""Configurations with other ways than a console, and their refusals: for the tests of the rules about ways."""

from __future__ import annotations

import importlib.util
import pathlib

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)

FILES = """\
filebridge: 1
name: Toy
simulator:
  command: [toy, "${seed}"]
transport:
  files: {read: out.txt}
action:
  box: {low: 0, high: 1}
step:
  - write: {in.txt: "{action:.2f}"}
fields:
  x: {find: "X= {float}"}
observation: [x]
reward: -abs(x)
max_steps: 10
"""

RUNS = FILES.replace("transport:\n", "  each: step\ntransport:\n")

SCREEN = """\
filebridge: 1
name: Toy
simulator:
  command: [toy, "${seed}"]
transport:
  console: {terminal: true, screen: 80x24}
action:
  choices: [h, l]
step:
  - press: "{action}"
fields:
  x: {find: "X= {float}"}
observation: [x]
reward: -abs(x)
max_steps: 10
"""

DECK = "GW 1 21 0 0 -0.25\nGAIN = 3\n"
"""What stands in `a.dat` beside the file."""


_WRITE = {"write": {"in.txt": "{action:.2f}"}}
_SEND = {"send": "{action:.2f}"}
_RUN = {"simulator": {"command": ["toy", "${seed}"], "each": "step"}}


def talking(transport, step, **more):
    """Return the small configuration with another transport and another step, and without a start."""
    return samples.toy(transport=transport, start=[], step=[step], terminated=False, max_steps=9, **more)


# Each loads, and passes the schema.
GOOD = {
    "lines in, a file back": talking({"console": {}, "files": {"read": "out.txt"}}, _SEND),
    "lines and files in, a file back": talking({"console": {}, "files": {"read": "out.txt"}}, {**_WRITE, **_SEND}),
    "lines and files in, the console back": talking({"console": {}}, {**_WRITE, **_SEND}),
    "files in, the console back": talking({"console": {}, "files": {"fsync": True}}, _WRITE),
    "files in, a terminal back": talking(
        {"console": {"terminal": True}, "files": {"lock_writes": "busy"}}, {**_WRITE, **_SEND}
    ),
    "a FIFO in, a file back": talking({"fifo": {"write": "in"}, "files": {"read": "out.txt"}}, _SEND),
    "a FIFO in, the console back": talking({"fifo": {"write": "in"}, "console": {}}, _SEND),
    "lines in, a FIFO back": talking({"fifo": {"read": "out"}, "console": {}}, _SEND),
    "files in, a FIFO back": talking({"fifo": {"read": "out"}}, _WRITE),
    "two FIFOs": talking({"fifo": {"write": "in", "read": "out"}}, _SEND),
    "runs that write a file": talking({"files": {"read": "out.txt"}}, _WRITE, **_RUN),
    "runs that write several files": talking(
        {"files": {"read": ["out.txt", "log/a.txt"]}}, {**_WRITE, **_SEND}, **_RUN
    ),
    "runs that print": talking({"console": {}}, {**_WRITE, **_SEND, "until": [{"over": "END"}]}, **_RUN),
    "runs with a console that write a file": talking(
        {"console": {}, "files": {"read": "out.txt", "fsync": True}}, {**_WRITE, **_SEND, "whole": True}, **_RUN
    ),
    "runs that are repeated": talking({"console": {}}, {**_SEND, "repeat": {"until": "x > 1"}}, **_RUN),
    "a file is written again until it is heard": talking(
        {"files": {"read": "out.txt"}}, {**_WRITE, "repeat": {"until": "x > 1", "every": "10 ms"}}
    ),
    "a reply with a number": talking({"files": {"read": "out.txt"}}, {**_WRITE, "fresh": "x == step"}),
    "a file that is left open": talking({"files": {"read": "out.txt", "written": "open"}}, {**_WRITE, "lines": 1}),
    "a file that grows": talking({"files": {"read": "out.txt", "written": "appended"}}, {**_WRITE, "until": "END"}),
    "numbered results": talking({"files": {"read": "out/*.txt", "written": "renamed", "remove": True}}, _WRITE),
    "several lines and numbered results": talking(
        {"console": {}, "files": {"read": "out/*.txt"}}, {"send": ["a", "{action}"]}
    ),
    "several files and a flag": talking({"files": {"read": ["a", "b"], "flag": "done", "remove": True}}, _WRITE),
    "several files that settle": talking({"files": {"read": ["a", "b"]}}, {**_WRITE, "quiet": "50 ms"}),
    "a lock that is our file": talking({"files": {"read": "out.txt", "lock": "in.txt"}}, _WRITE),
    "looks": talking({"files": {"read": "out.txt", "watch": "poll", "every": "5 ms"}}, _WRITE),
    "keys": talking(
        {"console": {"terminal": True, "screen": "80x24"}}, {"press": "<esc>{action:.0f}", "cursor": [24, 80]}
    ),
}


def changed(text, *changes):
    """Return ``text`` with each old part, which it has once, replaced by the new one."""
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def check(folder, text, changes, expected):
    """Assert that the changed ``text`` is refused with what is ``expected``, the line with the count left out."""
    (folder / "a.dat").write_text(DECK)
    told = samples.refusal(folder, changed(text, *changes)).split("\n", 1)
    wanted = samples.dedented(expected)
    count = sum(line.startswith("toy.yaml:") for line in wanted.split("\n"))
    assert told == [f"toy.yaml: {count} problem{'s' * (count != 1)}", wanted]
