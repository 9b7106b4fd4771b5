"""Rules for the files that are written: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)
FILES = ways.FILES


RULES = {
    "no content": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {}')],
        r"""
        toy.yaml:10:13: step[0].write."in.txt": the content of the file is missing
           10 |   - write: {in.txt: {}}
              |             ^^^^^^
          found: none of its keys
          expected: one of template, text, edit, namelist
        """,
    ),
    "two contents": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {text: a, template: b}')],
        r"""
        toy.yaml:10:22: step[0].write."in.txt".text: the content of the file is given twice
           10 |   - write: {in.txt: {text: a, template: b}}
              |                      ^^^^
          found: template and text
          expected: one of template, text, edit, namelist
        """,
    ),
    "set without edit": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {set: {a: 1}}')],
        r"""
        toy.yaml:10:13: step[0].write."in.txt": `set` without `edit`
           10 |   - write: {in.txt: {set: {a: 1}}}
              |             ^^^^^^
          found: `set`
          expected: `edit` too
        """,
    ),
    "edit without set": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat}')],
        r"""
        toy.yaml:10:13: step[0].write."in.txt": `edit` without `set`
           10 |   - write: {in.txt: {edit: a.dat}}
              |             ^^^^^^
          found: `edit`
          expected: `set` too
        """,
    ),
    "patch without namelist": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {patch: a.nml}')],
        r"""
        toy.yaml:10:13: step[0].write."in.txt": `patch` without `namelist`
           10 |   - write: {in.txt: {patch: a.nml}}
              |             ^^^^^^
          found: `patch`
          expected: `namelist` too
        """,
    ),
    "set beside a text": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {text: a, set: {a: 1}}')],
        r"""
        toy.yaml:10:13: step[0].write."in.txt": `set` without `edit`
           10 |   - write: {in.txt: {text: a, set: {a: 1}}}
              |             ^^^^^^
          found: `text` and `set`
          expected: `edit` too
        """,
    ),
    "no place": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{to: 1}]}')],
        r"""
        toy.yaml:10:41: step[0].write."in.txt".set[0]: the place is missing
           10 |   - write: {in.txt: {edit: a.dat, set: [{to: 1}]}}
              |                                         ^^^^^^^
          found: none of its keys
          expected: one of key, card, after
        """,
    ),
    "two places": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{key: gain, card: GW, column: 2, to: 1}]}')],
        r"""
        toy.yaml:10:53: step[0].write."in.txt".set[0].card: the place is given twice
           10 |   - write: {in.txt: {edit: a.dat, set: [{key: gain, card: GW, column: 2, to: 1}]}}
              |                                                     ^^^^
          found: key and card
          expected: one of key, card, after
        """,
    ),
    "column and characters": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{card: GW, column: 2, chars: 1..2, to: 1}]}')],
        r"""
        toy.yaml:10:63: step[0].write."in.txt".set[0].chars: the place is given twice
           10 |   - write: {in.txt: {edit: a.dat, set: [{card: GW, column: 2, chars: 1..2, to: 1}]}}
              |                                                               ^^^^^
          found: column and chars
          expected: one of them
        """,
    ),
    "a card as a whole": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{card: GW, to: 1}]}')],
        r"""
        toy.yaml:10:48: step[0].write."in.txt".set[0].card: which part of the card?
           10 |   - write: {in.txt: {edit: a.dat, set: [{card: GW, to: 1}]}}
              |                                                ^^
          found: GW
          expected: `column: 3`, or `chars: 11..20`, too
        """,
    ),
    "a card's first word": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{card: GW, column: 1, to: 1}]}')],
        r"""
        toy.yaml:10:60: step[0].write."in.txt".set[0].column: the first word is the card's name
           10 |   - write: {in.txt: {edit: a.dat, set: [{card: GW, column: 1, to: 1}]}}
              |                                                            ^
          found: 1
          expected: 2 or more
        """,
    ),
    "a group without a key": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{card: GW, column: 2, group: x, to: 1}]}')],
        r"""
        toy.yaml:10:63: step[0].write."in.txt".set[0].group: has no use here
           10 |   - write: {in.txt: {edit: a.dat, set: [{card: GW, column: 2, group: x, to: 1}]}}
              |                                                               ^^^^^
          found: `group`
          expected: `key` beside it
        """,
    ),
    "a line without a heading": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{card: GW, column: 2, line: 2, to: 1}]}')],
        r"""
        toy.yaml:10:63: step[0].write."in.txt".set[0].line: has no use here
           10 |   - write: {in.txt: {edit: a.dat, set: [{card: GW, column: 2, line: 2, to: 1}]}}
              |                                                               ^^^^
          found: `line`
          expected: `after` beside it
        """,
    ),
    "the column of a key": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{key: gain, column: 2, to: 1}]}')],
        r"""
        toy.yaml:10:53: step[0].write."in.txt".set[0].column: has no use here
           10 |   - write: {in.txt: {edit: a.dat, set: [{key: gain, column: 2, to: 1}]}}
              |                                                     ^^^^^^
          found: `column`
          expected: `card` or `after` beside it
        """,
    ),
    "the characters of a key": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{key: gain, chars: 1..2, to: 1}]}')],
        r"""
        toy.yaml:10:53: step[0].write."in.txt".set[0].chars: has no use here
           10 |   - write: {in.txt: {edit: a.dat, set: [{key: gain, chars: 1..2, to: 1}]}}
              |                                                     ^^^^^
          found: `chars`
          expected: `card` or `after` beside it
        """,
    ),
    "nothing put there": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{key: gain}]}')],
        r"""
        toy.yaml:10:41: step[0].write."in.txt".set[0]: the key `to` is missing
           10 |   - write: {in.txt: {edit: a.dat, set: [{key: gain}]}}
              |                                         ^^^^^^^^^^^
          expected: `to: ...`: What is put there, a template as in `send`: `{action:.3f}`
        """,
    ),
    "an unknown key of a deck": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: {gian: 1}}')],
        r"""
        toy.yaml:10:41: step[0].write."in.txt".set.gian: the deck has no such name
           10 |   - write: {in.txt: {edit: a.dat, set: {gian: 1}}}
              |                                         ^^^^
          found: gian
          expected: a name before `=` or `:`
          did you mean: GAIN
        """,
    ),
    "an unknown name in a short edit": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: {gain: "{acton}"}}')],
        r"""
        toy.yaml:10:49: step[0].write."in.txt".set.gain: unknown name `acton`
           10 |   - write: {in.txt: {edit: a.dat, set: {gain: "{acton}"}}}
              |                                                 ^^^^^
          found: acton
          expected: one of action, episode, seat, seed, step, x
          did you mean: action
        """,
    ),
    "an empty set": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: []}')],
        r"""
        toy.yaml:10:40: step[0].write."in.txt".set: empty
           10 |   - write: {in.txt: {edit: a.dat, set: []}}
              |                                        ^^
          found: an empty list
          expected: at least one entry
        """,
    ),
    "an empty short set": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: {}}')],
        r"""
        toy.yaml:10:40: step[0].write."in.txt".set: empty
           10 |   - write: {in.txt: {edit: a.dat, set: {}}}
              |                                        ^^
          found: an empty mapping
          expected: at least one entry
        """,
    ),
    "a list as content": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: [a]')],
        r"""
        toy.yaml:10:21: step[0].write."in.txt": not the content of a file
           10 |   - write: {in.txt: [a]}
              |                     ^^^
          found: a list of 1
          expected: a text, `{template: PATH}`, `{text: ...}` or `{edit: PATH, set: ...}`
        """,
    ),
    "a misspelt key of an edit": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edit: a.dat, set: [{key: gain, too: 1}]}')],
        r"""
        toy.yaml:10:53: step[0].write."in.txt".set[0].too: an unknown key
           10 |   - write: {in.txt: {edit: a.dat, set: [{key: gain, too: 1}]}}
              |                                                     ^^^
          found: too
          expected: one of after, card, chars, column, group, key, line, to, which
          did you mean: to
        """,
    ),
    "a misspelt key of a deck": (
        FILES,
        [('in.txt: "{action:.2f}"', 'in.txt: {edti: a.dat, set: {gain: 1}}')],
        r"""
        toy.yaml:10:22: step[0].write."in.txt".edti: an unknown key
           10 |   - write: {in.txt: {edti: a.dat, set: {gain: 1}}}
              |                      ^^^^
          found: edti
          expected: one of edit, namelist, patch, set, template, text
          did you mean: edit
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    ways.check(tmp_path, text, changes, expected)
