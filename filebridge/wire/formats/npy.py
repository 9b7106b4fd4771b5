"""Arrays of NumPy files, `.npy` and `.npz` (`npy`, `npz`).

What such a file says of itself is checked before anything is made of it; nothing in it is ever unpickled.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy
from numpy.lib import format as numpy_format

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.arrays import dimensions, is_whole, mismatch, numbers
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["LARGEST_MEMBER", "reader"]

LARGEST_MEMBER = 256 << 20
"""The most bytes that an array of an archive may unpack to."""

_LONGEST_HEADER = 10_000
_ZIP, _MAGIC = b"PK\x03\x04", numpy_format.MAGIC_PREFIX
_NUMBERS = "biuf"
_CURE = "see that the file is whole when it is read, and that `file` names it"
_UNREADABLE = (
    ValueError, TypeError, KeyError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError, OverflowError,
)  # fmt: skip
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError,
    RuntimeError, ValueError, OverflowError, MemoryError,
)  # fmt: skip

_Layout = tuple[tuple[int, ...], bool, Any]
_Take = Callable[[int], bytes]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of `npy`, or of the array `npz` of an archive: of the field's `shape`, or of a single number.

    The array has the shape of the field exactly, whichever its order in memory, and a type of flags, whole numbers or
    floats of any size and endianness. Without `shape` and `size` it is a single number, or an array of one. An empty
    message has no value. Reading raises ParseError for a file that is none or too short, for another type or shape, and
    for an archive that unpacks to more than its array. Raises FieldProblem where no array is named.
    """
    if not field.npy and not field.npz:
        raise FieldProblem("npy", "of no use", found="false", expected="`npy: true`, or `npz: NAME`")
    shape, whole = dimensions(field), is_whole(field)
    made = _array(name, shape, whole) if shape else _number(name, whole)

    def read(message: bytes) -> Any:
        if not message:
            return None
        layout, start = _header(name, message)
        return made(layout, _data(name, layout, message, start))

    def read_member(message: bytes) -> Any:
        return _member(name, field.npz or "", message, made) if message else None

    single = Kind.INTEGER if whole else Kind.NUMBER
    road = read if field.npz is None else read_member
    return Reading(road, Kind.ARRAY if shape else single, math.prod(shape) if shape else 0, shape, whole=whole)


def _array(name: str, shape: tuple[int, ...], whole: bool) -> Callable[[_Layout, Callable[[], Any]], Any]:
    def made(layout: _Layout, flat: Callable[[], Any]) -> Any:
        found, turned, _ = layout
        if found != shape:
            raise mismatch(name, found, shape)
        array = flat().reshape(found[::-1]).T if turned else flat().reshape(found)
        return numbers(name, array, whole)

    return made


def _number(name: str, whole: bool) -> Callable[[_Layout, Callable[[], Any]], Any]:
    def made(layout: _Layout, flat: Callable[[], Any]) -> Any:
        if math.prod(layout[0]) != 1:
            raise mismatch(name, layout[0], ())
        return numbers(name, flat().reshape(()), whole).item()

    return made


def _header(name: str, message: bytes) -> tuple[_Layout, int]:
    """Return what the header of a file says, and where its numbers begin."""
    if message[:6] != _MAGIC:
        cure = "it is an archive: name the array with `npz`" if message.startswith(_ZIP) else _CURE
        raise ParseError(f"field {name} is read from what is no .npy file", found=escaped(message[:20]), cure=cure)
    wide = message[6:7] != b"\x01"
    start = 12 if wide else 10
    end = start + int.from_bytes(message[8:start], "little")
    if end > len(message) or end - start > _LONGEST_HEADER:
        what = f"field {name} is read from an .npy file with a header of {end - start} bytes"
        raise ParseError(what, found=f"{len(message)} bytes in all", cure=_CURE)
    try:
        layout = _layout(message[:end], wide)
    except _UNREADABLE as exc:
        what = f"field {name} is read from an .npy file whose header cannot be read"
        raise ParseError(what, found=escaped(message[:end], 200), cure=_CURE) from exc
    if layout[2].kind not in _NUMBERS:
        kind = "Python objects, which are never unpickled" if layout[2].hasobject else str(layout[2])
        cure = "save whole numbers, floats or flags"
        raise ParseError(f"field {name} is an array of no numbers", found=kind[:200], cure=cure)
    return layout, end


@lru_cache(maxsize=64)
def _layout(header: bytes, wide: bool) -> _Layout:
    """Return the shape, whether columns come first, and the type; a simulator writes the same header at each step."""
    stream = io.BytesIO(header)
    # Version 3 is version 2 with names in UTF-8, which only records have.
    version = numpy_format.read_magic(stream)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(version)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = (numpy_format.read_array_header_2_0 if wide else numpy_format.read_array_header_1_0)(stream)
    shape, turned, dtype = parsed
    if any(part < 0 for part in shape):
        raise ValueError(shape)
    return tuple(map(int, shape)), bool(turned), dtype


def _data(name: str, layout: _Layout, message: bytes, start: int) -> Callable[[], Any]:
    """Return what gives the numbers, not copied, in the order in which they stand."""

    def flat() -> Any:
        count, dtype = math.prod(layout[0]), layout[2]
        need, held = count * dtype.itemsize, len(message) - start
        if held < need:
            what = f"field {name} is read from an .npy file that is too short"
            raise ParseError(what, found=f"{held} bytes of the {need} of its array", cure=_CURE)
        return numpy.frombuffer(message, dtype, count, start)

    return flat


def _member(name: str, wanted: str, message: bytes, made: Callable[[_Layout, Callable[[], Any]], Any]) -> Any:
    if message[:6] == _MAGIC:
        cure = "it is a single array: use `npy: true`"
        raise ParseError(f"field {name} is read from what is no .npz file", found=escaped(message[:20]), cure=cure)
    try:
        with zipfile.ZipFile(io.BytesIO(message)) as archive:
            info = _info(name, wanted, archive)
            with archive.open(info) as member:
                return _unpacked(name, member, info.file_size, made)
    except _BROKEN as exc:
        what = f"field {name} is read from a broken .npz file: {escaped(str(exc), 200) or type(exc).__name__}"
        raise ParseError(what, found=f"{len(message)} bytes", cure=_CURE) from exc


def _info(name: str, wanted: str, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    known = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    info = known.get(wanted.removesuffix(".npy"))
    if info is None:
        near = nearest(wanted, known)
        cure = f"did you mean `{escaped(near, 80)}`?" if near else "see the name in `npz`"
        listed = ", ".join(escaped(each, 40) for each in list(known)[:10]) or "an empty archive"
        raise ParseError(f"field {name} has no array `{escaped(wanted, 80)}` in its .npz file", found=listed, cure=cure)
    # The other methods unpack as much as they like at once.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        found, cure = f"method {info.compress_type}", "write it as numpy.savez or numpy.savez_compressed do"
        raise ParseError(f"field {name} is packed in a way that NumPy does not use", found=found, cure=cure)
    if info.file_size > LARGEST_MEMBER:
        cure = f"at most {LARGEST_MEMBER >> 20} MiB are unpacked"
        raise ParseError(f"field {name} is too large", found=f"{info.file_size} bytes", cure=cure)
    return info


def _unpacked(name: str, member: Any, size: int, made: Callable[[_Layout, Callable[[], Any]], Any]) -> Any:
    """Return the array of an archive; no more is unpacked than its header and its shape allow."""
    start = member.read(12)
    rest = int.from_bytes(start[8:10], "little") - 2 if start[6:7] == b"\x01" else int.from_bytes(start[8:12], "little")
    head = start + member.read(max(0, min(rest, _LONGEST_HEADER)))
    layout, _ = _header(name, head)

    def flat() -> Any:
        count, dtype = math.prod(layout[0]), layout[2]
        need = count * dtype.itemsize
        data = member.read(need) if len(head) + need == size else b""
        # The end is what the checksum is compared at.
        if len(data) != need or member.read(1):
            what = f"field {name} is not as long in its .npz file as its header says"
            raise ParseError(what, found=f"{size - len(head)} bytes for an array of {need}", cure=_CURE)
        return numpy.frombuffer(data, dtype)

    return made(layout, flat)
