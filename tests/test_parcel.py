from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ParseError
from filebridge.parcel import pack, unpack

NAMES = st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), min_size=1, max_size=20)


def test_a_parcel_names_each_file_and_its_size():
    parcel = pack([("obs.txt", b"x=1\n"), ("out/my file", b""), ("b", b"\0 3\n")])
    assert parcel == b"obs.txt 4\nx=1\nout/my file 0\nb 4\n\0 3\n"
    assert unpack(parcel) == {"obs.txt": b"x=1\n", "out/my file": b"", "b": b"\0 3\n"}
    assert unpack(b"") == {}


def test_a_name_that_is_no_text_comes_through():
    assert unpack(pack([("a\udcff", b"x")])) == {"a\udcff": b"x"}


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_what_was_packed_is_unpacked_in_its_order(files):
    assert list(unpack(pack(list(files.items()))).items()) == list(files.items())


@given(st.binary(max_size=40))
def test_nonsense_is_a_parse_error_and_nothing_else(data):
    try:
        files = unpack(data)
    except ParseError:
        return
    assert pack(list(files.items())) == data


@pytest.mark.parametrize(("data", "text"), [
    (b"hello", "no name and size at byte 0\n  found: 'hello'"),
    (b"a 1\nxb", "no name and size at byte 5\n  found: 'b'"),
    (b"a -1\nx", "no name and size at byte 0\n  found: 'a -1\\\\nx'"),
    (b"a 5\nxyz", "3 bytes where 5 were announced\n  found: 'a 5\\\\n'"),
    (b"a 1\nxa 1\ny", "the same name twice\n  found: 'a 1\\\\n'"),
    (b"a 99999999999999999\n", "no name and size at byte 0\n  found: 'a 99999999999999999\\\\n'"),
])
def test_the_error_says_what_is_no_parcel(data, text):
    with pytest.raises(ParseError) as caught:
        unpack(data)
    assert str(caught.value) == (
        f"the message is no parcel of files: {text}\n"
        "  cure: a parcel has for each file a line `NAME SIZE` and then SIZE bytes"
    )
