"""Listings of real programs: of nec2c for two frequencies, and of ngspice in batch mode with a printed table."""

from pathlib import Path

import pytest

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError
from filebridge.wire.reading import compile_field

FOLDER = Path(__file__).parent / "listings"
NEC2C = (FOLDER / "nec2c.txt").read_bytes()
NGSPICE = (FOLDER / "ngspice.txt").read_bytes()

INPUT = {"after": "ANTENNA INPUT PARAMETERS", "skip": 2}
CURRENTS = {"after": "CURRENTS AND LOCATION", "skip": 4}
PATTERN = {"after": "RADIATION PATTERNS", "before": "DATA CARD"}
FIRST = {"after": "FREQUENCY --", "before": "FREQUENCY --", "which": "first"}
PRINTED = {"after": "Transient Analysis  ", "before": "Total analysis"}


def reading(**keys):
    return compile_field("gain", FieldModel.model_validate(keys), Text())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"table": {**INPUT, "column": 7}}, 82.1),
        ({"table": {**INPUT, "column": 7}, "pick": "first"}, 74.96),
        ({"table": {**INPUT, "columns": "7..8"}}, [82.1, 46.171]),
        ({"table": {**INPUT, "columns": "7..8"}, "within": FIRST}, [74.96, 14.388]),
        ({"table": {**CURRENTS, "row": 3, "column": 9}}, 1.0617e-02),
        ({"table": {**CURRENTS, "row": 3, "columns": "7..8"}, "within": FIRST}, [0.012866, -0.0024696]),
        ({"table": {**CURRENTS, "row": 5, "column": 10}, "within": {**FIRST, "which": 2}}, -34.873),
        ({"find": "FREQUENCY : {float}"}, 300.0),
        ({"key": "INPUT POWER", "within": FIRST}, 6.4332e-03),
        ({"key": "EFFICIENCY", "within": {"after": "/-+ POWER BUDGET -+/", "which": 1}, "pick": "count"}, 1),
        ({"column": 5, "within": PATTERN}, 2.11),
        ({"column": 5, "within": {**PATTERN, "which": "first", "before": "FREQUENCY"}}, 2.08),
        ({"columns": [1, 5], "line": 5, "within": PATTERN}, [0.0, -999.99]),
        ({"chars": "39..46", "line": 6, "within": PATTERN}, -5.57),
        ({"regex": "/^ +90.00 +\\S+ +\\S+ +\\S+ +(\\S+)/", "within": PATTERN}, 2.11),
        ({"seen": "FREE SPACE", "within": {"after": "ANTENNA ENVIRONMENT", "before": "MATRIX"}}, True),
        ({"seen": "FREE SPACE", "within": {"after": "POWER BUDGET"}}, False),
        ({"column": 5, "within": {"after": "NEAR ELECTRIC FIELDS"}}, None),
    ],
)
def test_a_listing_of_nec2c(keys, expected):
    assert reading(**keys).read(NEC2C) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"key": "vend"}, 3.160657),
        ({"key": "vmax", "within": {"after": "Measurements for"}}, 3.160657),
        ({"find": "vmax = {float} at= {float}"}, (3.160657, 0.001)),
        ({"column": "v(out)", "header": 2, "within": PRINTED}, 3.160657),
        ({"column": "Index", "header": 2, "type": "int", "within": PRINTED}, 60),
        ({"columns": ["time", "v(in)"], "header": 2, "line": 5, "within": PRINTED}, [2e-07, 5.0]),
        ({"column": 4, "within": {"after": "/^-+$/", "before": "/^\\f?$/", "which": "first"}}, 2.946775),
        ({"columns": "1..3", "line": 1, "within": {"after": "/^-+$/"}}, [55.0, 9.1e-04, 5.0]),
        ({"find": "No. of Data Rows : {int}"}, 61),
    ],
)
def test_a_listing_of_ngspice(keys, expected):
    assert reading(**keys).read(NGSPICE) == expected


def test_a_listing_that_is_cut_off_is_no_value():
    cut = NEC2C[: NEC2C.rindex(b"8.2100E+01")]
    with pytest.raises(ParseError, match="field gain needs column 7, but the line has 6"):
        reading(table={**INPUT, "column": 7}).read(cut)
    with pytest.raises(ParseError, match="field gain needs line 7 below the last `CURRENTS AND LOCATION`"):
        reading(table={**CURRENTS, "row": 3, "column": 9}).read(NEC2C[: NEC2C.rindex(b"     3    1    0.0000")])


def test_the_block_that_is_not_there_is_named():
    missing = reading(column=5, within={"after": "NEAR ELECTRIC FIELDS"}).missing(NEC2C)
    assert missing == "there is no block below `NEAR ELECTRIC FIELDS`, since no heading in the reply has that"
    third = reading(column=5, within={**PATTERN, "which": 3}).missing(NEC2C)
    assert third == "there is no block 3 below `RADIATION PATTERNS`, a heading that occurs 2 times in the reply"
