"""How problems of a configuration look: the texts themselves are the product."""

import pickle
import textwrap

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config import source as loading
from filebridge.config.problems import Problem, nearest, refuse, render
from filebridge.config.source import parse, plain
from filebridge.errors import ConfigError

LANDER = """\
filebridge: 1
name: Lander
fields:
  altitude: {find: "ALT= {float}", low: 10, high: 5}
  "the speed": {find: 'it''s {flot}'}
reward: "-abs(impcat) if landed else 0"
long: -1 - altitude +
  2 * impcat
script: |
  impcat
escaped: "\\talt + impcat"
step:
  - send: "{burn:.2f}"
"""
SOURCE = parse(LANDER, "lander.yaml")


def text(lines):
    return textwrap.dedent(lines).strip("\n")


def test_problem_of_a_value_in_all_its_parts():
    problem = Problem(
        ("fields", "altitude", "low"), "a bound above the other", "10", "a number below high (5)", near="lowest"
    )
    assert render(SOURCE, problem) == text("""
        lander.yaml:4:41: fields.altitude.low: a bound above the other
            4 |   altitude: {find: "ALT= {float}", low: 10, high: 5}
              |                                         ^^
          found: 10
          expected: a number below high (5)
          did you mean: lowest
    """)


def test_problem_of_a_key():
    problem = Problem(("fields", "altitude"), "an unknown key", near="attitude", on="key")
    assert render(SOURCE, problem) == text("""
        lander.yaml:4:3: fields.altitude: an unknown key
            4 |   altitude: {find: "ALT= {float}", low: 10, high: 5}
              |   ^^^^^^^^
          did you mean: attitude
    """)


def test_problem_of_something_missing_is_shown_where_it_should_be():
    assert render(SOURCE, Problem(("fields", "the speed", "low"), "missing")) == text("""
        lander.yaml:5:4: fields."the speed".low: missing
            5 |   "the speed": {find: 'it''s {flot}'}
              |    ^^^^^^^^^
    """)


def test_problem_inside_an_expression_is_underlined_there():
    problem = Problem(("reward",), "an unknown name", "impcat", near="impact", offset=5, length=6)
    assert render(SOURCE, problem) == text("""
        lander.yaml:6:15: reward: an unknown name
            6 | reward: "-abs(impcat) if landed else 0"
              |               ^^^^^^
          found: impcat
          did you mean: impact
    """)


@pytest.mark.parametrize(
    ("path", "offset", "length", "line", "column", "carets"),
    [
        (("reward",), 0, 0, 6, 10, 29),
        (("reward",), 0, 1, 6, 10, 1),
        (("reward",), 7, 0, 6, 17, 1),
        (("reward",), 29, 1, 6, 39, 1),
        (("step", 0, "send"), 1, 4, 13, 13, 4),
        (("fields", "the speed", "find"), 0, 2, 5, 24, 2),
        (("fields", "the speed", "find"), 6, 4, 5, 24, 12),
        (("long",), 5, 8, 7, 12, 8),
        (("long",), 20, 6, 7, 7, 15),
        (("script",), 0, 6, 9, 9, 1),
        (("escaped",), 7, 6, 11, 11, 14),
        (("fields", "altitude", "low"), 1, 1, 4, 41, 2),
        (("nothing", "here"), 3, 3, 1, 1, 1),
    ],
)
def test_span_is_underlined_only_where_the_file_has_the_same_characters(path, offset, length, line, column, carets):
    lines = render(SOURCE, Problem(path, "x", offset=offset, length=length)).split("\n")
    assert lines[0].startswith(f"lander.yaml:{line}:{column}: ")
    assert lines[2].count("^") == carets


def test_refusal_lists_all_problems_in_the_order_of_the_file():
    late, early = Problem(("reward",), "late", offset=5, length=6), Problem(("name",), "early", "Lander")
    between = Problem(("reward",), "between")
    error = refuse(SOURCE, [late, between, early])
    assert type(error) is ConfigError
    assert error.problems == (early, between, late)
    assert str(error) == text("""
        lander.yaml: 3 problems
        lander.yaml:2:7: name: early
            2 | name: Lander
              |       ^^^^^^
          found: Lander
        lander.yaml:6:10: reward: between
            6 | reward: "-abs(impcat) if landed else 0"
              |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        lander.yaml:6:15: reward: late
            6 | reward: "-abs(impcat) if landed else 0"
              |               ^^^^^^
    """)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.problems) == (str(error), error.problems)


def test_refusal_of_a_mapping_names_paths_only():
    error = refuse(plain({"step": [{"send": "{a"}]}), [Problem(("step", 0, "send"), "an open brace", "{a")])
    assert str(error) == "<dict>: 1 problem\n<dict>: step[0].send: an open brace\n  found: {a"


def test_nothing_of_the_file_reaches_the_terminal_unescaped():
    source = parse('"a\\e[2J": "\\e[2J"  # \tcafé \\d\n', "odd\x1b\n.yaml")
    problem = Problem(("a\x1b[2J",), "a\nb", "\x1b[2J \\d", "\r", "é", on="key")
    assert render(source, problem) == (
        'odd\\x1b\\n.yaml:1:2: "a\\x1b[2J": a\\nb\n'
        '    1 | "a\\e[2J": "\\e[2J"  # \\tcaf\\xc3\\xa9 \\d\n'
        "      |  ^^^^^^\n"
        "  found: \\x1b[2J \\d\n  expected: \\r\n  did you mean: \\xc3\\xa9"
    )


@pytest.mark.parametrize(
    ("before", "marked", "after", "line", "first_caret", "carets"),
    [
        (10, 5, 10, f"    1 | ['{'x' * 10}', 'mmmmm', '{'z' * 10}']", 24, 5),
        (500, 5, 10, f"    1 | ...{'x' * 84}', 'mmmmm', '{'z' * 10}']", 99, 5),
        (10, 5, 500, f"    1 | ['{'x' * 10}', 'mmmmm', '{'z' * 84}...", 24, 5),
        (500, 5, 500, f"    1 | ...{'x' * 30}', 'mmmmm', '{'z' * 63}...", 45, 5),
        (0, 500, 500, f"    1 | ['', '{'m' * 53}...', '{'z' * 43}...", 14, 56),
    ],
)
def test_long_line_is_cut_around_the_caret(before, marked, after, line, first_caret, carets):
    source = parse(f"['{'x' * before}', '{'m' * marked}', '{'z' * after}']", "f.yaml")
    lines = render(source, Problem((1,), "x")).split("\n")
    assert lines[1:] == [line, "      | ".ljust(first_caret) + "^" * carets]
    assert len(line) <= 120


@given(st.text("aé\\\t💥 x", max_size=300), st.text("bé\\💥", min_size=1, max_size=200), st.integers(0, 200))
def test_carets_stand_under_what_they_mean(before, marked, after):
    source = parse(f"['{before}', '{marked}', '{'z' * after}']", "f.yaml")
    _, line, carets = render(source, Problem((1,), "x")).split("\n")
    start, end = carets.index("^"), len(carets)
    assert max(len(line), end) <= 120
    assert line[start - 1] == "'"
    assert line[end] == "'" or line[end - 3 : end] == "..."


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("attitude", ["altitude", "velocity"], "altitude"),
        ("ALTITUDE", ["altitude", "velocity"], "altitude"),
        ("max-steps", ["steps", "max_steps"], "max_steps"),
        ("max_steps", ["max-steps"], "max-steps"),
        ("low:10", ["low", "high"], "low"),
        ("reward", ["reward"], "reward"),
        ("xyz", ["altitude", "velocity"], ""),
        ("", ["a"], ""),
        ("a", [], ""),
        ("a" * 1_000_000, ["a" * 64], ""),
    ],
)
def test_nearest_word(word, known, found):
    assert nearest(word, iter(known)) == found


SYNTAX = {
    "a:\n\tb: 1\n": ("2:1", "a tab in the indentation", "spaces; YAML allows no tab there"),
    "a: b\n\tc\n": ("2:1", "a tab in the indentation", "spaces; YAML allows no tab there"),
    "a: 1\nb:2\nc: 3\n": ("2:2", "no space after the colon", "b: 2"),
    "a:1\nb: 2\n": ("1:2", "no space after the colon", "a: 1"),
    "a: 1\nb\nc: 3\n": ("2:1", "neither a key nor part of the value above", "key: value"),
    'a: "x\nb: 1\n': ("1:4", "a quote that is never closed", 'a closing "'),
    "a: 'x\nb: 1\n": ("1:4", "a quote that is never closed", "a closing '"),
    'a: "\\"\n': ("1:4", "a quote that is never closed", 'a closing "'),
    'a: "\\d+"\n': (
        "1:5", "a backslash that begins no escape of YAML", "single quotes around the value, or \\\\ for each \\"
    ),
    "a: 'it's'\n": ("1:8", "text after the end of a value that begins with '", "quotes around the whole value"),
    'a: "x" y\n': ("1:8", 'text after the end of a value that begins with "', "quotes around the whole value"),
    "a: {b} c\n": ("1:8", "text after the end of a value that begins with {", "quotes around the whole value"),
    "- [b] c\n": ("1:7", "text after the end of a value that begins with [", "quotes around the whole value"),
    "a: {b: 1}}\n": ("1:10", "text after the end of a value that begins with {", "quotes around the whole value"),
    "a: [1, 2\nb: 3\n": ("1:4", "a [ that is never closed", "a closing ]"),
    "a: {x: [1, 2\n": ("1:8", "a [ that is never closed", "a closing ]"),
    "a: {x: 1\n": ("1:4", "a { that is never closed", "a closing }"),
    "a: [\n": ("1:4", "a [ that is never closed", "a closing ]"),
    "a: ['b' c]\n": ("1:9", "no comma and no ] before this", "a comma, a ], or quotes around the whole value"),
    "a: ]\n": ("1:4", "a ] where a value should be", "a value, or quotes around the whole value"),
    "a: %d\n": ("1:4", "a plain value cannot begin with %", "quotes around the whole value"),
    "a: [@x]\n": ("1:5", "a plain value cannot begin with @", "quotes around the whole value"),
    "a: `x`\n": ("1:4", "a plain value cannot begin with `", "quotes around the whole value"),
    "a: *rustle*\n": ("1:4", "a plain value cannot begin with *", "quotes around the whole value"),
    "a: &\n": ("1:4", "a plain value cannot begin with &", "quotes around the whole value"),
    "a: >>>\n": ("1:4", "a plain value cannot begin with >", "quotes around the whole value"),
    "a: - b\n": ("1:4", "a plain value cannot begin with -", "quotes around it, or a line of its own"),
    "a: b: c\n": ("1:5", "a second colon in one value", "quotes around a value that contains ': '"),
    ": 1\n": ("1:1", "no key before the colon", "key: value"),
    "a:\n  b: 1\n c: 2\n": ("3:2", "an indentation that fits no line above", "the indentation of its neighbours"),
    "a: 1\n  b: 2\n": ("2:4", "an indentation that fits no line above", "the indentation of its neighbours"),
    "a: 1\n- b\n": ("2:1", "an indentation that fits no line above", "the indentation of its neighbours"),
    "a: 1\n...\nb\n": ("3:1", "text after the end of the document", "one document, without a line ... or ---"),
    "a: 1\n---\nb: 2\n": ("2:1", "a second document", "one document, without a line ---"),
    "a: x\x07\n": ("1:5", "a character that YAML does not allow", '"\\u0007" in double quotes'),
    "? [a]\n: b\n": ("1:3", "a mapping or a list as a key", "quotes around a value that begins with { or ["),
    "a: {{x}}\n": ("1:5", "a: a mapping or a list as a key", "quotes around a value that begins with { or ["),
    "a: *x\n": ("1:4", "a: *x stands for nothing", "&x ahead of it, or quotes around a value that begins with *"),
    "a: &x b\n*x : c\n": ("2:1", "an alias as a key", "the key itself"),
    "a: &x [*x]\n": ("1:8", "a[0]: *x inside what it stands for", "the text itself"),
    "a: &y !go\n": ("1:7", "a: a tag", "no tag; quotes around a value that begins with !"),
    "a: {<<: 1}\n": ("1:5", "a: a merge key, <<", "each key written out"),
    "a: 1e999\n": ("1:4", "a: a number too large", "a smaller one, or quotes around it"),
}  # fmt: skip


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@pytest.mark.parametrize("written", SYNTAX)
def test_what_cannot_be_read_is_shown_with_a_cure(written, loader, monkeypatch):
    monkeypatch.setattr(loading, "_LOADER", loader)
    place, what, expected = SYNTAX[written]
    with pytest.raises(ConfigError) as caught:
        parse(written, "f.yaml")
    lines = str(caught.value).split("\n")
    assert lines[:2] == ["f.yaml: 1 problem", f"f.yaml:{place}: {what}"]
    assert lines[-1] == f"  expected: {expected}"
    assert lines[3].index("^") >= 8


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@pytest.mark.parametrize("start", ['"\\UFFFFFFFF"', '"\\U00FFFFFF"', '"\\ud800"', f"%YAML 1.{'1' * 5000}\n---\na"])
def test_numbers_that_mean_no_character_are_refused(start, loader, monkeypatch):
    monkeypatch.setattr(loading, "_LOADER", loader)
    with pytest.raises(ConfigError, match=r"^f.yaml: 1 problem\nf.yaml:1:\d: "):
        parse(f"{start}: 1\n", "f.yaml")


def test_all_duplicate_keys_are_reported_with_all_their_places():
    with pytest.raises(ConfigError) as caught:
        parse("a: 1\nb:\n  - {c: 1, 'c': 2, <<: 3}\na: 2\n1: x\n\"1\": y\na: 3\n", "f.yaml")
    assert str(caught.value) == text("""
        f.yaml: 4 problems
        f.yaml:3:13: b[0].c: a key written more than once
            3 |   - {c: 1, 'c': 2, <<: 3}
              |             ^
          found: line 3, column 6 and line 3, column 13
          expected: each key once
        f.yaml:3:20: b[0]: a merge key, <<
            3 |   - {c: 1, 'c': 2, <<: 3}
              |                    ^^
          expected: each key written out
        f.yaml:6:2: 1: a key written more than once
            6 | "1": y
              |  ^
          found: line 5, column 1 and line 6, column 2
          expected: each key once
        f.yaml:7:1: a: a key written more than once
            7 | a: 3
              | ^
          found: line 1, column 1 and line 4, column 1 and line 7, column 1
          expected: each key once
    """)


@pytest.mark.parametrize("written", ["", "\n", "# only a comment\n", "---\n", "null\n"])
def test_file_without_content_is_empty(written):
    with pytest.raises(ConfigError) as caught:
        parse(written, "f.yaml")
    assert str(caught.value) == "f.yaml: the file is empty\n  cure: Write a configuration, or name another file."
