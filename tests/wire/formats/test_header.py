"""Columns by the names in a header."""

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.columns import reader
from filebridge.wire.formats.problem import FieldProblem

CSV = b'''\
time,vend,"mode, of ""it""",i(v1)
0.0,1.5,cold,-1D-3
0.1, 2.5 ,"hot, wet",-2D-3
0.2,,off,3
'''
TABLE = b"""\
ngspice run 7
Index   time            v(out)          i(v1)
0\t0.000000e+00\t1.000000e+00\t-1.5-103
1\t1.000000e-03\t2.000000e+00\t****

"""


def reading(text=None, **keys):
    return reader("level", FieldModel.model_validate(keys), Text.model_validate(text or {}))


def csv(message=CSV, text=None, **keys):
    return reading(text, separator=",", **keys).read(message)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"column": "time"}, 0.2),
        ({"column": "vend", "line": 3}, 2.5),
        ({"column": "vend", "line": -2}, 2.5),
        ({"column": "vend"}, None),
        ({"column": "i(v1)", "line": 2}, -0.001),
        ({"column": 'mode, of "it"', "line": 3, "type": "line"}, "hot, wet"),
        ({"column": " vend ", "line": 2}, 1.5),
        ({"columns": ["vend", "time"], "line": 2}, [1.5, 0.0]),
        ({"columns": ["i(v1)", 1], "line": 2}, [-0.001, 0.0]),
        ({"columns": ["time"], "line": 2}, [0.0]),
        ({"column": "time", "line": 5}, None),
        ({"column": "time", "line": -4}, None),
        ({"column": "time", "line": -40}, None),
        ({"column": 2, "header": 1, "line": -3}, 1.5),
        ({"column": 2, "header": 1, "line": -4}, None),
        ({"column": "cold", "header": 2, "type": "word"}, "off"),
    ],
)
def test_csv_columns_by_name(keys, expected):
    found = csv(**keys)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"column": "v(out)"}, 2.0),
        ({"column": "i(v1)", "line": 3}, -1.5e-103),
        ({"column": "i(v1)", "overflow": 9}, 9.0),
        ({"columns": ["time", "v(out)"], "line": -2}, [0.0, 1.0]),
        ({"column": "Index", "type": "int"}, 1),
    ],
)
def test_columns_of_a_table_by_name(keys, expected):
    assert reading(header=2, **keys).read(TABLE) == expected


def test_kinds_and_lengths_are_known_before_any_header():
    assert reading(column="x").kind is Kind.NUMBER
    assert reading(column="x", type="word").kind is Kind.TEXT
    vector = reading(columns=["x", "y", 3])
    assert (vector.kind, vector.length) == (Kind.VECTOR, 3)


def test_a_header_behind_the_mark_of_a_comment():
    assert reading(column="vend").read(b"# time vend\n0 1.5\n") == 1.5
    assert reading(column="time").read(b"#time vend\n0.5 1.5\n") == 0.5
    assert csv(b"  #time,vend\n0.5,1.5\n", column="time") == 0.5


def test_another_header_means_other_columns():
    field = reading(column="b")
    messages = [b"a b\n1 2\n", b"b a\n1 2\n", b"b a\n3 4", b"a b\n3 4\n", b"x a b\n1 2 3", b"b", b"", b"b\n5"]
    assert [field.read(message) for message in messages] == [2.0, 1.0, 3.0, 4.0, 3.0, None, None, 5.0]


def test_a_header_alone_has_no_values():
    field = reading(column="b")
    for message in (b"a b", b"a b\n", b"a b\n \n\n", b"", b"\n1 2", b" \n1 2"):
        assert field.read(message) is None
    assert reading(column="b", header=3).read(b"a b\n1 2") is None


@pytest.mark.parametrize(
    ("message", "header", "expected"),
    [
        (b"a b\n", 1, ""),
        (b"\na b\n1 2\n", 1, "line 1, which should name the columns, is blank or missing"),
        (b"a b\n1 2\n", 3, "line 3, which should name the columns, is blank or missing"),
        (b"a b\n1 2", 9, "line 9, which should name the columns, is blank or missing"),
    ],
)
def test_a_missing_header_is_said(message, header, expected):
    assert reading(column="b", header=header).missing(message) == expected


def test_names_are_in_the_encoding_of_the_text():
    message = "Zeit,Höhe\n1,2\n"
    assert csv(message.encode(), column="Höhe") == 2.0
    assert csv(message.encode("latin-1"), {"encoding": "latin-1"}, column="Höhe") == 2.0
    with pytest.raises(ParseError, match=r"did you mean `H\\xc3\\xb6he`\? it names `Zeit`, `H\\xc3\\xb6he`"):
        csv(message.encode(), column="Hohe")


@pytest.mark.parametrize(
    ("column", "cure"),
    [
        ("vent", 'did you mean `vend`? it names `time`, `vend`, `mode, of "it"`, `i(v1)`'),
        ("VEND", 'did you mean `vend`? it names `time`, `vend`, `mode, of "it"`, `i(v1)`'),
        ("pressure", 'it names `time`, `vend`, `mode, of "it"`, `i(v1)`'),
    ],
)
def test_an_unknown_name_is_refused(column, cure):
    with pytest.raises(ParseError) as caught:
        csv(column=column)
    assert str(caught.value) == (
        f"field level: the header names no column `{column}`\n"
        f'  found: time,vend,"mode, of ""it""",i(v1)\n  cure: {cure}'
    )


def test_many_names_are_not_all_shown():
    header = b" ".join(b"n%d" % number for number in range(30))
    with pytest.raises(ParseError) as caught:
        reading(column="pressure").read(header + b"\n1 2")
    assert caught.value.cure == "it names " + ", ".join(f"`n{number}`" for number in range(20)) + ", ..."


@pytest.mark.parametrize(("keys", "key"), [({"column": "a"}, "column"), ({"columns": ["a", "b"]}, "columns")])
def test_a_name_given_twice_is_refused(keys, key):
    with pytest.raises(ParseError) as caught:
        reading(**keys).read(b"a b a\n1 2 3\n")
    assert str(caught.value) == (
        "field level: the header names 2 columns `a`\n  found: a b a\n"
        f"  cure: give the number of the column in `{key}` instead"
    )


def test_a_line_with_other_columns_than_the_header_is_refused():
    with pytest.raises(ParseError) as caught:
        reading(column="time").read(b"time (s) v (V)\n1 2\n")
    assert str(caught.value) == (
        "field level stands in a line of 2 columns, but the header names 4\n  found: 1 2\n"
        "  cure: give the number of the column where names or cells hold blanks, or the `separator` between them;"
        " a line that is none of the table: end the block above it, `within: {before: ...}`, or correct `line`"
    )


def test_a_separated_line_may_be_short_but_not_too_short():
    assert csv(b"a,b,c\n1,2\n", column="b") == 2.0
    with pytest.raises(ParseError, match="field level needs column 3, but the line has 2"):
        csv(b"a,b,c\n1,2\n", column="c")


def test_what_is_no_number_is_refused():
    with pytest.raises(ParseError, match="field level is not a number\n  found: 1_000"):
        csv(b"a,b\n1_000,2\n", column="a")


def test_quotes_of_a_header_that_do_not_match_are_refused():
    with pytest.raises(ParseError, match="field level stands in a line whose quotes do not match\n  found: a,\"b"):
        csv(b'a,"b\n1,2\n', column="a")


@pytest.mark.parametrize(
    ("keys", "text", "expected"),
    [
        (
            {"column": "a", "line": 1},
            {},
            "line: not below the header\n  found: 1\n  expected: at least 2, or -1 for the last",
        ),
        (
            {"column": "a", "line": 2, "header": 3},
            {},
            "line: not below the header\n  found: 2\n  expected: at least 4, or -1 for the last",
        ),
        ({"column": "→"}, {"encoding": "latin-1"}, "column: a character that latin-1 does not have\n  found: →"),
        ({"columns": ["→"]}, {"encoding": "latin-1"}, "columns: a character that latin-1 does not have\n  found: →"),
        (
            {"columns": ["a"], "type": "word"},
            {},
            "type: several columns are numbers, not text\n  expected: float, int, hex or octal",
        ),
    ],
)
def test_impossible_headers_are_refused_at_load_time(keys, text, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(text, **keys)
    assert str(caught.value) == expected
