"""Values of INI files."""

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.ini import reader
from filebridge.wire.formats.problem import FieldProblem

FILE = b"""\
; state of the plant
version : 3
[motor]
Speed = 1.5D+03 rpm
  # a comment
mode: AUTO (default)
on = yes
mask=0x1F
empty =
ratio = a=b:c
steps = 1
    2
  3

[Motor]
speed = -1
[motor]
  on = no
  current = ****
  note = 100%(speed)s
[rates/inner]
m/s = 4
"""


def reading(path, text=None, **keys):
    field = FieldModel.model_validate({"ini": path, **keys})
    return reader("level", field, Text.model_validate(text or {}))


def value(path, message=FILE, text=None, **keys):
    return reading(path, text, **keys).read(message)


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        ("motor/speed", {}, 1500.0),
        ("motor/SPEED", {}, 1500.0),
        ("Motor/speed", {}, -1.0),
        ("Motor/speed", {"type": "int"}, -1),
        ("/version", {"type": "int"}, 3),
        ("motor/mode", {"type": "word"}, "AUTO"),
        ("motor/mode", {"type": "line"}, "AUTO (default)"),
        ("motor/on", {"type": "flag"}, False),
        ("motor/mask", {"type": "hex"}, 31),
        ("motor/ratio", {"type": "line"}, "a=b:c"),
        ("motor/steps", {"type": "text"}, "1\n2\n3"),
        ("motor/steps", {}, 1.0),
        ("motor/note", {"type": "text"}, "100%(speed)s"),
        ("motor/current", {"overflow": 7}, 7.0),
        ("rates/inner/m/s", {}, 4.0),
        ("motor/empty", {}, None),
        ("motor/empty", {"type": "word"}, None),
        ("motor/empty", {"type": "text"}, ""),
        ("motor/torque", {}, None),
        ("pump/speed", {}, None),
        ("/speed", {}, None),
        ("motor/version", {}, None),
    ],
)
def test_values(path, keys, expected):
    found = value(path, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds():
    kinds = [reading("a/b", type=word).kind for word in ("float", "octal", "flag", "line")]
    assert kinds == [Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.TEXT]


def test_lines_that_are_nobodys_value_are_passed_over():
    message = b"Simulation 1.0\n= 5\n[]\n[open\nx\n[a]\n  note\n  y = 2\n: 3\n  z = 4\n[b] rest\nz=5"
    assert [value(path, message) for path in ("a/y", "a/z", "b/z", "/x")] == [2.0, 4.0, 5.0, None]


def test_numbers_as_legacy_programs_print_them():
    assert value("a/b", b"[a]\nb=1,5", {"decimal": ","}) == 1.5
    assert value("a/b", b"[a]\nb=1.5-103") == 1.5e-103
    assert value("a/b", b"[a]\nb=79.5kg") == 79.5


@pytest.mark.parametrize("found", ["1_000", "up", "1,5"])
def test_what_is_no_number_is_refused(found):
    with pytest.raises(ParseError) as caught:
        value("a/b", f"[a]\nb = {found} m".encode())
    assert (caught.value.what, caught.value.found) == ("field level is not a number", found)


def test_sections_of_another_message_are_not_kept():
    first, second = b"[a]\nb=1", b"[a]\nb=2"
    assert [value("a/b", message) for message in (first, second, second, first)] == [1.0, 2.0, 2.0, 1.0]


def test_text_in_other_encodings():
    message = "[größe]\nhöhe = 3 °".encode("latin-1")
    assert value("größe/höhe", message, {"encoding": "latin-1"}, type="line") == "3 °"
    with pytest.raises(DecodeError, match="field level is no text in utf-8, from byte 3 of the value"):
        value("a/b", b"[a]\nb = 3 \xb0", type="line")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("motor/sped", "no key `sped` in [motor] (it has speed, mode, on, mask, empty, ratio, steps, current, note)"
         "; did you mean `speed`?"),
        ("/speed", "no key `speed` above the first section (it has version)"),
        ("Moter/speed", "no section [Moter] (it has motor, Motor, rates/inner); did you mean `Motor`?"),
        ("pump/speed", "no section [pump] (it has motor, Motor, rates/inner)"),
        ("rates/inner/kg", "no key `kg` in [rates/inner] (it has m/s)"),
        ("motor/empty", ""),
    ],
)
def test_what_is_missing_is_said(path, expected):
    assert reading(path).missing(FILE) == expected


def test_what_a_message_without_sections_lacks():
    assert reading("a/b").missing(b"") == "no section [a] (it has no section)"
    assert reading("/b").missing(b"") == "no key `b` above the first section (it has no key)"


def test_a_value_of_many_lines_and_a_line_of_many_characters_cost_no_more_than_their_size():
    message = b"[a]\n" + b"x" * 300_000 + b" " * 300_000 + b"y\nb = 1" + b"\n 2" * 200_000
    assert len(value("a/b", message, type="text")) == 400_001


LINES = st.sampled_from(
    ["[a]", "[b]", "[a] x", "k = 1", "K: 2", "k=3 ; no", "  k = 4", "   5", "\tl = 6", "# no", " ; no", "", "  ",
     "m = a:b", "l:", "[a=b]", "k == 7"]
)


@given(st.lists(LINES, max_size=12))
def test_files_are_read_as_configparser_reads_them(lines):
    text = "[a]\n" + "\n".join(lines)
    parser = configparser.RawConfigParser(strict=False, empty_lines_in_values=False)
    try:
        parser.read_string(text)
    except configparser.ParsingError:
        return
    for section in ("a", "b", "a=b"):
        for key in ("k", "l", "m"):
            expected = parser.get(section, key, fallback=None)
            assert value(f"{section}/{key}", text.encode(), type="text") == expected


@pytest.mark.parametrize(
    ("path", "keys", "expected"),
    [
        (
            "speed",
            {},
            "ini: a key without its section\n  found: speed\n  expected: `SECTION/speed`, or `/speed` above all",
        ),
        ("motor/", {}, "ini: a section without a key\n  found: motor/\n  expected: `motor/KEY`"),
        ("/", {}, "ini: a section without a key\n  found: /\n  expected: `SECTION/KEY`"),
        ("a/b", {"pick": "first"}, "pick: of several the last one counts\n  found: first\n  expected: no `pick`"),
        ("a/b", {"pick": "sum"}, "pick: of several the last one counts\n  found: sum\n  expected: no `pick`"),
    ],
)
def test_impossible_paths_are_refused_at_load_time(path, keys, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(path, **keys)
    assert str(caught.value) == expected
