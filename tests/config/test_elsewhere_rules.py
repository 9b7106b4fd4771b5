# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for programs that run already, and what a program must be told: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
AWAY, HTTP, SERVE, TCP = nets.AWAY, nets.HTTP, nets.SERVE, nets.TCP


RULES = {
    "a command that is missing": (
        TCP,
        [('  command: [toy, "${seed}", "${port}"]', '  seed: none'), ('127.0.0.1:${port}', '127.0.0.1:4533'), ('connect', 'listen')],
        r"""
        toy.yaml:4:3: simulator: the key `command` is missing
            4 |   seed: none
              |   ^
          expected: `command: ...`: The program and its arguments, a list. `${python}`, `${seed}`, `${seat}`, `${episode}`, `${workdir}` (its run folder), `${config}` (the folder of this YAML), `${simulators}` (that of the embedded ones), `${port}`, `${port2}`, `${port3}` (free ports) and `${token}` (a secret of this run) are filled in; `$$` is a dollar sign. Left out where `connect` or `url` leads to a program that runs already, started by somebody else
        """,
    ),
    "a command that is missing for a console": (
        TCP,
        [('  command: [toy, "${seed}", "${port}"]', '  seed: none'), ('tcp: {connect: "127.0.0.1:${port}"}', 'console: {}')],
        r"""
        toy.yaml:4:3: simulator: the key `command` is missing
            4 |   seed: none
              |   ^
          expected: `command: ...`: The program and its arguments, a list. `${python}`, `${seed}`, `${seat}`, `${episode}`, `${workdir}` (its run folder), `${config}` (the folder of this YAML), `${simulators}` (that of the embedded ones), `${port}`, `${port2}`, `${port3}` (free ports) and `${token}` (a secret of this run) are filled in; `$$` is a dollar sign. Left out where `connect` or `url` leads to a program that runs already, started by somebody else
        """,
    ),
    "what is said of a program that runs already": (
        AWAY,
        [('  seed: none', '  seed: none\n  directory: a\n  environment: {A: b}\n  install: apt install toy'), ('step:', 'limits: {memory: 1 GB, output: 1 KB}\nstep:')],
        r"""
        toy.yaml:5:3: simulator.directory: no program is started here
            5 |   directory: a
              |   ^^^^^^^^^
          found: `directory` without `command`
          expected: leave it out, or `command: [...]` too
        toy.yaml:6:3: simulator.environment: no program is started here
            6 |   environment: {A: b}
              |   ^^^^^^^^^^^
          found: `environment` without `command`
          expected: leave it out, or `command: [...]` too
        toy.yaml:7:3: simulator.install: no program is started here
            7 |   install: apt install toy
              |   ^^^^^^^
          found: `install` without `command`
          expected: leave it out, or `command: [...]` too
        toy.yaml:12:10: limits.memory: no program is started here
           12 | limits: {memory: 1 GB, output: 1 KB}
              |          ^^^^^^
          found: `memory` without `command`
          expected: leave it out, or `command: [...]` too
        """,
    ),
    "a port that nobody was told": (
        AWAY,
        [('4533', '${port}')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: nobody tells it to a program that runs already
            6 |   tcp: {connect: "127.0.0.1:${port}"}
              |                   ^^^^^^^^^^^^^^^^^
          found: ${port}
          expected: the address where it listens, or `command: [...]` too
        """,
    ),
    "a path that nobody was told": (
        AWAY,
        [('tcp: {connect: "127.0.0.1:4533"}', 'unix: {connect: toy.sock}')],
        r"""
        toy.yaml:6:19: transport.unix.connect: a program that runs already has no folder here
            6 |   unix: {connect: toy.sock}
              |                   ^^^^^^^^
          found: toy.sock
          expected: an absolute path
        """,
    ),
    "a run for each step that runs already": (
        AWAY,
        [('  seed: none', '  seed: none\n  each: step')],
        r"""
        toy.yaml:5:3: simulator.each: no program is started here
            5 |   each: step
              |   ^^^^
          found: `each` without `command`
          expected: leave it out, or `command: [...]` too
        toy.yaml:7:3: transport.tcp: a process for each step has no use for it
            7 |   tcp: {connect: "127.0.0.1:4533"}
              |   ^^^
          found: `tcp`
          expected: `files: {read: ...}` or `console: {}`
        """,
    ),
    "files for a program that runs already": (
        AWAY,
        [('- send', '- write: {a.txt: b}\n    send')],
        r"""
        toy.yaml:10:5: step[0].write: a program that runs already has no folder here
           10 |   - write: {a.txt: b}
              |     ^^^^^
          found: `write` without `command`
          expected: leave it out, or `command: [...]` too
        """,
    ),
    "the end of a program that runs already": (
        AWAY,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    until: ["> ", {over: {exit: 0}}]')],
        r"""
        toy.yaml:11:26: step[0].until[1].over: the end of a program that is not started here is not seen
           11 |     until: ["> ", {over: {exit: 0}}]
              |                          ^^^^^^^^^
          found: exit 0
          expected: a text that it says
        """,
    ),
    "a port that is in no address": (
        TCP,
        [('"${port}"]', '"${port}", "${port2}"]')],
        r"""
        toy.yaml:4:41: simulator.command[3]: no address of the transport has this port
            4 |   command: [toy, "${seed}", "${port}", "${port2}"]
              |                                         ^^^^^^^^
          found: ${port2}
          expected: `127.0.0.1:${port2}` as the address of a socket
        """,
    ),
    "a port of a console": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'console: {}')],
        r"""
        toy.yaml:4:30: simulator.command[2]: a console has no port
            4 |   command: [toy, "${seed}", "${port}"]
              |                              ^^^^^^^
          found: ${port}
          expected: another of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}
        """,
    ),
    "a port that the program is not told": (
        TCP,
        [(', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: the program is never told this port
            6 |   tcp: {connect: "127.0.0.1:${port}"}
              |                   ^^^^^^^^^^^^^^^^^
          found: ${port}
          expected: `${port}` in `command` or `environment` too, where it is told which port to listen on
        """,
    ),
    "a port that we listen on and do not tell": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'listen: true'), (', "${port}"', '')],
        r"""
        toy.yaml:6:17: transport.tcp.listen: the program is never told this port
            6 |   tcp: {listen: true}
              |                 ^^^^
          found: ${port}
          expected: `${port}` in `command` or `environment` too, where it is told which port to call
        """,
    ),
    "a port of a URL that is not told": (
        HTTP,
        [(', "${port}"', '')],
        r"""
        toy.yaml:6:16: transport.http.url: the program is never told this port
            6 |   http: {url: "http://127.0.0.1:${port}"}
              |                ^^^^^^^^^^^^^^^^^^^^^^^^
          found: ${port}
          expected: `${port}` in `command` or `environment` too, where it is told which port to listen on
        """,
    ),
    "a token that nobody asks for": (
        TCP,
        [('"${port}"]', '"${port}", "${token}"]')],
        r"""
        toy.yaml:4:41: simulator.command[3]: nobody asks for the token
            4 |   command: [toy, "${seed}", "${port}", "${token}"]
              |                                         ^^^^^^^^
          found: ${token}
          expected: `peer: token` beside `listen` or `serve`, or leave it out
        """,
    ),
    "a token that is not told": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'listen: true, peer: token')],
        r"""
        toy.yaml:6:29: transport.tcp.peer: the program is never told the token
            6 |   tcp: {listen: true, peer: token}
              |                             ^^^^^
          found: `peer: token`
          expected: `environment: {TOKEN: "${token}"}`, where it reads it; or `peer: process`, where what we started asks us
        """,
    ),
    "a server's token that is not told": (
        SERVE,
        [(', "${token}"', '')],
        r"""
        toy.yaml:6:3: transport.http: the program is never told the token
            6 |   http: {serve: true}
              |   ^^^^
          found: `peer: token`, the default
          expected: `environment: {TOKEN: "${token}"}`, where it reads it; or `peer: process`, where what we started asks us
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
