"""The JSON documents of a message: each begins with a bracket in the first column, or is all that there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, ParseError, escaped
from filebridge.wire.cleaner import clean_encoding

__all__ = ["CURE", "Documents", "documents"]

# A bracket before something that no JSON has begins other text, `[info]` say.
_DOCUMENT = r"(?:\{|\[\s*(?:[\[{\"\]0-9-]|true|false|null|NaN|Infinity|\Z))"
_BEGIN = re.compile(_DOCUMENT)
_BEGIN_OF_LINE = re.compile("^" + _DOCUMENT, re.MULTILINE)
_SCALAR = re.compile(r"[\"0-9-]|(?:true|false|null)\s*(?:\n|\Z)")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|\Z)")
_NEXT_LINE = re.compile(r"[ \t]*\n\s*")
_GOES_ON = re.compile(r"\s*[\]},]")
CURE = "compare the pointer and `type` with what the simulator says; `filebridge probe` shows it"
"""What to do where a value is not as it should be."""


class Documents:
    """The documents of messages; those of the last message are kept, since several fields read the same one.

    It is known again by the identity of the bytes, which the pair of both holds alive; the pair is replaced as a
    whole, so that two threads at worst parse twice. Documents are never changed.
    """

    def __init__(self, encoding: str, errors: str) -> None:
        self._encoding = encoding
        self._errors = errors
        self._last: tuple[bytes | None, Any] = (None, None)
        self._all: tuple[bytes | None, list[Any]] = (None, [])
        self._decoder = json.JSONDecoder(object_pairs_hook=_unique)

    def document_of(self, message: bytes, name: str) -> Any:
        """Return the last document of ``message``, None without one, for the field ``name``; see ``documents``."""
        last = self._last
        if last[0] is message:
            return last[1]
        document = self._parsed(message, name, self._last_document)
        self._last = (message, document)
        return document

    def documents_of(self, message: bytes, name: str) -> list[Any]:
        """Return all documents of ``message``, for the field ``name``; see ``documents``."""
        last = self._all
        if last[0] is message:
            return last[1]
        found: list[Any] = self._parsed(message, name, self._all_documents)
        self._all = (message, found)
        return found

    def _parsed(self, message: bytes, name: str, find: Callable[[str], Any]) -> Any:
        try:
            return find(message.decode(self._encoding, self._errors))
        except UnicodeDecodeError as exc:
            what = f"field {name} is read from what is no text in {self._encoding}, from byte {exc.start + 1}"
            cure = "set `text: {encoding: ...}` to what the program writes, or `text: {errors: replace}`"
            raise DecodeError(what, found=escaped(message[: exc.start + 20], 80), cure=cure) from exc
        except RecursionError as exc:
            what = f"field {name} is read from JSON that is nested too deeply"
            raise ParseError(what, found=escaped(message, 200), cure=CURE) from exc
        except ValueError as exc:
            what = f"field {name} is read from broken JSON: {_shown(exc)}"
            raise ParseError(what, found=escaped(message, 200), cure=CURE) from exc

    def _last_document(self, text: str) -> Any:
        for start in _beginnings(text):
            document, end = self._decoder.raw_decode(text, start)
            if _REST_OF_LINE.match(text, end) and not _GOES_ON.match(text, end):
                return document
            # A bracket in the first column may be a part of a document that began above it.
            if not _GOES_ON.match(text, end):
                raise json.JSONDecodeError("other text behind the document", text, end)
        by_themselves = self._by_themselves(text)
        return by_themselves[-1] if by_themselves else None

    def _all_documents(self, text: str) -> list[Any]:
        found, position = [], 0
        while (begin := _BEGIN_OF_LINE.search(text, position)) is not None:
            document, position = self._decoder.raw_decode(text, begin.start())
            if not _REST_OF_LINE.match(text, position):
                raise json.JSONDecodeError("other text behind the document", text, position)
            found.append(document)
        return found or self._by_themselves(text)

    def _by_themselves(self, text: str) -> list[Any]:
        """Return the values that are all that ``text`` says, each on lines of its own."""
        text = text.strip()
        found, position = [], 0
        while position < len(text) and (_BEGIN.match(text, position) or _SCALAR.match(text, position)):
            value, position = self._decoder.raw_decode(text, position)
            gap = _NEXT_LINE.match(text, position)
            position = gap.end() if gap is not None else position
            found.append(value)
            if gap is None:
                break
        if found and position < len(text):
            raise json.JSONDecodeError("Extra data", text, position)
        return found


def _beginnings(text: str) -> Any:
    """Yield where a line begins like a document, from the last one to the first."""
    end = len(text)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        if _BEGIN.match(text, start):
            yield start
        end = start - 1


def documents(text: Text) -> Documents:
    """Return the documents of messages in this kind of text, which all fields share.

    They raise ParseError for broken JSON and for keys given twice, DecodeError for what is no text.
    """
    return _documents(clean_encoding(text.encoding), text.errors)


@cache
def _documents(encoding: str, errors: str) -> Documents:
    return Documents(encoding, errors)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {escaped(next(key for key in keys if keys.count(key) > 1), 80)} given twice")
    return members


def _shown(exc: ValueError) -> str:
    return f"{exc.msg}, line {exc.lineno}, column {exc.colno}" if isinstance(exc, json.JSONDecodeError) else str(exc)
