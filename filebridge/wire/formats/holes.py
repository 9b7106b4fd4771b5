"""Patterns with typed holes, compiled to regular expressions on bytes.

The search takes time in proportion to the message, whatever the simulator prints: no two quantifiers that could
match the same text stand side by side, and `{any}` never runs over the text that stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from filebridge.config.problems import nearest
from filebridge.config.simulator import Text
from filebridge.wire.formats.conversion import KINDS, source_bytes
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.numbers import NUMBER_WORDS, NumberWord, number_list_pattern, number_pattern

__all__ = ["Hole", "Pattern", "compile_pattern", "looks_regular"]

_TOKENS = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# A path may hold `\\data`, and a sentence `.*`; nobody prints a repeated class.
_REGULAR = re.compile(r"\\[dwsDWS]|\.[*+]|\[(?:0-9|a-z|A-Z)")
_SURELY_REGULAR = re.compile(r"\\[dwsDWS][*+]|\[(?:0-9|a-z|A-Z)[^\]]*\][*+]")
_SPACE = re.compile(rb"([ \t]*\n[ \t]*|[ \t]+)")
_MOST_HOLES = 32
_MOST_VALUES = 1000
_NOT_GLUED = rb"(?<![0-9A-Za-z_.+*-])(?<![0-9],)"
_BLANKS = rb"[ \t]*"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for values: the word for their type, how many, and where it stands in the pattern's text."""

    word: str
    count: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: one group for each of the ``holes``.

    ``lead`` is plain text with which each occurrence begins, empty where there is none.
    """

    regex: re.Pattern[bytes]
    lead: bytes
    holes: tuple[Hole, ...]


_Piece = Hole | bytes


def compile_pattern(source: str, text: Text) -> Pattern:
    """Return the compiled form of the text of a `find`; raises FieldProblem with the place of what is wrong in it."""
    _refuse_expression(source)
    pieces = _trimmed(list(_pieces(source, text)))
    _refuse_neighbours(source, pieces)
    holes = tuple(piece for piece in pieces if isinstance(piece, Hole) and piece.word != "any")
    _refuse_company(source, holes)
    regex = b"".join(_source(pieces, index, text.decimal) for index in range(len(pieces)))
    return Pattern(re.compile(regex), _lead(pieces[0]), holes)


def looks_regular(source: str) -> bool:
    """Return whether the text of a `find` may have been meant as a regular expression."""
    return _REGULAR.search(source) is not None


def _refuse_expression(source: str) -> None:
    meant = _SURELY_REGULAR.search(source)
    if meant is not None:
        expected = "`regex: '/.../'` with one group; or the text as it is printed, with holes, `{int}` and `{any}` say"
        raise FieldProblem(
            "find", "`find` takes no regular expression", found=meant[0], expected=expected, offset=meant.start(),
            length=len(meant[0]),
        )  # fmt: skip


def _problem(source: str, hole: Hole, what: str, expected: str, near: str = "") -> FieldProblem:
    found = source[hole.offset : hole.offset + hole.length]
    return FieldProblem("find", what, found=found, expected=expected, near=near, offset=hole.offset, length=hole.length)


def _pieces(source: str, text: Text) -> Iterator[_Piece]:
    """Cut the source into literal text, joined where braces are escaped, and holes."""
    literal, end = "", 0
    for match in _TOKENS.finditer(source):
        literal += source[end : match.start()]
        end = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
            continue
        if literal:
            yield source_bytes("find", literal, text)
        literal = ""
        yield _hole(source, match)
    if literal + source[end:]:
        yield source_bytes("find", literal + source[end:], text)


def _hole(source: str, match: re.Match[str]) -> Hole:
    word, colon, count = (match[1] or "").partition(":")
    number = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
    hole = Hole(word, number, match.start(), len(match[0]))
    if match[1] is None:
        raise _problem(source, hole, "a brace on its own", f"`{match[0] * 2}` for a brace of the text")
    known = [*KINDS, "any"]
    if word not in known:
        raise _problem(source, hole, "an unknown hole", ", ".join(f"{{{one}}}" for one in known), nearest(word, known))
    if not colon:
        return Hole(word, 1, hole.offset, hole.length)
    if not 1 <= hole.count <= _MOST_VALUES:
        raise _problem(source, hole, "not a number of values", f"`{{{word}:3}}`, from 1 to {_MOST_VALUES}")
    if word not in NUMBER_WORDS or word == "flag":
        raise _problem(source, hole, "a vector of what is no number", "a vector of float, int, hex or octal")
    return hole


def _trimmed(pieces: list[_Piece]) -> list[_Piece]:
    """Drop blanks at the ends that stand beside a hole: the pattern means the same, and its search is linear."""
    if len(pieces) > 1 and isinstance(pieces[0], bytes) and not pieces[0].strip(b" \t"):
        pieces = pieces[1:]
    if len(pieces) > 1 and isinstance(pieces[-1], bytes) and not pieces[-1].strip(b" \t"):
        pieces = pieces[:-1]
    return pieces


def _refuse_neighbours(source: str, pieces: list[_Piece]) -> None:
    text_before = False
    for index, piece in enumerate(pieces):
        if isinstance(piece, bytes):
            text_before = text_before or bool(piece.strip(b" \t"))
            continue
        last = index == len(pieces) - 1
        if piece.word == "any" and (last or index == 0):
            raise _problem(source, piece, "skips nothing at the end of a pattern", "a pattern without it")
        if piece.word == "any" and not text_before:
            raise _problem(source, piece, "skips from a place that no text marks", "some text before it")
        if piece.word in ("line", "text") and not last:
            rest = "line" if piece.word == "line" else "message"
            raise _problem(source, piece, f"takes the rest of the {rest}", "nothing behind it, or another hole")
        after = None if last else pieces[index + 1]
        if isinstance(after, Hole) and (piece.word != "any") == (after.word != "any"):
            raise _problem(source, after, "directly behind another hole", "some text or a blank in between")


def _refuse_company(source: str, holes: tuple[Hole, ...]) -> None:
    if not holes:
        raise FieldProblem("find", "no place for a value", found=source, expected="a hole such as `{float}`")
    if len(holes) > _MOST_HOLES:
        raise _problem(source, holes[_MOST_HOLES], f"more than {_MOST_HOLES} holes", "`{float:40}` for a long vector")
    for hole in holes if len(holes) > 1 else ():
        if hole.word not in NUMBER_WORDS or hole.word == "flag":
            raise _problem(source, hole, "not a number, in a pattern of several values", "a field of its own for it")


def _source(pieces: list[_Piece], index: int, decimal: str) -> bytes:
    piece = pieces[index]
    if isinstance(piece, bytes):
        return _literal(pieces, index)
    if piece.word == "any":
        return _any(pieces[:index])
    after = pieces[index + 1] if index + 1 < len(pieces) else b""
    before = pieces[index - 1] if index else None
    loose = before is None or isinstance(before, Hole) or (_is_blank(before) and _word_of(pieces, index - 2) == "any")
    return _start(piece.word, loose, before) + b"(" + _value(piece, after, decimal) + b")"


def _value(hole: Hole, after: _Piece, decimal: str) -> bytes:
    if hole.word == "word":
        return rb"[^\s]+"
    if hole.word == "line":
        return rb"[^\n]*"
    if hole.word == "text":
        return rb"[\s\S]*"
    word: NumberWord = hole.word  # type: ignore[assignment]  # what is left are the number words
    if hole.count > 1:
        return number_list_pattern(word, hole.count, decimal)
    first = after[:1].decode("latin-1") if isinstance(after, bytes) else ""
    return number_pattern(word, decimal, first)


def _start(word: str, loose: bool, before: _Piece | None) -> bytes:
    """Return what must hold before a hole which no text stands before: that a value begins there."""
    if not loose:
        return rb"(?![ \t])" if word == "line" else b""
    if word in ("word", "flag", "hex", "octal") or (word == "line" and before is not None):
        return rb"(?<![^\s])"
    if word == "line":
        return rb"(?<![^\n])(?=[ \t]*[^\s])"
    return rb"(?=[\s\S])" if word == "text" else _NOT_GLUED


def _any(before: list[_Piece]) -> bytes:
    text = next(piece for piece in reversed(before) if isinstance(piece, bytes) and piece.strip(b" \t"))
    mark = text.rpartition(b"\n")[2].strip(b" \t")
    if not mark:
        return rb"[^\n]*?"
    runs = _SPACE.split(mark)
    body = b"".join(rb"[ \t]+" if odd % 2 else re.escape(run) for odd, run in enumerate(runs))
    return rb"(?:(?!" + body + rb")[^\n])*?"


def _literal(pieces: list[_Piece], index: int) -> bytes:
    text = pieces[index]
    assert isinstance(text, bytes)
    before, after = _word_of(pieces, index - 1), _word_of(pieces, index + 1)
    runs = _SPACE.split(text)
    parts = []
    for place, run in enumerate(runs):
        if place % 2 == 0:
            parts.append(re.escape(run))
            continue
        left = before if place == 1 and not runs[0] else None if place == 1 or runs[place - 1] else "\n"
        right = after if place == len(runs) - 2 and not runs[-1] else None
        parts.append(_space(run, left, right, runs[place - 1]))
    return b"".join(parts)


def _space(run: bytes, left: str | None, right: str | None, text: bytes) -> bytes:
    """Return what a run of white space matches; ``left`` and ``right`` are the words of holes beside it.

    ``left`` is "" at the start of the pattern and a newline behind a newline, ``right`` "" at the end; both are None
    beside text, where ``text`` is that on the left.
    """
    if b"\n" in run and left == "":
        # The beginning of a line, be it the first one of the message.
        return rb"(?m:^)" + (b"" if right in ("", "any") else _BLANKS)
    if b"\n" in run:
        ahead = b"" if left in ("any", "\n") else _BLANKS
        return ahead + rb"\r?\n" + (b"" if right in ("", "any") else _BLANKS)
    if left == "" or right == "":
        return rb"[ \t]"
    if "any" in (left, right):
        return b""
    if (left and right) or left == "word":
        return rb"[ \t]+"
    if right in ("word", "line", "text", "hex", "octal", "flag") and text[-1:].isalnum():
        # The blank in "room {word}" is the end of a word: "rooms" does not match.
        return rb"(?![0-9A-Za-z_])" + _BLANKS
    return _BLANKS if left or right else rb"[ \t]+"


def _word_of(pieces: list[_Piece], index: int) -> str | None:
    """Return the word of the hole at ``index``, "" beyond the ends, None for text."""
    if not 0 <= index < len(pieces):
        return ""
    piece = pieces[index]
    return piece.word if isinstance(piece, Hole) else None


def _is_blank(piece: _Piece) -> bool:
    return isinstance(piece, bytes) and not piece.strip(b" \t")


def _lead(piece: _Piece) -> bytes:
    return _SPACE.split(piece)[0] if isinstance(piece, bytes) else b""
