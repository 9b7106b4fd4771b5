# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for a process at each step: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)
FILES, RUNS = ways.FILES, ways.RUNS


RULES = {
    "exit codes of a program that runs on": (
        FILES,
        [('  command', '  exit_ok: 0..2\n  remember: 5\n  command')],
        r"""
        toy.yaml:4:3: simulator.exit_ok: holds for a process at each step
            4 |   exit_ok: 0..2
              |   ^^^^^^^
          found: `exit_ok`
          expected: `each: step` too; or `until: {over: {exit: 0}}`, where its end is that of an episode
        toy.yaml:5:3: simulator.remember: holds for a process at each step
            5 |   remember: 5
              |   ^^^^^^^^
          found: `remember`
          expected: `each: step` too
        """,
    ),
    "exit codes that there are not": (
        RUNS,
        [('  each: step', '  each: step\n  exit_ok: 0..300')],
        r"""
        toy.yaml:6:12: simulator.exit_ok: out of range
            6 |   exit_ok: 0..300
              |            ^^^^^^
          found: 0..300
          expected: exit codes from 0 to 255
        """,
    ),
    "a signal that there is not": (
        RUNS,
        [('  each: step', '  each: step\n  exit_ok: [0, SEGV]')],
        r"""
        toy.yaml:6:16: simulator.exit_ok[1]: not a signal
            6 |   exit_ok: [0, SEGV]
              |                ^^^^
          found: SEGV
          expected: an exit code from 0 to 255, or a signal by its name, `SIGSEGV`
        """,
    ),
    "a signal from outside": (
        RUNS,
        [('  each: step', '  each: step\n  exit_ok: SIGKILL')],
        r"""
        toy.yaml:6:12: simulator.exit_ok: comes from outside, so what was written may be half of it
            6 |   exit_ok: SIGKILL
              |            ^^^^^^^
          found: SIGKILL
          expected: an exit code from 0 to 255, or a signal by its name, `SIGSEGV`
        """,
    ),
    "a start of runs": (
        RUNS,
        [('step:\n', 'start: {}\nstop: {}\nstep:\n')],
        r"""
        toy.yaml:10:1: start: no process is there to start with: each step has its own
           10 | start: {}
              | ^^^^^
          found: `each: step`
          expected: `reset: {write: ...}` for the beginning of an episode
        toy.yaml:11:1: stop: no process is there to stop with: each step has its own
           11 | stop: {}
              | ^^^^
          found: `each: step`
          expected: leave it out: a run ends by itself
        """,
    ),
    "a reset of runs from a label": (
        RUNS,
        [('step:\n', 'reset: {from: over, exchanges: [{write: {in.txt: a}, until: [{over: END}]}]}\nstep:\n')],
        r"""
        toy.yaml:10:15: reset.from: each step has a process of its own
           10 | reset: {from: over, exchanges: [{write: {in.txt: a}, until: [{over: END}]}]}
              |               ^^^^
          found: over
          expected: leave it out
        """,
    ),
    "a FIFO for runs": (
        RUNS,
        [('files:', 'fifo: {write: in}\n  files:')],
        r"""
        toy.yaml:7:3: transport.fifo: a process for each step has no use for it
            7 |   fifo: {write: in}
              |   ^^^^
          found: `fifo`
          expected: `files: {read: ...}` or `console: {}`
        """,
    ),
    "a terminal for runs": (
        RUNS,
        [('files: {read: out.txt}', 'console: {terminal: true}')],
        r"""
        toy.yaml:7:13: transport.console.terminal: a process for each step has none
            7 |   console: {terminal: true}
              |             ^^^^^^^^
          found: `terminal`
          expected: leave it out
        """,
    ),
    "numbered results of runs": (
        RUNS,
        [('read: out.txt', 'read: "out/*.txt"')],
        r"""
        toy.yaml:7:18: transport.files.read: numbered results want a program that runs on
            7 |   files: {read: "out/*.txt"}
              |                  ^^^^^^^^^
          found: out/*.txt
          expected: the file that each run writes
        """,
    ),
    "whole results of runs": (
        RUNS,
        [('read: out.txt', 'read: out.txt, written: renamed, flag: done, remove: true, lock_writes: busy')],
        r"""
        toy.yaml:7:26: transport.files.written: results are removed before each run, and read when it has ended
            7 |   files: {read: out.txt, written: renamed, flag: done, remove: true, lock_writes: busy}
              |                          ^^^^^^^
          found: `written`
          expected: leave it out
        toy.yaml:7:44: transport.files.flag: results are removed before each run, and read when it has ended
            7 |   files: {read: out.txt, written: renamed, flag: done, remove: true, lock_writes: busy}
              |                                            ^^^^
          found: `flag`
          expected: leave it out
        toy.yaml:7:56: transport.files.remove: results are removed before each run, and read when it has ended
            7 |   files: {read: out.txt, written: renamed, flag: done, remove: true, lock_writes: busy}
              |                                                        ^^^^^^
          found: `remove`
          expected: leave it out
        toy.yaml:7:70: transport.files.lock_writes: no program is there to look for it while files are written
            7 |   files: {read: out.txt, written: renamed, flag: done, remove: true, lock_writes: busy}
              |                                                                      ^^^^^^^^^^^
          found: `lock_writes`
          expected: leave it out
        """,
    ),
    "remembered runs that differ": (
        RUNS,
        [('  each: step', '  each: step\n  remember: 100')],
        r"""
        toy.yaml:6:13: simulator.remember: a result that is remembered stands for a run, so equal input must give equal results
            6 |   remember: 100
              |             ^^^
          found: 100
          expected: `deterministic: true` too if that is so
        """,
    ),
    "answers to a run": (
        RUNS,
        [('write:', 'until: "END"\n    answer: {"? ": y}\n    write:')],
        r"""
        toy.yaml:12:5: step[0].answer: a run is given its whole input when it starts
           12 |     answer: {"? ": y}
              |     ^^^^^^
          found: `answer`
          expected: the answers in `send`, in their order
        """,
    ),
    "a silent run": (
        RUNS,
        [('write:', 'silent: 1 s\n    quiet: 1 s\n    write:')],
        r"""
        toy.yaml:11:5: step[0].silent: a run is awaited until it ends, silent or not
           11 |   - silent: 1 s
              |     ^^^^^^
          found: `silent`
          expected: leave it out
        toy.yaml:12:5: step[0].quiet: the end of a run is that of its reply
           12 |     quiet: 1 s
              |     ^^^^^
          found: `quiet`
          expected: leave it out
        """,
    ),
    "several lines for a run": (
        RUNS,
        [('write:', 'send: [a, b]\n    write:')],
        r"""
        toy.yaml:11:11: step[0].send: a run is given its whole input when it starts, and has one reply
           11 |   - send: [a, b]
              |           ^^^^^^
          found: a list of 2
          expected: one text: `"first\nsecond"`
        """,
    ),
    "an exit as the end of a run": (
        RUNS,
        [('write:', 'until: ["END", {over: {exit: [2, 3]}}]\n    write:')],
        r"""
        toy.yaml:11:27: step[0].until[1].over: the end of a run is always that of its reply
           11 |   - until: ["END", {over: {exit: [2, 3]}}]
              |                           ^^^^^^^^^^^^^^
          found: exit 2, 3
          expected: `exit_ok: [0, 2]`, and a field for it
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    ways.check(tmp_path, text, changes, expected)
