"""Blocks of a listing: every way of reading looks at nothing else."""

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field

LISTING = b"""\
PASS 1
x = 1
done
y = 10
PASS 2
x = 2
done
y = 20
PASS 3 x = 30
x = 3
"""


def reading(within, text=None, **way):
    field = FieldModel.model_validate({"within": within, **(way or {"key": "x"})})
    return compile_field("level", field, Text.model_validate(text or {}))


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ({"after": "PASS"}, b"x = 3\n"),
        ({"after": "PASS", "which": "last"}, b"x = 3\n"),
        ({"after": "PASS", "which": 3}, b"x = 3\n"),
        ({"after": "PASS", "which": "first"}, b"x = 1\ndone\ny = 10\n"),
        ({"after": "PASS", "before": "done", "which": "first"}, b"x = 1\n"),
        ({"after": "PASS", "before": "done", "which": 2}, b"x = 2\n"),
        ({"after": "PASS", "before": "done"}, b"x = 3\n"),
        ({"after": "/^PASS [12]$/", "before": "/^d.ne/"}, b"x = 2\n"),
        ({"after": "/S \\d$/", "before": "PASS"}, b"x = 2\ndone\ny = 20\n"),
        ({"before": "PASS", "which": "first"}, b""),
        ({"before": "PASS", "which": 2}, b"x = 1\ndone\ny = 10\n"),
        ({"before": "PASS"}, b"x = 2\ndone\ny = 20\n"),
        ({"before": "done", "which": "first"}, b"PASS 1\nx = 1\n"),
        ({"after": "PASS 1\nx"}, LISTING[13:]),
        ({"after": "x = 3"}, b""),
        ({"after": "PASS", "which": 4}, None),
        ({"after": "pass"}, None),
        ({"before": "x = 4"}, None),
    ],
)
def test_blocks(within, expected):
    whole = reading(within, regex=r"/(?s)\A(.*)\Z/", type="text")
    assert whole.read(LISTING) == (None if expected is None else expected.decode())


def test_a_block_at_the_end_of_the_reply():
    assert reading({"after": "HEAD"}).read(b"HEAD\nx = 4") == 4.0
    assert reading({"after": "HEAD"}).read(b"HEAD") is None
    assert reading({"after": "HEAD"}).read(b"HEAD\n") is None
    assert reading({"after": "/^(HEAD|x = 4)$/", "which": 2}).read(b"HEAD\nx = 4\nx = 5") == 5.0


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ({"find": "x = {int}"}, 1),
        ({"find": "x = {float}", "pick": "sum"}, 1.0),
        ({"seen": "x = 2"}, False),
        ({"seen": "=", "pick": "count"}, 1),
        ({"regex": "/= (.)/"}, 1.0),
        ({"column": 3}, 1.0),
        ({"columns": [3]}, [1.0]),
        ({"chars": "5..5", "line": 1}, 1.0),
        ({"table": {"after": "x", "column": 3}}, None),
        ({"key": "x"}, 1.0),
        ({"key": "y"}, None),
    ],
)
def test_every_way_of_reading_sees_the_block_alone(way, expected):
    if "table" in way:
        with pytest.raises(ParseError, match="needs line 1 below the last `x`"):
            reading({"after": "PASS", "before": "done", "which": "first"}, **way).read(LISTING)
        return
    assert reading({"after": "PASS", "before": "done", "which": "first"}, **way).read(LISTING) == expected


def test_bounds_and_kinds_are_those_of_the_way():
    inner = reading({"after": "PASS"}, find="x = {int}", low=0, high=2, outside="clip")
    assert (inner.kind, inner.read(LISTING)) == (Kind.INTEGER, 2)
    grid = reading({"after": "MAP"}, grid={"legend": {"#": 1}, "rows": 1, "columns": 2})
    assert (grid.kind, grid.shape) == (Kind.GRID, (1, 2))
    assert grid.read(b"MAP\n##\n").tolist() == [[1, 1]]


def test_fields_of_one_block_and_of_others_do_not_mix():
    first, last = reading({"after": "PASS", "which": "first"}), reading({"after": "PASS"})
    ys = reading({"after": "PASS", "which": "first"}, key="y", pick="first")
    other = LISTING.replace(b"1", b"7")
    for message, expected in [(LISTING, (1.0, 3.0, 10.0)), (other, (7.0, 3.0, 70.0)), (LISTING, (1.0, 3.0, 10.0))]:
        assert (first.read(message), last.read(message), ys.read(message)) == expected


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ({"after": "RESULTS"}, "there is no block below `RESULTS`, since no heading in the reply has that"),
        ({"after": "/^RES/"}, "there is no block below `/^RES/`, since no heading in the reply has that"),
        ({"before": "END"}, "there is no block above `END`, since no line in the reply has that"),
        ({"after": "PASS", "which": 4}, "there is no block 4 below `PASS`, a heading that occurs 3 times in the reply"),
        ({"after": "S 1", "which": 2}, "there is no block 2 below `S 1`, a heading that occurs once in the reply"),
        ({"before": "done", "which": 3}, "there is no block 3 above `done`, a line that occurs 2 times in the reply"),
        ({"after": "PASS"}, ""),
    ],
)
def test_what_is_missing_is_said(within, expected):
    assert reading(within).missing(LISTING) == expected


def test_what_is_missing_within_the_block_is_said():
    found = reading({"after": "PASS"}, json="/b").missing(b'PASS\n{"a": 1}\n')
    assert found == "no key `b` in / (it has a)"


def test_a_heading_that_is_not_ascii():
    text = {"encoding": "latin-1"}
    assert reading({"after": "Größe"}, text).read("x = 1\nGröße\nx = 2".encode("latin-1")) == 2.0
    assert reading({"after": "/Gr..e/"}, text).read("x = 1\nGröße\nx = 2".encode("latin-1")) == 2.0


def test_a_search_that_takes_long_is_refused():
    with pytest.raises(ParseError, match=r"field level: the search for /\(a\+\)\+\$/ took longer than 50 ms"):
        reading({"after": "/(a+)+$/"}).read(b"a" * 5000 + b"b")


@pytest.mark.parametrize(
    ("within", "text", "expected"),
    [
        (
            {},
            {},
            "within: neither a line above nor a line below\n"
            "  expected: `after`, the heading above the block, or `before`, the line below it",
        ),
        ({"after": "→"}, {"encoding": "latin-1"}, "within: a character that latin-1 does not have\n  found: →"),
        (
            {"before": "/(/"},
            {},
            "within: missing )\n  found: /(/\n"
            "  expected: a regular expression; special characters of a text are written `\\(`, `\\[`, `\\*`, `\\.`",
        ),
    ],
)
def test_impossible_blocks_are_refused_at_load_time(within, text, expected):
    with pytest.raises(FieldProblem) as caught:
        reading(within, text)
    assert str(caught.value) == expected
