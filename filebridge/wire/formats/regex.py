"""Regular expressions written by the user, run with a limit on their time, and the format `regex`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import regex

from filebridge.config.field import FieldModel
from filebridge.config.simulator import Text
from filebridge.errors import ParseError, escaped
from filebridge.wire.formats.conversion import KINDS, conversion, source_bytes
from filebridge.wire.formats.pick import every_reading
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["TimedPattern", "reader", "timed"]

_MOST_CHARACTERS = 1000
_SECONDS = 0.05


class TimedPattern:
    """A regular expression whose search raises ParseError when it takes longer than 50 ms of one message."""

    def __init__(self, name: str, source: str, compiled: regex.Pattern[bytes]) -> None:
        self.compiled = compiled
        self._name = name
        self._source = source

    @property
    def group(self) -> int | str:
        """The group that holds the value: the one named value, or else the first."""
        return "value" if "value" in self.compiled.groupindex else 1

    def first(self, message: bytes) -> regex.Match[bytes] | None:
        """Return the first match, or None."""
        try:
            return self.compiled.search(message, timeout=_SECONDS)
        except TimeoutError as exc:
            raise self._too_slow(message) from exc

    def matches(self, message: bytes) -> Iterator[regex.Match[bytes]]:
        """Yield all matches from first to last, within one limit on the time."""
        try:
            yield from self.compiled.finditer(message, timeout=_SECONDS)
        except TimeoutError as exc:
            raise self._too_slow(message) from exc

    def count(self, message: bytes) -> int:
        """Return how many matches there are."""
        return sum(1 for _ in self.matches(message))

    def occurs(self, message: bytes) -> bool:
        """Return whether there is a match."""
        return self.first(message) is not None

    def _too_slow(self, message: bytes) -> ParseError:
        return ParseError(
            f"field {self._name}: the search for /{self._source}/ took longer than {_SECONDS * 1000:g} ms",
            found=f"a message of {len(message)} bytes: {escaped(message, 200)}",
            cure="write a pattern without nested repetitions such as `(a+)+`, or use `find`",
        )


def timed(name: str, key: str, source: str, text: Text) -> TimedPattern:
    """Return the compiled ``source``, which is without its slashes; `^` and `$` stand for the ends of each line.

    Raises FieldProblem where it is wrong.
    """
    if len(source) > _MOST_CHARACTERS:
        expected = f"at most {_MOST_CHARACTERS} characters"
        raise FieldProblem(key, "too long a regular expression", found=f"{len(source)} characters", expected=expected)
    encoded = source_bytes(key, source, text)
    try:
        return TimedPattern(name, source, regex.compile(encoded, regex.MULTILINE))
    except regex.error as exc:
        # The stubs of the library lack both attributes. One more for the slash, which is part of the text in the YAML.
        place, why = 1 + len(encoded[: getattr(exc, "pos", 0)].decode(errors="ignore")), getattr(exc, "msg", str(exc))
        expected = "a regular expression; special characters of a text are written `\\(`, `\\[`, `\\*`, `\\.`"
        raise FieldProblem(key, why, found=f"/{source}/", expected=expected, offset=place, length=1) from exc


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of a `regex`: its one group, or the group named value, converted as `type` says.

    Raises FieldProblem where the expression or `pick` is wrong.
    """
    source, word = field.regex or "", field.type or "float"
    pattern = timed(name, "regex", source, text)
    groups = pattern.compiled.groups
    if groups != 1 and "value" not in pattern.compiled.groupindex:
        what = "no group for the value" if not groups else "several groups, none of them named value"
        raise FieldProblem("regex", what, found=f"/{source}/", expected="one group `(...)`, others as `(?:...)`")
    convert = conversion(name, word, field, text)
    if field.pick in ("first", "last"):
        return Reading(_one(pattern, convert, field.pick == "last"), KINDS[word])
    return every_reading(name, field, KINDS[word], convert, _every(pattern))


def _one(pattern: TimedPattern, convert: Callable[[bytes], Any], last: bool) -> Callable[[bytes], Any]:
    group, first, matches = pattern.group, pattern.first, pattern.matches

    def read_first(message: bytes) -> Any:
        match = first(message)
        token = None if match is None else match[group]
        return None if token is None else convert(token)

    def read_last(message: bytes) -> Any:
        match = None
        for match in matches(message):  # noqa: B007  # the last one is wanted
            pass
        token = None if match is None else match[group]
        return None if token is None else convert(token)

    return read_last if last else read_first


def _every(pattern: TimedPattern) -> Callable[[bytes], list[bytes]]:
    group = pattern.group
    return lambda message: [match[group] for match in pattern.matches(message) if match[group] is not None]
