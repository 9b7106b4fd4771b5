"""Rules for what is said and how replies end, by the way they go: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)
FILES, SCREEN = ways.FILES, ways.SCREEN


RULES = {
    "send and press": (
        SCREEN,
        [('press: "{action}"', 'press: "{action}"\n    send: go')],
        r"""
        toy.yaml:10:5: step[0].press: keys and a text at once
           10 |   - press: "{action}"
              |     ^^^^^
          found: `send` and `press`
          expected: one of them
        toy.yaml:11:5: step[0].send: a full screen takes keys
           11 |     send: go
              |     ^^^^
          found: `send`
          expected: `press: "...<enter>"`
        """,
    ),
    "lines for a screen": (
        SCREEN,
        [('press: "{action}"', 'send: "{action}"')],
        r"""
        toy.yaml:10:5: step[0].send: a full screen takes keys
           10 |   - send: "{action}"
              |     ^^^^
          found: `send`
          expected: `press: "...<enter>"`
        """,
    ),
    "answers on a screen": (
        SCREEN,
        [('press: "{action}"', 'press: "{action}"\n    answer: {"--More--": ""}')],
        r"""
        toy.yaml:11:5: step[0].answer: an answer is a line, and a full screen takes keys
           11 |     answer: {"--More--": ""}
              |     ^^^^^^
          found: `answer`
          expected: an exchange with `when` and `press`
        """,
    ),
    "keys without a screen": (
        FILES,
        [('write: {in.txt: "{action:.2f}"}', 'press: "{action:.2f}"')],
        r"""
        toy.yaml:10:5: step[0].press: keys are for a full screen
           10 |   - press: "{action:.2f}"
              |     ^^^^^
          found: no `screen`
          expected: `send`; or `console: {terminal: true, screen: 80x24}`, where it draws one
        """,
    ),
    "a cursor without a screen": (
        FILES,
        [('write:', 'cursor: [1, 1]\n    write:')],
        r"""
        toy.yaml:10:5: step[0].cursor: only a full screen has one
           10 |   - cursor: [1, 1]
              |     ^^^^^^
          found: no `screen`
          expected: `until` or `lines`
        """,
    ),
    "a cursor outside the screen": (
        SCREEN,
        [('screen: 80x24}', 'screen: 80x24}\nframing: {cursor: [25, 3]}')],
        r"""
        toy.yaml:7:19: framing.cursor: outside the screen
            7 | framing: {cursor: [25, 3]}
              |                   ^^^^^^^
          found: row 25, column 3
          expected: a row up to 24 and a column up to 80
        """,
    ),
    "a whole screen": (
        SCREEN,
        [('press: "{action}"', 'press: "{action}"\n    whole: true')],
        r"""
        toy.yaml:11:5: step[0].whole: nothing but the message itself says where it ends
           11 |     whole: true
              |     ^^^^^
          found: `whole`
          expected: `until`, `quiet` or `cursor`
        """,
    ),
    "whole of a stream": (
        FILES,
        [('files: {read: out.txt}', 'console: {}\nframing: {whole: true}')],
        r"""
        toy.yaml:7:11: framing.whole: nothing but the message itself says where it ends
            7 | framing: {whole: true}
              |           ^^^^^
          found: `whole`
          expected: `lines`, `until`, `blank` or `bytes`
        """,
    ),
    "whole of a file that grows": (
        FILES,
        [
            ('{read: out.txt}', '{read: out.txt, written: appended}'),
            ('write:', 'whole: true\n    write:'),
        ],
        r"""
        toy.yaml:10:5: step[0].whole: nothing but the message itself says where it ends
           10 |   - whole: true
              |     ^^^^^
          found: `whole`
          expected: `lines`, `until`, `blank` or `bytes`
        """,
    ),
    "a file that is left open": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, written: open}')],
        r"""
        toy.yaml:6:35: transport.files.written: a file that is left open is never known to be whole
            6 |   files: {read: out.txt, written: open}
              |                                   ^^^^
          found: open
          expected: `framing: {lines: 1}`, `until` or another end of the message
        """,
    ),
    "whole of a file that is left open": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, written: open}\nframing: {whole: true}')],
        r"""
        toy.yaml:7:11: framing.whole: nothing but the message itself says where it ends
            7 | framing: {whole: true}
              |           ^^^^^
          found: `whole`
          expected: `lines`, `until`, `blank` or `bytes`
        """,
    ),
    "not whole": (
        FILES,
        [('write:', 'whole: false\n    write:')],
        r"""
        toy.yaml:10:12: step[0].whole: says nothing
           10 |   - whole: false
              |            ^^^^^
          found: false
          expected: `whole: true`, or leave it out
        """,
    ),
    "two ends of a reply": (
        FILES,
        [('write:', 'whole: true\n    lines: 3\n    write:')],
        r"""
        toy.yaml:10:5: step[0].whole: a reply has one kind of end
           10 |   - whole: true
              |     ^^^^^
          found: lines and whole
          expected: one of them
        """,
    ),
    "several lines, one file": (
        FILES,
        [
            ('files:', 'console: {}\n  files:'),
            ('write: {in.txt: "{action:.2f}"}', 'send: [a, "{action:.2f}"]'),
        ],
        r"""
        toy.yaml:11:11: step[0].send: the replies to several lines cannot be told apart in one file
           11 |   - send: [a, "{action:.2f}"]
              |           ^^^^^^^^^^^^^^^^^^^
          found: a list of 2
          expected: an exchange for each line
        """,
    ),
    "nothing to repeat": (
        FILES,
        [('write: {in.txt: "{action:.2f}"}', 'repeat: {until: x > 0}')],
        r"""
        toy.yaml:10:5: step[0].repeat: nothing is sent again
           10 |   - repeat: {until: x > 0}
              |     ^^^^^^
          found: `repeat` alone
          expected: `send`, `press` or `write` too
        """,
    ),
    "a repetition that nothing ends": (
        FILES,
        [('write:', 'repeat: {until: step > 3}\n    write:')],
        r"""
        toy.yaml:10:21: step[0].repeat.until: nothing that the simulator says can end this repetition
           10 |   - repeat: {until: step > 3}
              |                     ^^^^^^^^
          found: step > 3
          expected: an expression over at least one field of the reply
        """,
    ),
    "no fields in `fresh`": (
        FILES,
        [('write:', 'fresh: step > 0\n    write:')],
        r"""
        toy.yaml:10:12: step[0].fresh: nothing that the simulator says can end this repetition
           10 |   - fresh: step > 0
              |            ^^^^^^^^
          found: step > 0
          expected: an expression over at least one field of the reply
        """,
    ),
    "an unknown name in `fresh`": (
        FILES,
        [('write:', 'fresh: seq == step\n    write:')],
        r"""
        toy.yaml:10:12: step[0].fresh: unknown name `seq`
           10 |   - fresh: seq == step
              |            ^^^
          found: seq
          expected: one of action, episode, seat, seed, step, x
        """,
    ),
    "a file named after a field": (
        FILES,
        [('in.txt: "{', '"in{x:.0f}.txt": "{')],
        r"""
        toy.yaml:10:17: step[0].write."in{x:.0f}.txt": the name of a file cannot depend on this
           10 |   - write: {"in{x:.0f}.txt": "{action:.2f}"}
              |                 ^
          found: x
          expected: one of step, episode, seed, seat
        """,
    ),
    "a file named after the action": (
        FILES,
        [('in.txt: "{', '"in{action:.0f}.txt": "{')],
        r"""
        toy.yaml:10:17: step[0].write."in{action:.0f}.txt": the name of a file cannot depend on this
           10 |   - write: {"in{action:.0f}.txt": "{action:.2f}"}
              |                 ^^^^^^
          found: action
          expected: one of step, episode, seed, seat
        """,
    ),
    "a file named after nothing known": (
        FILES,
        [('in.txt: "{', '"in{stp}.txt": "{')],
        r"""
        toy.yaml:10:17: step[0].write."in{stp}.txt": unknown name `stp`
           10 |   - write: {"in{stp}.txt": "{action:.2f}"}
              |                 ^^^
          found: stp
          expected: one of episode, seat, seed, step
          did you mean: step
        """,
    ),
    "an unknown key": (
        SCREEN,
        [('press: "{action}"', 'press: "{action}<retrun>"')],
        r"""
        toy.yaml:10:21: step[0].press: no key has this name
           10 |   - press: "{action}<retrun>"
              |                     ^^^^^^^^
          found: <retrun>
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
        """,
    ),
    "an unclosed key": (
        SCREEN,
        [('press: "{action}"', 'press: "a<esc"')],
        r"""
        toy.yaml:10:14: step[0].press: a `<` that no `>` closes
           10 |   - press: "a<esc"
              |              ^
          found: <
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
        """,
    ),
    "a key of another program": (
        SCREEN,
        [('press: "{action}"', 'press: "<pgup>"')],
        r"""
        toy.yaml:10:13: step[0].press: no key has this name
           10 |   - press: "<pgup>"
              |             ^^^^^^
          found: <pgup>
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
          did you mean: <pageup>
        """,
    ),
    "an unknown key around a hole": (
        SCREEN,
        [('press: "{action}"', 'press: "<{action}>"')],
        r"""
        toy.yaml:10:13: step[0].press: a `<` that no `>` closes
           10 |   - press: "<{action}>"
              |             ^
          found: <
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
        """,
    ),
    "a label that is no key": (
        SCREEN,
        [('choices: [h, l]', 'choices: [h, <left>, <rihgt>]')],
        r"""
        toy.yaml:8:24: action.choices[2]: no key has this name
            8 |   choices: [h, <left>, <rihgt>]
              |                        ^^^^^^^
          found: <rihgt>
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
          did you mean: <right>
        """,
    ),
    "a label of a part that is no key": (
        SCREEN,
        [
            ('choices: [h, l]', 'multi: {go: [h, <lft>], times: 3}'),
            ('{action}', '{action.go}'),
        ],
        r"""
        toy.yaml:8:19: action.multi.go[1]: no key has this name
            8 |   multi: {go: [h, <lft>], times: 3}
              |                   ^^^^^
          found: <lft>
          expected: `<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself
          did you mean: <left>
        """,
    ),
    "an unknown name in `press`": (
        SCREEN,
        [('press: "{action}"', 'press: "{acton}"')],
        r"""
        toy.yaml:10:14: step[0].press: unknown name `acton`
           10 |   - press: "{acton}"
              |              ^^^^^
          found: acton
          expected: one of action, episode, seat, seed, step, x
          did you mean: action
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    ways.check(tmp_path, text, changes, expected)
