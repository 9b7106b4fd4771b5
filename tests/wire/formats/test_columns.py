import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.columns import reader
from filebridge.wire.formats.problem import FieldProblem

LINES = b"ALT VEL FUEL\n120.5 -3.25 80\n\n121 4 79 ok\n \n\n"


def reading(text=None, **keys):
    return reader("speed", FieldModel.model_validate(keys), Text.model_validate(text or {}))


def value(message, text=None, **keys):
    return reading(text, **keys).read(message)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"column": 2}, 4.0),
        ({"column": 4, "type": "word"}, "ok"),
        ({"column": 2, "line": 2}, -3.25),
        ({"column": 3, "line": 1, "type": "word"}, "FUEL"),
        ({"column": 1, "line": -3}, 120.5),
        ({"column": 1, "line": -2}, None),
        ({"column": 1, "line": 3}, None),
        ({"column": 1, "line": 40}, None),
        ({"column": 1, "line": -5}, None),
        ({"columns": "1..3"}, [121.0, 4.0, 79.0]),
        ({"columns": "1..2"}, [121.0, 4.0]),
        ({"columns": [3, 1]}, [79.0, 121.0]),
        ({"columns": [2]}, [4.0]),
        ({"columns": "1..3", "line": 2}, [120.5, -3.25, 80.0]),
        ({"columns": [2, 3], "type": "int"}, [4, 79]),
        ({"columns": "1..2", "line": 3}, None),
        ({"column": 1, "type": "hex"}, 0x121),
    ],
)
def test_columns_of_a_line(keys, expected):
    found = value(LINES, **keys)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds_and_lengths():
    assert (reading(column=1).kind, reading(column=1, type="int").kind) == (Kind.NUMBER, Kind.INTEGER)
    assert (reading(column=1, type="flag").kind, reading(column=1, type="line").kind) == (Kind.FLAG, Kind.TEXT)
    assert (reading(columns="2..6").kind, reading(columns="2..6").length) == (Kind.VECTOR, 5)
    assert (reading(columns="1..6").kind, reading(columns="1..6").length) == (Kind.VECTOR, 6)


QUICK = [b"1 2 3", b"1 2 3\n", b"1 2 3 \n \n", b"x\n1 2 3", b"  1\t2  3 4 e", b"x\n1 2 3 4\n"]


@pytest.mark.parametrize("message", QUICK)
def test_the_quick_road_reads_the_last_line(message):
    assert value(message, columns="1..3") == [1.0, 2.0, 3.0]


def test_the_quick_road_reads_the_first_line():
    assert value(b"1 2 3 x\n4 5 6\n", columns="1..3", line=1) == [1.0, 2.0, 3.0]
    assert value(b"1 2 3", columns="1..3", line=1) == [1.0, 2.0, 3.0]
    assert value(b"\n1 2 3", columns="1..3", line=1) is None


@pytest.mark.parametrize("message", [b"", b"\n", b"  \n\n "])
@pytest.mark.parametrize("keys", [{"columns": "1..3"}, {"columns": [1, 3]}, {"column": 1}, {"chars": "1..4"}])
def test_a_blank_message_has_no_columns(message, keys):
    assert value(message, **keys) is None
    assert value(message, **keys, line=1) is None
    assert value(message, **keys, line=-2) is None


def test_numbers_as_fortran_prints_them_leave_the_quick_road():
    assert value(b"1.5D+03 1.5-103 .5", columns="1..3") == [1500.0, 1.5e-103, 0.5]
    assert value(b"1 **** 3", columns="1..3", overflow=99.0) == [1.0, 99.0, 3.0]
    assert value(b"1.5D+03 1.5-103 .5", columns=[3, 1]) == [0.5, 1500.0]
    found = value(b"NaN -Infinity 1", columns="1..3")
    assert math.isnan(found[0])
    assert found[1:] == [-math.inf, 1.0]


@pytest.mark.parametrize("keys", [{"columns": "1..2"}, {"columns": [2, 1]}, {"column": 1}])
def test_underscores_are_no_digits(keys):
    with pytest.raises(ParseError, match="field speed is not a number\n  found: 1_000"):
        value(b"1_000 2", **keys)
    assert value(b"1_x 2_x\n1 2 a_name", **keys) in ([1.0, 2.0], [2.0, 1.0], 1.0)


def test_a_decimal_comma():
    assert value(b"1,5 2,25", {"decimal": ","}, columns="1..2") == [1.5, 2.25]
    assert value(b"1,5;2,25", {"decimal": ","}, columns="1..2", separator=";") == [1.5, 2.25]


@pytest.mark.parametrize(
    ("line", "keys", "expected"),
    [
        (b"1,2,3", {"columns": "1..3"}, [1.0, 2.0, 3.0]),
        (b"1, 2 ,3", {"columns": [3, 2]}, [3.0, 2.0]),
        (b'7,"a ""b"", c",9', {"column": 2, "type": "line"}, 'a "b", c'),
        (b'7,"a, b",9', {"column": 3}, 9.0),
        ('7,"é, b",9'.encode(), {"column": 2, "type": "line"}, "é, b"),
        (b"1,,3", {"column": 2}, None),
        (b"1,", {"column": 2}, None),
        (b"1::2::3\"", {"column": 2, "separator": "::"}, 2.0),
        (b"1\t\t3\t\n", {"column": 4, "separator": "\t"}, None),
        (b"1\t\t3\t\n\t\n", {"column": 3, "separator": "\t"}, 3.0),
    ],
)
def test_separated_columns(line, keys, expected):
    assert value(line, **{"separator": ",", **keys}) == expected


@pytest.mark.parametrize(
    ("keys", "line", "count"),
    [
        ({"columns": "1..5"}, "1 2 3", 3),
        ({"columns": [1, 5]}, "1 2 3", 3),
        ({"column": 5, "separator": ","}, "1,2", 2),
    ],
)
def test_too_few_columns_are_refused(keys, line, count):
    with pytest.raises(ParseError) as caught:
        value(line.encode(), **keys)
    assert str(caught.value) == (
        f"field speed needs column 5, but the line has {count}\n  found: {line}\n"
        "  cure: check `line`, `separator` and the number of the column; use `find` where the layout changes"
    )


@pytest.mark.parametrize("keys", [{"columns": "1..3"}, {"columns": [1, 3], "type": "int"}, {"column": 3}])
def test_what_is_no_number_is_refused(keys):
    with pytest.raises(ParseError, match=r"field speed is not a (whole )?number.*\n  found: up\\x1b"):
        value(b"1 2 up\x1b", **keys)


def test_an_empty_cell_among_several_is_refused():
    with pytest.raises(ParseError, match="field speed is not a number"):
        value(b"1,,3", columns="1..3", separator=",")


def test_unmatched_quotes_are_refused():
    with pytest.raises(ParseError, match="field speed stands in a line whose quotes do not match\n  found: 1,\"2,3"):
        value(b'1,"2,3', column=1, separator=",")


@pytest.mark.parametrize(
    ("message", "keys", "expected"),
    [
        (b"0123456789-12.5  x", {"chars": "11..15"}, -12.5),
        (b"12345678", {"chars": "3..4", "type": "int"}, 34),
        (b"12345678", {"chars": "7..20", "type": "int"}, 78),
        (b"12345678", {"chars": "9..20"}, None),
        (b"12    78", {"chars": "3..6"}, None),
        (b"  12\n  34\n\n", {"chars": "3..4", "line": 1}, 12.0),
        (b"  12\n  34\n\n", {"chars": "1..4"}, 34.0),
        ("äö 12".encode(), {"chars": "4..5"}, 12.0),
        ("äö 12".encode(), {"chars": "1..2", "type": "line"}, "äö"),
    ],
)
def test_characters_of_a_line(message, keys, expected):
    assert value(message, **keys) == expected


def test_characters_in_other_encodings():
    assert value("äö 12".encode("latin-1"), {"encoding": "latin-1"}, chars="1..5", type="line") == "äö 12"
    assert value(b"\xff 12", chars="3..4") == 12.0
    with pytest.raises(DecodeError, match="field speed is no text in utf-8"):
        value(b"\xff 12", chars="1..4", type="line")


@pytest.mark.parametrize(
    ("keys", "text", "expected"),
    [
        (
            {"column": 1, "line": 0},
            {},
            "line: there is no line 0\n  found: 0\n  expected: 1 for the first line, -1 for the last",
        ),
        ({"chars": "0..3"}, {}, "chars: characters are counted from 1\n  found: 0..3\n  expected: `11..20`"),
        (
            {"columns": "1..2", "type": "word"},
            {},
            "type: several columns are numbers, not text\n  expected: float, int, hex or octal",
        ),
        (
            {"columns": "1..2", "separator": ","},
            {"decimal": ","},
            "separator: the decimal mark of numbers too\n  found: ,\n"
            "  expected: another separator, or another `text: {decimal: ...}`",
        ),
    ],
)
def test_what_no_line_could_satisfy_is_refused_at_load_time(keys, text, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(text, **keys)
    assert str(caught.value) == expected


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=6), st.sampled_from(["", "\n", "\n \n", " x\n"]))
def test_every_float_comes_back(numbers, end):
    line = " ".join(map(repr, numbers))
    columns = list(range(1, len(numbers) + 1))
    assert value(f"head\n{line}{end}".encode(), columns=columns) == numbers
    assert value(f"head\n{line}{end}".encode(), columns=columns[::-1]) == numbers[::-1]
    assert value(line.replace(" ", ";").encode(), columns=columns, separator=";") == numbers


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ({}, b"T   1.50  OK   2.5", "T   1.50  OK   2.5"),
        ({}, b"\tT\xc3\xa9 .50  OK   2.5", "\\tT\\xc3\\xa9 .50  OK   2.5"),
        ({"encoding": "latin-1"}, b"T\xe9  1.50  OK   2.5", "T\\xe9  1.50  OK   2.5"),
    ],
)
def test_characters_beside_the_value_are_pointed_at(text, line, shown):
    with pytest.raises(ParseError) as caught:
        reader("h", FieldModel(chars=(7, 12)), Text.model_validate(text)).read(line)
    # The cut: characters 7 to 12 of the line.
    where = line.decode("latin-1" if text else "utf-8")[6:12]
    before = shown.index(where)
    assert str(caught.value) == (
        f"field h is not a number: {where.strip()}\n"
        f"  found: {shown}\n"
        f"         {' ' * before}{'^' * 6}\n"
        "  cure: expected 12, -0.5 or 1.5E+03; the carets show `chars: 7..12`: move the range if the value stands"
        " elsewhere"
    )
