"""Numbers as legacy programs print them: how each type looks within other text, and what its value is.

Both stand together because they must agree: what the pattern of a type matches, its conversion either reads or
refuses with a reason. A pattern matches nonsense that looks like a number (``1_000``, ``1,234.5``, ``1.5`` for a
whole number) as one token on purpose, so that it is refused and never read as its first digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, get_args

from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped

__all__ = ["NUMBER_WORDS", "NumberWord", "number", "number_list_pattern", "number_pattern"]

NumberWord = Literal["float", "int", "hex", "octal", "flag"]
NUMBER_WORDS: tuple[NumberWord, ...] = get_args(NumberWord)

_Conversion = Callable[[bytes], Any]
_MOST_DIGITS = 400
_UNDERSCORE = ord("_")  # a number is looked up in bytes five times as fast as bytes are
_WHOLE = 1 << 63
_BASES = {"int": 10, "hex": 16, "octal": 8}
_NOUNS = {
    "float": ("a number", "12, -0.5 or 1.5E+03"),
    "int": ("a whole number of 64 bits", "12 or -3"),
    "hex": ("a hexadecimal number of 64 bits", "1F or 0x1F"),
    "octal": ("an octal number of 64 bits", "17 or 0o17"),
    "flag": ("a flag", "1 or 0, true or false, yes or no, on or off, T or F"),
}
_FLAGS = {
    **dict.fromkeys((b"1", b"true", b"t", b"yes", b"y", b"on"), True),
    **dict.fromkeys((b"0", b"false", b"f", b"no", b"n", b"off"), False),
}
_LETTER = re.compile(rb"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[dDqQ]([+-]?[0-9]+)")
_DROPPED = re.compile(rb"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))([+-][0-9]{3})")
_NAMED = re.compile(rb"([+-]?)(?:[0-9]\.#([A-Za-z]+)[0-9]*|(nan)\([^)]*\))", re.IGNORECASE)
_FRACTION = re.compile(rb"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]+)?")
_NAMES = {b"INF": b"inf", b"NAN": b"nan", b"QNAN": b"nan", b"SNAN": b"nan", b"IND": b"nan"}


def number(word: NumberWord, text: Text, overflow: float | None = None, name: str = "") -> _Conversion:
    """Return the conversion of one token, with or without blanks around it, into a number or a flag.

    A float may have its exponent written with D or Q, or with nothing but its sign (``1.5-103``), and may be NaN or
    infinite; where ``text.decimal`` is a comma, only a comma is a decimal mark. A whole number fits 64 bits. A
    token of asterisks is ``overflow``. For all else the conversion raises ParseError, which names the field ``name``.
    """
    odd = _odd(word, overflow, name)
    if word == "float":
        return _comma_float(odd) if text.decimal == "," else _float(odd)
    return _flag(odd) if word == "flag" else _whole(_BASES[word], odd)


def _float(odd: _Conversion) -> _Conversion:
    def convert(token: bytes) -> Any:
        try:
            value = float(token)
        except ValueError:
            return _legacy(token, token, odd)
        # float() takes `1_000`, which no legacy program prints on purpose.
        if _UNDERSCORE in token or len(token) > _MOST_DIGITS:
            return odd(token)
        return value

    return convert


def _comma_float(odd: _Conversion) -> _Conversion:
    def convert(token: bytes) -> Any:
        if _UNDERSCORE in token or len(token) > _MOST_DIGITS or (b"." in token and b"#" not in token):
            return odd(token)
        pointed = token.replace(b",", b".")
        try:
            return float(pointed)
        except ValueError:
            return _legacy(pointed, token, odd)

    return convert


def _legacy(pointed: bytes, token: bytes, odd: _Conversion) -> Any:
    """Return the value of what float() does not know: ``token``, in ``pointed`` with a decimal point."""
    if len(token) > _MOST_DIGITS:
        return odd(token)
    bare = pointed.strip()
    match = _LETTER.fullmatch(bare) or _DROPPED.fullmatch(bare)
    if match:
        return float(match[1] + b"E" + match[2])
    match = _NAMED.fullmatch(bare)
    value = _NAMES.get((match[2] or match[3]).upper()) if match else None
    return float(match[1] + value) if match and value else odd(token)


def _whole(base: int, odd: _Conversion) -> _Conversion:
    def convert(token: bytes) -> Any:
        try:
            value = int(token, base)
        except ValueError:
            return odd(token)
        if _UNDERSCORE in token or not -_WHOLE <= value < _WHOLE:
            return odd(token)
        return value

    return convert


def _flag(odd: _Conversion) -> _Conversion:
    flags = _FLAGS

    def convert(token: bytes) -> Any:
        value = flags.get(token.strip().strip(b".").lower())
        return odd(token) if value is None else value

    return convert


def _odd(word: NumberWord, overflow: float | None, name: str) -> _Conversion:
    """Return what becomes of a token that is no number: the value of asterisks, or ParseError."""
    subject = f"field {name}" if name else "a value"
    noun, examples = _NOUNS[word]
    stars = None if overflow is None or word == "flag" else int(overflow) if word in _BASES else overflow

    def refuse(token: bytes) -> Any:
        bare = token.strip()
        if not bare or bare.strip(b"*"):
            cure = f"expected {examples}{_advice(bare, word)}"
            raise ParseError(f"{subject} is not {noun}", found=escaped(token, 80), cure=cure)
        if stars is None:
            raise ParseError(
                f"{subject} did not fit the width in which it is printed",
                found=escaped(bare, 80),
                cure="say with `overflow` what asterisks stand for, or have the simulator print it wider",
            )
        return stars

    return refuse


def _advice(token: bytes, word: NumberWord) -> str:
    if word == "int" and _FRACTION.fullmatch(token):
        return f"; {token[:20].decode()} has a fraction: use `{{float}}`, or `type: float`"
    if b"," in token:
        return "; with a comma behind the value write `{float},`, with a decimal comma `text: {decimal: ','}`"
    return ""


def number_pattern(word: NumberWord, decimal: str = ".", after: str = "") -> bytes:
    """Return a regular expression without groups for one value of this type within other text.

    ``after`` is the literal text directly behind it: what that begins with ends the number, even where it would
    be nonsense in one (``{int}.{int}``). Units may touch a number (``5m``), further digits may not.
    """
    if word == "flag":
        return rb"(?:\.?[A-Za-z]+\b\.?|[01](?![0-9A-Za-z_.]))"
    value, guard = _value_pattern(word, decimal), _guard(word, decimal, after[:1])
    odd = _odd_pattern(after[:1])
    special = {"float": rb"|" + _SPECIAL, "int": rb"|\*\*+"}.get(word, rb"|\*\*+")
    return rb"(?:" + value + guard + special + rb"|(?!" + value + guard + rb")" + odd + rb")"


def number_list_pattern(word: NumberWord, count: int, decimal: str = ".") -> bytes:
    """Return a regular expression without groups for ``count`` numbers with white space or commas in between.

    Where the decimal mark is a comma, a semicolon takes the comma's place.
    """
    comma = b";" if decimal == "," else b","
    value, guard = _value_pattern(word, decimal), _guard(word, decimal, comma.decode())
    one = rb"(?:" + value + guard + rb"|" + (_SPECIAL if word == "float" else rb"\*\*+") + rb")"
    between = rb"(?:\s+(?:" + comma + rb"\s*)?|" + comma + rb"\s*)"
    return one + (rb"(?:" + between + one + rb"){%d}" % (count - 1) if count > 1 else b"")


_SPECIAL = (
    rb"\*\*+|[+-]?(?:[nN][aA][nN](?:\([^)\s]{0,20}\))?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"
    rb"|[0-9]\.#[A-Za-z]{2,5}[0-9]{0,6})(?![0-9A-Za-z_])"
)


def _value_pattern(word: str, decimal: str) -> bytes:
    if word == "hex":
        return rb"[+-]?(?:0[xX])?[0-9a-fA-F]+"
    if word == "octal":
        return rb"[+-]?(?:0[oO])?[0-7]+"
    if word == "int":
        return rb"[+-]?[0-9]+"
    # Empty alternatives stand where a `?` would do: on groups they take half the time of it.
    mark, dropped = re.escape(decimal).encode(), rb"(?:[+-][0-9]{3}(?![0-9]|[.,][0-9])|)"
    mantissa = rb"(?:[0-9]+(?:" + mark + rb"[0-9]*" + dropped + rb"|)|" + mark + rb"[0-9]+" + dropped + rb")"
    return rb"[+-]?" + mantissa + rb"(?:[eEdDqQ][+-]?[0-9]+|)"


def _guard(word: str, decimal: str, after: str) -> bytes:
    """Return a look-ahead that refuses to end a number where it goes on; one that begins like ``after`` is over."""
    if word in ("hex", "octal"):
        return rb"(?![0-9a-fA-F])" if after.isalnum() else rb"(?![0-9A-Za-z_.]?[0-9A-Za-z_])"
    # A float's own decimal mark always goes on with it: "X {float}." must not read the 1 of "1.5".
    marks = "".join(mark for mark in ".," if mark != after or (word == "float" and mark == decimal)).encode()
    goes_on = [rb"[0-9_]" if after != "_" else rb"[0-9]"]
    if marks:
        goes_on.append(rb"[" + marks + rb"][0-9]")
    letters = "".join(letter for letter in "eEdDqQ" if letter != after).encode()
    goes_on.append(rb"[" + letters + rb"][+-]?[0-9]")
    if word == "float":
        goes_on.append(rb"[.,]?#")
    if after not in ("x", "X"):
        goes_on.append(rb"[xX](?<=0.)(?<![0-9.,]0.)[0-9a-fA-F]")
    # White space, the usual end of a number, is over with the first test.
    return rb"(?!(?=[^\s])(?:" + rb"|".join(goes_on) + rb"))"


def _odd_pattern(after: str) -> bytes:
    """Return what begins as a number and goes on as none; with one possible end, so that no search backtracks in it."""
    marks = "".join(mark for mark in "_.,xXeEdDqQ" if mark != after).encode()
    return rb"[+-]?[0-9]{1,400}[" + marks + rb"][0-9A-Za-z_+-][0-9A-Za-z_.+-]{0,60}(?![0-9A-Za-z_.+-])"
