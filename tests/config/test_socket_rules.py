# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for sockets and HTTP: which side listens and where, who is let in: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
HTTP, SERVE, TCP, UDP, UNIX = nets.HTTP, nets.SERVE, nets.TCP, nets.UDP, nets.UNIX


RULES = {
    "neither side listens": (
        TCP,
        [('tcp: {connect: "127.0.0.1:${port}"}', 'tcp: {telnet: true}')],
        r"""
        toy.yaml:6:3: transport.tcp: the side that listens is missing
            6 |   tcp: {telnet: true}
              |   ^^^
          found: none of its keys
          expected: one of connect, listen
        """,
    ),
    "both sides listen": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", listen: true')],
        r"""
        toy.yaml:6:39: transport.tcp.listen: the side that listens is given twice
            6 |   tcp: {connect: "127.0.0.1:${port}", listen: true}
              |                                       ^^^^^^
          found: connect and listen
          expected: one of connect, listen
        """,
    ),
    "neither side listens at a path": (
        UNIX,
        [('connect: toy.sock', 'peer: any')],
        r"""
        toy.yaml:6:3: transport.unix: the side that listens is missing
            6 |   unix: {peer: any}
              |   ^^^^
          found: none of its keys
          expected: one of connect, listen
        """,
    ),
    "no address of datagrams": (
        UDP,
        [('connect: "127.0.0.1:${port}"', 'carries: both')],
        r"""
        toy.yaml:6:3: transport.udp: the address is missing
            6 |   udp: {carries: both}
              |   ^^^
          found: none of its keys
          expected: one of connect, listen
        """,
    ),
    "neither side serves": (
        HTTP,
        [('url: "http://127.0.0.1:${port}"', 'ready: /')],
        r"""
        toy.yaml:6:3: transport.http: the side that serves is missing
            6 |   http: {ready: /}
              |   ^^^^
          found: none of its keys
          expected: one of url, serve
        """,
    ),
    "both sides serve": (
        SERVE,
        [('serve: true', 'serve: true, url: "http://127.0.0.1:${port}"')],
        r"""
        toy.yaml:6:10: transport.http.serve: the side that serves is given twice
            6 |   http: {serve: true, url: "http://127.0.0.1:${port}"}
              |          ^^^^^
          found: url and serve
          expected: one of url, serve
        """,
    ),
    "who is let in where we call": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", peer: any, allow_remote: true')],
        r"""
        toy.yaml:6:39: transport.tcp.peer: holds where we listen; with `connect` it is we who call
            6 |   tcp: {connect: "127.0.0.1:${port}", peer: any, allow_remote: true}
              |                                       ^^^^
          found: `peer` without `listen`
          expected: leave it out
        toy.yaml:6:50: transport.tcp.allow_remote: holds where we listen; with `connect` it is we who call
            6 |   tcp: {connect: "127.0.0.1:${port}", peer: any, allow_remote: true}
              |                                                  ^^^^^^^^^^^^
          found: `allow_remote` without `listen`
          expected: leave it out
        """,
    ),
    "who is let in where we call a path": (
        UNIX,
        [('toy.sock', 'toy.sock, peer: any')],
        r"""
        toy.yaml:6:29: transport.unix.peer: holds where we listen; with `connect` it is we who call
            6 |   unix: {connect: toy.sock, peer: any}
              |                             ^^^^
          found: `peer` without `listen`
          expected: leave it out
        """,
    ),
    "a token of datagrams": (
        UDP,
        [('connect: "127.0.0.1:${port}"', 'listen: true, peer: token')],
        r"""
        toy.yaml:6:29: transport.udp.peer: not one of the words that can stand here
            6 |   udp: {listen: true, peer: token}
              |                             ^^^^^
          found: token
          expected: `process` or `any`
        """,
    ),
    "telnet over UDP": (
        UDP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${port}", telnet: true')],
        r"""
        toy.yaml:6:39: transport.udp.telnet: an unknown key
            6 |   udp: {connect: "127.0.0.1:${port}", telnet: true}
              |                                       ^^^^^^
          found: telnet
          expected: one of allow_remote, carries, connect, listen, peer
        """,
    ),
    "no port": (
        TCP,
        [('"127.0.0.1:${port}"', 'localhost'), (', "${port}"', '')],
        r"""
        toy.yaml:6:18: transport.tcp.connect: no port
            6 |   tcp: {connect: localhost}
              |                  ^^^^^^^^^
          found: localhost
          expected: `localhost:PORT`
        """,
    ),
    "no host": (
        TCP,
        [('"127.0.0.1:${port}"', '":4533"'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: no host
            6 |   tcp: {connect: ":4533"}
              |                   ^^^^^
          found: nothing in its place
          expected: `127.0.0.1:${port}`, say
        """,
    ),
    "only a port": (
        TCP,
        [('"127.0.0.1:${port}"', '"4533"'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: no port
            6 |   tcp: {connect: "4533"}
              |                   ^^^^
          found: 4533
          expected: `127.0.0.1:${port}`, say
        """,
    ),
    "port nought": (
        TCP,
        [('127.0.0.1:${port}', '127.0.0.1:0'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: not a port
            6 |   tcp: {connect: "127.0.0.1:0"}
              |                   ^^^^^^^^^^^
          found: 0
          expected: a number from 1 to 65535, or `${port}` for a free one
        """,
    ),
    "a port too large": (
        UDP,
        [('127.0.0.1:${port}', '127.0.0.1:65536'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.udp.connect: not a port
            6 |   udp: {connect: "127.0.0.1:65536"}
              |                   ^^^^^^^^^^^^^^^
          found: 65536
          expected: a number from 1 to 65535, or `${port}` for a free one
        """,
    ),
    "a port that is a word": (
        TCP,
        [('127.0.0.1:${port}', '127.0.0.1:http'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: not a port
            6 |   tcp: {connect: "127.0.0.1:http"}
              |                   ^^^^^^^^^^^^^^
          found: http
          expected: a number from 1 to 65535, or `${port}` for a free one
        """,
    ),
    "IPv6 without brackets": (
        TCP,
        [('127.0.0.1:${port}', '::1:4533'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: an IPv6 address wants brackets
            6 |   tcp: {connect: "::1:4533"}
              |                   ^^^^^^^^
          found: ::1:4533
          expected: `[::1]:${port}`, say
        """,
    ),
    "no IPv6 in brackets": (
        TCP,
        [('127.0.0.1:${port}', '[localhost]:4533'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: no IPv6 address in the brackets
            6 |   tcp: {connect: "[localhost]:4533"}
              |                   ^^^^^^^^^^^^^^^^
          found: [localhost]
          expected: `[::1]`, say
        """,
    ),
    "a blank in the host": (
        TCP,
        [('127.0.0.1:${port}', 'my host:4533'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: not the name or the number of a machine
            6 |   tcp: {connect: "my host:4533"}
              |                   ^^^^^^^^^^^^
          found: my host
          expected: `127.0.0.1:${port}`, say
        """,
    ),
    "an unknown name": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "127.0.0.1:${prot}"'), (', "${port}"', '')],
        r"""
        toy.yaml:6:29: transport.tcp.connect: an unknown name in `${...}`
            6 |   tcp: {connect: "127.0.0.1:${prot}"}
              |                             ^^^^^^^
          found: prot
          expected: one of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}, ${port}, ${port2}, ${port3}, ${token}; `$$` is a dollar sign
          did you mean: port
        """,
    ),
    "a URL as an address": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'connect: "tcp://127.0.0.1:4533"'), (', "${port}"', '')],
        r"""
        toy.yaml:6:19: transport.tcp.connect: an address is no URL
            6 |   tcp: {connect: "tcp://127.0.0.1:4533"}
              |                   ^^^^^^^^^^^^^^^^^^^^
          found: tcp://127.0.0.1:4533
          expected: `HOST:PORT`, `127.0.0.1:${port}` say
        """,
    ),
    "an open address": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'listen: "0.0.0.0:${port}"')],
        r"""
        toy.yaml:6:18: transport.tcp.listen: other machines reach this address
            6 |   tcp: {listen: "0.0.0.0:${port}"}
              |                  ^^^^^^^^^^^^^^^
          found: 0.0.0.0:${port}
          expected: `127.0.0.1:${port}`; or, where it must be, `allow_remote: true` and `peer: token` too
        """,
    ),
    "an open address without a token": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'listen: "[::]:${port}", allow_remote: true')],
        r"""
        toy.yaml:6:18: transport.tcp.listen: other machines reach this address
            6 |   tcp: {listen: "[::]:${port}", allow_remote: true}
              |                  ^^^^^^^^^^^^
          found: [::]:${port}
          expected: `127.0.0.1:${port}`; or, where it must be, `allow_remote: true` and `peer: token` too
        """,
    ),
    "an open address of datagrams": (
        UDP,
        [('connect: "127.0.0.1:${port}"', 'listen: "0.0.0.0:${port}", allow_remote: true')],
        r"""
        toy.yaml:6:18: transport.udp.listen: other machines reach this address
            6 |   udp: {listen: "0.0.0.0:${port}", allow_remote: true}
              |                  ^^^^^^^^^^^^^^^
          found: 0.0.0.0:${port}
          expected: `127.0.0.1:${port}`; or, where it must be, `allow_remote: true` and `peer: any` too
        """,
    ),
    "an open server": (
        SERVE,
        [('serve: true', 'serve: "0.0.0.0:${port}"')],
        r"""
        toy.yaml:6:18: transport.http.serve: other machines reach this address
            6 |   http: {serve: "0.0.0.0:${port}"}
              |                  ^^^^^^^^^^^^^^^
          found: 0.0.0.0:${port}
          expected: `127.0.0.1:${port}`; or, where it must be, `allow_remote: true` and `peer: token` too
        """,
    ),
    "an open server without a token": (
        SERVE,
        [('serve: true', 'serve: "plant.example:${port}", allow_remote: true, peer: any'), (', "${token}"', '')],
        r"""
        toy.yaml:6:18: transport.http.serve: other machines reach this address
            6 |   http: {serve: "plant.example:${port}", allow_remote: true, peer: any}
              |                  ^^^^^^^^^^^^^^^^^^^^^
          found: plant.example:${port}
          expected: `127.0.0.1:${port}`; or, where it must be, `allow_remote: true` and `peer: token` too
        """,
    ),
    "open, but to nobody": (
        TCP,
        [('connect: "127.0.0.1:${port}"', 'listen: true, allow_remote: true')],
        r"""
        toy.yaml:6:23: transport.tcp.allow_remote: no other machine reaches this address
            6 |   tcp: {listen: true, allow_remote: true}
              |                       ^^^^^^^^^^^^
          found: 127.0.0.1:${port}
          expected: leave it out, or listen on another address
        """,
    ),
    "a path that leads out": (
        UNIX,
        [('toy.sock', '../toy.sock')],
        r"""
        toy.yaml:6:19: transport.unix.connect: not a path that a socket can have
            6 |   unix: {connect: ../toy.sock}
              |                   ^^^^^^^^^^^
          found: ../toy.sock
          expected: a name in the folder that the program starts in, or an absolute path, without `..`
        """,
    ),
    "a path that is too long": (
        UNIX,
        [('toy.sock', '/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')],
        r"""
        toy.yaml:6:19: transport.unix.connect: longer than a socket's path can be
            6 |   unix: {connect: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...}
              |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          found: 109 bytes
          expected: at most 107 bytes
        """,
    ),
    "no HTTP address": (
        HTTP,
        [('"http://127.0.0.1:${port}"', '"ftp://127.0.0.1:${port}"')],
        r"""
        toy.yaml:6:16: transport.http.url: not an HTTP address
            6 |   http: {url: "ftp://127.0.0.1:${port}"}
              |                ^^^^^^^^^^^^^^^^^^^^^^^
          found: ftp
          expected: `http://127.0.0.1:${port}` or `https://HOST`
        """,
    ),
    "no address at all": (
        HTTP,
        [('"http://127.0.0.1:${port}"', '"127.0.0.1:${port}"')],
        r"""
        toy.yaml:6:16: transport.http.url: not an HTTP address
            6 |   http: {url: "127.0.0.1:${port}"}
              |                ^^^^^^^^^^^^^^^^^
          found: 127.0.0.1:${port}
          expected: `http://127.0.0.1:${port}` or `https://HOST`
        """,
    ),
    "a password in an address": (
        HTTP,
        [('http://127', 'http://me:secret@127')],
        r"""
        toy.yaml:6:16: transport.http.url: a name or a password in an address is seen by everybody
            6 |   http: {url: "http://me:secret@127.0.0.1:${port}"}
              |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          found: `...@`
          expected: `secrets: {Authorization: VARIABLE}`
        """,
    ),
    "a query in an address": (
        HTTP,
        [('${port}"}', '${port}/v1?key=3"}')],
        r"""
        toy.yaml:6:16: transport.http.url: the address goes on behind its path
            6 |   http: {url: "http://127.0.0.1:${port}/v1?key=3"}
              |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          found: ?key=3
          expected: this in the path of each `request`
        """,
    ),
    "no host in a URL": (
        HTTP,
        [('http://127.0.0.1:${port}', 'http:///v1'), (', "${port}"', '')],
        r"""
        toy.yaml:6:16: transport.http.url: no host
            6 |   http: {url: "http:///v1"}
              |                ^^^^^^^^^^
          found: nothing in its place
          expected: `http://127.0.0.1:${port}`, say
        """,
    ),
    "a port of a URL": (
        HTTP,
        [('127.0.0.1:${port}', '127.0.0.1:99999'), (', "${port}"', '')],
        r"""
        toy.yaml:6:16: transport.http.url: not a port
            6 |   http: {url: "http://127.0.0.1:99999"}
              |                ^^^^^^^^^^^^^^^^^^^^^^
          found: 99999
          expected: a number from 1 to 65535, or `${port}` for a free one
        """,
    ),
    "a server's keys for a service": (
        HTTP,
        [('"http://127.0.0.1:${port}"', '"http://127.0.0.1:${port}", wait: 1 s, peer: any')],
        r"""
        toy.yaml:6:43: transport.http.wait: holds where we serve
            6 |   http: {url: "http://127.0.0.1:${port}", wait: 1 s, peer: any}
              |                                           ^^^^
          found: `wait` with `url`
          expected: leave it out
        toy.yaml:6:54: transport.http.peer: holds where we serve
            6 |   http: {url: "http://127.0.0.1:${port}", wait: 1 s, peer: any}
              |                                                      ^^^^
          found: `peer` with `url`
          expected: leave it out
        """,
    ),
    "a service's keys for a server": (
        SERVE,
        [('serve: true', 'serve: true, ready: /, headers: {A: b}')],
        r"""
        toy.yaml:6:23: transport.http.ready: holds where the program serves
            6 |   http: {serve: true, ready: /, headers: {A: b}}
              |                       ^^^^^
          found: `ready` with `serve`
          expected: leave it out
        toy.yaml:6:33: transport.http.headers: holds where the program serves
            6 |   http: {serve: true, ready: /, headers: {A: b}}
              |                                 ^^^^^^^
          found: `headers` with `serve`
          expected: leave it out
        """,
    ),
    "header fields": (
        HTTP,
        [('${port}"}', '${port}", headers: {Host: me, "a b": c, A: "${prot}", B: "a\\nb"}}')],
        r"""
        toy.yaml:6:53: transport.http.headers.Host: this header field is made by the bridge
            6 |   http: {url: "http://127.0.0.1:${port}", headers: {Host: me, "a b": c, A: "${prot}", B: "a\nb"}}
              |                                                     ^^^^
          found: Host
          expected: leave it out
        toy.yaml:6:64: transport.http.headers."a b": not the name of a header field
            6 |   http: {url: "http://127.0.0.1:${port}", headers: {Host: me, "a b": c, A: "${prot}", B: "a\nb"}}
              |                                                                ^^^
          found: a b
          expected: letters, digits and `-`
        toy.yaml:6:77: transport.http.headers.A: an unknown name in `${...}`
            6 |   http: {url: "http://127.0.0.1:${port}", headers: {Host: me, "a b": c, A: "${prot}", B: "a\nb"}}
              |                                                                             ^^^^^^^
          found: prot
          expected: one of ${python}, ${simulators}, ${seed}, ${seat}, ${workdir}, ${config}, ${episode}, ${port}, ${port2}, ${port3}, ${token}; `$$` is a dollar sign
          did you mean: port
        toy.yaml:6:91: transport.http.headers.B: a header field has one line
            6 |   http: {url: "http://127.0.0.1:${port}", headers: {Host: me, "a b": c, A: "${prot}", B: "a\nb"}}
              |                                                                                           ^^^^
          found: a\nb
          expected: one line without control characters
        """,
    ),
    "secrets": (
        HTTP,
        [('${port}"}', '${port}", headers: {key: a}, secrets: {Key: MY_KEY, Authorization: "Bearer abc"}}')],
        r"""
        toy.yaml:6:72: transport.http.secrets.Key: the header field is given twice
            6 | ...tp: {url: "http://127.0.0.1:${port}", headers: {key: a}, secrets: {Key: MY_KEY, Authorization: "Bearer abc"}}
              |                                                                       ^^^
          found: Key
          expected: `secrets` or `headers`
        toy.yaml:6:101: transport.http.secrets.Authorization: not the name of an environment variable
            6 | ...tp: {url: "http://127.0.0.1:${port}", headers: {key: a}, secrets: {Key: MY_KEY, Authorization: "Bearer abc"}}
              |                                                                                                    ^^^^^^^^^^
          found: 10 characters
          expected: the variable's name, without its value and without `$`
        """,
    ),
    "paths of a server": (
        SERVE,
        [('serve: true', 'serve: true, action: step, observation: "/a b"')],
        r"""
        toy.yaml:6:31: transport.http.action: not a path
            6 |   http: {serve: true, action: step, observation: "/a b"}
              |                               ^^^^
          found: step
          expected: one that begins with `/`, without blanks
        toy.yaml:6:51: transport.http.observation: not a path
            6 |   http: {serve: true, action: step, observation: "/a b"}
              |                                                   ^^^^
          found: /a b
          expected: one that begins with `/`, without blanks
        """,
    ),
    "a path that is asked for": (
        HTTP,
        [('${port}"}', '${port}", ready: health}')],
        r"""
        toy.yaml:6:50: transport.http.ready: not a path
            6 |   http: {url: "http://127.0.0.1:${port}", ready: health}
              |                                                  ^^^^^^
          found: health
          expected: one that begins with `/`, without blanks
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
