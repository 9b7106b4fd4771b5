# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for messages that answer nothing: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
TCP = nets.TCP


RULES = {
    "an empty text": (
        TCP,
        [('step:', 'ignore: ""\nstep:')],
        r"""
        toy.yaml:9:10: ignore: matches the empty text, so every message would be dropped
            9 | ignore: ""
              |          ^
          found: an empty text
          expected: a text that must occur
        """,
    ),
    "every message": (
        TCP,
        [('step:', 'ignore: [PING, "/a*/"]\nstep:')],
        r"""
        toy.yaml:9:17: ignore[1]: matches the empty text, so every message would be dropped
            9 | ignore: [PING, "/a*/"]
              |                 ^^^^
          found: /a*/
          expected: a text that must occur
        """,
    ),
    "no regular expression": (
        TCP,
        [('step:', 'ignore: "/(TICK/"\nstep:')],
        r"""
        toy.yaml:9:10: ignore: not a regular expression
            9 | ignore: "/(TICK/"
              |          ^^^^^^^
          found: missing ), unterminated subpattern
          expected: a pattern of Python's `re`; `(?i:...)` where capitals do not count
        """,
    ),
    "several lines": (
        TCP,
        [('step:\n', 'ignore: PING\nframing: {lines: 2}\nstep:\n')],
        r"""
        toy.yaml:10:18: framing.lines: with `ignore`, one line that is to be ignored would take the others of its message with it
           10 | framing: {lines: 2}
              |                  ^
          found: 2
          expected: `lines: 1`, and an exchange `{}` for each further line
        """,
    ),
    "runs": (
        TCP,
        [('  command', '  each: step\n  command'), ('tcp: {connect: "127.0.0.1:${port}"}', 'console: {}'), (', "${port}"', ''), ('step:\n', 'ignore: PING\nstep:\n')],
        r"""
        toy.yaml:10:1: ignore: a run says nothing of its own accord
           10 | ignore: PING
              | ^^^^^^
          found: `each: step`
          expected: leave it out
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
