# ruff: noqa: E501  # the texts are as long as people see them
"""Rules across keys: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)
refusal, dedented = samples.refusal, samples.dedented


RULES = {
    "two ways to read a field": (
        'find: "X= {float}"',
        'find: "X= {float}", seen: X',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:27: fields.x.seen: the way to read the field is given twice
           15 |   x: {find: "X= {float}", seen: X}
              |                           ^^^^
          found: find and seen
          expected: one of find, seen, regex, column, columns, chars, table, key, json, grid, screen, ini, namelist, xml, array, npy, npz, binary, adapter, compute
        """,
    ),
    "no way to read a field": (
        'find: "X= {float}"',
        'low: 3',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:3: fields.x: the way to read the field is missing
           15 |   x: {low: 3}
              |   ^
          found: none of its keys
          expected: one of find, seen, regex, column, columns, chars, table, key, json, grid, screen, ini, namelist, xml, array, npy, npz, binary, adapter, compute
        """,
    ),
    "a regular expression without slashes": (
        'find: "X= {float}"',
        "regex: 'X= (.*)'",
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:15: fields.x.regex: not a regular expression
           15 |   x: {regex: 'X= (.*)'}
              |               ^^^^^^^
          found: X= (.*)
          expected: slashes around it: `/X= (.*)/`
        """,
    ),
    "a bound above the other, of a field": (
        '{float}"}',
        '{float}", low: 3, high: 1}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:32: fields.x.low: above `high`
           15 |   x: {find: "X= {float}", low: 3, high: 1}
              |                                ^
          found: 3
          expected: at most 1
        """,
    ),
    "a bound above the other, of the action": (
        'low: 0, high: 1',
        'low: 1, high: 0',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:14: action.box.low: not below `high`
            8 |   box: {low: 1, high: 0}
              |              ^
          found: 1
          expected: less than 0
        """,
    ),
    "a bound above the other, in a list": (
        'low: 0, high: 1',
        'low: [0, 0], high: [1, -1]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:18: action.box.low[1]: not below `high`
            8 |   box: {low: [0, 0], high: [1, -1]}
              |                  ^
          found: 0
          expected: less than -1
        """,
    ),
    "bounds of different lengths": (
        'low: 0, high: 1',
        'low: [0, 0], high: [1, 1, 1]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:3: action.box: its keys do not agree how many numbers there are
            8 |   box: {low: [0, 0], high: [1, 1, 1]}
              |   ^^^
          found: low: 2, high: 3
          expected: the same number for all
        """,
    ),
    "a bound that is no number": (
        'high: 1',
        'high: .nan',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:23: action.box.high: no bound
            8 |   box: {low: 0, high: .nan}
              |                       ^^^^
          found: nan
          expected: a number that a float32 can hold
        """,
    ),
    "a port in a console configuration": (
        '"${seed}"]',
        '"${seed}", "-p${port}"]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:32: simulator.command[2]: a console has no port
            4 |   command: [toy, "${seed}", "-p${port}"]
              |                                ^^^^^^^
          found: ${port}
          expected: another of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}
        """,
    ),
    "an unknown substitution": (
        '"${seed}"]',
        '"${seed}", "${sead}", $HOME]',
        r"""
        toy.yaml: 2 problems
        toy.yaml:4:30: simulator.command[2]: an unknown name in `${...}`
            4 |   command: [toy, "${seed}", "${sead}", $HOME]
              |                              ^^^^^^^
          found: sead
          expected: one of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}, ${port}, ${port2}, ${port3}, ${token}; `$$` is a dollar sign
          did you mean: seed
        toy.yaml:4:40: simulator.command[3]: a bare `$`
            4 |   command: [toy, "${seed}", "${sead}", $HOME]
              |                                        ^^^^^
          found: $HOME
          expected: `$$` for a dollar sign; no variables of the environment are filled in
        """,
    ),
    "a dollar sign of a shell": (
        '"${seed}"]',
        '"${seed}", -c, "while read x; do case $x in a) printf $seed;; esac; done"]',
        r"""
        toy.yaml: 2 problems
        toy.yaml:4:56: simulator.command[3]: a bare `$`
            4 |   command: [toy, "${seed}", -c, "while read x; do case $x in a) printf $seed;; esac; done"]
              |                                                        ^^
          found: $x
          expected: `$$` for a dollar sign; no variables of the environment are filled in
        toy.yaml:4:72: simulator.command[3]: a bare `$`
            4 |   command: [toy, "${seed}", -c, "while read x; do case $x in a) printf $seed;; esac; done"]
              |                                                                        ^^^^^
          found: $seed
          expected: `${seed}`
        """,
    ),
    "a substitution without its dollar sign": (
        '"${seed}"]',
        '"${seed}", "-s{seat}", "$${seat}", "f(\\"{seat}\\")"]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:32: simulator.command[2]: a dollar sign is missing
            4 |   command: [toy, "${seed}", "-s{seat}", "$${seat}", "f(\"{seat}\")"]
              |                                ^^^^^^
          found: {seat}
          expected: `${seat}`
        """,
    ),
    "a substitution where an expression is due": (
        'send: "{action:.2f}"',
        'send: "{action:.2f} ${action} ${seed:d} ${seed}"',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:45: step[0].send: a dollar sign would be sent too: `${...}` is for `command`
           12 |   - send: "{action:.2f} ${action} ${seed:d} ${seed}"
              |                                             ^^^^^^^
          found: ${seed}
          expected: `{seed}`
        """,
    ),
    "a label that a field has": (
        '{over: "END',
        '{x: "END',
        r"""
        toy.yaml: 2 problems
        toy.yaml:13:20: step[0].until[1].x: the label is taken
           13 |     until: ["> ", {x: "END\n"}]
              |                    ^
          found: `x` is a field
          expected: another label
        toy.yaml:18:13: terminated: unknown name `over`
           18 | terminated: over
              |             ^^^^
          found: over
          expected: one of action, episode, seat, seed, step, x
        """,
    ),
    "a label that the bridge has": (
        '{over:',
        '{step:',
        r"""
        toy.yaml: 2 problems
        toy.yaml:13:20: step[0].until[1].step: the label is taken
           13 |     until: ["> ", {step: "END\n"}]
              |                    ^^^^
          found: `step` is a value of the bridge itself
          expected: another label
        toy.yaml:18:13: terminated: unknown name `over`
           18 | terminated: over
              |             ^^^^
          found: over
          expected: one of action, episode, seat, seed, step, x
        """,
    ),
    "a label in capitals": (
        '{over:',
        '{Over:',
        r"""
        toy.yaml: 2 problems
        toy.yaml:13:19: step[0].until[1]: `Over` is no label
           13 |     until: ["> ", {Over: "END\n"}]
              |                   ^^^^^^^^^^^^^^^
          found: a mapping of Over
          expected: a name of lower case letters, digits and `_`
        toy.yaml:18:13: terminated: unknown name `over`
           18 | terminated: over
              |             ^^^^
          found: over
          expected: one of action, episode, seat, seed, step, x
        """,
    ),
    "a seed that is used nowhere": (
        ', "${seed}"',
        '',
        r"""
        toy.yaml: 1 problem
        toy.yaml:3:1: simulator: the seed reaches the simulator nowhere
            3 | simulator:
              | ^^^^^^^^^
          expected: `${seed}` in the command, `{seed}` in a `send` or in a file, or `seed: none`
        """,
    ),
    "a seed that is used but denied": (
        '  command:',
        '  seed: none\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:9: simulator.seed: a seed is used but said to be none
            4 |   seed: none
              |         ^^^^
          found: none
          expected: leave `seed` out
        """,
    ),
    "seeds below nought": (
        '  command:',
        '  seed: -5..5\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:9: simulator.seed: negative seeds are not drawn
            4 |   seed: -5..5
              |         ^^^^^
          found: -5
          expected: a range from 0 on
        """,
    ),
    "one number for all seeds": (
        '  command:',
        '  seed: 65535\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:9: simulator.seed: not a range of seeds
            4 |   seed: 65535
              |         ^^^^^
          found: 65535
          expected: all seeds that the program takes, `0..65535` say, or `none`
        """,
    ),
    "no end of an episode": (
        'terminated: over\n',
        '',
        r"""
        toy.yaml: 1 problem
        toy.yaml:1:1: no episode would ever end
            1 | filebridge: 1
              | ^
          found: neither `terminated`, `truncated` nor `max_steps`
          expected: `max_steps: 200`, say
        """,
    ),
    "a retry without determinism": (
        'terminated: over\n',
        'terminated: over\non_failure: retry\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:13: on_failure: a retry replays the episode, so equal actions must give equal replies
           19 | on_failure: retry
              |             ^^^^^
          found: retry
          expected: `deterministic: true` too if that is so, otherwise `truncate` or `raise`
        """,
    ),
    "a retry of one kind without determinism": (
        'terminated: over\n',
        'terminated: over\non_failure: {crash: retry}\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:21: on_failure.crash: a retry replays the episode, so equal actions must give equal replies
           19 | on_failure: {crash: retry}
              |                     ^^^^^
          found: retry
          expected: `deterministic: true` too if that is so, otherwise `truncate` or `raise`
        """,
    ),
    "an unknown way to draw": (
        'fields:',
        "variables: {goal: {draw: 'unifrom(1, 2)'}}\nfields:",
        r"""
        toy.yaml: 1 problem
        toy.yaml:14:27: variables.goal.draw: not a way to draw a value
           14 | variables: {goal: {draw: 'unifrom(1, 2)'}}
              |                           ^^^^^^^^^^^^^
          found: unifrom(1, 2)
          expected: one of uniform(low, high), loguniform(low, high), normal(mean, deviation), integers(first, last), choice(a, b, ...)
          did you mean: uniform
        """,
    ),
    "a draw from nothing": (
        'fields:',
        "variables: {goal: {draw: 'uniform(2, 1)'}}\nfields:",
        r"""
        toy.yaml: 1 problem
        toy.yaml:14:27: variables.goal.draw: the first number is above the second
           14 | variables: {goal: {draw: 'uniform(2, 1)'}}
              |                           ^^^^^^^^^^^^^
          found: uniform(2, 1)
          expected: uniform(low, high)
        """,
    ),
    "a variable without a value": (
        'fields:',
        'variables: {goal: {low: 1}}\nfields:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:14:13: variables.goal: the first value is missing
           14 | variables: {goal: {low: 1}}
              |             ^^^^
          found: none of its keys
          expected: one of start, draw
        """,
    ),
    "a name given twice": (
        'fields:',
        'variables: {x: 1}\nfields:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:3: fields.x: the name is taken
           16 |   x: {find: "X= {float}"}
              |   ^
          found: `x` is a variable
          expected: another name
        """,
    ),
    "an unknown field in the observation": (
        '[x]',
        '[x, over, hight]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:24: observation[2]: no field or variable has this name
           16 | observation: [x, over, hight]
              |                        ^^^^^
          found: hight
          expected: one of x, over, step
        """,
    ),
    "nothing observed": (
        '[x]',
        '[]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:14: observation: nothing is observed
           16 | observation: []
              |              ^^
          found: an empty list
          expected: at least one field
        """,
    ),
    "an unknown encoding": (
        'terminated: over\n',
        'terminated: over\ntext: {encoding: utf8x}\n',
        r"""
        toy.yaml: 1 problem
        toy.yaml:19:18: text.encoding: not an encoding of text
           19 | text: {encoding: utf8x}
              |                  ^^^^^
          found: utf8x
          expected: `utf-8`, `latin-1`, `cp437`, ...
          did you mean: utf-8
        """,
    ),
    "a file that leads out of the folder": (
        '  command:',
        '  files: {../x: {text: a}}\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:11: simulator.files."../x": leads out of the run folder
            4 |   files: {../x: {text: a}}
              |           ^^^^
          found: ../x
          expected: a relative name without `..`
        """,
    ),
    "two sources of a file": (
        '  command:',
        '  files: {x: {text: a, copy: b}}\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:15: simulator.files.x.text: the file's source is given twice
            4 |   files: {x: {text: a, copy: b}}
              |               ^^^^
          found: copy and text
          expected: one of copy, link, template, text
        """,
    ),
    "a flag in the environment": (
        '  command:',
        '  environment: {DEBUG: true}\n  command:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:4:24: simulator.environment.DEBUG: of another type
            4 |   environment: {DEBUG: true}
              |                        ^^^^
          found: true
          expected: text
        """,
    ),
    "labels given twice": (
        'box: {low: 0, high: 1}',
        'choices: [a, b, a]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:19: action.choices[2]: given twice
            8 |   choices: [a, b, a]
              |                   ^
          found: a
          expected: each one once
        """,
    ),
    "labels of two types": (
        'box: {low: 0, high: 1}',
        'choices: [a, 1]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:8:16: action.choices[1]: words and numbers in one list
            8 |   choices: [a, 1]
              |                ^
          found: 1
          expected: words only, or numbers only
        """,
    ),
    "two kinds of action": (
        'box: {low: 0, high: 1}',
        'box: {low: 0, high: 1}\n  choices: 3',
        r"""
        toy.yaml: 1 problem
        toy.yaml:9:3: action.choices: the kind of action is given twice
            9 |   choices: 3
              |   ^^^^^^^
          found: box and choices
          expected: one of box, choices, multi, bits, text, parts
        """,
    ),
    "no kind of action": (
        'box: {low: 0, high: 1}',
        'label: nothing',
        r"""
        toy.yaml: 1 problem
        toy.yaml:7:1: action: the kind of action is missing
            7 | action:
              | ^^^^^^
          found: none of its keys
          expected: one of box, choices, multi, bits, text, parts
        """,
    ),
    "bytes on a terminal": (
        'console: {}',
        'console: {terminal: true}\nframing: {bytes: 8}\nstop: {send: q}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:7:11: framing.bytes: bytes cannot be counted on a terminal, which changes line ends
            7 | framing: {bytes: 8}
              |           ^^^^^
          expected: `lines`, `until` or pipes
        """,
    ),
    "stderr apart on a terminal": (
        'console: {}',
        'console: {terminal: true, stderr: apart}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:6:37: transport.console.stderr: a terminal always merges stderr
            6 |   console: {terminal: true, stderr: apart}
              |                                     ^^^^^
          found: apart
          expected: leave it out, or use pipes
        """,
    ),
    "no transport": (
        '  console: {}',
        '  consol: {}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:6:3: transport.consol: an unknown key
            6 |   consol: {}
              |   ^^^^^^
          found: consol
          expected: one of console, fifo, files, http, tcp, udp, unix
          did you mean: console
        """,
    ),
    "a reset from an unknown label": (
        'step:',
        'reset: {from: ovr, exchanges: [{send: y}]}\nstep:',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:15: reset.from: no reply ends with this label
           11 | reset: {from: ovr, exchanges: [{send: y}]}
              |               ^^^
          found: ovr
          expected: a label of an end in `step` or `start`: over
          did you mean: over
        """,
    ),
    "a list without its brackets": (
        'observation: [x]',
        'observation: x, step',
        r"""
        toy.yaml: 1 problem
        toy.yaml:16:14: observation: no field or variable has this name
           16 | observation: x, step
              |              ^^^^^^^
          found: x, step
          expected: a list: `[x, step]`
        """,
    ),
    "stars out of bounds": (
        '{float}"}',
        '{float}", low: 0, high: 900, overflow: 1000}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:56: fields.x.overflow: outside the field's own bounds
           15 |   x: {find: "X= {float}", low: 0, high: 900, overflow: 1000}
              |                                                        ^^^^
          found: 1000
          expected: from 0 to 900
        """,
    ),
    "bounds in one": (
        '{float}"}',
        '{float}", range: [0, 1]}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:15:27: fields.x.range: an unknown key
           15 |   x: {find: "X= {float}", range: [0, 1]}
              |                           ^^^^^
          found: range
          expected: one of adapter, allow_nan, array, binary, chars, column, columns, compute, default, file, find, grid, header, high, ini, json, keep, key, line, low, max_length, namelist, npy, npz, outside, overflow, pick, regex, screen, seen, separator, shape, size, table, type, values, when, within, xml
          did you mean: low
        """,
    ),
    "texts in a Box": (
        'observation: [x]',
        '  word: {find: "W {word}"}\n  line: {find: "L {line}"}\nobservation: [word, x, line]',
        r"""
        toy.yaml: 2 problems
        toy.yaml:18:15: observation[0]: a text cannot be a part of a list of numbers
           18 | observation: [word, x, line]
              |               ^^^^
          found: word
          expected: a mapping: `{x: ..., y: ...}`
        toy.yaml:18:24: observation[2]: a text cannot be a part of a list of numbers
           18 | observation: [word, x, line]
              |                        ^^^^
          found: line
          expected: a mapping: `{x: ..., y: ...}`
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    old, new, expected = RULES[title]
    assert samples.TOY.count(old) == 1
    assert refusal(tmp_path, samples.TOY.replace(old, new)) == dedented(expected)
