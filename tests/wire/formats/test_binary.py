import struct

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field

CURE = "  cure: see that the file is whole when it is read, and the `type`, `offset` and size of the field"
TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


def reading(code="<f8", keys=None, **place):
    field = FieldModel.model_validate({"binary": {"type": code, **place}, **(keys or {})})
    return compile_field("u", field, Text())


def value(message, code="<f8", keys=None, **place):
    return reading(code, keys, **place).read(message)


def refusal(message, code="<f8", keys=None, **place):
    with pytest.raises(ParseError) as caught:
        value(message, code, keys, **place)
    return str(caught.value)


def problem(code="<f8", keys=None, **place):
    with pytest.raises(FieldProblem) as caught:
        reading(code, keys, **place)
    return str(caught.value)


def records(*contents, order="<"):
    marks = [struct.pack(order + "I", len(content)) for content in contents]
    return b"".join(mark + content + mark for mark, content in zip(marks, contents, strict=True))


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@given(st.data())
def test_what_was_written_is_read(code, order, data):
    kind = numpy.dtype(order + code)
    if code[0] == "f":
        element = st.floats(width=8 * kind.itemsize, allow_nan=False, allow_infinity=False)
    else:
        element = st.integers(int(numpy.iinfo(kind).min), min(int(numpy.iinfo(kind).max), 2**63 - 1))
    values = data.draw(st.lists(element, min_size=1, max_size=6))
    message = numpy.array(values, kind).tobytes()
    whole = code[0] != "f"
    array = value(message, order + code, {"size": len(values)})
    assert array.dtype == (numpy.int64 if whole else numpy.float64)
    assert array.tolist() == values
    assert value(b"abc" + message, order + code, offset=3) == values[0]
    assert value(message, order + code, offset=-kind.itemsize) == values[-1]
    assert type(value(message, order + code)) is (int if whole else float)
    assert type(value(message, order + code, {"type": "float"})) is float


def test_kinds():
    assert reading(keys={"shape": [2, 3]}).kind is Kind.ARRAY
    assert reading(keys={"shape": [2, 3]}).shape == (2, 3)
    assert (reading().kind, reading("<i4").kind) == (Kind.NUMBER, Kind.INTEGER)
    assert reading("<i4", {"type": "float"}).kind is Kind.NUMBER
    assert reading("<f4", {"type": "int", "size": 2}).whole
    assert not reading("<i4", {"type": "float", "size": 2}).whole


def test_a_shape():
    message = struct.pack(">6f", 1, 2, 3, 4, 5, 6)
    assert value(message, ">f4", {"shape": [2, 3]}).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_floats_as_whole_numbers():
    assert value(struct.pack("<2f", 1, -2), "<f4", {"size": 2, "type": "int"}).tolist() == [1, -2]
    assert value(struct.pack("<d", 3), keys={"type": "int"}) == 3
    assert refusal(struct.pack("<d", 3.5), keys={"type": "int"}).startswith(
        "field u has a number that is not a whole number of 64 bits\n  found: 3.5\n"
    )
    assert "found: 18446744073709551615\n" in refusal(b"\xff" * 8, "<u8")
    assert value(b"\xff" * 8, "<u8", {"type": "float"}) == 2.0**64


def test_values_and_bounds_hold():
    assert value(b"\x02", "u1", {"values": [1, 2]}) == 2
    with pytest.raises(ValueOutOfRange, match="none of its values"):
        value(b"\x03", "u1", {"values": [1, 2]})
    with pytest.raises(ValueOutOfRange, match="field u is outside its bounds"):
        value(b"\x03\x04", "u1", {"size": 2, "high": 3})
    with pytest.raises(ValueOutOfRange, match="field u is not finite"):
        value(struct.pack("<2d", 1, numpy.nan), keys={"size": 2})


def test_no_data_have_no_value():
    read = reading()
    assert read.read(b"") is None
    assert read.missing(b"") == "no data"
    assert value(b"", record=8) is None
    assert value(b"", markers="fortran") is None


@pytest.mark.parametrize(
    ("length", "keys", "place", "what", "found"),
    [
        (7, {}, {}, "8 bytes from byte 0 on", "data of 7 bytes"),
        (20, {"size": 2}, {"offset": 8}, "16 bytes from byte 8 on", "data of 20 bytes"),
        (20, {"shape": [2, 2]}, {"offset": -24}, "32 bytes from 24 bytes before the end on", "data of 20 bytes"),
        (20, {}, {"offset": -4}, "8 bytes from 4 bytes before the end on", "data of 20 bytes"),
        (20, {}, {"offset": 4, "record": 10}, "8 bytes from byte 4 on", "a record of 10 bytes"),
        (20, {}, {"offset": 10**12}, "8 bytes from byte 1000000000000 on", "data of 20 bytes"),
    ],
)
def test_data_that_are_too_short_say_how_long_they_are(length, keys, place, what, found):
    assert refusal(bytes(length), keys=keys, **place) == f"field u needs {what}\n  found: {found}\n{CURE}"


@pytest.mark.parametrize(
    ("which", "number"), [("first", 1), ("last", 3), (1, 1), (2, 2), (3, 3), (4, None), (None, 3)]
)
@pytest.mark.parametrize("markers", [False, True])
def test_the_record_that_counts(which, number, markers):
    contents = [struct.pack("<id", each, each) for each in (1, 2, 3)]
    place = {"markers": "fortran"} if markers else {"record": 12}
    message = records(*contents) if markers else b"".join(contents)
    read = reading("<f8", offset=4, **place, **({"which": which} if which else {}))
    assert read.read(message) == number
    if number is None:
        assert read.missing(message) == f"there is no record 4 in {len(message)} bytes"


def test_data_that_are_no_whole_number_of_records():
    assert refusal(bytes(25), record=8) == (
        "field u is in records of 8 bytes, and the data hold no whole number of them\n"
        f"  found: 25 bytes\n{CURE}"
    )


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8), st.sampled_from("<>"), st.data())
def test_marked_records_are_found(contents, order, data):
    contents = [b"abcd" + content for content in contents]
    message = records(*contents, order=order)
    number = data.draw(st.integers(1, len(contents)))
    wanted = contents[number - 1]
    assert value(message, order + "u4", markers="fortran", which=number) == struct.unpack_from(order + "I", wanted)[0]
    assert value(message, "<u1", markers="fortran", offset=-1) == contents[-1][-1] if order == "<" else True


MARKS = "  cure: see that the file is whole when it is read, that it is unformatted and sequential, and its endianness"


def test_marks_that_do_not_agree():
    message = records(bytes(8), bytes(8))
    assert refusal(message[:-4] + struct.pack("<I", 4), markers="fortran", which="last") == (
        "field u is read from records whose marks do not agree\n"
        f"  found: 8 before and 4 behind record 2\n{MARKS} in `type`"
    )
    assert refusal(message, ">f8", markers="fortran", which="first") == (
        "field u is read from records whose marks do not agree\n"
        f"  found: a record that goes beyond the 32 bytes of the data\n{MARKS} in `type`"
    )


def test_numbers_that_look_like_marks_from_behind():
    content = struct.pack("<5I", 1, 4, 77, 4, 5)
    assert value(records(content), "<u4", {"size": 5}, markers="fortran").tolist() == [1, 4, 77, 4, 5]
    assert "whose marks do not agree" in refusal(records(content)[:20], "<u4", markers="fortran")


@pytest.mark.parametrize("length", [length for length in range(1, 48) if length % 16])
def test_marked_records_that_are_cut_are_refused(length):
    message = records(bytes(range(8)), bytes(8), bytes(8))[:length]
    assert "whose marks do not agree" in refusal(message, "<u8", markers="fortran")
    assert "whose marks do not agree" in refusal(message, "<u8", markers="fortran", which=length // 16 + 1)


@given(st.binary(max_size=60), st.sampled_from(["first", "last", 2]), st.sampled_from("<>"))
def test_bytes_at_random_are_read_or_refused(message, which, order):
    try:
        found = value(message, order + "i4", markers="fortran", which=which)
    except ParseError:
        return
    assert found is None or struct.pack(order + "i", found) in message


@pytest.mark.parametrize("source", ["f9", "<c8", "<f1", "i3", "O8", "=f8", "|u1", "<F8", "d8", "<S"])
def test_no_type(source):
    assert problem(source) == (
        "binary: no type of a binary number\n"
        f"  found: {source}\n"
        "  expected: `<` or `>`, and i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 or f8: `<f8`, `>i4`, `u1`"
    )


def test_a_type_without_order():
    assert problem("f8") == (
        "binary: a type without the order of its bytes\n"
        "  found: f8\n"
        "  expected: `<f8` for little endian, as on most machines, `>f8` for big endian"
    )


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({"record": 8, "markers": "fortran"}, "records of a fixed and of a marked length"),
        ({"which": "first"}, "`which` of no records"),
        ({"keys": {"type": "word"}}, "type: an array has none such"),
        ({"keys": {"size": 2, "shape": [2]}}, "size: given beside `shape`"),
    ],
)
def test_keys_that_contradict_one_another(place, text):
    assert text in problem(**place)
