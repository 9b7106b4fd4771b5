# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for binary numbers that are sent: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
TCP = nets.TCP


RULES = {
    "no byte order": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "dd", values: [action, 1]}')],
        r"""
        toy.yaml:10:21: step[0].pack.layout: no byte order in front
           10 |   - pack: {layout: "dd", values: [action, 1]}
              |                     ^
          found: dd
          expected: `<dd` for little endian, `>dd` for big endian
        """,
    ),
    "the machine's byte order": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "@d", values: [action]}')],
        r"""
        toy.yaml:10:21: step[0].pack.layout: the size of numbers would be that of this machine
           10 |   - pack: {layout: "@d", values: [action]}
              |                     ^
          found: @d
          expected: `<d` for little endian, `>d` for big endian
        """,
    ),
    "a text": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<4s", values: [action]}')],
        r"""
        toy.yaml:10:23: step[0].pack.layout: not a letter of a layout
           10 |   - pack: {layout: "<4s", values: [action]}
              |                       ^
          found: s
          expected: the bytes of a text as numbers, `4B` say
        """,
    ),
    "a size of the machine": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<n", values: [action]}')],
        r"""
        toy.yaml:10:22: step[0].pack.layout: not a letter of a layout
           10 |   - pack: {layout: "<n", values: [action]}
              |                      ^
          found: n
          expected: `q` or `Q`: the size of this one is that of the machine
        """,
    ),
    "a flag": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<?", values: [action]}')],
        r"""
        toy.yaml:10:22: step[0].pack.layout: not a letter of a layout
           10 |   - pack: {layout: "<?", values: [action]}
              |                      ^
          found: ?
          expected: `B`, one byte
        """,
    ),
    "an unknown letter": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<dw", values: [action, 1]}')],
        r"""
        toy.yaml:10:23: step[0].pack.layout: not a letter of a layout
           10 |   - pack: {layout: "<dw", values: [action, 1]}
              |                       ^
          found: w
          expected: `b B h H i I l L q Q`, `e f d` or `x`
        """,
    ),
    "a number without a letter": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<d3", values: [action]}')],
        r"""
        toy.yaml:10:23: step[0].pack.layout: a number without a letter
           10 |   - pack: {layout: "<d3", values: [action]}
              |                       ^
          expected: `b B h H i I l L q Q`, `e f d` or `x` right behind it
        """,
    ),
    "a blank behind a number": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<3 f", values: [1, 2, action]}')],
        r"""
        toy.yaml:10:22: step[0].pack.layout: a number without a letter
           10 |   - pack: {layout: "<3 f", values: [1, 2, action]}
              |                      ^
          expected: `b B h H i I l L q Q`, `e f d` or `x` right behind it
        """,
    ),
    "nothing": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<", values: [action]}')],
        r"""
        toy.yaml:10:21: step[0].pack.layout: nothing is packed
           10 |   - pack: {layout: "<", values: [action]}
              |                     ^
          found: <
          expected: a letter for each number: `b B h H i I l L q Q`, `e f d` or `x`
        """,
    ),
    "only nothing": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<0d", values: [action]}')],
        r"""
        toy.yaml:10:21: step[0].pack.layout: nothing is packed
           10 |   - pack: {layout: "<0d", values: [action]}
              |                     ^^^
          found: <0d
          expected: a letter for each number: `b B h H i I l L q Q`, `e f d` or `x`
        """,
    ),
    "too large": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<9999999999x d", values: [action]}')],
        r"""
        toy.yaml:10:21: step[0].pack.layout: too large for one message
           10 |   - pack: {layout: "<9999999999x d", values: [action]}
              |                     ^^^^^^^^^^^^^^
          found: 1000000007 bytes
          expected: at most 1048576 bytes
        """,
    ),
    "too few values": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<2hd", values: [1, 2.5]}')],
        r"""
        toy.yaml:10:28: step[0].pack.values: not a value for each number
           10 |   - pack: {layout: "<2hd", values: [1, 2.5]}
              |                            ^^^^^^
          found: 3 numbers in the layout, 2 values
          expected: 3 values
        """,
    ),
    "too many values": (
        TCP,
        [('send: "{action:.2f}"', 'pack: {layout: "<dx", values: [1, action]}')],
        r"""
        toy.yaml:10:27: step[0].pack.values: not a value for each number
           10 |   - pack: {layout: "<dx", values: [1, action]}
              |                           ^^^^^^
          found: 1 number in the layout, 2 values
          expected: 1 value
        """,
    ),
    "text and numbers": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    pack: {layout: "<d", values: [1]}')],
        r"""
        toy.yaml:11:5: step[0].pack: several things are sent at once
           11 |     pack: {layout: "<d", values: [1]}
              |     ^^^^
          found: `send` and `pack`
          expected: an exchange for each
        """,
    ),
    "three things": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    pack: {layout: "<d", values: [1]}\n    send_json: {a: 1}')],
        r"""
        toy.yaml:12:5: step[0].send_json: several things are sent at once
           12 |     send_json: {a: 1}
              |     ^^^^^^^^^
          found: `send` and `send_json` and `pack`
          expected: an exchange for each
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
