import io
import struct
import zipfile

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.npy import LARGEST_MEMBER
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field

MATRIX = numpy.array([[1, 2, 3], [4, 5, 6]])


def reading(**keys):
    return compile_field("u", FieldModel.model_validate(keys), Text())


def npy(array, version=None):
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, numpy.asanyarray(array), version, allow_pickle=True)
    return stream.getvalue()


def npz(packed=False, **named):
    stream = io.BytesIO()
    (numpy.savez_compressed if packed else numpy.savez)(stream, **named)
    return stream.getvalue()


def value(message, **keys):
    return reading(npy=True, **keys).read(message)


def member(message, name="a", **keys):
    return reading(npz=name, **keys).read(message)


def refusal(read, message, **keys):
    with pytest.raises(ParseError) as caught:
        read(message, **keys)
    return str(caught.value)


def headed(header, data=b"", version=b"\x01\x00"):
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + data


CURE = "  cure: see that the file is whole when it is read, and that `file` names it"


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<i8", ">i8", "i4", ">u2", "u1", "<u8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_type_and_order_is_the_same_array(dtype, order, version):
    message = npy(numpy.array(MATRIX, dtype, order=order), version)
    read = value(message, shape=[2, 3])
    assert (read.dtype, read.flags.c_contiguous, read.tolist()) == (numpy.float64, True, MATRIX.tolist())
    whole = value(message, shape=[2, 3], type="int")
    assert (whole.dtype, whole.flags.c_contiguous, whole.tolist()) == (numpy.int64, True, MATRIX.tolist())


def test_flags_are_zero_and_one():
    assert value(npy([True, False]), size=2).tolist() == [1, 0]


@given(
    arrays.arrays(
        st.sampled_from(["<f8", ">f8", "<f4", ">i4", "<u2", "?", "<i8"]),
        arrays.array_shapes(max_dims=4, max_side=4),
        fill=st.nothing(),
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_was_saved_is_read(array, turned, packed):
    array = numpy.asfortranarray(array) if turned else array
    keys = {"shape": list(array.shape), "allow_nan": True}
    wanted = array.astype(numpy.float64)
    numpy.testing.assert_array_equal(value(npy(array), **keys), wanted)
    numpy.testing.assert_array_equal(member(npz(packed, a=array), **keys), wanted)


def test_kinds():
    read = reading(npy=True, shape=[2, 3], type="int")
    assert (read.kind, read.length, read.shape, read.whole) == (Kind.ARRAY, 6, (2, 3), True)
    assert reading(npy=True).kind is Kind.NUMBER
    assert reading(npz="a", type="int").kind is Kind.INTEGER


@pytest.mark.parametrize("array", [1.0, [1.0], [[1]], True])
def test_one_number(array):
    assert value(npy(array)) == 1
    assert type(value(npy(array))) is float
    assert type(member(npz(a=array), type="int")) is int


def test_bounds_hold_of_one_number():
    with pytest.raises(ValueOutOfRange, match="field u is outside its bounds"):
        value(npy(3.0), high=2)


def test_an_empty_message_has_no_value():
    assert value(b"") is None
    assert member(b"") is None


def test_an_array_where_a_number_should_be():
    assert refusal(value, npy(MATRIX)) == (
        "field u is not a single number\n"
        "  found: an array of 2 x 3\n"
        "  cure: set `shape: [2, 3]` if that is what the simulator means"
    )


@pytest.mark.parametrize("read", [value, lambda message, **keys: member(npz(a=MATRIX), **keys)])
def test_another_shape(read):
    assert refusal(read, npy(MATRIX), shape=[3, 2]) == (
        "field u is not an array of 3 x 2\n"
        "  found: an array of 2 x 3\n"
        "  cure: set `shape: [2, 3]` if that is what the simulator means"
    )


def test_a_number_where_an_array_should_be():
    assert refusal(value, npy(1.0), size=2) == (
        "field u is not an array of 2\n"
        "  found: one number\n"
        "  cure: leave out `shape` and `size` if that is what the simulator means"
    )


@pytest.mark.parametrize(("number", "place"), [(1.5, "[1]"), (numpy.nan, "[1]"), (1e19, "[1]"), (-1e19, "[1]")])
def test_what_is_not_whole(number, place):
    assert refusal(value, npy([1.0, number]), size=2, type="int") == (
        "field u has a number that is not a whole number of 64 bits\n"
        f"  found: {number} at {place}, counted from 0\n"
        "  cure: use `type: float`, or see what the simulator writes there"
    )


def test_what_does_not_fit_64_bits():
    assert "found: 18446744073709551615\n" in refusal(value, npy(numpy.uint64(2**64 - 1)), type="int")
    assert value(npy(numpy.uint64(2**64 - 1))) == 2.0**64


def test_what_is_too_large_for_a_float_is_not_finite():
    with pytest.raises(ValueOutOfRange, match="field u is not finite"):
        value(npy(numpy.array([numpy.longdouble("1e4000")])), size=1)


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (numpy.array([None, {}]), "Python objects, which are never unpickled"),
        (numpy.array([1j, 2]), "complex128"),
        (numpy.array(["a", "b"]), "<U1"),
        (numpy.array([1, 2], "M8[s]"), "datetime64[s]"),
        (numpy.zeros(2, [("x", "f8")]), "[('x', '<f8')]"),
    ],
)
def test_an_array_of_no_numbers(array, found):
    assert refusal(value, npy(array), size=2) == (
        "field u is an array of no numbers\n"
        f"  found: {found}\n"
        "  cure: save whole numbers, floats or flags"
    )


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


@pytest.mark.parametrize("size", [1, None])
def test_nothing_is_unpickled(size):
    array = numpy.empty(1, object)
    array[0] = Trap()
    assert "never unpickled" in refusal(value, npy(array), size=size)
    assert "never unpickled" in refusal(member, npz(a=array), size=size)


def test_no_npy_file():
    assert refusal(value, b"1 2 3\n", size=3) == (
        f"field u is read from what is no .npy file\n  found: 1 2 3\\n\n{CURE}"
    )
    assert "it is an archive: name the array with `npz`" in refusal(value, npz(a=MATRIX), shape=[2, 3])
    assert "it is a single array: use `npy: true`" in refusal(member, npy(MATRIX), shape=[2, 3])


def test_a_file_that_is_not_yet_whole_is_refused_wherever_it_is_cut():
    whole = npy(MATRIX)
    for length in range(1, len(whole)):
        assert refusal(value, whole[:length], shape=[2, 3]).startswith("field u is read from ")
    assert refusal(value, whole[:-1], shape=[2, 3]) == (
        f"field u is read from an .npy file that is too short\n  found: 47 bytes of the 48 of its array\n{CURE}"
    )


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"


def test_a_header_that_claims_more_than_there_is_costs_nothing():
    assert refusal(value, headed(HUGE), shape=[2, 3]).startswith("field u is not an array of 2 x 3\n")
    huge = HUGE.replace(b"1000000, 1000000", b"100000000,")
    assert "found: 0 bytes of the 800000000 of its array" in refusal(value, headed(huge), shape=[100_000_000])


def test_a_header_without_end():
    message = headed(b"", version=b"\x02\x00")[:-4] + b"\xff\xff\xff\xff"
    assert refusal(value, message) == (
        "field u is read from an .npy file with a header of 4294967295 bytes\n"
        f"  found: 12 bytes in all\n{CURE}"
    )


@pytest.mark.parametrize(
    "header",
    [
        b"", b"{", b"\n", b"[1, 2]", b"{}", b"(" * 9000, b"[" * 9000, b"{'descr': " * 500, b"-" * 9000, b"'\\q'",
        b"\xff", b"1or 2", b"__import__('os').abort()",
        HUGE.replace(b"1000000,", b"-1,"), HUGE.replace(b"1000000,", b"'x',"),
        HUGE.replace(b"(1000000, 1000000)", b"5"),
        HUGE.replace(b"'<f8'", b"'<q9'"), HUGE.replace(b"'<f8'", b"5"),
        HUGE.replace(b"'<f8'", b"('<f8', (1, 2, 3, 4))"),
        HUGE.replace(b"'<f8'", b"[('a',)]"), HUGE.replace(b"False", b"7"), HUGE.replace(b"'shape'", b"'form'"),
        HUGE.replace(b"1000000", b"9" * 5000),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"])
def test_a_hostile_header(header, version):
    assert refusal(value, headed(header, bytes(64), version)).startswith("field u ")


@given(st.binary(max_size=200), st.integers(0, 127), st.binary(max_size=4))
def test_bytes_at_random_are_read_or_refused(header, place, change):
    whole = npy(MATRIX)
    for message in (headed(header, bytes(8)), whole[:place] + change + whole[place + len(change) :]):
        try:
            read = value(message, shape=[2, 3])
        except (ParseError, ValueOutOfRange):
            continue
        assert read.shape == (2, 3)


@given(st.data())
def test_an_archive_with_a_flaw_is_read_or_refused(data):
    whole = npz(data.draw(st.booleans()), a=MATRIX, b=1.0)
    place = data.draw(st.integers(0, len(whole) - 1))
    message = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    for damaged in (message, whole[:place]):
        try:
            read = member(damaged, shape=[2, 3], allow_nan=True)
        except ParseError:
            continue
        assert read is None or read.tolist() == MATRIX.tolist()


def test_a_flaw_in_the_numbers_of_an_archive_is_noticed():
    whole = npz(a=MATRIX)
    place = whole.index(MATRIX.tobytes()) + 3
    assert refusal(member, whole[:place] + b"\x01" + whole[place + 1 :], shape=[2, 3]) == (
        "field u is read from a broken .npz file: Bad CRC-32 for file 'a.npy'\n"
        f"  found: {len(whole)} bytes\n{CURE}"
    )


def test_no_archive():
    assert refusal(member, b"1 2 3") == (
        f"field u is read from a broken .npz file: File is not a zip file\n  found: 5 bytes\n{CURE}"
    )


def test_another_name():
    message = npz(flux=1.0, time=2.0)
    assert member(message, "flux") == member(message, "flux.npy") == 1
    assert refusal(member, message, name="Flux") == (
        "field u has no array `Flux` in its .npz file\n  found: flux, time\n  cure: did you mean `flux`?"
    )
    assert "cure: see the name in `npz`" in refusal(member, message, name="x")


def archive(data, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        file.writestr("a.npy", data)
    return stream.getvalue()


def test_a_bomb_is_not_unpacked():
    bomb = archive(headed(HUGE) + bytes(20 << 20))
    assert len(bomb) < 100_000
    assert refusal(member, bomb, shape=[2, 3]).startswith("field u is not an array of 2 x 3\n")
    small = archive(npy(MATRIX) + bytes(20 << 20))
    assert refusal(member, small, shape=[2, 3]) == (
        "field u is not as long in its .npz file as its header says\n"
        f"  found: {48 + (20 << 20)} bytes for an array of 48\n{CURE}"
    )


def test_a_bomb_that_lies_about_its_size():
    bomb = archive(npy(MATRIX) + bytes(1 << 20))
    real, claimed = struct.pack("<I", 176 + (1 << 20)), struct.pack("<I", 176)
    assert refusal(member, bomb.replace(real, claimed), shape=[2, 3]).startswith("field u is ")
    most = bomb.replace(real, struct.pack("<I", LARGEST_MEMBER + 1))
    assert refusal(member, most, shape=[2, 3]) == (
        "field u is too large\n  found: 268435457 bytes\n  cure: at most 256 MiB are unpacked"
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_bounds(method):
    assert refusal(member, archive(npy(MATRIX), method), shape=[2, 3]) == (
        "field u is packed in a way that NumPy does not use\n"
        f"  found: method {method}\n"
        "  cure: write it as numpy.savez or numpy.savez_compressed do"
    )


def test_an_encrypted_archive():
    message = bytearray(npz(a=MATRIX))
    message[6] |= 1
    message[message.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal(member, bytes(message), shape=[2, 3])


def test_an_array_that_is_not_named():
    with pytest.raises(FieldProblem) as caught:
        reading(npy=False)
    assert str(caught.value) == "npy: of no use\n  found: false\n  expected: `npy: true`, or `npz: NAME`"
