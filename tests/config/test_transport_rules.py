# ruff: noqa: E501  # the texts are as long as people see them
"""Rules for the ways to a simulator and back: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

from filebridge import load_program

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)
FILES, SCREEN = ways.FILES, ways.SCREEN


RULES = {
    "the way back twice": (
        FILES,
        [('files: {read: out.txt}', 'files: {read: out.txt}\n  fifo: {write: in, read: out}')],
        r"""
        toy.yaml:6:11: transport.files.read: the way back is given twice
            6 |   files: {read: out.txt}
              |           ^^^^
          found: fifo.read and files.read
          expected: one
        """,
    ),
    "no way back": (
        FILES,
        [('{read: out.txt}', '{}')],
        r"""
        toy.yaml:6:3: transport.files: nothing leads back from the program
            6 |   files: {}
              |   ^^^^^
          found: no `read`
          expected: `read: NAME`, or `console: {}`
        """,
    ),
    "no way back beside a FIFO": (
        FILES,
        [('files: {read: out.txt}', 'fifo: {write: in}')],
        r"""
        toy.yaml:6:3: transport.fifo: nothing leads back from the program
            6 |   fifo: {write: in}
              |   ^^^^
          found: no `read`
          expected: `read: NAME`, or `console: {}`
        """,
    ),
    "a FIFO that says nothing": (
        FILES,
        [('{read: out.txt}', '{read: out.txt}\n  fifo: {}')],
        r"""
        toy.yaml:7:3: transport.fifo: says nothing
            7 |   fifo: {}
              |   ^^^^
          found: neither `write` nor `read`
          expected: one of them
        """,
    ),
    "no way in": (
        FILES,
        [('write: {in.txt: "{action:.2f}"}', 'send: "{action:.2f}"')],
        r"""
        toy.yaml:10:5: step[0].send: nothing leads to the program's input
           10 |   - send: "{action:.2f}"
              |     ^^^^
          found: only files
          expected: `write: {NAME: ...}`, or `console: {}` beside the transport
        """,
    ),
    "no way in for answers": (
        FILES,
        [('write: {in.txt: "{action:.2f}"}', 'write: {in.txt: "{action:.2f}"}\n    until: "END"\n    answer: {"? ": y}')],
        r"""
        toy.yaml:12:5: step[0].answer: nothing leads to the program's input
           12 |     answer: {"? ": y}
              |     ^^^^^^
          found: only files
          expected: `write: {NAME: ...}`, or `console: {}` beside the transport
        """,
    ),
    "whole results without a result": (
        FILES,
        [('files: {read: out.txt}', 'console: {}\n  files: {flag: done, watch: poll}')],
        r"""
        toy.yaml:7:11: transport.files.flag: there is no file to read
            7 |   files: {flag: done, watch: poll}
              |           ^^^^
          found: `flag` without `read`
          expected: `read: NAME` too
        toy.yaml:7:23: transport.files.watch: there is no file to read
            7 |   files: {flag: done, watch: poll}
              |                       ^^^^^
          found: `watch` without `read`
          expected: `read: NAME` too
        """,
    ),
    "flag and lock": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, flag: done, lock: busy}')],
        r"""
        toy.yaml:6:38: transport.files.lock: says twice when the results are whole
            6 |   files: {read: out.txt, flag: done, lock: busy}
              |                                      ^^^^
          found: `flag` and `lock`
          expected: one of them
        """,
    ),
    "written beside a flag": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, written: open, flag: done}')],
        r"""
        toy.yaml:6:26: transport.files.written: says twice when the results are whole
            6 |   files: {read: out.txt, written: open, flag: done}
              |                          ^^^^^^^
          found: `written` and `flag`
          expected: `flag` by itself
        """,
    ),
    "a flag for numbered results": (
        FILES,
        [('{read: out.txt}', '{read: "out/*.txt", flag: done}')],
        r"""
        toy.yaml:6:30: transport.files.flag: numbered results are each whole by themselves
            6 |   files: {read: "out/*.txt", flag: done}
              |                              ^^^^
          found: `flag`
          expected: leave it out; `written` says how each of them is written
        """,
    ),
    "numbered results that grow": (
        FILES,
        [('{read: out.txt}', '{read: "out/*.txt", written: appended}')],
        r"""
        toy.yaml:6:39: transport.files.written: numbered results are each written once
            6 |   files: {read: "out/*.txt", written: appended}
              |                                       ^^^^^^^^
          found: appended
          expected: leave it out, or one file without a star
        """,
    ),
    "a file that grows is removed": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, written: appended, remove: true}')],
        r"""
        toy.yaml:6:45: transport.files.remove: a file that grows is read on from where it ended
            6 |   files: {read: out.txt, written: appended, remove: true}
              |                                             ^^^^^^
          found: `remove`
          expected: leave it out: what was there is passed over
        """,
    ),
    "several files, left open": (
        FILES,
        [('{read: out.txt}', '{read: [out.txt, more.txt], written: open}')],
        r"""
        toy.yaml:6:47: transport.files.written: several files make a reply when all of them are whole
            6 |   files: {read: [out.txt, more.txt], written: open}
              |                                               ^^^^
          found: open
          expected: `flag` or `lock` instead, or one file
        """,
    ),
    "several files and lines": (
        FILES,
        [('{read: out.txt}', '{read: [out.txt, more.txt]}\nframing: {lines: 3}')],
        r"""
        toy.yaml:7:11: framing.lines: several files make a reply when all of them are whole
            7 | framing: {lines: 3}
              |           ^^^^^
          found: `lines`
          expected: `flag` or `lock`, or one file
        """,
    ),
    "times between looks that are not taken": (
        FILES,
        [('{read: out.txt}', '{read: out.txt, watch: inotify, every: 5 ms}')],
        r"""
        toy.yaml:6:42: transport.files.every: changes are announced, not looked for
            6 |   files: {read: out.txt, watch: inotify, every: 5 ms}
              |                                          ^^^^^
          found: `watch: inotify`
          expected: `watch: poll`, or leave `every` out
        """,
    ),
    "our files, none of them": (
        FILES,
        [
            ('files: {read: out.txt}', 'console: {}\n  files: {read: out.txt, lock_writes: busy, fsync: true}'),
            ('write: {in.txt: "{action:.2f}"}', 'send: "{action:.2f}"'),
        ],
        r"""
        toy.yaml:7:26: transport.files.lock_writes: no file is written
            7 |   files: {read: out.txt, lock_writes: busy, fsync: true}
              |                          ^^^^^^^^^^^
          found: `lock_writes`
          expected: `write: {NAME: ...}` in an exchange
        toy.yaml:7:45: transport.files.fsync: no file is written
            7 |   files: {read: out.txt, lock_writes: busy, fsync: true}
              |                                             ^^^^^
          found: `fsync`
          expected: `write: {NAME: ...}` in an exchange
        """,
    ),
    "a result outside the folder": (
        FILES,
        [('read: out.txt', 'read: ../out.txt')],
        r"""
        toy.yaml:6:17: transport.files.read: leads out of the folder that the program starts in
            6 |   files: {read: ../out.txt}
              |                 ^^^^^^^^^^
          found: ../out.txt
          expected: a relative name without `..`; `simulator: {directory: ...}` is where it is seen from
        """,
    ),
    "the second result outside the folder": (
        FILES,
        [('read: out.txt', 'read: [out.txt, /tmp/out.txt]')],
        r"""
        toy.yaml:6:27: transport.files.read[1]: leads out of the folder that the program starts in
            6 |   files: {read: [out.txt, /tmp/out.txt]}
              |                           ^^^^^^^^^^^^
          found: /tmp/out.txt
          expected: a relative name without `..`; `simulator: {directory: ...}` is where it is seen from
        """,
    ),
    "our file outside the folder": (
        FILES,
        [('in.txt: "{', '../in.txt: "{')],
        r"""
        toy.yaml:10:13: step[0].write."../in.txt": leads out of the folder that the program starts in
           10 |   - write: {../in.txt: "{action:.2f}"}
              |             ^^^^^^^^^
          found: ../in.txt
          expected: a relative name without `..`; `simulator: {directory: ...}` is where it is seen from
        """,
    ),
    "our file is the result": (
        FILES,
        [('in.txt: "{', 'out.txt: "{')],
        r"""
        toy.yaml:10:13: step[0].write."out.txt": the name is used twice
           10 |   - write: {out.txt: "{action:.2f}"}
              |             ^^^^^^^
          found: out.txt
          expected: a file of its own
        """,
    ),
    "our file is one of the results": (
        FILES,
        [
            ('read: out.txt', 'read: "out/*.txt"'),
            ('in.txt: "{', '"out/{step}.txt": "{'),
        ],
        r"""
        toy.yaml:10:14: step[0].write."out/{step}.txt": the name is used twice
           10 |   - write: {"out/{step}.txt": "{action:.2f}"}
              |              ^^^^^^^^^^^^^^
          found: out/{step}.txt
          expected: a file of its own
        """,
    ),
    "a result twice": (
        FILES,
        [('read: out.txt', 'read: [out.txt, out.txt]')],
        r"""
        toy.yaml:6:27: transport.files.read[1]: the name is used twice
            6 |   files: {read: [out.txt, out.txt]}
              |                           ^^^^^^^
          found: out.txt
          expected: a file of its own
        """,
    ),
    "a placed file where a FIFO is": (
        FILES,
        [('transport:\n', '  files: {in: {text: a}}\ntransport:\n  fifo: {write: in}\n')],
        r"""
        toy.yaml:5:11: simulator.files.in: the name is used twice
            5 |   files: {in: {text: a}}
              |           ^^
          found: in
          expected: a file of its own
        """,
    ),
    "two stars": (
        FILES,
        [('read: out.txt', 'read: "out/*/*.txt"')],
        r"""
        toy.yaml:6:18: transport.files.read: a star stands for the number of a result, in the last part of one name
            6 |   files: {read: "out/*/*.txt"}
              |                  ^^^^^^^^^^^
          found: out/*/*.txt
          expected: `out/*.txt` by itself, say
        """,
    ),
    "a star among several": (
        FILES,
        [('read: out.txt', 'read: [log.txt, "out/*.txt"]')],
        r"""
        toy.yaml:6:28: transport.files.read[1]: a star stands for the number of a result, in the last part of one name
            6 |   files: {read: [log.txt, "out/*.txt"]}
              |                            ^^^^^^^^^
          found: out/*.txt
          expected: `out/*.txt` by itself, say
        """,
    ),
    "a screen through pipes": (
        SCREEN,
        [('terminal: true, ', '')],
        r"""
        toy.yaml:6:13: transport.console.screen: a full screen wants a terminal
            6 |   console: {screen: 80x24}
              |             ^^^^^^
          found: pipes
          expected: `terminal: true` too
        """,
    ),
    "the size of pipes": (
        FILES,
        [('files: {read: out.txt}', 'console: {size: 80x24}')],
        r"""
        toy.yaml:6:13: transport.console.size: pipes have no size
            6 |   console: {size: 80x24}
              |             ^^^^
          found: `size`
          expected: `terminal: true` too, or leave it out
        """,
    ),
    "two sizes": (
        SCREEN,
        [('screen: 80x24', 'screen: 80x24, size: 100x30')],
        r"""
        toy.yaml:6:44: transport.console.size: the size is given twice
            6 |   console: {terminal: true, screen: 80x24, size: 100x30}
              |                                            ^^^^
          found: `size` and `screen`
          expected: `screen`
        """,
    ),
    "a terminal beside files": (
        FILES,
        [('files:', 'console: {terminal: true}\n  files:')],
        r"""
        toy.yaml:6:13: transport.console.terminal: a terminal cannot be combined with other ways
            6 |   console: {terminal: true}
              |             ^^^^^^^^
          found: `terminal` beside `files`
          expected: pipes: leave `terminal` out
        """,
    ),
    "a terminal beside a FIFO": (
        FILES,
        [('files: {read: out.txt}', 'console: {terminal: cooked}\n  fifo: {write: in}')],
        r"""
        toy.yaml:6:13: transport.console.terminal: a terminal cannot be combined with other ways
            6 |   console: {terminal: cooked}
              |             ^^^^^^^^
          found: `terminal` beside `fifo`
          expected: pipes: leave `terminal` out
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    ways.check(tmp_path, text, changes, expected)


@pytest.mark.parametrize("title", ways.GOOD)
def test_what_goes_together_loads(title):
    config, made = ways.GOOD[title], load_program(ways.GOOD[title])
    assert made.config.transport.model_dump(exclude_unset=True).keys() == config["transport"].keys()
    assert made.delivers == ("write" in config["step"][0])
