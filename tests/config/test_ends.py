# ruff: noqa: E501  # the texts are as long as people see them
"""Ends of replies: one that cannot come, or that depends on how the bytes arrive, is refused."""

import importlib.util
import pathlib

import pytest

from filebridge import load_program

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)
refusal, dedented = samples.refusal, samples.dedented


ENDS = {
    "matches the empty text": (
        '"> "\nstep',
        '/>*/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: matches the empty text, so every reply would end at once
           10 |   - until: />*/
              |            ^^^^
          found: />*/
          expected: a text that must occur
        """,
    ),
    "open-ended": (
        '"> "\nstep',
        '/>+/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: the end of this pattern is open: how much of it is seen would depend on how the bytes arrive
           10 |   - until: />+/
              |            ^^^^
          found: />+/
          expected: the text that follows, for example a line end `\n`
        """,
    ),
    "ends with the end of what has come": (
        '"> "\nstep',
        '/> $/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: the end of this pattern is open: how much of it is seen would depend on how the bytes arrive
           10 |   - until: /> $/
              |            ^^^^^
          found: /> $/
          expected: the text that follows, for example a line end `\n`
        """,
    ),
    "ends before a word's end": (
        '"> "\nstep',
        '/ready\\b/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: the end of this pattern is open: how much of it is seen would depend on how the bytes arrive
           10 |   - until: /ready\b/
              |            ^^^^^^^^^
          found: /ready\b/
          expected: the text that follows, for example a line end `\n`
        """,
    ),
    "ends where something must not follow": (
        '"> "\nstep',
        '/ready(?! yet)/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: the end of this pattern is open: how much of it is seen would depend on how the bytes arrive
           10 |   - until: /ready(?! yet)/
              |            ^^^^^^^^^^^^^^^
          found: /ready(?! yet)/
          expected: the text that follows, for example a line end `\n`
        """,
    ),
    "no regular expression": (
        '"> "\nstep',
        '/(> /\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:13: start[0].until: not a regular expression
           10 |   - until: /(> /
              |             ^
          found: missing ), unterminated subpattern
          expected: a pattern of Python's `re`
        """,
    ),
    "refers back": (
        '"> "\nstep',
        '/(>)\\1 /\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:16: start[0].until: a group cannot be referred to here
           10 |   - until: /(>)\1 /
              |                ^^
          found: \1
          expected: the text itself once more
        """,
    ),
    "a named group": (
        '"> "\nstep',
        '/(?P<end>> )/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: named groups have no use here
           10 |   - until: /(?P<end>> )/
              |            ^^^^^^^^^^^^^
          found: `end`
          expected: `(?:...)`
        """,
    ),
    "flags in the midst": (
        '"> "\nstep',
        '/> (?i)x/\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:15: start[0].until: not a regular expression
           10 |   - until: /> (?i)x/
              |               ^
          found: global flags not at the start of the expression
          expected: a pattern of Python's `re`
        """,
    ),
    "one end hides another": (
        '"END\\n"}]',
        '"END> "}]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:13:27: step[0].until[1].over: one end hides another: which one is seen would depend on how the bytes arrive
           13 |     until: ["> ", {over: "END> "}]
              |                           ^^^^^
          found: `> ` occurs in `END> `
          expected: texts of which none holds another
        """,
    ),
    "an end twice": (
        '"END\\n"}]',
        '"> "}]',
        r"""
        toy.yaml: 1 problem
        toy.yaml:13:27: step[0].until[1].over: one end hides another: which one is seen would depend on how the bytes arrive
           13 |     until: ["> ", {over: "> "}]
              |                           ^^
          found: `> ` twice
          expected: texts of which none holds another
        """,
    ),
    "a question hides an end": (
        'until: "> "\nstep',
        'until: "> "\n    answer: {"more? > ": y}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:15: start[0].answer."more? > ": one end hides another: which one is seen would depend on how the bytes arrive
           11 |     answer: {"more? > ": y}
              |               ^^^^^^^^
          found: `> ` occurs in `more? > `
          expected: texts of which none holds another
        """,
    ),
    "two questions": (
        'until: "> "\nstep',
        'until: "> "\n    answer: {"more? ": y, "no more? ": n}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:28: start[0].answer."no more? ": one end hides another: which one is seen would depend on how the bytes arrive
           11 |     answer: {"more? ": y, "no more? ": n}
              |                            ^^^^^^^^^
          found: `more? ` occurs in `no more? `
          expected: texts of which none holds another
        """,
    ),
    "an empty question": (
        'until: "> "\nstep',
        'until: "> "\n    answer: {"": y}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:15: start[0].answer."": an empty question
           11 |     answer: {"": y}
              |               ^
          expected: a text that the program prints
        """,
    ),
    "a question that matches nothing": (
        'until: "> "\nstep',
        'until: "> "\n    answer: {/x?/: y}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:14: start[0].answer."/x?/": matches the empty text, so every reply would end at once
           11 |     answer: {/x?/: y}
              |              ^^^^
          found: /x?/
          expected: a text that must occur
        """,
    ),
    "an answer that varies": (
        'until: "> "\nstep',
        'until: "> "\n    answer: {"name? ": "{x}"}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:25: start[0].answer."name? ": an answer on the way is a fixed text
           11 |     answer: {"name? ": "{x}"}
              |                         ^^^
          found: {x}
          expected: an exchange of its own for what varies
        """,
    ),
    "answers with line framing": (
        'until: "> "\nstep',
        'answer: {"more? ": y}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:5: start[0].answer: questions can be recognised only before a text or a silence
           10 |   - answer: {"more? ": y}
              |     ^^^^^^
          expected: `until` or `quiet` too
        """,
    ),
    "framing twice": (
        'until: "> "\nstep',
        'until: "> "\n    lines: 3\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:5: start[0].lines: a reply has one kind of end
           11 |     lines: 3
              |     ^^^^^
          found: until and lines
          expected: one of them
        """,
    ),
    "blank is false": (
        'until: "> "\nstep',
        'blank: false\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].blank: says nothing
           10 |   - blank: false
              |            ^^^^^
          found: false
          expected: `blank: true`, or leave it out
        """,
    ),
    "no quiet at all": (
        'until: "> "\nstep',
        'quiet: 0\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].quiet: no time at all
           10 |   - quiet: 0
              |            ^
          found: 0
          expected: a time such as `50 ms`
        """,
    ),
    "an empty list": (
        'until: "> "\nstep',
        'until: []\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:12: start[0].until: no end is given
           10 |   - until: []
              |            ^^
          found: an empty list
          expected: at least one text
        """,
    ),
    "two labels in one entry": (
        'until: "> "\nstep',
        'until: ["> ", {a: b, c: d}]\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:10:19: start[0].until[1]: not an end of a reply
           10 |   - until: ["> ", {a: b, c: d}]
              |                   ^^^^^^^^^^^^
          found: a mapping of a, c
          expected: a text, a `/regular expression/`, `{label: text}`, or `{label: {exit: 0}}`
        """,
    ),
    "an exit that is a word": (
        '{over: "END\\n"}',
        '{over: {exit: fine}}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:13:19: step[0].until[1]: not an end of a reply
           13 |     until: ["> ", {over: {exit: fine}}]
              |                   ^^^^^^^^^^^^^^^^^^^^
          found: a mapping of over
          expected: a text, a `/regular expression/`, `{label: text}`, or `{label: {exit: 0}}`
        """,
    ),
    "nothing is sent again": (
        'until: "> "\nstep',
        'until: "> "\n    repeat: {until: x > 0}\nstep',
        r"""
        toy.yaml: 1 problem
        toy.yaml:11:5: start[0].repeat: nothing is sent again
           11 |     repeat: {until: x > 0}
              |     ^^^^^^
          found: `repeat` alone
          expected: `send`, `press` or `write` too
        """,
    ),
    "a repetition over constants": (
        'send: "{action:.2f}"',
        'send: "{action:.2f}"\n    repeat: {until: step > 0}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:13:21: step[0].repeat.until: nothing that the simulator says can end this repetition
           13 |     repeat: {until: step > 0}
              |                     ^^^^^^^^
          found: step > 0
          expected: an expression over at least one field of the reply
        """,
    ),
    "silence after several lines": (
        'send: "{action:.2f}"',
        'send: [a, b]\n    silent: 1 s',
        r"""
        toy.yaml: 1 problem
        toy.yaml:13:5: step[0].silent: silence cannot be told from one of several replies
           13 |     silent: 1 s
              |     ^^^^^^
          expected: one line in `send`
        """,
    ),
    "a line that is a comment": (
        'send: "{action:.2f}"',
        'send: # {action:.2f}',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:5: step[0].send: nothing is written here
           12 |   - send: # {action:.2f}
              |     ^^^^
          expected: text in quotes, `""` for an empty line; what stands behind a # is a comment
        """,
    ),
    "no line at all": (
        'send: "{action:.2f}"',
        'send: []',
        r"""
        toy.yaml: 1 problem
        toy.yaml:12:11: step[0].send: an empty list
           12 |   - send: []
              |           ^^
          expected: at least one line; leave `send` out to only wait
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ENDS)
def test_what_the_author_sees(title, tmp_path):
    old, new, expected = ENDS[title]
    assert samples.TOY.count(old) == 1
    assert refusal(tmp_path, samples.TOY.replace(old, new)) == dedented(expected)


@pytest.mark.parametrize("end", ['"/> \\\\d+\\n/"', '"/>$\\n/"', "'/> \\d+\\n/'"])
def test_a_pattern_that_ends_with_a_line_end_is_closed_however_that_is_written(end, tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(samples.TOY.replace('"> "\nstep', f"{end}\nstep"))
    assert load_program(path).config.start[0].until
