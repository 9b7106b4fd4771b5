"""Named values on lines of their own: `name = value`, `name: value` (`key`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.wire.formats.conversion import KINDS, conversion, source_bytes
from filebridge.wire.formats.pick import every_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.numbers import NUMBER_WORDS, number_pattern
from filebridge.wire.reading import Reading

__all__ = ["reader", "value_source"]

_Find = Callable[[bytes], "re.Match[bytes] | None"]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `key`: what stands behind the name and `=` or `:` at the beginning of a line.

    A number, a flag or a word is the first thing there, and what follows (a unit) is ignored; a line or a text goes
    on to the end of the line. White space within the name may be wider than written. Where nothing stands behind the
    name, there is no number and no word. Reading raises ParseError for what is not of the field's type. Raises
    FieldProblem where the name or `pick` is wrong.
    """
    words = [re.escape(part) for part in source_bytes("key", field.key or "", text).split()]
    if not words:
        raise FieldProblem("key", "a blank name", expected="the name in front of `=` or `:`")
    word = field.type or "float"
    source = rb"^[ \t]*" + rb"[ \t]+".join(words) + rb"[ \t]*[=:][ \t]*(" + value_source(word, text) + rb")"
    pattern, convert = re.compile(source, re.MULTILINE), conversion(name, word, field, text)
    if field.pick in ("first", "last"):
        find = pattern.search if field.pick == "first" else _last(pattern, (field.key or "").split()[0], text)
        return Reading(_converted(find, convert), KINDS[word])
    return every_reading(name, field, KINDS[word], convert, pattern.findall)


def value_source(word: str, text: Text) -> bytes:
    """Return the regular expression for what is read of a value of the type ``word`` and what may follow it."""
    if word in ("line", "text"):
        return rb"[^\n]*"
    # What is no number is matched all the same, so that it is refused and not passed over.
    numbers = [number_pattern(kind, text.decimal) for kind in NUMBER_WORDS if kind == word]
    return rb"|".join([*numbers, rb"\S+"])


def _last(pattern: re.Pattern[bytes], word: str, text: Text) -> _Find:
    literal, match_at = source_bytes("key", word, text), pattern.match

    def find(message: bytes) -> re.Match[bytes] | None:
        # From the end, and each line once: replies are long, and their last lines matter.
        end = len(message)
        while (place := message.rfind(literal, 0, end)) >= 0:
            end = message.rfind(b"\n", 0, place) + 1
            if match := match_at(message, end):
                return match
        return None

    return find


def _converted(find: _Find, convert: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def read(message: bytes) -> Any:
        match = find(message)
        return None if match is None else convert(match[1])

    return read
