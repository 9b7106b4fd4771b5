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
