"""Cleaning of the byte stream between transport and framer: encodings, byte order marks, escapes, line ends.

Everything behind the cleaner sees text in an encoding whose ASCII part is ASCII, lines that end in one LF, and (with
`ansi: strip`) neither escape sequences nor BEL nor NUL. What comes out in total never depends on how the input is cut.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, escaped

__all__ = ["Cleaner", "clean_encoding", "known_encoding"]

_BOM = codecs.BOM_UTF8
_UTF_8 = ("utf-8", "utf-8-sig")
_NO_TEXT = ("idna", "punycode", "undefined")
_NAMED = (UnicodeDecodeError, UnicodeEncodeError)
_RETURNS = re.compile(rb"\r+\n?")

# ECMA-48: nF (charsets), CSI, and the command strings OSC, DCS, SOS, PM, APC; then the single characters.
# The bounds are what keeps a program that only begins an escape from holding back its output for ever.
_STRING = rb"[\]PX^_][^\x07\x1b\r\n]{0,4096}"
_ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]{0,256}[ -/]{0,8}[@-~]|[ -/]{1,8}[0-~]|[0-OQ-WYZ\\`-~]|" + _STRING + rb"(?:\x07|\x1b\\))?"
)
_UNFINISHED = re.compile(rb"\x1b(?:[ -/]{0,8}|\[[0-?]{0,256}[ -/]{0,8}|" + _STRING + rb"\x1b?)\Z")


class Cleaner:
    """The filter of one link; feed it every chunk in order.

    An escape sequence that is cut between chunks is held back until it is whole; a command string (a window's title)
    that does not end within 4 KiB or within its line is no escape. What begins like an escape and is none loses its
    ESC and stays as text. A run of CR, with an LF behind it or not, is one line end, so that each state of a progress
    bar becomes a line. A backspace stays in the text: what it overwrites may be gone already.
    """

    __slots__ = (
        "_after_return",
        "_at_start",
        "_decoder",
        "_encoding",
        "_errors",
        "_held",
        "_idle",
        "_marked",
        "_strip",
        "_translates",
    )

    def __init__(self, text: Text) -> None:
        self._encoding = text.encoding
        self._errors = text.errors
        self._strip = text.ansi == "strip"
        self._marked = clean_encoding(text.encoding) == "utf-8"
        self._translates = self._marked and codecs.lookup(text.encoding).name not in _UTF_8
        self.reset()

    @property
    def translates(self) -> bool:
        """Whether all text is translated into another encoding."""
        return self._translates

    def reset(self) -> None:
        """Forget everything: the next chunk is the first of a new stream."""
        decoder = codecs.getincrementaldecoder(self._encoding)
        self._decoder = decoder(self._errors) if self._translates else None
        self._held = b""
        self._at_start = self._marked
        self._after_return = False
        self._idle = False

    def clean(self, chunk: bytes) -> bytes:
        """Return what ``chunk`` adds to the clean text, the chunk itself where nothing is to be done.

        Raises DecodeError for bytes that are no text, where the encoding is one that has to be translated.
        """
        # Numbers, not bytes: that search is one call of memchr.
        if self._idle and 27 not in chunk and 0 not in chunk and 7 not in chunk:
            return self._returned(chunk) if 13 in chunk else chunk
        return self._filter(chunk)

    def finish(self) -> bytes:
        """Return what is still held back at the end of the stream; an unfinished escape is none, and loses its ESC.

        Raises DecodeError if the stream ends within a character. Afterwards the cleaner is as new.
        """
        rest = self._unmarked(self._translated(b"", final=True), final=True)
        rest = self._returned(self._stripped(rest, final=True))
        self.reset()
        return rest

    def _filter(self, chunk: bytes) -> bytes:
        data = self._translated(chunk)
        if self._at_start:
            data = self._unmarked(data)
        data = self._stripped(data)
        self._idle = not (self._held or self._at_start or self._decoder)
        return self._returned(data)

    def _translated(self, chunk: bytes, final: bool = False) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final).encode("utf-8", self._errors)
        except UnicodeError as exc:
            raise DecodeError(
                f"output that is no text in {self._encoding}: {exc.reason if isinstance(exc, _NAMED) else exc}",
                found=escaped(chunk, 80),
                cure="set `text: {encoding: ...}` to what the program writes, or `text: {errors: replace}`",
            ) from exc

    def _unmarked(self, data: bytes, final: bool = False) -> bytes:
        data = self._held + data
        if not final and len(data) < len(_BOM) and _BOM.startswith(data):
            self._held = data
            return b""
        self._held = b""
        at_start, self._at_start = self._at_start, False
        return data[len(_BOM) :] if at_start and data.startswith(_BOM) else data

    def _stripped(self, data: bytes, final: bool = False) -> bytes:
        if not self._strip or self._at_start:
            return data
        data = self._held + data
        unfinished = None if final else _UNFINISHED.search(data)
        self._held = unfinished[0] if unfinished else b""
        return _ESCAPE.sub(b"", data[: unfinished.start()] if unfinished else data).translate(None, b"\x00\x07")

    def _returned(self, data: bytes) -> bytes:
        if self._after_return and data:
            rest = data.lstrip(b"\r")
            self._after_return = not rest
            data = rest[1:] if rest.startswith(b"\n") else rest
        if 13 in data:
            self._after_return = data[-1] == 13
            # Most programs end lines with a plain CR LF; that replacement is far quicker than the pattern.
            data = data.replace(b"\r\n", b"\n")
            data = _RETURNS.sub(b"\n", data) if 13 in data else data
        self._idle = self._idle and not self._after_return
        return data


def known_encoding(name: str) -> bool:
    """Return whether ``name`` is an encoding of text that Python knows; ``hex``, say, is none."""
    try:
        "a".encode(name)
        return codecs.lookup(name).name not in _NO_TEXT
    except (LookupError, ValueError):
        return False


@cache
def clean_encoding(name: str) -> str:
    """Return the encoding of the clean text of a program that writes in the encoding ``name``.

    It is ``utf-8`` for UTF-8 and for every encoding that has to be translated: those in which an ASCII byte may be a
    part of something else (UTF-16, Shift-JIS, EBCDIC), and ``name`` itself for single bytes that include ASCII.
    """
    if codecs.lookup(name).name in _UTF_8:
        return "utf-8"
    return name if all(_is_single(byte, name) for byte in range(256)) else "utf-8"


def _is_single(byte: int, name: str) -> bool:
    try:
        character = codecs.getincrementaldecoder(name)("strict").decode(bytes([byte]))
    except UnicodeDecodeError:
        return byte >= 128
    return character == chr(byte) if byte < 128 else len(character) == 1
