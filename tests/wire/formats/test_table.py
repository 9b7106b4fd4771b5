import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.formats.table import reader

LISTING = b"""\
                  --------- ANTENNA INPUT PARAMETERS ---------
  TAG   SEG       VOLTAGE (VOLTS)         IMPEDANCE (OHMS)
  No:   No:     REAL      IMAGINARY     REAL      IMAGINARY
    1     5  1.0000E+00  0.0000E+00  8.2698E+01  4.6306E+01

                  --------- ANTENNA INPUT PARAMETERS ---------
  TAG   SEG       VOLTAGE (VOLTS)         IMPEDANCE (OHMS)
  No:   No:     REAL      IMAGINARY     REAL      IMAGINARY
    1     5  1.0000E+00  0.0000E+00  7.3000E+01  4.2500E+01
    2     6  2.0000D+00  0.0000E+00  9.0000E+01 -4.2500E+01

                  --------- POWER BUDGET ---------
"""
INPUT = {"after": "ANTENNA INPUT PARAMETERS", "skip": 2}


def reading(table, text=None, **keys):
    field = FieldModel.model_validate({"table": table, **keys})
    return reader("resistance", field, Text.model_validate(text or {}))


@pytest.mark.parametrize(
    ("table", "keys", "expected"),
    [
        ({**INPUT, "column": 5}, {}, 73.0),
        ({**INPUT, "column": 6, "row": 2}, {}, -42.5),
        ({**INPUT, "column": 3, "row": 2}, {}, 2.0),
        ({**INPUT, "column": 2, "row": 2}, {"type": "int"}, 6),
        ({**INPUT, "columns": "5..6"}, {}, [73.0, 42.5]),
        ({**INPUT, "columns": [6, 5], "row": 2}, {}, [-42.5, 90.0]),
        ({"after": "ANTENNA", "skip": 1, "column": 3}, {"type": "word"}, "REAL"),
        ({"after": "RADIATION PATTERNS", "column": 1}, {}, None),
    ],
)
def test_places_in_the_last_table(table, keys, expected):
    found = reading(table, **keys).read(LISTING)
    assert found == expected
    assert type(found) is type(expected)


def test_kinds():
    assert reading({**INPUT, "column": 5}).kind is Kind.NUMBER
    vector = reading({**INPUT, "columns": "3..6"})
    assert (vector.kind, vector.length) == (Kind.VECTOR, 4)


@pytest.mark.parametrize(
    ("table", "message", "below"),
    [
        ({**INPUT, "row": 3, "column": 1}, LISTING, 5),
        ({**INPUT, "row": 30, "column": 1}, LISTING, 32),
        ({"after": "HEAD", "column": 1}, b"HEAD", 1),
        ({"after": "HEAD", "column": 1}, b"HEAD\n", 1),
        ({"after": "HEAD", "row": 2, "column": 1}, b"HEAD\n1\n", 2),
    ],
)
def test_rows_that_are_not_there_are_refused(table, message, below):
    with pytest.raises(ParseError) as caught:
        reading(table).read(message)
    heading, line = table["after"], message[: message.rfind(table["after"].encode())].count(b"\n") + 1
    place = f"line {below} below the last `{heading}`, line {line} of the reply, which is blank or beyond the end"
    assert caught.value.what == f"field resistance needs {place}"
    assert caught.value.cure.startswith("check `skip` and `row`, and that the reply is read to its end")
    assert ("; the heading occurs" in caught.value.cure) is (message.count(heading.encode()) > 1)


def test_columns_that_are_not_there_are_refused():
    with pytest.raises(ParseError, match="field resistance needs column 7, but the line has 6"):
        reading({**INPUT, "column": 7}).read(LISTING)


def test_what_is_no_number_is_refused():
    with pytest.raises(ParseError, match="field resistance is not a number\n  found: TAG"):
        reading({"after": "ANTENNA", "column": 1}).read(LISTING)


def test_a_heading_that_is_not_ascii():
    message = "Größe\n1,5 2\n".encode("latin-1")
    assert reading({"after": "Größe", "column": 1}, {"encoding": "latin-1", "decimal": ","}).read(message) == 1.5


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (INPUT, "table: one of two keys is due\n  found: neither\n  expected: `column: 7` or `columns: 3..5`"),
        (
            {**INPUT, "column": 1, "columns": [2]},
            "table: one of two keys is due\n  found: both\n  expected: `column: 7` or `columns: 3..5`",
        ),
    ],
)
def test_impossible_tables_are_refused_at_load_time(table, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(table)
    assert str(caught.value) == expected


def test_the_first_heading_may_be_meant():
    message = b"RESULTS\n1\nRESULTS\n2\nRESULTS"
    table = {"after": "RESULTS", "column": 1}
    with pytest.raises(ParseError) as caught:
        reading(table).read(message)
    assert caught.value.cure.endswith("the heading occurs 3 times: `pick: first` counts from the first one")
    field = FieldModel.model_validate({"table": table, "pick": "first"})
    assert reader("resistance", field, Text()).read(message) == 1.0


def test_several_places_are_refused():
    field = FieldModel.model_validate({"table": {"after": "RESULTS", "column": 1}, "pick": "sum"})
    with pytest.raises(FieldProblem, match="one place is read, not several"):
        reader("resistance", field, Text())
