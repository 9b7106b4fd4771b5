"""Reading YAML: what each scalar is, where it stands, and what is refused at once."""

import math
import os
import pathlib
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config import source as loading
from filebridge.config.source import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, NOWHERE, Place, parse, plain, read
from filebridge.errors import ConfigError, ConfigSecurityError

SOON = 0.5  # seconds of processor time, so that a busy machine makes no difference


def data(text):
    return parse(text, "f.yaml").data


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def parser(request, monkeypatch):
    monkeypatch.setattr(loading, "_LOADER", getattr(yaml, request.param))


TRAPS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "tRUE": "tRUE", "no": "no", "No": "No", "yes": "yes", "on": "on", "off": "off", "y": "y", "N": "N",
    "null": None, "Null": None, "NULL": None, "~": None, "": None, "none": "none", "None": "None",
    "0": 0, "10": 10, "010": 10, "-010": -10, "+7": 7, "0x1F": 31, "0o17": 15, "-0x1F": "-0x1F", "0b101": "0b101",
    "1_000": "1_000", "1,5": "1,5", "12:30:00": "12:30:00", "1:30": "1:30", "2020-01-01": "2020-01-01",
    "2020-01-01T10:00:00Z": "2020-01-01T10:00:00Z", "1e3": 1000.0, "1E+3": 1000.0, "-1.5e-3": -0.0015, ".5": 0.5,
    "5.": 5.0, "1.10": 1.1, "1.2.3": "1.2.3", ".": ".", "1e": "1e", "e3": "e3", "1.5D+03": "1.5D+03",
    ".inf": math.inf, "-.Inf": -math.inf, "+.INF": math.inf, "inf": "inf", "nan": "nan", "NaN": "NaN", "١٢": "١٢",
    "'010'": "010", '"true"': "true", "'~'": "~", '""': "", "=": "=", "a b": "a b", "80x24": "80x24", "1..20": "1..20",
    "/ngspice \\d+ -> $/": "/ngspice \\d+ -> $/", "'it''s'": "it's", '"\\e[A\\n"': "\x1b[A\n", "é💥": "é💥",
}  # fmt: skip


@pytest.mark.parametrize("text", TRAPS)
def test_scalar_follows_the_core_schema(text, parser):
    value = data(f"key: {text}\n")["key"]
    assert value == TRAPS[text]
    assert type(value) is type(TRAPS[text])


def test_not_a_number_is_a_float():
    assert all(math.isnan(number) for number in data("[.nan, .NaN, .NAN]"))


def test_block_scalars_are_text():
    assert data("a: |\n  1\n  2\nb: >-\n  3\n  4\n") == {"a": "1\n2\n", "b": "3 4"}


def test_keys_are_the_text_of_the_file():
    assert data("1: a\nno: b\n1.50: c\n~: d\n'<<': e\n") == {"1": "a", "no": "b", "1.50": "c", "~": "d", "<<": "e"}


def test_ends_of_lines_and_a_byte_order_mark_make_no_difference(parser):
    text = "\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\nc: {d: 2}\r\n"
    source = parse(text, "f.yaml")
    assert source.data == {"a": 1, "b": "x\ny\n", "c": {"d": 2}}
    assert source.lines == ("a: 1", "b: |", "  x", "  y", "c: {d: 2}", "")
    assert source.place(("c", "d"))[0] == Place(5, 8, 9, 25)


PLACED = """\
# a comment
name: Lander   # of 1969
fields:
  altitude: {find: "ALT= {float}", low: 10}
list: [a, 'b c',
  d]
block: |
  text
empty:
one: &x plain text
two: *x
map: &m {k: v}
use: *m
long: some
  more
é💥: 'ü'
"""


@pytest.mark.parametrize(
    ("path", "on", "line", "column", "end"),
    [
        ((), "value", 2, 1, 2), (("name",), "key", 2, 1, 5),
        (("name",), "value", 2, 7, 13), (("fields",), "key", 3, 1, 7),
        (("fields",), "value", 4, 3, 4), (("fields", "altitude"), "value", 4, 13, 44),
        (("fields", "altitude", "find"), "value", 4, 21, 33), (("fields", "altitude", "low"), "key", 4, 36, 39),
        (("fields", "altitude", "low"), "value", 4, 41, 43), (("list",), "value", 5, 7, 8),
        (("list", 1), "value", 5, 12, 15), (("list", 1), "key", 5, 12, 15),
        (("list", 2), "value", 6, 3, 4), (("block",), "value", 7, 8, 9),
        (("empty",), "value", 9, 7, 7), (("one",), "value", 10, 9, 19),
        (("two",), "key", 11, 1, 4), (("two",), "value", 10, 9, 19),
        (("map",), "value", 12, 9, 15), (("use",), "value", 13, 6, 7),
        (("use", "k"), "value", 12, 13, 14), (("long",), "value", 14, 7, 11),
        (("é💥",), "key", 16, 1, 3), (("é💥",), "value", 16, 6, 7),
    ],
)  # fmt: skip
def test_place_of_keys_and_values(path, on, line, column, end, parser):
    place, exact = parse(PLACED, "f.yaml").place(path, on)
    assert (place, exact) == (Place(line, column, end, place.offset), True)
    assert PLACED.split("\n")[line - 1][column - 1 :] == PLACED[place.offset :].split("\n")[0]


@pytest.mark.parametrize("on", ["key", "value"])
@pytest.mark.parametrize(
    ("path", "known", "shown_on"),
    [
        (("fields", "altitude", "high"), ("fields", "altitude"), "key"),
        (("fields", "speed", "low"), ("fields",), "key"),
        (("list", 9), ("list",), "key"),
        (("list", 1, "x"), ("list", 1), "value"),
        (("nothing",), (), "value"),
    ],
)
def test_place_of_what_is_missing_is_that_of_its_longest_known_part(path, known, shown_on, on):
    source = parse(PLACED, "f.yaml")
    assert source.place(path, on) == (source.place(known, shown_on)[0], False)


def test_aliases_give_equal_but_separate_data():
    loaded = data("a: &a {x: [1]}\nb: *a\nc: &s text\nd: [*s]\ne: &a 2\nf: *a\n")
    assert loaded == {"a": {"x": [1]}, "b": {"x": [1]}, "c": "text", "d": ["text"], "e": 2, "f": 2}
    loaded["a"]["x"].append(2)
    assert loaded["b"] == {"x": [1]}


def nested(levels):
    return "[" * levels + "]" * levels


def levels(kind):
    first, body = ("{k: 1}", "\n  <<: [{}]\n") if kind == "merge" else ("[x, x, x, x, x, x, x, x, x]", " [{}]\n")
    rest = (f"a{i}: &a{i}" + body.format(", ".join([f"*a{i - 1}"] * 9)) for i in range(1, 8))
    return f"a0: &a0 {first}\n" + "".join(rest)


BOMBS = {
    "aliases": levels("alias"),
    "merge keys": levels("merge"),
    "brackets": "[" * 2000,
    "many brackets": "[" * 100_000,
    "dashes": "- " * 500_000,
    "one level too many": nested(MAX_DEPTH + 1),
    "an alias one level too deep": f"a: &a {nested(MAX_DEPTH - 1)}\nb: [*a]\n",
    "ints on one line": "[" + "1," * (MAX_BYTES // 2 - 2) + "1]",
    "ints on many lines": "- 1\n" * (MAX_BYTES // 4),
    "one node too many": "- 1\n" * MAX_NODES,
    "aliases of keys": f"a: &a {{{', '.join(f'k{i}: 1' for i in range(100))}}}\nb: [{'*a, ' * 55}]\n",
    "aliases of one word": "- &a x\n" + "- *a\n" * (MAX_ALIASES + 1),
    "an alias inside itself": "a: &a [*a]\n",
    "a tag": "a: !!python/object/apply:os.system [ls]\n",
    "a tag of its own": "a: !x 1\n",
    "a tag for text": "a: !!str 1\n",
    "a tag on the key": "!!str a: 1\n",
    "a long tag": "a: !" + "x" * 1_000_000,
    "too long": "#" * (MAX_BYTES + 1),
    "too long in bytes": "é" * (MAX_BYTES // 2 + 1),
}


USELESS = {
    "braces": "{" * 100_000,
    "digits": "a: " + "1" * 1_000_000,
    "an open quote": "'" + "x" * 1_000_000,
    "empty lines": "\r" * 1_000_000 + "[",
    "a long key": "k" * 1_000_000 + ": 1",
    "a distant text": "a: &a" + "\n" * 900_000 + "[x",
    "one key many times": "k: 1\n" * 4900,
    "many keys twice": "".join(f"k{i}: 1\nk{i}: 2\n" for i in range(2400)),
    "control characters": "\x1b" * 1_000_000,
}


@pytest.mark.parametrize("name", [*BOMBS, *USELESS])
def test_hostile_text_is_refused_soon(name):
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        parse({**BOMBS, **USELESS}[name], "f.yaml")
    assert time.process_time() - begun < SOON
    # Braces within braces are no YAML, and are too deep: which of the two is met first depends on the parser.
    assert name == "braces" or isinstance(caught.value, ConfigSecurityError) is (name in BOMBS)


def test_what_is_just_within_the_limits_is_read(parser):
    assert data(nested(MAX_DEPTH)) == yaml.safe_load(nested(MAX_DEPTH))
    assert data("- 1\n" * (MAX_NODES - 1)) == [1] * (MAX_NODES - 1)
    assert data("- &a x\n" + "- *a\n" * MAX_ALIASES) == ["x"] * (MAX_ALIASES + 1)
    deep = f"a: &a {nested(MAX_DEPTH - 2)}\nb: [*a]\n"
    assert data(deep) == yaml.safe_load(deep)


def test_file_is_read_with_its_name_and_folder(tmp_path, monkeypatch):
    (tmp_path / "lander.yaml").write_bytes("name: é\n".encode())
    monkeypatch.chdir(tmp_path)
    source = read(pathlib.Path("lander.yaml"))
    assert (source.name, source.folder, source.data) == ("lander.yaml", tmp_path, {"name": "é"})


def test_name_is_what_an_editor_can_open_from_the_current_folder(tmp_path, monkeypatch):
    inner, other = tmp_path / "inner", tmp_path / "other"
    inner.mkdir()
    other.mkdir()
    (inner / "lander.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    assert read(inner / "lander.yaml").name == "inner/lander.yaml"
    assert read(pathlib.Path("inner/lander.yaml")).name == "inner/lander.yaml"
    monkeypatch.chdir(other)
    assert read(inner / "lander.yaml").name == str(inner / "lander.yaml")
    assert read(pathlib.Path("../inner/lander.yaml")).name == "../inner/lander.yaml"


def test_huge_file_is_refused_without_being_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.yaml"
    path.touch()
    os.truncate(path, 100 << 20)
    monkeypatch.setattr(pathlib.Path, "open", lambda *_: pytest.fail("the file was opened"))
    with pytest.raises(ConfigSecurityError, match="found: 104857600 bytes") as caught:
        read(path)
    assert caught.value.what == f"{path}: larger than 1048576 bytes"


def test_file_that_is_no_utf8_is_refused_with_the_offset_of_the_byte(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"\xc3\xa9: x\nname: \xe9t\xe9\n")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "latin.yaml")
    what = f"{tmp_path}/latin.yaml: not UTF-8\n  found: byte 0xe9 at offset 12\n  cure: Save the file as UTF-8."
    assert str(caught.value) == what


def test_what_is_no_readable_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    cases = {"/fifo": "/fifo: not a file\n  found: a FIFO", "/gone": "/gone: cannot be read\n  found: No such file",
             "": ": not a file\n  found: a folder", "/a\0b": "/a\\x00b: cannot be read"}  # fmt: skip
    for name, text in cases.items():
        with pytest.raises(ConfigError) as caught:
            read(pathlib.Path(f"{tmp_path}{name}"))
        assert str(caught.value).startswith(f"{tmp_path}{text}")
        assert not isinstance(caught.value, ConfigSecurityError)


def test_mapping_is_copied_and_has_no_places():
    source = plain(given_data := {"a": [1, (2.5, None)], "b": {"c": True}})
    assert source.data == {"a": [1, [2.5, None]], "b": {"c": True}}
    assert source.place(("a", 0)) == (NOWHERE, False)
    assert (source.name, source.folder) == ("<dict>", None)
    given_data["b"]["c"] = False
    assert source.data["b"] == {"c": True}


def test_mapping_beyond_the_limits_is_refused():
    ring, wide = {}, ["x"]
    ring["again"] = ring
    for _ in range(20):
        wide = [wide] * 9
    for bomb, text in ((ring, "deeper than 32 levels"), ({"a": wide}, "more than 10000 values")):
        begun = time.process_time()
        with pytest.raises(ConfigSecurityError, match=text):
            plain(bomb)
        assert time.process_time() - begun < SOON


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({1: 2}, "<dict>: a[0]: a key that is no text\n  found: int\n  expected: a str"),
        ({"b": {1}}, "<dict>: a[0].b: a value of no known kind\n  found: set\n"),
        (b"x", "<dict>: a[0]: a value of no known kind\n  found: bytes\n"),
    ],
)
def test_mapping_with_foreign_things_is_refused(bad, text):
    with pytest.raises(ConfigError) as caught:
        plain({"a": [bad]}, "<dict>")
    assert text in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Quoted(yaml.SafeDumper):
    def ignore_aliases(self, _data):
        return True


Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(st.dictionaries(st.text(), JSON, max_size=5), st.booleans())
def test_dumped_data_is_read_back_equal(written, flow):
    assert data(yaml.dump(written, Dumper=Quoted, default_flow_style=flow, allow_unicode=True)) == written


@given(st.text() | st.text(alphabet="ab: -[]{},\"'|>&*!%@`#?\n\t\\x1e.~<\r\ufeff\x85") | st.binary().map(repr))
def test_any_text_is_read_or_refused_as_a_config_error(text):
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading, "_LOADER", loader)
            try:
                source = parse(text, "f.yaml")
            except ConfigError:
                continue
            assert all(1 <= place.line <= len(source.lines) for _, place in source.spots.values())
