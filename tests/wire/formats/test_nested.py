import json

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field


def reading(shape=(2, 2), **keys):
    return compile_field("u", FieldModel.model_validate({"json": "/u", "shape": shape, **keys}), Text())


def value(document, shape=(2, 2), **keys):
    return reading(list(shape), **keys).read(json.dumps({"u": document}).encode())


def refusal(document, shape=(2, 2), **keys):
    with pytest.raises(ParseError) as caught:
        value(document, shape, **keys)
    return str(caught.value)


@given(arrays.arrays(st.sampled_from(["f8", "i8"]), arrays.array_shapes(max_dims=4, max_side=4)))
def test_what_was_written_is_read(array):
    keys = {"type": "int"} if array.dtype.kind == "i" else {"allow_nan": True}
    read = value(array.tolist(), array.shape, **keys)
    assert read.dtype == array.dtype
    numpy.testing.assert_array_equal(read, array)


def test_kind():
    read = reading([2, 3])
    assert (read.kind, read.length, read.shape, read.whole) == (Kind.ARRAY, 6, (2, 3), False)


def test_whole_numbers_among_floats():
    assert value([[1, 2.5], [2**70, 4]]).tolist() == [[1, 2.5], [2.0**70, 4]]
    assert value([[1, 2.0], [3, 2**62 + 1]], type="int").tolist() == [[1, 2], [3, 2**62 + 1]]


@pytest.mark.parametrize(
    ("element", "keys", "text"),
    [
        (True, {}, "field u is not a finite number\n  found: true\n"),
        ("1.5", {}, 'field u is not a finite number\n  found: "1.5"\n'),
        (None, {}, "field u is not a finite number\n  found: null\n"),
        ({}, {}, "field u is not a finite number\n  found: an object\n"),
        (10**400, {}, "field u is not a finite number\n"),
        (1.5, {"type": "int"}, "field u is not a whole number of 64 bits\n  found: 1.5\n"),
        (2**63, {"type": "int"}, "field u is not a whole number of 64 bits\n  found: 9223372036854775808\n"),
    ],
)
def test_what_is_no_number(element, keys, text):
    assert refusal([[1, 2], [3, element]], **keys).startswith(text)


@pytest.mark.parametrize(
    ("document", "found", "shape"),
    [
        ([[1, 2]], "1 x 2", "[1, 2]"),
        ([1, 2], "2", "[2]"),
        ([[[1, 2], [3, 4]]], "1 x 2 x 2", "[1, 2, 2]"),
        ([[], []], "2 x 0", "[2, 0]"),
    ],
)
def test_another_shape_names_both(document, found, shape):
    assert refusal(document) == (
        "field u is not an array of 2 x 2\n"
        f"  found: an array of {found}\n"
        f"  cure: set `shape: {shape}` if that is what the simulator means, or add an index to the pointer"
    )


def test_lists_of_different_lengths():
    assert refusal([[1, 2], [3]]) == (
        "field u is lists of different lengths, not an array of 2 x 2\n"
        "  found: 1 and 2\n"
        "  cure: see the pointer, or add an index to the pointer"
    )


@pytest.mark.parametrize(("document", "found"), [(5, "5"), ("x", "'x'"), ({"a": 1}, "an object")])
def test_no_list(document, found):
    assert refusal(document).startswith(f"field u is not an array of 2 x 2\n  found: {found}\n")


def test_nothing_there():
    assert value(None) is None


def test_what_is_not_finite():
    with pytest.raises(ValueOutOfRange, match="field u is not finite"):
        value([[1, 2], [3, numpy.nan]])


def test_a_type_that_arrays_do_not_have():
    with pytest.raises(FieldProblem, match="an array has none such"):
        reading([2, 2], type="hex")
