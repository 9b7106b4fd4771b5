"""Values of INI files, by section and key (`ini`).

They are read as Python's configparser reads them: lines that begin with `#` or `;` are comments, `=` or `:` stands
behind a key, capitals make no difference in keys but in sections, lines that are indented more than the key above them
go on with its value, and of several the last one counts. Unlike there, no section lends its values to others, what
stands above the first section may be read too, a blank line or a comment ends a value, and a line that is none of these
is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from filebridge.config.field import FieldModel
from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.errors import escaped
from filebridge.wire.formats.conversion import KINDS, conversion, source_bytes
from filebridge.wire.formats.keyvalue import value_source
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading

__all__ = ["reader"]

_DELIMITER = re.compile(rb"[=:]")
_Section = dict[bytes, list[bytes]]
_Sections = dict[bytes, _Section]


def reader(name: str, field: FieldModel, text: Text) -> Reading:
    """Return the reading of an `ini`: the value of a key in a section, above the first one where that is empty.

    A number, a flag or a word is the first thing there, and what follows (a unit) is ignored; a line or a text goes on
    to the end of the value. A key without a value is no number and no word. Reading raises ParseError for what is not
    of the field's type, and DecodeError. Raises FieldProblem for a path without a section or a key, and for a `pick`.
    """
    places = _places(field.ini or "", text)
    if field.pick != "last":
        raise FieldProblem("pick", "of several the last one counts", found=field.pick, expected="no `pick`")
    word = field.type or "float"
    convert, match = conversion(name, word, field, text), re.compile(value_source(word, text), re.DOTALL).match
    whole = word in ("line", "text")

    def read(message: bytes) -> Any:
        sections = _FILES.sections(message)
        for section, key in places:
            lines = sections.get(section, _EMPTY).get(key)
            if lines is not None:
                value = b"\n".join(lines)
                if whole:
                    return convert(value)
                token = match(value)
                return None if token is None else convert(token[0])
        return None

    return Reading(read, KINDS[word], missing=lambda message: _missing(_FILES.sections(message), places))


_EMPTY: _Section = {}


def _places(path: str, text: Text) -> list[tuple[bytes, bytes]]:
    """Return the section and the key that ``path`` may mean, the likeliest first: a slash may be a part of either."""
    parts = path.split("/")
    places = [("/".join(parts[:cut]), "/".join(parts[cut:])) for cut in range(len(parts) - 1, 0, -1)]
    if not places or not parts[-1].strip():
        what = "a section without a key" if places else "a key without its section"
        expected = f"`{path.rstrip('/') or 'SECTION'}/KEY`" if places else f"`SECTION/{path}`, or `/{path}` above all"
        raise FieldProblem("ini", what, found=path, expected=expected)
    return [
        (source_bytes("ini", section, text), source_bytes("ini", key.strip(), text).lower()) for section, key in places
    ]


def _missing(sections: _Sections, places: list[tuple[bytes, bytes]]) -> str:
    """Return in words what of the path there is not; "" where there is a key without a value."""
    for section, key in places:
        if section in sections:
            known = sections[section]
            where = f"in [{escaped(section, 80)}]" if section else "above the first section"
            return "" if key in known else f"no key `{escaped(key, 80)}` {where}" + _known(key, known, "key")
    section, _ = places[0]
    return f"no section [{escaped(section, 80)}]" + _known(section, filter(None, sections), "section")


def _known(name: bytes, names: Iterable[bytes], noun: str) -> str:
    known = [escaped(part, 40) for part in names]
    near = nearest(escaped(name, 40), known)
    return f" (it has {', '.join(known[:10]) or f'no {noun}'})" + (f"; did you mean `{near}`?" if near else "")


class _Files:
    """The sections of the last message, since several fields read the same one.

    It is known again by the identity of the bytes, which the pair of both holds alive; the pair is replaced as a
    whole, so that two threads at worst read twice.
    """

    def __init__(self) -> None:
        self._last: tuple[bytes | None, _Sections] = (None, {})

    def sections(self, message: bytes) -> _Sections:
        last = self._last
        if last[0] is message:
            return last[1]
        sections = _sections(message.split(b"\n"))
        self._last = (message, sections)
        return sections


_FILES = _Files()


def _sections(lines: Iterable[bytes]) -> _Sections:
    """Return the lines of each value by section and key."""
    section: _Section = {}
    value: list[bytes] | None = None
    sections, level = {b"": section}, 0
    for line in lines:
        bare = line.strip()
        if not bare or bare[0] in b"#;":
            value = None
            continue
        indent = len(line) - len(line.lstrip())
        if value is not None and indent > level:
            value.append(bare)
            continue
        level, value = indent, None
        if bare[0] == 91 and b"]" in bare[2:]:  # 91 is `[`
            section = sections.setdefault(bare[1 : bare.rindex(b"]")], {})
        elif (delimiter := _DELIMITER.search(bare)) and delimiter.start():
            section[bare[: delimiter.start()].rstrip().lower()] = value = [bare[delimiter.end() :].lstrip()]
    return sections
