# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for exchanges that keep time, send again, gather: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
TCP, UDP = nets.TCP, nets.UDP


RULES = {
    "a time in a reset": (
        TCP,
        [('step:', 'reset: {at: 1 s, send: "r"}\nstep:')],
        r"""
        toy.yaml:9:9: reset.at: only steps follow each other in time
            9 | reset: {at: 1 s, send: "r"}
              |         ^^
          found: `at` in `reset`
          expected: `at` in `step`, or leave it out
        """,
    ),
    "a time after the deadline": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    at: 10 s')],
        r"""
        toy.yaml:11:9: step[0].at: not before the deadline of a step
           11 |     at: 10 s
              |         ^^^^
          found: 10 s
          expected: less than 10 s, or a later `deadlines: {step: ...}`
        """,
    ),
    "times out of order": (
        TCP,
        [('- send: "{action:.2f}"', '- send: "{action:.2f}"\n    at: 500 ms\n  - {send: p, at: 0.2}')],
        r"""
        toy.yaml:12:19: step[1].at: earlier than the exchange above it
           12 |   - {send: p, at: 0.2}
              |                   ^^^
          found: 200 ms
          expected: the exchanges in their order
        """,
    ),
    "nothing to send again": (
        UDP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n  - resend: 1 s')],
        r"""
        toy.yaml:11:5: step[1].resend: nothing is sent again
           11 |   - resend: 1 s
              |     ^^^^^^
          found: `resend` alone
          expected: `send`, `send_json` or `pack` too
        """,
    ),
    "nothing is lost": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    resend: 1 s')],
        r"""
        toy.yaml:11:5: step[0].resend: nothing is lost on this way
           11 |     resend: 1 s
              |     ^^^^^^
          found: `tcp`
          expected: leave it out, or `repeat` for a program that is to be asked until it is ready
        """,
    ),
    "nothing is lost on a console": (
        TCP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    resend: 1 s'), ('tcp: {connect: "127.0.0.1:${port}"}', 'console: {}'), (', "${port}"', '')],
        r"""
        toy.yaml:11:5: step[0].resend: nothing is lost on this way
           11 |     resend: 1 s
              |     ^^^^^^
          found: `console`
          expected: leave it out, or `repeat` for a program that is to be asked until it is ready
        """,
    ),
    "sent again or silent": (
        UDP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    resend: 1 s\n    silent: 3 s')],
        r"""
        toy.yaml:11:5: step[0].resend: says twice what is done when no reply comes
           11 |     resend: 1 s
              |     ^^^^^^
          found: `resend` and `silent`
          expected: one of them
        """,
    ),
    "sent again or repeated": (
        UDP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    resend: 1 s\n    repeat: {until: x > 0}')],
        r"""
        toy.yaml:11:5: step[0].resend: says twice when it is sent again
           11 |     resend: 1 s
              |     ^^^^^^
          found: `resend` and `repeat`
          expected: one of them
        """,
    ),
    "gathered and counted": (
        UDP,
        [('send: "{action:.2f}"', 'send: "{action:.2f}"\n    gather: x > 0\n    datagrams: 3')],
        r"""
        toy.yaml:11:5: step[0].gather: says twice how many replies are read together
           11 |     gather: x > 0
              |     ^^^^^^
          found: `gather` and `datagrams`
          expected: `gather` by itself
        """,
    ),
    "runs that are gathered": (
        TCP,
        [('  command', '  each: step\n  command'), ('tcp: {connect: "127.0.0.1:${port}"}', 'console: {}'), (', "${port}"', ''), ('send: "{action:.2f}"', 'send: "{action:.2f}"\n    gather: x > 0\n    fresh: x > 1\n    resend: 1 s\n    at: 1 s')],
        r"""
        toy.yaml:12:5: step[0].gather: a run has one reply, of its own, when it has ended
           12 |     gather: x > 0
              |     ^^^^^^
          found: `gather`
          expected: leave it out
        toy.yaml:13:5: step[0].fresh: a run has one reply, of its own, when it has ended
           13 |     fresh: x > 1
              |     ^^^^^
          found: `fresh`
          expected: leave it out
        toy.yaml:14:5: step[0].resend: a run has one reply, of its own, when it has ended
           14 |     resend: 1 s
              |     ^^^^^^
          found: `resend`
          expected: leave it out
        toy.yaml:15:5: step[0].at: a run has one reply, of its own, when it has ended
           15 |     at: 1 s
              |     ^^
          found: `at`
          expected: leave it out
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)


ZEROS = [
    (TCP, "step[0].silent", 'send: "{action:.2f}"', 'send: "{action:.2f}"\n    silent: 0 ms'),
    (TCP, "step[0].quiet", 'send: "{action:.2f}"', 'send: "{action:.2f}"\n    quiet: 0 ms'),
    (TCP, "step[0].repeat.every", 'send: "{action:.2f}"',
     'send: "{action:.2f}"\n    repeat: {until: x > 0, every: 0 ms}'),
    (UDP, "step[0].resend", 'send: "{action:.2f}"', 'send: "{action:.2f}"\n    resend: 0 ms'),
    (nets.HTTP, "step[0].request.every", "post: /step, ", "post: /step, again: [409], every: 0 ms, "),
    (nets.SERVE, "transport.http.wait", "serve: true", "serve: true, wait: 0 ms"),
    (TCP, "transport.files.every", "  tcp:", "  files: {read: x, watch: poll, every: 0 ms}\n  tcp:"),
    *((TCP, f"deadlines.{name}", "step:", f"deadlines: {{{name}: 0 ms}}\nstep:")
      for name in ("start", "reset", "step", "stop")),
    (TCP, "on_failure.within", "step:", "on_failure: {within: 0 ms}\nstep:"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "old", "new"), ZEROS, ids=[place for _, place, _, _ in ZEROS])
def test_no_time_at_all_is_told_before_anything_runs(tmp_path, text, place, old, new):
    told = nets.ways.samples.refusal(tmp_path, text.replace(old, new, 1))
    assert f": {place}: no time at all\n" in told
    assert "\n  found: 0 ms\n  expected: a time such as `50 ms`" in told
