"""From the token of a value to the value: a number, a flag or decoded text, by the word for its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import DecodeError, escaped
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.expression_kinds import Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.numbers import NUMBER_WORDS, number

__all__ = ["KINDS", "conversion", "source_bytes"]

KINDS = {
    "float": Kind.NUMBER,
    "int": Kind.INTEGER,
    "hex": Kind.INTEGER,
    "octal": Kind.INTEGER,
    "flag": Kind.FLAG,
    "word": Kind.TEXT,
    "line": Kind.TEXT,
    "text": Kind.TEXT,
}
"""Word for a type -> kind of its values."""


def conversion(name: str, word: str, field: FieldModel, text: Text) -> Callable[[bytes], Any]:
    """Return the conversion of a token into a value of the type ``word``, one of ``KINDS``.

    A number is read as `filebridge.wire.numbers.number` says. A word loses the punctuation ``,;:.`` behind it, and a
    closing bracket that was not opened in it; a line loses the white space around it; a text is taken as it is.
    The conversion raises ParseError or DecodeError. Raises FieldProblem where `overflow` is no value of the type.
    """
    if word not in NUMBER_WORDS:
        return _decoded(name, _TRIMS[word], text)
    overflow = field.overflow
    if overflow is not None and word in ("int", "hex", "octal") and not overflow.is_integer():
        raise FieldProblem("overflow", "not a whole number", found=f"{overflow:g}", expected="a whole number")
    return number(word, text, overflow, name)


def source_bytes(key: str, source: str, text: Text) -> bytes:
    """Return text of the YAML as it stands in messages; raises FieldProblem where the encoding lacks a character."""
    try:
        return source.encode(clean_encoding(text.encoding))
    except UnicodeEncodeError as exc:
        found = source[exc.start : exc.end]
        raise FieldProblem(key, f"a character that {text.encoding} does not have", found=found) from exc


def _word(token: bytes) -> bytes:
    bare = token.rstrip(b",;:.")
    while bare.endswith(b")") and b"(" not in bare:
        bare = bare[:-1].rstrip(b",;:.")
    return bare or token


def _whole(token: bytes) -> bytes:
    return token


_TRIMS: dict[str, Callable[[bytes], bytes]] = {"word": _word, "line": bytes.strip, "text": _whole}


def _decoded(name: str, trim: Callable[[bytes], bytes], text: Text) -> Callable[[bytes], str]:
    encoding, errors = clean_encoding(text.encoding), text.errors

    def convert(token: bytes) -> str:
        part = trim(token)
        try:
            return part.decode(encoding, errors)
        except UnicodeDecodeError as exc:
            raise DecodeError(
                f"field {name} is no text in {encoding}, from byte {exc.start + 1} of the value",
                found=escaped(part[max(exc.start - 20, 0) : exc.start + 20], 80),
                cure="say with `text: {encoding: ...}` what the simulator prints, or set `errors: replace` there",
            ) from exc

    return convert
