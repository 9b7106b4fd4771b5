"""Several files in one message: for each a line with its name and its size, and then its bytes.

    obs.txt 12
    x=1.5 y=2.0
    flags.bin 3
    ...

It is written where files are read and read where fields are found, so it lies beneath both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from filebridge.errors import ParseError, escaped

__all__ = ["pack", "unpack"]

# Sixteen digits are beyond any file; a line end that is missing for long is not looked for to the end.
_HEAD = re.compile(rb"([^\0\n]{1,4096}) (0|[1-9][0-9]{0,15})\n")


def pack(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the ``parts``, pairs of name and content, as one message; names hold neither NUL nor a line end."""
    return b"".join([b"%b %d\n%b" % (name.encode("utf-8", "surrogateescape"), len(data), data) for name, data in parts])


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the contents of a parcel by name, in their order. Raises ParseError where it is none."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        head = _HEAD.match(data, at)
        if head is None:
            raise _nonsense(f"no name and size at byte {at}", data[at : at + 80])
        at = head.end() + int(head[2])
        if at > len(data):
            raise _nonsense(f"{len(data) - head.end()} bytes where {int(head[2])} were announced", head[0])
        name = head[1].decode("utf-8", "surrogateescape")
        if name in found:
            raise _nonsense("the same name twice", head[0])
        found[name] = data[head.end() : at]
    return found


def _nonsense(what: str, data: bytes) -> ParseError:
    return ParseError(
        f"the message is no parcel of files: {what}",
        found=f"{escaped(data)!r}" if data else "",
        cure="a parcel has for each file a line `NAME SIZE` and then SIZE bytes",
    )
