"""What a snapshot passes before its fields are read: each by itself, whatever came before."""

import pytest

from filebridge.config.simulator import Text
from filebridge.program.filters import SnapshotCleaner, Untouched

SNAPSHOTS = {
    "plain": (b"x= 1\n", b"x= 1\n"),
    "line ends of DOS": (b"x= 1\r\ny= 2\r\n", b"x= 1\ny= 2\n"),
    "a byte order mark": (b"\xef\xbb\xbfx= 1\n", b"x= 1\n"),
    "a colour": (b"\x1b[31mx= 1\x1b[0m\n", b"x= 1\n"),
    "a bell and a NUL": (b"x=\x07 1\x00\n", b"x= 1\n"),
    "an escape cut by the end": (b"x= 1\n\x1b[3", b"x= 1\n[3"),
    "a return at the end": (b"x= 1\r", b"x= 1\n"),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_each_snapshot_is_cleaned_by_itself(name):
    raw, clean = SNAPSHOTS[name]
    cleaner = SnapshotCleaner(Text())
    assert [cleaner.clean(raw) for _ in range(3)] == [clean] * 3
    assert cleaner.clean(b"y= 2\n") == b"y= 2\n"
    assert cleaner.finish() == b""


def test_an_encoding_that_must_be_translated_always_is():
    cleaner = SnapshotCleaner(Text(encoding="utf-16-le"))
    assert [cleaner.clean("x= 1\n".encode("utf-16-le")) for _ in range(2)] == [b"x= 1\n"] * 2


def test_binary_data_pass_untouched():
    assert Untouched().clean(b"\x1b[31m\r\n\0") == b"\x1b[31m\r\n\0"
    assert Untouched().finish() == b""
