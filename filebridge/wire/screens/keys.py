"""Keys by their names: what a terminal sends when they are pressed."""

from __future__ import annotations

import re

from filebridge.config.problems import nearest

__all__ = ["NAMED", "KeyProblem", "keys"]

NAMED = {
    "esc": "\x1b",
    "enter": "\r",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    # Full-screen programs put the keypad into its application mode, in which an arrow begins with ESC O.
    "up": "\x1bOA",
    "down": "\x1bOB",
    "right": "\x1bOC",
    "left": "\x1bOD",
    "home": "\x1bOH",
    "end": "\x1bOF",
    "insert": "\x1b[2~",
    "delete": "\x1b[3~",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    **{f"f{number}": f"\x1bO{final}" for number, final in enumerate("PQRS", 1)},
    **{f"f{number}": f"\x1b[{code}~" for number, code in enumerate((15, 17, 18, 19, 20, 21, 23, 24), 5)},
    "lt": "<",
}
"""What the named keys send: those of an xterm, which are a vt100's where that has them."""

_FOREIGN = {
    "return": "enter", "cr": "enter", "escape": "esc", "bs": "backspace", "del": "delete", "ins": "insert",
    "pgup": "pageup", "prior": "pageup", "pgdn": "pagedown", "next": "pagedown", "less": "lt", "<": "lt",
}  # fmt: skip
_PART = re.compile(r"<(alt-[<>]|[^<>]+|<)>|<|[^<]+", re.IGNORECASE)
_CONTROL = re.compile(r"(?:ctrl-|\^)(.)", re.IGNORECASE | re.DOTALL)
_ALT = re.compile(r"alt-(.)", re.IGNORECASE | re.DOTALL)
_EXPECTED = "`<esc>`, `<enter>`, `<up>`, `<f1>`, `<ctrl-l>`, `<alt-x>` or the like, and `<lt>` for `<` itself"


class KeyProblem(ValueError):
    """A text of keys that cannot be pressed, found at load time.

    ``what`` is wrong, ``found`` is the part of the text at fault, ``expected`` says what to write instead and ``near``
    is the nearest known key, "" where there is none. ``offset`` and ``length`` are the span of the part in characters.
    """

    def __init__(self, what: str, found: str, expected: str, near: str, offset: int, length: int) -> None:
        super().__init__(what, found, expected, near, offset, length)
        self.what = what
        self.found = found
        self.expected = expected
        self.near = near
        self.offset = offset
        self.length = length

    def __str__(self) -> str:
        parts = [("found", self.found), ("expected", self.expected), ("near", self.near)]
        return "\n  ".join([self.what, *(f"{name}: {value}" for name, value in parts if value)])


def keys(text: str, encoding: str = "utf-8") -> bytes:
    """Return what a terminal sends when the keys of ``text`` are pressed, in ``encoding``.

    Characters stand for themselves; a name in angle brackets is a key of NAMED, ``<ctrl-l>`` or ``<^L>`` for a control
    character, ``<alt-x>`` for ESC and the character; capitals make no difference in names. Raises KeyProblem for a name
    that is not known, for a bracket that is not closed, and for characters that the encoding does not have.
    """
    return b"".join([_pressed(part, encoding) for part in _PART.finditer(text)])


def _pressed(part: re.Match[str], encoding: str) -> bytes:
    name = part[1]
    if part[0] == "<":
        raise _problem(part, "a `<` that no `>` closes", _EXPECTED)
    sent = part[0] if name is None else _named(name)
    if sent is None:
        raise _problem(part, "no key has this name", _EXPECTED, _near(name))
    try:
        return sent.encode(encoding)
    except UnicodeEncodeError as exc:
        raise _problem(part, f"a character that {encoding} does not have", "other keys, or another encoding") from exc


def _named(name: str) -> str | None:
    plain = name.casefold()
    if plain in NAMED:
        return NAMED[plain]
    control, alt = _CONTROL.fullmatch(name), _ALT.fullmatch(name)
    if alt:
        return "\x1b" + alt[1]
    letter = control[1].upper() if control else ""
    if letter == "?":
        return "\x7f"
    return chr(ord(letter) - 64) if len(letter) == 1 and "@" <= letter <= "_" else None


def _near(name: str) -> str:
    word = _FOREIGN.get(name.casefold()) or nearest(name, NAMED)
    if not word and name[:4].casefold() in ("ctrl", "cont"):
        word = "ctrl-l"
    return f"<{word}>" if word else ""


def _problem(part: re.Match[str], what: str, expected: str, near: str = "") -> KeyProblem:
    found = part[0] if part[0].isprintable() else ascii(part[0])[1:-1]
    return KeyProblem(what, found[:60], expected, near, part.start(), len(part[0]))
