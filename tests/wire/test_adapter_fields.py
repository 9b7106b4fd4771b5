"""Values that an adapter gives: each is of its field's type already, or it is refused."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, ValueOutOfRange
from filebridge.wire.adapter import Told
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import compile_field


def reading(**keys):
    return compile_field("speed", FieldModel.model_validate({"adapter": "v", **keys}), Text())


def value(given, **keys):
    return reading(**keys).read(Told.of(b"", {"v": given}))


@pytest.mark.parametrize(
    ("given", "keys", "wanted"),
    [
        (1.5, {}, 1.5),
        (3, {}, 3.0),
        (np.float32(0.5), {}, 0.5),
        (np.int16(-2), {}, -2.0),
        (7, {"type": "int"}, 7),
        (np.uint64(7), {"type": "int"}, 7),
        (True, {"type": "flag"}, True),
        (np.bool_(False), {"type": "flag"}, False),
        ("on", {"type": "word"}, "on"),
        (2000.0, {"high": 10, "outside": "clip"}, 10.0),
        (math.inf, {"allow_nan": True}, math.inf),
    ],
)
def test_a_value_becomes_a_plain_one_of_its_kind(given, keys, wanted):
    found = value(given, **keys)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("given", "keys", "what", "found"),
    [
        ("1.5", {}, "is not a number", "str: '1.5'"),
        (True, {}, "is not a number", "bool: True"),
        (Decimal(1), {}, "is not a number", "Decimal: Decimal('1')"),
        (2.0, {"type": "int"}, "is not a whole number of 64 bits", "float: 2.0"),
        (2**63, {"type": "int"}, "is not a whole number of 64 bits", f"int: {2**63}"),
        (False, {"type": "int"}, "is not a whole number of 64 bits", "bool: False"),
        (1, {"type": "flag"}, "is not True or False", "int: 1"),
        (b"on", {"type": "word"}, "is not a text", "bytes: b'on'"),
        ([1, 2], {}, "is not a number", "list: [1, 2]"),
        ([1, "2"], {"size": 2}, "is not made of 2 numbers", "list: [1, '2']"),
        ([1, True], {"size": 2}, "is not made of 2 numbers", "list: [1, True]"),
        ([[1], [2, 3]], {"shape": [2, 2]}, "is not made of 4 numbers", "list: [[1], [2, 3]]"),
        ([1.5, 2], {"size": 2, "type": "int"}, "is not made of 2 whole numbers of 64 bits", "list: [1.5, 2]"),
        ([1, 2, 3], {"size": 2}, "is not an array of 2", "an array of 3"),
    ],
)
def test_a_value_of_another_type_is_refused(given, keys, what, found):
    with pytest.raises(ParseError) as caught:
        value(given, **keys)
    assert (caught.value.what, caught.value.found) == (f"field speed {what}", found)


@pytest.mark.parametrize(
    ("given", "keys"),
    [(math.nan, {}), (-math.inf, {}), (11, {"high": 10}), (4, {"type": "int", "values": "1..3"}), ([1, math.nan], {
        "size": 2
    })],
)
def test_a_value_out_of_range_is_refused(given, keys):
    with pytest.raises(ValueOutOfRange, match="field speed is"):
        value(given, **keys)


def test_a_whole_number_that_no_float_holds_is_refused():
    with pytest.raises(ParseError, match="field speed is not a number"):
        value(10**400)


def test_arrays_are_copies_that_cannot_be_changed():
    given = np.arange(6.0).reshape(2, 3)
    found = value(given, shape=[2, 3])
    given[0, 0] = 9
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not found.flags.writeable
    assert value([1, 2], size=2, type="int").dtype == np.int64
    assert reading(size=2).kind is Kind.ARRAY


def test_what_is_not_there_is_told_with_what_is():
    field = reading()
    assert field.read(Told.of(b"", {"w": 1})) is None
    assert field.read(b"said before the adapter") is None
    assert field.missing(Told.of(b"", {"vv": 1, "w": 2})) == "the adapter gave only vv, w; did you mean `vv`?"
    assert field.missing(Told.of(b"", {"v": None})) == "the adapter gave None"
    assert field.missing(b"") == "the adapter gave no value"


def test_a_type_for_texts_is_refused():
    with pytest.raises(FieldProblem, match="the way in which a text is read"):
        reading(type="hex")
