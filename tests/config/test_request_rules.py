# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for HTTP requests: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
HTTP, SERVE, TCP = nets.HTTP, nets.SERVE, nets.TCP


RULES = {
    "a request without a service": (
        TCP,
        [('send: "{action:.2f}"', 'request: {get: /step}')],
        r"""
        toy.yaml:10:5: step[0].request: there is no service that takes requests
           10 |   - request: {get: /step}
              |     ^^^^^^^
          found: no `http: {url: ...}`
          expected: `http: {url: ...}` in `transport`, or `send`
        """,
    ),
    "a request where we serve": (
        SERVE,
        [('send: "{action:.2f}"', 'request: {get: /step}')],
        r"""
        toy.yaml:10:5: step[0].request: there is no service that takes requests
           10 |   - request: {get: /step}
              |     ^^^^^^^
          found: `http: {serve: ...}`
          expected: `http: {url: ...}` in `transport`, or `send`
        """,
    ),
    "a text for a service": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'send: "{action:.2f}"')],
        r"""
        toy.yaml:10:5: step[0].send: a service takes requests
           10 |   - send: "{action:.2f}"
              |     ^^^^
          found: `send`
          expected: `request: {post: /PATH, body: ...}`
        """,
    ),
    "a document for a service": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'send_json: {u: action}')],
        r"""
        toy.yaml:10:5: step[0].send_json: a service takes requests
           10 |   - send_json: {u: action}
              |     ^^^^^^^^^
          found: `send_json`
          expected: `request: {post: /PATH, json: ...}`
        """,
    ),
    "numbers for a service": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'pack: {layout: "<d", values: [action]}')],
        r"""
        toy.yaml:10:5: step[0].pack: a service takes requests
           10 |   - pack: {layout: "<d", values: [action]}
              |     ^^^^
          found: `pack`
          expected: `request: {post: /PATH, json: ...}`
        """,
    ),
    "keys for a service": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'press: "{action:.2f}"')],
        r"""
        toy.yaml:10:5: step[0].press: a service takes requests
           10 |   - press: "{action:.2f}"
              |     ^^^^^
          found: `press`
          expected: `request: {post: /PATH, body: ...}`
        """,
    ),
    "only waiting for a service": (
        HTTP,
        [('- request: {post: /step, body: "{action:.2f}"}', '- request: {post: /step, body: "{action:.2f}"}\n  - when: step > 1')],
        r"""
        toy.yaml:11:5: step[1]: a service says nothing that it is not asked
           11 |   - when: step > 1
              |     ^
          found: no `request`
          expected: `request: {get: /PATH}`
        """,
    ),
    "answers to a service": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'request: {post: /step, body: "{action:.2f}"}\n    until: "END"\n    answer: {"? ": y}')],
        r"""
        toy.yaml:12:5: step[0].answer: a service asks no questions on the way
           12 |     answer: {"? ": y}
              |     ^^^^^^
          found: `answer`
          expected: an exchange with `when` and `request`
        """,
    ),
    "a service that is silent": (
        HTTP,
        [('request: {post: /step, body: "{action:.2f}"}', 'request: {post: /step, body: "{action:.2f}"}\n    silent: 1 s')],
        r"""
        toy.yaml:11:5: step[0].silent: a request always has an answer, an empty one perhaps
           11 |     silent: 1 s
              |     ^^^^^^
          found: `silent`
          expected: leave it out
        """,
    ),
    "no method": (
        HTTP,
        [('post: /step, ', '')],
        r"""
        toy.yaml:10:5: step[0].request: the method is missing
           10 |   - request: {body: "{action:.2f}"}
              |     ^^^^^^^
          found: none of its keys
          expected: one of get, post, put, patch, delete
        """,
    ),
    "two methods": (
        HTTP,
        [('post: /step', 'post: /step, put: /step')],
        r"""
        toy.yaml:10:28: step[0].request.put: the method is given twice
           10 |   - request: {post: /step, put: /step, body: "{action:.2f}"}
              |                            ^^^
          found: post and put
          expected: one of get, post, put, patch, delete
        """,
    ),
    "a path without a slash": (
        HTTP,
        [('post: /step', 'post: step')],
        r"""
        toy.yaml:10:21: step[0].request.post: a path begins with `/`
           10 |   - request: {post: step, body: "{action:.2f}"}
              |                     ^^^^
          found: step
          expected: `/step`
        """,
    ),
    "a place in a page": (
        HTTP,
        [('post: /step', 'post: "/step#a"')],
        r"""
        toy.yaml:10:22: step[0].request.post: not a path
           10 |   - request: {post: "/step#a", body: "{action:.2f}"}
              |                      ^^^^^^^
          found: /step#a
          expected: a path, and `?name=value` behind it where it wants one
        """,
    ),
    "two bodies": (
        HTTP,
        [('body: "{action:.2f}"', 'body: "{action:.2f}", form: {u: 1}')],
        r"""
        toy.yaml:10:28: step[0].request.body: a request has one body
           10 |   - request: {post: /step, body: "{action:.2f}", form: {u: 1}}
              |                            ^^^^
          found: form and body
          expected: one of them
        """,
    ),
    "a body that is got": (
        HTTP,
        [('post:', 'get:')],
        r"""
        toy.yaml:10:27: step[0].request.body: a GET has no body
           10 |   - request: {get: /step, body: "{action:.2f}"}
              |                           ^^^^
          found: `body`
          expected: `post`, or `?name={value}` in the path
        """,
    ),
    "JSON that is deleted": (
        HTTP,
        [('post: /step, body: "{action:.2f}"', 'delete: "/step/{action:.2f}", json: {u: 3}')],
        r"""
        toy.yaml:10:45: step[0].request.json: a DELETE has no body
           10 |   - request: {delete: "/step/{action:.2f}", json: {u: 3}}
              |                                             ^^^^
          found: `json`
          expected: `post`, or `?name={value}` in the path
        """,
    ),
    "our own header fields": (
        HTTP,
        [('post: /step', 'post: /step, headers: {Content-Length: "3", "a:": b}')],
        r"""
        toy.yaml:10:38: step[0].request.headers.Content-Length: this header field is made by the bridge
           10 |   - request: {post: /step, headers: {Content-Length: "3", "a:": b}, body: "{action:.2f}"}
              |                                      ^^^^^^^^^^^^^^
          found: Content-Length
          expected: leave it out
        toy.yaml:10:60: step[0].request.headers."a:": not the name of a header field
           10 |   - request: {post: /step, headers: {Content-Length: "3", "a:": b}, body: "{action:.2f}"}
              |                                                            ^^
          found: a:
          expected: letters, digits and `-`
        """,
    ),
    "a code twice": (
        HTTP,
        [('post: /step', 'post: /step, expect: [200, 409], again: 409')],
        r"""
        toy.yaml:10:48: step[0].request.again: a code is either a good answer or a reason to ask again
           10 |   - request: {post: /step, expect: [200, 409], again: 409, body: "{action:.2f}"}
              |                                                ^^^^^
          found: 409 in `expect` and `again`
          expected: each code in one of them
        """,
    ),
    "a pause without an end": (
        HTTP,
        [('post: /step', 'post: /step, every: 1 s')],
        r"""
        toy.yaml:10:28: step[0].request.every: nothing is asked again
           10 |   - request: {post: /step, every: 1 s, body: "{action:.2f}"}
              |                            ^^^^^
          found: `every` without `again`
          expected: `again: 409` too, say, or leave it out
        """,
    ),
    "a code that there is not": (
        HTTP,
        [('post: /step', 'post: /step, expect: 2000')],
        r"""
        toy.yaml:10:36: step[0].request.expect: out of range
           10 |   - request: {post: /step, expect: 2000, body: "{action:.2f}"}
              |                                    ^^^^
          found: 2000
          expected: at most 599
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
