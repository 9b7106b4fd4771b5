# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for words of other programs, and the keys that they stand for: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
HTTP, SERVE, TCP = nets.HTTP, nets.SERVE, nets.TCP


RULES = {
    "standard output": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'stdout: {}'), (', "${port}"', '')],
        r"""
        toy.yaml:6:3: transport.stdout: an unknown key
            6 |   stdout: {}
              |   ^^^^^^
          found: stdout
          expected: one of console, fifo, files, http, tcp, udp, unix
          did you mean: console
        """,
    ),
    "a socket": (
        TCP,
        [('tcp:', 'socket:')],
        r"""
        toy.yaml:6:3: transport.socket: an unknown key
            6 |   socket: {connect: "127.0.0.1:${port}"}
              |   ^^^^^^
          found: socket
          expected: one of console, fifo, files, http, tcp, udp, unix
          did you mean: tcp
        """,
    ),
    "a host and a port": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'tcp: {host: localhost, port: 4533}'), (', "${port}"', '')],
        r"""
        toy.yaml:6:9: transport.tcp.host: an unknown key
            6 |   tcp: {host: localhost, port: 4533}
              |         ^^^^
          found: host
          expected: one of allow_remote, carries, connect, each, listen, peer, telnet
          did you mean: connect
        toy.yaml:6:26: transport.tcp.port: an unknown key
            6 |   tcp: {host: localhost, port: 4533}
              |                          ^^^^
          found: port
          expected: one of allow_remote, carries, connect, each, listen, peer, telnet
          did you mean: connect
        """,
    ),
    "a serial line": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'serial: {}'), (', "${port}"', '')],
        r"""
        toy.yaml:6:3: transport.serial: an unknown key
            6 |   serial: {}
              |   ^^^^^^
          found: serial
          expected: one of console, fifo, files, http, tcp, udp, unix
          did you mean: console
        """,
    ),
    "a method as a key": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'post: /step')],
        r"""
        toy.yaml:10:5: step[0].post: an unknown key
           10 |   - post: /step
              |     ^^^^
          found: post
          expected: one of answer, at, blank, bytes, cursor, datagrams, document, fresh, gather, length, lines, pack, press, quiet, repeat, request, resend, send, send_json, silent, until, when, whole, write
          did you mean: request
        """,
    ),
    "a server": (
        SERVE,
        [('serve: true', 'listen: true')],
        r"""
        toy.yaml:6:10: transport.http.listen: an unknown key
            6 |   http: {listen: true}
              |          ^^^^^^
          found: listen
          expected: one of action, allow_remote, headers, observation, peer, ready, secrets, serve, type, url, wait
          did you mean: serve
        """,
    ),
    "a delimiter": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    delimiter: ";"')],
        r"""
        toy.yaml:11:5: step[0].delimiter: an unknown key
           11 |     delimiter: ";"
              |     ^^^^^^^^^
          found: delimiter
          expected: one of answer, at, blank, bytes, cursor, datagrams, document, fresh, gather, length, lines, pack, press, quiet, repeat, request, resend, send, send_json, silent, until, when, whole, write
          did you mean: until
        """,
    ),
    "a space of Gymnasium": (
        TCP,
        [('box: {low: 0, high: 1}', 'discrete: 4')],
        r"""
        toy.yaml:8:3: action.discrete: an unknown key
            8 |   discrete: 4
              |   ^^^^^^^^
          found: discrete
          expected: one of bits, box, choices, label, mask, multi, parts, text
          did you mean: choices
        """,
    ),
    "an ending of the old Gym": (
        TCP,
        [('max_steps: 10', 'max_steps: 10\ndone: x > 9')],
        r"""
        toy.yaml:16:1: done: an unknown key
           16 | done: x > 9
              | ^^^^
          found: done
          expected: one of about, action, adapter, complaints, deadlines, deterministic, fields, filebridge, framing, ignore, info, leftover, limits, max_steps, name, observation, observation_dtype, on_failure, reset, restore, reward, simulator, start, step, stop, terminated, text, transport, truncated, variables
          did you mean: terminated
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
