"""Rules for fields that depend on more than the field: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)
FILES, SCREEN = ways.FILES, ways.SCREEN


RULES = {
    "a file of a computed field": (
        FILES,
        [('  x: {', '  y: {compute: x + 1, file: out.txt}\n  x: {')],
        r"""
        toy.yaml:12:23: fields.y.file: a computed field is not read
           12 |   y: {compute: x + 1, file: out.txt}
              |                       ^^^^
          found: `file`
          expected: leave it out
        """,
    ),
    "an unknown file": (
        FILES,
        [
            ('read: out.txt', 'read: [out.txt, log.txt]'),
            ('float}"}', 'float}", file: lgo.txt}'),
        ],
        r"""
        toy.yaml:12:33: fields.x.file: no file of this name is read
           12 |   x: {find: "X= {float}", file: lgo.txt}
              |                                 ^^^^^^^
          found: lgo.txt
          expected: one of out.txt, log.txt
          did you mean: log.txt
        """,
    ),
    "a file where none is read": (
        FILES,
        [
            ('files: {read: out.txt}', 'console: {}'),
            ('float}"}', 'float}", file: out.txt}'),
        ],
        r"""
        toy.yaml:12:33: fields.x.file: no file of this name is read
           12 |   x: {find: "X= {float}", file: out.txt}
              |                                 ^^^^^^^
          found: out.txt
          expected: leave it out: no files are read
        """,
    ),
    "the screen of a program without one": (
        FILES,
        [('float}"}', 'float}"}\n  s: {screen: cells}')],
        r"""
        toy.yaml:13:15: fields.s.screen: the program draws no full screen
           13 |   s: {screen: cells}
              |               ^^^^^
          found: cells
          expected: `transport: {console: {terminal: true, screen: 80x24}}`, where it draws one
        """,
    ),
    "a part of the whole screen": (
        SCREEN,
        [('fields:', 'fields:\n  s: {screen: cells, within: {after: a}}')],
        r"""
        toy.yaml:12:22: fields.s.within: `screen` is the whole of it
           12 |   s: {screen: cells, within: {after: a}}
              |                      ^^^^^^
          found: `within`
          expected: leave it out; `grid` is a part of a screen
        """,
    ),
    "a grid that leads out of the screen": (
        SCREEN,
        [('fields:', 'fields:\n  s: {grid: {legend: {" ": 0}, rows: 12, columns: 3, first_row: 3, row_step: 2}}')],
        r"""
        toy.yaml:12:38: fields.s.grid.rows: the grid leads out of the screen
           12 |   s: {grid: {legend: {" ": 0}, rows: 12, columns: 3, first_row: 3, row_step: 2}}
              |                                      ^^
          found: row 25
          expected: at most 24 rows
        """,
    ),
    "two places of a grid": (
        SCREEN,
        [('fields:', 'fields:\n  s: {grid: {legend: {" ": 0}, rows: 2, columns: 3, first_row: 3, after: x}}')],
        r"""
        toy.yaml:12:13: fields.s.grid: a place given twice
           12 |   s: {grid: {legend: {" ": 0}, rows: 2, columns: 3, first_row: 3,...}
              |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          found: `after` and `first_row`
          expected: one of them
        """,
    ),
    "a header beside a table": (
        FILES,
        [('float}"}', 'float}"}\n  s: {table: {after: A, column: 1}, header: 2}')],
        r"""
        toy.yaml:13:37: fields.s.header: has no use here
           13 |   s: {table: {after: A, column: 1}, header: 2}
              |                                     ^^^^^^
          found: `header`
          expected: `column` or `columns` beside it
        """,
    ),
    "a separator that separates nothing": (
        FILES,
        [('float}"}', 'float}", separator: ","}')],
        r"""
        toy.yaml:12:27: fields.x.separator: has no use here
           12 |   x: {find: "X= {float}", separator: ","}
              |                           ^^^^^^^^^
          found: `separator`
          expected: `column`, `columns` or `array` beside it
        """,
    ),
    "a line of a text": (
        FILES,
        [('float}"}', 'float}", line: 2}')],
        r"""
        toy.yaml:12:27: fields.x.line: has no use here
           12 |   x: {find: "X= {float}", line: 2}
              |                           ^^^^
          found: `line`
          expected: `column`, `columns` or `chars` beside it
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    ways.check(tmp_path, text, changes, expected)
