# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for framings by the way that replies come: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
HTTP, TCP, UDP = nets.HTTP, nets.TCP, nets.UDP


RULES = {
    "datagrams of a stream": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    datagrams: 3')],
        r"""
        toy.yaml:11:5: step[0].datagrams: only datagrams can be counted
           11 |     datagrams: 3
              |     ^^^^^^^^^
          found: no reply over `udp`
          expected: `udp` in `transport`; or `lines`, `bytes` or `until`
        """,
    ),
    "datagrams of a service": (
        HTTP,
        [('step:', 'framing: {datagrams: 3}\nstep:')],
        r"""
        toy.yaml:9:11: framing.datagrams: only datagrams can be counted
            9 | framing: {datagrams: 3}
              |           ^^^^^^^^^
          found: no reply over `udp`
          expected: `udp` in `transport`; or `lines`, `bytes` or `until`
        """,
    ),
    "a length of datagrams": (
        UDP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    length: 4')],
        r"""
        toy.yaml:11:5: step[0].length: a length stands in front of messages in a stream
           11 |     length: 4
              |     ^^^^^^
          found: datagrams
          expected: leave it out: each message is whole by itself
        """,
    ),
    "a length of an answer": (
        HTTP,
        [('step:', 'framing: {length: 4}\nstep:')],
        r"""
        toy.yaml:9:11: framing.length: a length stands in front of messages in a stream
            9 | framing: {length: 4}
              |           ^^^^^^
          found: `http`
          expected: leave it out: each message is whole by itself
        """,
    ),
    "a length on a terminal": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    length: 4'), ('tcp: {connect: "127.0.0.1:${port}"}', 'console: {terminal: true}'), (', "${port}"', '')],
        r"""
        toy.yaml:11:5: step[0].length: bytes cannot be counted on a terminal, which changes line ends
           11 |     length: 4
              |     ^^^^^^
          expected: `lines`, `until` or pipes
        """,
    ),
    "a length of nine bytes": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    length: 9')],
        r"""
        toy.yaml:11:13: step[0].length: out of range
           11 |     length: 9
              |             ^
          found: 9
          expected: at most 8
        """,
    ),
    "a whole stream": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    whole: true')],
        r"""
        toy.yaml:11:5: step[0].whole: nothing but the message itself says where it ends
           11 |     whole: true
              |     ^^^^^
          found: `whole`
          expected: `lines`, `until`, `blank` or `bytes`
        """,
    ),
    "a length and lines": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    lines: 1\n    length: 4')],
        r"""
        toy.yaml:12:5: step[0].length: a reply has one kind of end
           12 |     length: 4
              |     ^^^^^^
          found: lines and length
          expected: one of them
        """,
    ),
    "an unknown kind of document": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    document: yaml')],
        r"""
        toy.yaml:11:15: step[0].document: not one of the words that can stand here
           11 |     document: yaml
              |               ^^^^
          found: yaml
          expected: `json` or `xml`
        """,
    ),
    "a cursor of a socket": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    cursor: [1, 1]')],
        r"""
        toy.yaml:11:5: step[0].cursor: only a full screen has one
           11 |     cursor: [1, 1]
              |     ^^^^^^
          found: no `screen`
          expected: `until` or `lines`
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
