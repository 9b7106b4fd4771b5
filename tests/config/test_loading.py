# ruff: noqa: E501  # the texts are as long as people see them
"""Loading: every problem of a file at once, each with the text that its author sees."""

import copy
import importlib.util
import os
import pathlib
import pickle
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filebridge import load_program
from filebridge.config.loading import load
from filebridge.errors import ConfigError, ConfigSecurityError

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)
refusal, dedented = samples.refusal, samples.dedented


PARTS = {
    "an unknown key, with the nearest known one": (
        'terminated: over\n',
        'terminated: over\nmax_step: 3\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:1: max_step: an unknown key
           19 | max_step: 3
              | ^^^^^^^^
          found: max_step
          expected: one of about, action, adapter, complaints, deadlines, deterministic, fields, filebridge, framing, ignore, info, leftover, limits, max_steps, name, observation, observation_dtype, on_failure, reset, restore, reward, simulator, start, step, stop, terminated, text, transport, truncated, variables
          did you mean: max_steps
        """,
    ),
    "an unknown key of an exchange": (
        '  - send:',
        '  - snd:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:5: step[0].snd: an unknown key
           12 |   - snd: "{action:.2f}"
              |     ^^^
          found: snd
          expected: one of answer, at, blank, bytes, cursor, datagrams, document, fresh, gather, length, lines, pack, press, quiet, repeat, request, resend, send, send_json, silent, until, when, whole, write
          did you mean: send
        """,
    ),
    "an unknown key of the only exchange": (
        'step:\n  - send: "{action:.2f}"\n    until:',
        'step:\n    sned: "{action:.2f}"\n    until:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:5: step.sned: an unknown key
           12 |     sned: "{action:.2f}"
              |     ^^^^
          found: sned
          expected: one of answer, at, blank, bytes, cursor, datagrams, document, fresh, gather, length, lines, pack, press, quiet, repeat, request, resend, send, send_json, silent, until, when, whole, write
          did you mean: send
        """,
    ),
    "a missing key": (
        'name: Toy\n',
        '',
        r"""
        toy.yaml: 1 problem
        toy.yaml:1:1: the key `name` is missing
            1 | filebridge: 1
              | ^
          expected: `name: ...`: Name of the simulator: the environment's id is `filebridge/NAME-v0`
        """,
    ),
    "a missing key of a part": (
        'low: 0, high: 1',
        'low: 0',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:8: action.box: the key `high` is missing
            8 |   box: {low: 0}
              |        ^^^^^^^^
          expected: `high: ...`: Greatest value: one number for all parts, or a list
        """,
    ),
    "another type": (
        'command: [toy, "${seed}"]',
        'command: {toy: 1}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:12: simulator.command: of another type
            4 |   command: {toy: 1}
              |            ^^^^^^^^
          found: a mapping of toy
          expected: a list
        """,
    ),
    "a list where a mapping is due": (
        'box: {low: 0, high: 1}',
        'box: [0, 1]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:8: action.box: of another type
            8 |   box: [0, 1]
              |        ^^^^^^
          found: a list of 2
          expected: a mapping, of low, high, size, names, dtype
        """,
    ),
    "a key where its mapping is due": (
        'transport:\n  console: {}',
        'transport: console',
        r"""
        toy.yaml: 1 problem
        toy.yaml:5:12: transport: of another type
            5 | transport: console
              |            ^^^^^^^
          found: console
          expected: a mapping: `{console: ...}`
        """,
    ),
    "no version": (
        'filebridge: 1\n',
        '',
        r"""
        toy.yaml: 1 problem
        toy.yaml:1:1: the key `filebridge` is missing
            1 | name: Toy
              | ^
          expected: `filebridge: 1`: Version of this format: 1
        """,
    ),
    "a command as one text": (
        'command: [toy, "${seed}"]',
        'command: toy -s 3',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:12: simulator.command: a command written as one text
            4 |   command: toy -s 3
              |            ^^^^^^^^
          found: toy -s 3
          expected: a list of words: `[toy, -s, 3]`
        """,
    ),
    "a flag where a number is due": (
        'low: 0',
        'low: true',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:14: action.box.low: of another type
            8 |   box: {low: true, high: 1}
              |              ^^^^
          found: true
          expected: a number or a list
        """,
    ),
    "none of the types that can stand there": (
        '[x]',
        '3',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:14: observation: of another type
           16 | observation: 3
              |              ^
          found: 3
          expected: text, a list or a mapping
        """,
    ),
    "a pattern without its key": (
        '{find: "X= {float}"}',
        '"X= {float}"',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:7: fields.x: of another type
           15 |   x: "X= {float}"
              |       ^^^^^^^^^^
          found: X= {float}
          expected: a mapping: `{find: "X= {float}"}`
        """,
    ),
    "an entry of the wrong type": (
        '[x]',
        '[x, 3]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:18: observation[1]: of another type
           16 | observation: [x, 3]
              |                  ^
          found: 3
          expected: text
        """,
    ),
    "another word": (
        'terminated: over\n',
        'terminated: over\nleftover: refuze\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:11: leftover: not one of the words that can stand here
           19 | leftover: refuze
              |           ^^^^^^
          found: refuze
          expected: `refuse`, `drop` or `keep`
          did you mean: refuse
        """,
    ),
    "another version": (
        'filebridge: 1',
        'filebridge: 2',
        r"""
        toy.yaml: 1 problem
        toy.yaml:1:13: filebridge: this file is of version 2; this filebridge reads 1
            1 | filebridge: 2
              |             ^
          found: 2
          expected: `filebridge: 1`
        """,
    ),
    "a misspelt key that must be there": (
        'observation: [x]',
        'observations: [x]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:1: observations: an unknown key
           16 | observations: [x]
              | ^^^^^^^^^^^^
          found: observations
          expected: one of about, action, adapter, complaints, deadlines, deterministic, fields, filebridge, framing, ignore, info, leftover, limits, max_steps, name, observation, observation_dtype, on_failure, reset, restore, reward, simulator, start, step, stop, terminated, text, transport, truncated, variables
          did you mean: observation
        """,
    ),
    "a field that is wrong, in expressions": (
        'x: {find: "X= {float}"}\nobservation: [x]\nreward: -abs(x)',
        'x: {find: "X= {float:2}", default: [1]}\n  y: {compute: "x[0]"}\nobservation: [x]\nreward: -abs(x[1]) + y',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:38: fields.x.default: not a value of this field
           15 |   x: {find: "X= {float:2}", default: [1]}
              |                                      ^^^
          found: [1]
          expected: a list of 2 numbers
        """,
    ),
    "a field whose size is wrong, in expressions": (
        'x: {find: "X= {float}"}\nobservation: [x]\nreward: -abs(x)',
        'x: {find: "X= {float}", pick: all, size: 0}\nobservation: [x]\nreward: -abs(x[0])',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:44: fields.x.size: out of range
           15 |   x: {find: "X= {float}", pick: all, size: 0}
              |                                            ^
          found: 0
          expected: at least 1
        """,
    ),
    "rows as a default": (
        'x: {find: "X= {float}"}',
        'x: {find: "X= {float}", default: [[1, 2], [3, 4]]}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:36: fields.x.default: a list of lists
           15 |   x: {find: "X= {float}", default: [[1, 2], [3, 4]]}
              |                                    ^^^^^^^^^^^^^^^^
          found: a list of 2
          expected: one number of the legend, which fills the whole grid
        """,
    ),
    "an unknown key of the only exchange of a reset": (
        'step:',
        'reset: {snd: go}\nstep:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:9: reset.snd: an unknown key
           11 | reset: {snd: go}
              |         ^^^
          found: snd
          expected: one of answer, at, blank, bytes, cursor, datagrams, document, fresh, gather, length, lines, pack, press, quiet, repeat, request, resend, send, send_json, silent, until, when, whole, write
          did you mean: send
        """,
    ),
    "an exchange beside a reset's label": (
        'step:',
        'reset: {from: over, send: go}\nstep:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:8: reset: `send` beside `from`
           11 | reset: {from: over, send: go}
              |        ^^^^^^^^^^^^^^^^^^^^^^
          found: a mapping of from, send
          expected: `exchanges: [{send: ...}]` beside it
        """,
    ),
    "a rule for the only exchange of a reset": (
        'step:',
        'reset: {send: "{nought}", until: "/a*/"}\nstep:',
        r"""
        toy.yaml: 2 problems
        toy.yaml:11:17: reset.send: unknown name `nought`
           11 | reset: {send: "{nought}", until: "/a*/"}
              |                 ^^^^^^
          found: nought
          expected: one of episode, over, seat, seed, step, x
        toy.yaml:11:35: reset.until: matches the empty text, so every reply would end at once
           11 | reset: {send: "{nought}", until: "/a*/"}
              |                                   ^^^^
          found: /a*/
          expected: a text that must occur
        """,
    ),
    "an empty text": (
        '"> "\nstep',
        '""\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:13: start[0].until: not an end of a reply
           10 |   - until: ""
              |             ^
          found: an empty text
          expected: a text, a `/regular expression/`, `{label: text}`, or `{label: {exit: 0}}`
        """,
    ),
    "a very long value": (
        'name: Toy',
        "name: " + "T" * 300,
        r"""
        toy.yaml: 1 problem
        toy.yaml:2:7: name: not a name
            2 | name: TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT...
              |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          found: TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT...
          expected: a capital letter, then letters and digits, 64 at most
        """,
    ),
    "a name that begins small": (
        'name: Toy',
        'name: toy',
        r"""
        toy.yaml: 1 problem
        toy.yaml:2:7: name: not a name
            2 | name: toy
              |       ^^^
          found: toy
          expected: a capital letter, then letters and digits, 64 at most
        """,
    ),
    "a field's name in capitals": (
        '  x: {find',
        '  Speed: {seen: fast}\n  x: {find',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:3: fields.Speed: not a name
           15 |   Speed: {seen: fast}
              |   ^^^^^
          found: Speed
          expected: lower case letters, digits and `_`, not a digit first, 64 at most
        """,
    ),
    "a field called like a word of expressions": (
        '  x: {find',
        '  if: {seen: fast}\n  x: {find',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:3: fields.if: a word of the language of expressions
           15 |   if: {seen: fast}
              |   ^^
          found: if
          expected: another name, `if_` say
        """,
    ),
    "a duration with an unknown unit": (
        'terminated: over\n',
        'terminated: over\ndeadlines: {step: 10 sec}\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:19: deadlines.step: not a quantity with a known unit
           19 | deadlines: {step: 10 sec}
              |                   ^^^^^^
          found: 10 sec
          expected: a duration such as `50 ms`, `10 s`, `2 min`, or a number of seconds
        """,
    ),
    "an expression that is a list": (
        '-abs(x)',
        '[x]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:17:9: reward: not an expression
           17 | reward: [x]
              |         ^^^
          found: a list of 1
          expected: text such as `-abs(error)`, or a number
        """,
    ),
    "an expression that names an unknown field": (
        '-abs(x)',
        'x if ovr else 0',
        r"""
        toy.yaml: 1 problem
        toy.yaml:17:14: reward: unknown name `ovr`
           17 | reward: x if ovr else 0
              |              ^^^
          found: ovr
          expected: one of action, episode, over, seat, seed, step, x
          did you mean: over
        """,
    ),
    "an expression that cannot be read": (
        '-abs(x)',
        '-abs(x',
        r"""
        toy.yaml: 1 problem
        toy.yaml:17:13: reward: `(` is never closed
           17 | reward: -abs(x
              |             ^
          found: (
          expected: `)`
        """,
    ),
    "an unknown part of the action": (
        '{action:.2f}',
        '{action.burn:.2f}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:13: step[0].send: `action` has no part `burn`
           12 |   - send: "{action.burn:.2f}"
              |             ^^^^^^^^^^^
          found: action.burn
          expected: `action` alone
        """,
    ),
    "a format that does not fit": (
        '{action:.2f}',
        'go {action:d}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:23: step[0].send: `d` prints whole numbers only, this is a number
           12 |   - send: "go {action:d}"
              |                       ^
          found: d
          expected: `.2f`, `08.3f`, `.6e`, `g`; `.0f` for a whole number
        """,
    ),
    "an open hole": (
        '{action:.2f}',
        'go {action',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:15: step[0].send: a hole is not closed
           12 |   - send: "go {action"
              |               ^^^^^^^
          found: {action
          expected: a `}`, or `{{` for the character itself
        """,
    ),
    "an action before the first step": (
        'until: "> "\nstep',
        'send: "{action}"\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:13: start[0].send: there is no action yet
           10 |   - send: "{action}"
              |             ^^^^^^
          found: action
          expected: an exchange in `step` for what depends on the action
        """,
    ),
    "an unknown hole of find": (
        '{float}',
        '{flaot}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:17: fields.x.find: an unknown hole
           15 |   x: {find: "X= {flaot}"}
              |                 ^^^^^^^
          found: {flaot}
          expected: {float}, {int}, {hex}, {octal}, {flag}, {word}, {line}, {text}, {any}
          did you mean: float
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", PARTS)
def test_what_the_author_sees(title, tmp_path):
    old, new, expected = PARTS[title]
    assert samples.TOY.count(old) == 1
    assert refusal(tmp_path, samples.TOY.replace(old, new)) == dedented(expected)


MANY = """\
filebridge: 1
nam: Toy
simulator:
  command: [toy, "${sead}"]
  seed: none
transport:
  console: {terminal: yes}
action:
  box: {low: 1, high: 0}
  lable: push
start:
  until: /ready*/
step:
  - send: "{action.push:.2f}"
    until: ["> ", {over: "END> "}, {x: done}]
    lines: 2
fields:
  x: {find: "X= {float}", low: 3, high: 1}
  y: {find: "Y= {flaot}", seen: Y}
  z: {find: "Z= {int}", lo: 3}
  w: {colunm: 3}
observation: [x, y, z, w, q]
reward: -abs(x) + w + undefined
terminated: over and lost
max_steps: 0
deadlines: {step: 10 sec}
on_failure: retry
"""
MANY_PROBLEMS = r"""
toy.yaml: 20 problems
toy.yaml:2:1: nam: an unknown key
    2 | nam: Toy
      | ^^^
  found: nam
  expected: one of about, action, adapter, complaints, deadlines, deterministic, fields, filebridge, framing, ignore, info, leftover, limits, max_steps, name, observation, observation_dtype, on_failure, reset, restore, reward, simulator, start, step, stop, terminated, text, transport, truncated, variables
  did you mean: name
toy.yaml:4:19: simulator.command[1]: an unknown name in `${...}`
    4 |   command: [toy, "${sead}"]
      |                   ^^^^^^^
  found: sead
  expected: one of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}, ${port}, ${port2}, ${port3}, ${token}; `$$` is a dollar sign
  did you mean: seed
toy.yaml:7:23: transport.console.terminal: not one of the words that can stand here
    7 |   console: {terminal: yes}
      |                       ^^^
  found: yes
  expected: `false`, `true`, `raw` or `cooked`
toy.yaml:9:14: action.box.low: not below `high`
    9 |   box: {low: 1, high: 0}
      |              ^
  found: 1
  expected: less than 0
toy.yaml:10:3: action.lable: an unknown key
   10 |   lable: push
      |   ^^^^^
  found: lable
  expected: one of bits, box, choices, label, mask, multi, parts, text
  did you mean: label
toy.yaml:12:10: start.until: the end of this pattern is open: how much of it is seen would depend on how the bytes arrive
   12 |   until: /ready*/
      |          ^^^^^^^^
  found: /ready*/
  expected: the text that follows, for example a line end `\n`
toy.yaml:15:27: step[0].until[1].over: one end hides another: which one is seen would depend on how the bytes arrive
   15 |     until: ["> ", {over: "END> "}, {x: done}]
      |                           ^^^^^
  found: `> ` occurs in `END> `
  expected: texts of which none holds another
toy.yaml:15:37: step[0].until[2].x: the label is taken
   15 |     until: ["> ", {over: "END> "}, {x: done}]
      |                                     ^
  found: `x` is a field
  expected: another label
toy.yaml:16:5: step[0].lines: a reply has one kind of end
   16 |     lines: 2
      |     ^^^^^
  found: until and lines
  expected: one of them
toy.yaml:18:32: fields.x.low: above `high`
   18 |   x: {find: "X= {float}", low: 3, high: 1}
      |                                ^
  found: 3
  expected: at most 1
toy.yaml:19:17: fields.y.find: an unknown hole
   19 |   y: {find: "Y= {flaot}", seen: Y}
      |                 ^^^^^^^
  found: {flaot}
  expected: {float}, {int}, {hex}, {octal}, {flag}, {word}, {line}, {text}, {any}
  did you mean: float
toy.yaml:19:27: fields.y.seen: the way to read the field is given twice
   19 |   y: {find: "Y= {flaot}", seen: Y}
      |                           ^^^^
  found: find and seen
  expected: one of find, seen, regex, column, columns, chars, table, key, json, grid, screen, ini, namelist, xml, array, npy, npz, binary, adapter, compute
toy.yaml:20:25: fields.z.lo: an unknown key
   20 |   z: {find: "Z= {int}", lo: 3}
      |                         ^^
  found: lo
  expected: one of adapter, allow_nan, array, binary, chars, column, columns, compute, default, file, find, grid, header, high, ini, json, keep, key, line, low, max_length, namelist, npy, npz, outside, overflow, pick, regex, screen, seen, separator, shape, size, table, type, values, when, within, xml
  did you mean: low
toy.yaml:21:7: fields.w.colunm: an unknown key
   21 |   w: {colunm: 3}
      |       ^^^^^^
  found: colunm
  expected: one of adapter, allow_nan, array, binary, chars, column, columns, compute, default, file, find, grid, header, high, ini, json, keep, key, line, low, max_length, namelist, npy, npz, outside, overflow, pick, regex, screen, seen, separator, shape, size, table, type, values, when, within, xml
  did you mean: column
toy.yaml:22:27: observation[4]: no field or variable has this name
   22 | observation: [x, y, z, w, q]
      |                           ^
  found: q
  expected: one of x, y, z, w, over, step
toy.yaml:23:23: reward: unknown name `undefined`
   23 | reward: -abs(x) + w + undefined
      |                       ^^^^^^^^^
  found: undefined
  expected: one of action, episode, over, seat, seed, step, w, x, y, z
toy.yaml:24:22: terminated: unknown name `lost`
   24 | terminated: over and lost
      |                      ^^^^
  found: lost
  expected: one of action, episode, over, seat, seed, step, w, x, y, z
  did you mean: float
toy.yaml:25:12: max_steps: out of range
   25 | max_steps: 0
      |            ^
  found: 0
  expected: at least 1
toy.yaml:26:19: deadlines.step: not a quantity with a known unit
   26 | deadlines: {step: 10 sec}
      |                   ^^^^^^
  found: 10 sec
  expected: a duration such as `50 ms`, `10 s`, `2 min`, or a number of seconds
toy.yaml:27:13: on_failure: a retry replays the episode, so equal actions must give equal replies
   27 | on_failure: retry
      |             ^^^^^
  found: retry
  expected: `deterministic: true` too if that is so, otherwise `truncate` or `raise`
"""


def test_mistakes_of_all_sorts_are_reported_together_in_the_order_of_the_file(tmp_path):
    assert refusal(tmp_path, MANY) == MANY_PROBLEMS.strip("\n")


def test_problems_are_there_one_by_one_too(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(MANY, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_program(path)
    problems = caught.value.problems
    assert len(problems) == 20
    assert [problem.near for problem in problems[:2]] == ["name", "seed"]
    assert problems[-1].path == ("on_failure",)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_mapping_has_no_places():
    with pytest.raises(ConfigError) as caught:
        load_program(samples.toy(max_step=3, reward="-abs(xs)"))
    assert str(caught.value) == dedented("""
        <dict>: 2 problems
        <dict>: max_step: an unknown key
          found: max_step
          expected: one of about, action, adapter, complaints, deadlines, deterministic, fields, filebridge, framing, ignore, info, leftover, limits, max_steps, name, observation, observation_dtype, on_failure, reset, restore, reward, simulator, start, step, stop, terminated, text, transport, truncated, variables
          did you mean: max_steps
        <dict>: reward: unknown name `xs`
          found: xs
          expected: one of action, episode, over, seat, seed, step, x
          did you mean: x
    """)


def test_a_list_is_no_configuration(tmp_path):
    assert refusal(tmp_path, "- filebridge\n- 1\n") == dedented("""
        toy.yaml: 1 problem
        toy.yaml:1:1: not a configuration
            1 | - filebridge
              | ^
          found: a list of 2
          expected: a mapping that begins with `filebridge: 1`
    """)


def test_a_word_is_no_configuration(tmp_path):
    assert "found: filebridge" in refusal(tmp_path, "filebridge")


@pytest.mark.parametrize("short", ["start", "stop"])
def test_the_long_and_the_short_form_mean_the_same(short):
    exchange = {"send": "hello", "until": "> "}
    assert load(samples.toy(**{short: exchange})).config == load(samples.toy(**{short: [exchange]})).config


def test_a_program_that_is_right_has_no_problems():
    loaded = load(samples.toy())
    assert loaded.problems == ()
    assert loaded.lost == frozenset()
    assert loaded.config.name == "Toy"


def test_consequences_of_a_mistake_are_not_reported():
    # The field is lost, and with it what uses it; the other expression is wrong in its own right.
    fields = {"x": {"find": "X= {float}", "seen": 3}, "y": 3}
    with pytest.raises(ConfigError) as caught:
        load_program(samples.toy(fields=fields, reward="x + y + prev.y", terminated="gone"))
    assert [problem.path for problem in caught.value.problems] == [("fields", "x", "seen"), ("fields", "y"), ("terminated",)]


def test_labels_of_a_faulty_end_are_known():
    with pytest.raises(ConfigError) as caught:
        load_program(samples.step(until=["> ", {"over": ""}]))
    assert [problem.path for problem in caught.value.problems] == [("step", 0, "until", 1)]


def test_a_faulty_action_does_not_hide_the_rest():
    with pytest.raises(ConfigError) as caught:
        load_program(samples.toy(action={"box": {"low": 0}}, reward="action + y", step=[{"send": "{action.up:d}"}]))
    told = [(problem.path, problem.found) for problem in caught.value.problems]
    assert told == [(("action", "box"), ""), (("reward",), "y"), (("terminated",), "over")]


class Started(Exception):
    """A process was about to be started."""


@pytest.fixture
def no_process(monkeypatch):
    def refuse(*arguments, **options):
        raise Started

    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


ODD = st.sampled_from(
    [None, True, False, 0, -1, 1, 10**30, 1e308, float("inf"), float("nan"), 0.5, "", "x", "{x}", "{action}", "/a*/", "/(/", "/(?P<a>b)/",
     "/(a)\\1/", "1..5", "5..1", "> ", "a\nb", "\x00", "\ud800", "é", "${port}", "$", "prev.x", "x.y", "1/0", "x +", "uniform(1, 2)", "choice()",
     [], {}, [[]], {"": 1}, [1, "a"], {"exit": 0}, ["x", "x"], "none", "x" * 3000, "9**9**9", "{float:99999}", "{any}"]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
WORDS = st.sampled_from(
    ["find", "seen", "regex", "column", "columns", "table", "key", "json", "grid", "compute", "size", "low", "values", "default", "pick", "until",
     "send", "lines", "when", "repeat", "answer", "silent", "draw", "start", "box", "choices", "multi", "bits", "names", "x", "over", "if", "", "X"]
)  # fmt: skip


def paths(data, path=()):
    yield from [path] if path else []
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, inner in entries:
        yield from paths(inner, (*path, step))


@st.composite
def mutants(draw):
    data = copy.deepcopy(samples.GOOD[draw(st.sampled_from(sorted(samples.GOOD)))])
    for _ in range(draw(st.integers(1, 3))):
        known = list(paths(data))
        if not known:
            break
        path = draw(st.sampled_from(known))
        part = data
        for step in path[:-1]:
            part = part[step]
        change = draw(st.sampled_from(["drop", "replace", "rename", "add", "copy"]))
        if change == "drop":
            del part[path[-1]]
        elif change == "rename" and isinstance(part, dict):
            part[draw(WORDS)] = part.pop(path[-1])
        elif change == "add" and isinstance(part, dict):
            part[draw(WORDS)] = copy.deepcopy(draw(ODD))
        elif change == "copy":
            other = data
            for step in draw(st.sampled_from(known)):
                other = other[step]
            part[path[-1]] = copy.deepcopy(other)
        else:
            part[path[-1]] = copy.deepcopy(draw(ODD))
    return data


def test_whatever_is_wrong_is_a_config_error(no_process):
    @given(mutants())
    @settings(max_examples=250, deadline=None)
    def attempt(data):
        try:
            load_program(data)
        except ConfigError as error:
            refused = error
        else:
            return
        assert isinstance(refused, ConfigSecurityError) or refused.problems
        assert len(str(refused)) < 100_000

    attempt()


def test_a_name_of_many_letters_is_looked_at_quickly(tmp_path):
    text = refusal(tmp_path, samples.TOY.replace("terminated: over", "terminated: " + "o" * 60_000))
    assert "at most 2000 are read" in text
    assert len(text) < 2000
