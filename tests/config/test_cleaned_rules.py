# ruff: noqa: E501  # the texts are as long as people see them
"""Texts that could never be seen, since what is read is cleaned: refused, with the text that its author sees."""

import importlib.util
import pathlib

import pytest

from filebridge import load_program
from filebridge.errors import ConfigError

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
TCP = nets.TCP
SEND = 'send: "{action:.2f}"'

RULES = {
    "a NUL that ends a reply": (
        [("step:", 'framing: {until: "\\0"}\nstep:')],
        r"""
        toy.yaml:9:19: framing.until: this character is taken out of what is read, so the text is never seen
            9 | framing: {until: "\0"}
              |                   ^^
          found: NUL
          expected: `text: {ansi: keep}`, which leaves it in
        """,
    ),
    "a carriage return that ends a reply": (
        [(SEND, SEND + '\n    until: "> \\r\\n"')],
        r"""
        toy.yaml:11:13: step[0].until: every line end is read as `\n`, so this is never seen
           11 |     until: "> \r\n"
              |             ^^^^^^
          found: a carriage return
          expected: `\n` for the end of a line
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    changes, expected = RULES[title]
    nets.ways.check(tmp_path, TCP, changes, expected)


PLACES = [
    ('framing: {until: {over: "A\\a"}}', "framing.until.over"),
    ("framing: {until: '/OK\\x1b/'}", "framing.until"),
    ('start: [{until: "> ", answer: {"Name\\a": "x"}}]', 'start[0].answer."Name\\x07"'),
    ('complaints: "\\aNO"', "complaints"),
    ('ignore: ["\\a"]', "ignore[0]"),
    ('fields: {y: {find: "\\aX {int}"}}', "fields.y.find"),
    ('fields: {y: {seen: "\\a"}}', "fields.y.seen"),
    ("fields: {y: {regex: '/X\\a(\\d+)/'}}", "fields.y.regex"),
    ('fields: {y: {find: "X {int}", within: {after: "\\a"}}}', "fields.y.within.after"),
    ('fields: {y: {table: {after: "\\a", column: 1}}}', "fields.y.table.after"),
]


@pytest.mark.parametrize(("said", "place"), PLACES, ids=[place for _, place in PLACES])
def test_wherever_a_text_is_awaited_or_found(tmp_path, said, place):
    if said.startswith("fields: "):
        base = TCP.replace("  x: {find", f"  {said[9:-1]}\n  x: {{find")
    else:
        base = TCP.replace("step:", f"{said}\nstep:", 1)
    told = nets.ways.samples.refusal(tmp_path, base)
    assert told.startswith("toy.yaml: 1 problem\n")
    assert ": this character is taken out of what is read, so the text is never seen\n" in told
    path = tmp_path / "toy.yaml"
    path.write_text(base + "text: {ansi: keep}\n")
    assert load_program(path)


GOOD = ["'/(?:\\a> )?> /'", "'/> \\x1b?\\r?\\n/'", "'/[\\x00\\r]*> /'", "'/> (\\a|\\n)/'", "'/\\\\a> /'", '"a\\b> "', '"\\t> "']


@pytest.mark.parametrize("end", GOOD)
def test_what_may_be_missing_is_no_fault(tmp_path, end):
    path = tmp_path / "toy.yaml"
    path.write_text(TCP.replace(SEND, f"{SEND}\n    until: {end}"))
    assert load_program(path)


def test_what_is_not_cleaned_may_hold_any_character(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(TCP.replace('{find: "X= {float}"}', '{binary: {type: "<f4"}}').replace(SEND, f'{SEND}\n    until: "\\0\\r"'))
    assert load_program(path)
    path.write_text(path.read_text().replace("binary", "find").replace('{type: "<f4"}', '"X {int}"'))
    with pytest.raises(ConfigError):
        load_program(path)
