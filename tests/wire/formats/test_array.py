import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field, default_value


def reading(array=None, text=None, **keys):
    field = FieldModel.model_validate({"array": array or {}, **keys})
    return compile_field("u", field, Text.model_validate(text or {}))


def value(message, array=None, text=None, **keys):
    return reading(array, text, **keys).read(message)


def refusal(message, array=None, text=None, **keys):
    with pytest.raises(ParseError) as caught:
        value(message, array, text, **keys)
    return str(caught.value)


def problem(array=None, text=None, **keys):
    with pytest.raises(FieldProblem) as caught:
        reading(array, text, **keys)
    return str(caught.value)


TABLE = b"1 2 3\n4 5 6\n"


@pytest.mark.parametrize(
    ("message", "array", "keys"),
    [
        (TABLE, {}, {}),
        (b"\n1 2 3\n \n4 5 6", {}, {}),
        (b"x y z\n1 2 3\n4 5 6\n", {"skip": 1}, {}),
        (b"# x y z\n1 2 3 # first\n4 5 6\n", {}, {}),
        (b"! x\n1 2 3\n4 5 6\n", {"comments": "!"}, {}),
        (b"REM x\n1 2 3 REM a\n4 5 6\n", {"comments": "REM"}, {}),
        (b"1,2,3\n4, 5 ,6\n", {}, {"separator": ","}),
        (b"1,2,3,\n4,5,6, \n", {}, {"separator": ","}),
        (b"1;2;3\n4;5;6\n", {}, {"separator": ";"}),
        (b"a 1 2 3\nb 4 5 6 c\n", {"columns": "2..4"}, {}),
        (b"3 1 2\n6 4 5\n", {"columns": [2, 3, 1]}, {}),
        (b"1.0D+00 2.d0 3\n4 5 .6Q+1\n", {}, {}),
        (b"10.0-001 2 3\n4 5 600.-002\n", {}, {}),
    ],
)
def test_a_table(message, array, keys):
    read = value(message, array, shape=[2, 3], **keys)
    assert read.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert read.dtype == numpy.float64


@pytest.mark.parametrize("times", [1, 400])
@pytest.mark.parametrize("separator", [";", ""])
def test_a_decimal_comma(separator, times):
    keys = {"text": {"decimal": ","}, "separator": separator}
    message = b"1,5;2\n,5;-3,0E1\n".replace(b";", separator.encode() or b" ") * times
    assert value(message, shape=[2 * times, 2], **keys).tolist() == [[1.5, 2], [0.5, -30]] * times
    fortran = message.replace(b"E", b"D")
    assert value(fortran, shape=[4 * times], **keys).tolist() == [1.5, 2, 0.5, -30] * times
    assert "found: 1.5\n" in refusal(message.replace(b"1,5", b"1.5"), shape=[2 * times, 2], **keys)


@pytest.mark.parametrize("message", [b"1 2 3\n4 5 6", b"1 2 3 4\n5\n6\n", b"1\n2\n3\n4\n5\n6\n"])
def test_a_single_dimension_may_be_cut_into_lines_in_any_way(message):
    read = reading(size=6)
    assert (read.kind, read.shape, read.length, read.whole) == (Kind.ARRAY, (6,), 6, False)
    assert read.read(message).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("count", [1000, 1003])
def test_a_long_list_of_ten_to_a_line(count):
    numbers = [f"{number}.25" for number in range(count)]
    lines = [" ".join(numbers[start : start + 10]) for start in range(0, count, 10)]
    assert value("\n".join(lines).encode(), size=count).tolist() == [float(number) for number in numbers]


def test_one_column_of_a_single_dimension():
    assert value(b"a 1\nb 2\n", {"columns": [2]}, size=2).tolist() == [1, 2]


def test_more_dimensions_than_two():
    read = value(b"1 2\n3 4\n\n5 6\n7 8\n", shape=[2, 2, 2])
    assert read.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_whole_numbers():
    read = value(b"1 -2\n3 9007199254740993\n", shape=[2, 2], type="int")
    assert read.dtype == numpy.int64
    assert read.tolist() == [[1, -2], [3, 9007199254740993]]


def test_asterisks_have_a_value_where_the_field_says_so():
    assert value(b"1 ****\n", shape=[1, 2], overflow=99).tolist() == [[1, 99]]


def test_a_row_of_asterisks_without_one():
    assert refusal(b"1 2\n3 ****\n", shape=[2, 2]) == (
        "field u did not fit the width in which it is printed, in line 2\n"
        "  found: ****\n"
        "  cure: say with `overflow` what asterisks stand for, or have the simulator print it wider"
    )


@pytest.mark.parametrize("rows", [2, 400])
def test_a_bad_number_is_named_with_its_line(rows):
    message = b"# head\n" + b"1 2\n" * (rows - 1) + b"3 4.x\n"
    assert refusal(message, shape=[rows, 2]) == (
        f"field u is not a number, in line {rows + 1}\n"
        "  found: 4.x\n"
        "  cure: expected 12, -0.5 or 1.5E+03"
    )


@pytest.mark.parametrize("rows", [2, 400])
@pytest.mark.parametrize("token", [b"1_0", b"0x10", b"1,5", b"--1", b"(1+2j)", b"1.5.", b"e5", b"x"])
def test_nonsense_is_refused_in_small_and_in_large_tables(token, rows):
    message = b"1 2\n" * (rows - 1) + b"3 " + token + b"\n"
    assert refusal(message, shape=[rows, 2]).startswith(f"field u is not a number, in line {rows}\n")


def test_the_line_is_counted_from_the_beginning_of_the_message():
    assert "in line 4\n" in refusal(b"a\nb\n1 2\n3 x\n", {"skip": 2}, shape=[2, 2])


def test_no_whole_number():
    assert refusal(b"1 2.5\n", shape=[1, 2], type="int").startswith(
        "field u is not a whole number of 64 bits, in line 1\n  found: 2.5\n"
    )
    assert "found: 9223372036854775808\n" in refusal(b"1 9223372036854775808\n", shape=[1, 2], type="int")


@pytest.mark.parametrize(
    ("message", "keys", "wanted", "found", "shape"),
    [
        (TABLE, {"shape": [3, 3]}, "3 x 3", "2 x 3", "[2, 3]"),
        (TABLE, {"shape": [3, 2]}, "3 x 2", "2 x 3", "[2, 3]"),
        (TABLE, {"shape": [2, 2, 3]}, "2 x 2 x 3", "2 x 3", "[2, 3]"),
        (TABLE, {"size": 5}, "5", "6", "[6]"),
        (b"1 2\n" * 500, {"shape": [499, 2]}, "499 x 2", "500 x 2", "[500, 2]"),
        (b"1,2\n3\n", {"size": 4, "separator": ","}, "4", "3", "[3]"),
    ],
)
def test_another_shape_names_both(message, keys, wanted, found, shape):
    assert refusal(message, **keys) == (
        f"field u is not an array of {wanted}\n"
        f"  found: an array of {found}\n"
        f"  cure: set `shape: {shape}` if that is what the simulator means,"
        " or see `skip`, `comments`, `columns` and `separator`"
    )


@pytest.mark.parametrize("rows", [3, 400])
def test_a_line_of_another_length_is_named_even_if_the_total_is_right(rows):
    message = b"1 2\n" * (rows - 2) + b"1 2 3\n4\n"
    assert refusal(message, shape=[rows, 2]) == (
        f"field u has 3 in line {rows - 1}, not 2 as in an array of {rows} x 2\n"
        "  found: 1 2 3\n"
        "  cure: see `shape`, `skip`, `comments` and `separator`"
    )


def test_a_line_that_lacks_a_column_is_named():
    assert refusal(b"a 1 2\nb 3\n", {"columns": [2, 3]}, shape=[2, 2]) == (
        "field u lacks a column in line 2\n"
        "  found: b 3\n"
        "  cure: see `columns`, `skip` and `separator`"
    )


def test_an_empty_cell_is_no_number():
    assert refusal(b"1,,3\n", shape=[1, 3], separator=",").startswith("field u is not a number, in line 1\n")


@pytest.mark.parametrize(("message", "skip"), [(b"", 0), (b" \n\n", 0), (b"# 1 2\n", 0), (b"a\nb\n", 2), (b"a", 1)])
def test_a_message_without_a_row_has_no_value(message, skip):
    read = reading({"skip": skip}, shape=[1, 2])
    assert read.read(message) is None
    assert read.missing(message) == (f"no row is left behind {skip} lines" if skip else "no row")


def test_a_large_text_of_other_comments_is_no_array():
    assert refusal(b"% nothing here\n" * 400, shape=[400, 2]).startswith("field u is not an array of 400 x 2\n")


@given(
    st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1),
    st.sampled_from(["", ",", ";", "\t"]),
    st.sampled_from(["{!r}", "{:25.17e}", "{:+.17G}"]),
    st.booleans(),
)
def test_what_was_written_is_read(rows, separator, form, large):
    rows = rows * (1 + 200 * large)
    text = "".join((separator or " ").join(map(form.format, row)) + "\n" for row in rows)
    assert value(text.encode(), shape=[len(rows), 3], separator=separator).tolist() == rows
    fortran = text.replace("e", "D").replace("E", "D").encode()
    assert value(fortran, shape=[len(rows), 3], separator=separator).tolist() == rows


@pytest.mark.parametrize("count", [2, 600])
def test_nan_and_infinity(count):
    message = b"1 nan\n" + b"1 -Infinity\n" * (count - 1)
    assert value(message, shape=[count, 2], allow_nan=True)[1, 1] == -numpy.inf
    with pytest.raises(ValueOutOfRange) as caught:
        value(message, shape=[count, 2])
    assert str(caught.value) == (
        "field u is not finite\n"
        "  found: nan at [0, 1], counted from 0\n"
        "  cure: set `allow_nan: true` if the simulator means it"
    )


def test_bounds():
    assert value(TABLE, shape=[2, 3], low=1, high=6).tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(ValueOutOfRange) as caught:
        value(TABLE, shape=[2, 3], low=0, high=4.5)
    assert str(caught.value) == (
        "field u is outside its bounds\n"
        "  found: 5.0 at [1, 1], counted from 0\n"
        "  cure: expected from 0 to 4.5; widen `low` or `high`, or set `outside: clip`"
    )
    with pytest.raises(ValueOutOfRange, match=r"found: 1\.0 at \[0, 0\]"):
        value(TABLE, shape=[2, 3], low=2)


def test_clipping():
    assert value(TABLE, shape=[2, 3], low=2, high=4.5, outside="clip").tolist() == [[2, 2, 3], [4, 4.5, 4.5]]
    whole = value(TABLE, shape=[2, 3], low=1.5, high=4.5, outside="clip", type="int")
    assert whole.tolist() == [[2, 2, 3], [4, 4, 4]]
    assert whole.dtype == numpy.int64
    assert value(b"nan inf 1", size=3, high=4, outside="clip", allow_nan=True).tolist()[1:] == [4, 1]
    with pytest.raises(ValueOutOfRange, match="is not finite"):
        value(b"nan inf 1", size=3, high=4, outside="clip")


def test_a_bound_beyond_64_bits_holds_nothing_back():
    assert value(TABLE, shape=[2, 3], low=-1e300, high=4, outside="clip", type="int").max() == 4


def test_a_default_fills_the_array():
    field = FieldModel.model_validate({"array": {}, "shape": [2, 2], "default": 1.5})
    default = default_value(field, compile_field("u", field, Text()))
    assert default.tolist() == [[1.5, 1.5], [1.5, 1.5]]
    assert not default.flags.writeable


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"shape": [2, 2], "default": [1, 2]}, "one number, which fills the whole array"),
        ({"shape": [2, 2], "default": "x"}, "one number, which fills the whole array"),
        ({"shape": [2, 2], "default": 1.5, "type": "int"}, "one number, which fills the whole array"),
        ({"shape": [2, 2], "default": 5, "high": 4}, "at most 4"),
        ({}, "`shape: [rows, columns]`, or `size`"),
        ({"shape": [2, 2], "size": 4}, "`shape` alone"),
        ({"shape": [20000, 20000]}, "at most 100000000 in all"),
        ({"shape": [2, 2], "type": "word"}, "float or int"),
        ({"shape": [2, 2], "array": {"columns": [1]}}, "1 as its last number: `columns` names so many"),
        ({"shape": [2, 2], "values": [1, 2]}, "a field of type int or word"),
        ({"shape": [2, 2], "separator": "."}, "another separator, or another `text: {decimal: ...}`"),
    ],
)
def test_keys_that_no_table_could_satisfy(keys, expected):
    assert f"expected: {expected}" in problem(**keys)


def test_a_shape_belongs_to_an_array():
    with pytest.raises(FieldProblem) as caught:
        compile_field("x", FieldModel.model_validate({"find": "X={float}", "shape": [2]}), Text())
    assert str(caught.value) == (
        "shape: the shape of a number\n"
        "  expected: `shape` only with `array`, `npy`, `npz`, `binary` and `json`"
    )


def test_a_block_of_a_listing():
    read = reading(shape=[1, 2], within={"after": "FLUX", "before": "END"})
    assert read.read(b"FLUX\n1 2\nEND\nFLUX\n3 4\nEND\n").tolist() == [[3, 4]]
