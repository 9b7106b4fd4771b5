"""Rules for adapters, and fields that are read under a condition: each with the text that its author sees."""

import importlib.util
import pathlib

import pytest

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
TCP = nets.TCP


RULES = {
    "a field without an adapter": (
        TCP,
        [('find: "X= {float}"', 'adapter: level')],
        r"""
        toy.yaml:12:16: fields.x.adapter: there is no adapter to decode it
           12 |   x: {adapter: level}
              |                ^^^^^
          found: level
          expected: `adapter: MODULE:CLASS` at the top level too
        """,
    ),
    "no class": (
        TCP,
        [('step:', 'adapter: my_module.Adapter\nstep:')],
        r"""
        toy.yaml:9:1: adapter.class: neither `MODULE:CLASS` nor an adapter that is installed
            9 | adapter: my_module.Adapter
              | ^^^^^^^
          found: my_module.Adapter
          expected: `my_module:MyAdapter`, or one of modbus
        """,
    ),
    "an adapter nearly known": (
        TCP,
        [('step:', 'adapter: {class: modbs}\nstep:')],
        r"""
        toy.yaml:9:18: adapter.class: neither `MODULE:CLASS` nor an adapter that is installed
            9 | adapter: {class: modbs}
              |                  ^^^^^
          found: modbs
          expected: `my_module:MyAdapter`, or one of modbus
          did you mean: modbus
        """,
    ),
    "a condition without another value": (
        TCP,
        [('{find: "X= {float}"}', '{find: "X= {float}"}\n  y: {find: "Y= {float}", when: x > 0}')],
        r"""
        toy.yaml:13:27: fields.y.when: nothing says what the field is where this is false
           13 |   y: {find: "Y= {float}", when: x > 0}
              |                           ^^^^
          found: neither `default` nor `keep`
          expected: `default: ...` or `keep: true` too
        """,
    ),
    "a computed field with a condition": (
        TCP,
        [('{find: "X= {float}"}', '{find: "X= {float}"}\n  y: {compute: x + 1, when: x > 0}')],
        r"""
        toy.yaml:13:23: fields.y.when: a computed field is not read
           13 |   y: {compute: x + 1, when: x > 0}
              |                       ^^^^
          found: `when`
          expected: leave it out
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", RULES)
def test_what_the_author_sees(title, tmp_path):
    text, changes, expected = RULES[title]
    nets.ways.check(tmp_path, text, changes, expected)
