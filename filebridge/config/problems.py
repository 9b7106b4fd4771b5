"""How a problem of a configuration is shown: where, the line with a caret, what was found, what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from filebridge.errors import ConfigError, escaped

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

    from filebridge.config.source import Source

__all__ = ["NOWHERE", "Place", "Problem", "nearest", "point", "refuse", "refuse_at", "render", "syntax"]

MARGIN = 5
ROOM = 112  # columns left of 120 for the text of a line, behind its number
LONGEST_WORD = 64


@dataclass(frozen=True)
class Place:
    """Where a key or a value stands: ``line`` and ``column`` from 1, ``end_column`` one past the last character.

    It is the first character of the text itself, inside the quotes if there are any; a block scalar has the
    place of its ``|`` or ``>``. What goes on over several lines ends, here, with its first. ``offset`` counts
    characters from the start of the file.
    """

    line: int
    column: int
    end_column: int
    offset: int


NOWHERE = Place(0, 0, 0, 0)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a configuration.

    ``path`` leads to the key or value, ``what`` says what is wrong, ``found`` and ``expected`` what was
    written and what should be, ``near`` is the word that may have been meant. ``offset`` and
    ``length`` are a span of characters inside the scalar, for expressions and templates; with a
    ``length`` and ``offset`` of 0 the whole scalar or key is underlined.
    """

    path: tuple[str | int, ...]
    what: str
    found: str = ""
    expected: str = ""
    near: str = ""
    on: Literal["key", "value"] = "value"
    offset: int = 0
    length: int = 0


def render(source: Source, problem: Problem) -> str:
    """Return ``problem`` as lines of text without a newline at the end: place, excerpt with caret, parts.

    A path that is not in the file is shown at its longest part that is; for a configuration given as
    a mapping there is no line to show.
    """
    return point(source, _located(source, problem), problem)


def refuse(source: Source, problems: Iterable[Problem]) -> ConfigError:
    """Return the error that reports all ``problems``, in the order of the file; the caller raises it.

    Its attribute ``problems`` holds them, in the same order.
    """
    return refuse_at(source, [(_located(source, problem), problem) for problem in problems])


def refuse_at(
    source: Source, located: Sequence[tuple[Place, Problem]], kind: type[ConfigError] = ConfigError
) -> ConfigError:
    """Return an error of ``kind`` for problems whose places are known, for text that has no paths yet."""
    ordered = sorted(located, key=lambda pair: (pair[0].line, pair[0].column))
    heading = f"{_clean(source.name)}: {len(ordered)} problem{'s' * (len(ordered) != 1)}"
    error = kind("\n".join([heading, *(point(source, place, problem) for place, problem in ordered)]))
    error.problems = tuple(problem for _, problem in ordered)
    return error


def point(source: Source, place: Place, problem: Problem) -> str:
    """Return ``problem`` as lines of text, shown at ``place``; line 0 means that there is no line to show."""
    where = f"{_clean(source.name)}:{place.line}:{place.column}" if place.line else _clean(source.name)
    path = _dotted(problem.path)
    lines = [": ".join(part for part in (where, path, _clean(problem.what)) if part)]
    if place.line:
        lines += _excerpt(source.lines[place.line - 1], place)
    for name, text in (("found", problem.found), ("expected", problem.expected), ("did you mean", problem.near)):
        if text:
            lines.append(f"  {name}: {_clean(text)}")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that ``word`` most likely stands for, or "" if none is near.

    Capitals, and whether words are joined by an underscore or a hyphen, make no difference.
    """
    if len(word) > LONGEST_WORD:
        return ""
    plain = {_folded(name): name for name in known}
    found = difflib.get_close_matches(_folded(word), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else ""


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_")


def _located(source: Source, problem: Problem) -> Place:
    place, exact = source.place(problem.path, problem.on)
    if not exact or not (problem.offset or problem.length):
        return place
    scalar = problem.path[-1] if problem.on == "key" and problem.path else _value(source.data, problem.path)
    # Escapes, folded lines and block scalars move the characters: there the whole scalar is underlined.
    ahead = str(scalar)[: problem.offset + problem.length]
    if not isinstance(scalar, str) or source.text[place.offset : place.offset + len(ahead)] != ahead:
        return place
    column = place.column + problem.offset
    return replace(
        place, column=column, end_column=column + max(problem.length, 1), offset=place.offset + problem.offset
    )


def _value(data: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]  # the path was found in the file, so each step can be taken
    return data


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if re.fullmatch(r"[\w-]+", step, re.ASCII) else f'"{_clean(step)}"'
            text += f".{name}" if text else name
    return text


def _clean(text: str) -> str:
    # Backslashes stay: what reaches this point may have been escaped already.
    shown = "".join(char if " " <= char <= "~" else escaped(char) for char in text[:2048])
    return shown if len(text) <= 2048 else shown + "..."


def _excerpt(line: str, place: Place) -> list[str]:
    start, end = place.column - 1, max(place.end_column - 1, place.column)
    marked = "".join(_fitting(_cells(line[start : min(end, start + ROOM)]), ROOM // 2))
    after = _cells(line[end : end + ROOM])
    left = max(ROOM // 3, ROOM - len(marked) - sum(map(len, after)))
    before = "".join(reversed(_fitting(_cells(line[max(0, start - ROOM) : start])[::-1], left)))
    rest = "".join(_fitting(after, ROOM - len(before) - len(marked)))
    return [
        f"{place.line:>{MARGIN}} | {before}{marked}{rest}".rstrip(),
        f"{'':>{MARGIN}} | {' ' * len(before)}{'^' * max(len(marked), 1)}",
    ]


def _cells(text: str) -> list[str]:
    # Backslashes stay: the line is to be found again in the file, and is told to double them where they are single.
    return [char if " " <= char <= "~" else escaped(char) for char in text]


def _fitting(cells: list[str], room: int) -> list[str]:
    if sum(map(len, cells)) <= room:
        return cells
    kept: list[str] = []
    for cell in cells:
        room -= len(cell)
        if room < len("..."):
            break
        kept.append(cell)
    return [*kept, "..."]


_UNSPACED = re.compile(r"\s*(?:- +)*(?P<key>[\w.-]+):(?P<value>[^\s:/].*)")
_CLOSED = re.compile(r"""(?:^|[:-])\s+(?P<mark>[{\["'])""")
_FIRST = "%@`*&!|>"


def syntax(text: str, error: MarkedYAMLError, opened: int | None) -> tuple[int, str, str]:
    """Return offset, what is wrong and what to write, for an error of the YAML parser.

    ``opened`` is the offset of the innermost bracket that is still open, or None. The wording does not
    depend on which of PyYAML's two parsers met the error.
    """
    at = error.problem_mark.index if error.problem_mark else 0
    begun = error.context_mark.index if error.context_mark else at
    context, problem = error.context or "", error.problem or ""
    start, end = _line(text, at)
    tab = re.match(r"[ -]*\t", text[start:end])
    if tab:
        return start + tab.end() - 1, "a tab in the indentation", "spaces; YAML allows no tab there"
    if "quoted scalar" in context:
        return _quoted(text, at, begun, problem)
    if "node content" in problem and text[at : at + 1] in ("]", "}", ","):
        return at, f"a {text[at]} where a value should be", "a value, or quotes around the whole value"
    first = begun if re.search("alias|anchor|block scalar|tag|directive", context) else at
    if text[first : first + 1] and text[first] in _FIRST:
        return first, f"a plain value cannot begin with {text[first]}", "quotes around the whole value"
    if opened is not None:
        return _unclosed(text, at, opened)
    return _misplaced(text, at, begun, problem)


def _quoted(text: str, at: int, begun: int, problem: str) -> tuple[int, str, str]:
    if "escape" in problem:
        slash = text.rfind("\\", begun, at + 1)
        return slash, "a backslash that begins no escape of YAML", "single quotes around the value, or \\\\ for each \\"
    quote = text[begun : begun + 1]
    return begun, "a quote that is never closed", f"a closing {quote}"


def _unclosed(text: str, at: int, opened: int) -> tuple[int, str, str]:
    closing = "]" if text[opened] == "[" else "}"
    if at >= len(text.rstrip()) or "\n" in text[opened:at]:
        return opened, f"a {text[opened]} that is never closed", f"a closing {closing}"
    return at, f"no comma and no {closing} before this", f"a comma, a {closing}, or quotes around the whole value"


def _misplaced(text: str, at: int, begun: int, problem: str) -> tuple[int, str, str]:
    start = _line(text, at)[0]
    for head in (start, _line(text, begun)[0], _line(text, len(text[:start].rstrip()))[0]):
        unspaced = _UNSPACED.match(text[slice(*_line(text, head))])
        if unspaced:
            key, value = unspaced.groups()
            return head + unspaced.end("key"), "no space after the colon", f"{key}: {value}"
    if "document start" in problem:
        return at, "text after the end of the document", "one document, without a line ... or ---"
    if text[start : at + 1].lstrip(" -?") == ":":
        return at, "no key before the colon", "key: value"
    if "expected ':'" in problem:
        return begun, "neither a key nor part of the value above", "key: value"
    closed = _CLOSED.search(text[start:at])
    if closed:
        return at, f"text after the end of a value that begins with {closed['mark']}", "quotes around the whole value"
    if ": " in text[start:at] and text[at : at + 1] == ":":
        return at, "a second colon in one value", "quotes around a value that contains ': '"
    if "not allowed" in problem and ": " in text[start:at]:
        return at, f"a plain value cannot begin with {text[at]}", "quotes around it, or a line of its own"
    if re.search("block (end|mapping|collection)|expected key|'-' indicator|mapping values", problem):
        return at, "an indentation that fits no line above", "the indentation of its neighbours"
    return at, f"no valid YAML: {problem}", ""


def _line(text: str, at: int) -> tuple[int, int]:
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end
