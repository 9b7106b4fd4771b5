# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for the directions of sockets: one way each: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
HTTP, TCP = nets.HTTP, nets.TCP


RULES = {
    "a socket both ways beside a file": (
        TCP,
        [('  tcp:', '  files: {read: out.txt}\n  tcp:')],
        r"""
        toy.yaml:7:3: transport.tcp: the way back is given twice
            7 |   tcp: {connect: "127.0.0.1:${port}"}
              |   ^^^
          found: `tcp` and `files.read`
          expected: `carries: actions` in `tcp`, or leave `files.read` out
        """,
    ),
    "a socket both ways beside a FIFO that is read": (
        TCP,
        [('  tcp:', '  fifo: {read: out}\n  tcp:')],
        r"""
        toy.yaml:7:3: transport.tcp: the way back is given twice
            7 |   tcp: {connect: "127.0.0.1:${port}"}
              |   ^^^
          found: `tcp` and `fifo.read`
          expected: `carries: actions` in `tcp`, or leave `fifo.read` out
        """,
    ),
    "a socket both ways beside a FIFO that is written": (
        TCP,
        [('  tcp:', '  fifo: {write: in}\n  tcp:')],
        r"""
        toy.yaml:7:3: transport.tcp: the way to the program is given twice
            7 |   tcp: {connect: "127.0.0.1:${port}"}
              |   ^^^
          found: `tcp` and `fifo.write`
          expected: `carries: replies` in `tcp`, or leave `fifo.write` out
        """,
    ),
    "two sockets both ways": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'tcp: {connect: "127.0.0.1:${port}"}\n  udp: {connect: "127.0.0.1:${port}"}')],
        r"""
        toy.yaml:7:3: transport.udp: the way back is given twice
            7 |   udp: {connect: "127.0.0.1:${port}"}
              |   ^^^
          found: `tcp` and `udp`
          expected: `carries: actions` in one, `carries: replies` in the other
        """,
    ),
    "two ways back": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'tcp: {connect: "127.0.0.1:${port}"}\n  udp: {listen: "127.0.0.1:${port2}", carries: replies}'), ('"${port}"]', '"${port}", "${port2}"]')],
        r"""
        toy.yaml:7:3: transport.udp: the way back is given twice
            7 |   udp: {listen: "127.0.0.1:${port2}", carries: replies}
              |   ^^^
          found: `tcp` and `udp`
          expected: `carries: actions` in one, `carries: replies` in the other
        """,
    ),
    "HTTP beside a file": (
        HTTP,
        [('http: {url: "http://127.0.0.1:${port}"}', 'http: {url: "http://127.0.0.1:${port}"}\n  files: {read: out.txt}')],
        r"""
        toy.yaml:6:3: transport.http: the way back is given twice
            6 |   http: {url: "http://127.0.0.1:${port}"}
              |   ^^^^
          found: `http` and `files.read`
          expected: one of them
        """,
    ),
    "HTTP beside a socket": (
        HTTP,
        [('http: {url: "http://127.0.0.1:${port}"}', 'http: {url: "http://127.0.0.1:${port}"}\n  unix: {connect: toy.sock, carries: replies}')],
        r"""
        toy.yaml:6:3: transport.http: the way back is given twice
            6 |   http: {url: "http://127.0.0.1:${port}"}
              |   ^^^^
          found: `unix` and `http`
          expected: one of them
        """,
    ),
    "nothing for the console": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'tcp: {connect: "127.0.0.1:${port}"}\n  console: {}')],
        r"""
        toy.yaml:7:3: transport.console: nothing is left for the console to carry
            7 |   console: {}
              |   ^^^^^^^
          found: `tcp`
          expected: leave it out; what the program prints is kept
        """,
    ),
    "a terminal beside a socket": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", carries: actions'), ('  tcp:', '  console: {terminal: true}\n  tcp:')],
        r"""
        toy.yaml:6:13: transport.console.terminal: a terminal cannot be combined with other ways
            6 |   console: {terminal: true}
              |             ^^^^^^^^
          found: `terminal` beside `tcp`
          expected: pipes: leave `terminal` out
        """,
    ),
    "nothing leads back": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", carries: actions')],
        r"""
        toy.yaml:6:48: transport.tcp.carries: nothing leads back from the program
            6 |   tcp: {connect: "127.0.0.1:${port}", carries: actions}
              |                                                ^^^^^^^
          found: actions
          expected: `carries: both`, or `console: {}` beside it
        """,
    ),
    "nothing leads there": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", carries: replies')],
        r"""
        toy.yaml:10:5: step[0].send: nothing leads to the program's input
           10 |   - send: "{action:.2f}"
              |     ^^^^
          found: `carries: replies`
          expected: `carries: both`, or another transport beside it: `console: {}`, say
        """,
    ),
    "no way at all": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', '{}'), (', "${port}"', '')],
        r"""
        toy.yaml:5:1: transport: the transport is missing
            5 | transport:
              | ^^^^^^^^^
          found: none of its keys
          expected: `console`, `files`, `fifo`, `tcp`, `unix`, `udp` or `http`
        """,
    ),
    "a socket for runs": (
        TCP,
        [('  command', '  each: step\n  command')],
        r"""
        toy.yaml:7:3: transport.tcp: a process for each step has no use for it
            7 |   tcp: {connect: "127.0.0.1:${port}"}
              |   ^^^
          found: `tcp`
          expected: `files: {read: ...}` or `console: {}`
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
