"""What an expression may speak of: kinds of values, named slots, and the functions it may call."""

from __future__ import annotations

import ast
import enum
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filebridge.config.problems import nearest
from filebridge.wire.expression_arrays import ARRAY_SUPPORT

__all__ = [
    "CONSTANTS", "FUNCTIONS", "NUMERIC", "REFUSED", "SUPPORT", "ExpressionProblem", "Function", "Kind", "Names",
    "Piece", "Slot", "Source", "common", "kind_of", "members", "power", "unfit", "unknown", "widest",
]  # fmt: skip


class Kind(enum.Enum):
    """What a value is; the text is how an error names it."""

    INTEGER = "a whole number"
    NUMBER = "a number"
    FLAG = "a flag"
    TEXT = "text"
    VECTOR = "a vector"
    GRID = "a grid"
    ARRAY = "an array"


NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.FLAG})


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a named value stands in the row, what it is, and how many numbers a vector holds (0: not known).

    ``shape`` is that of an array.
    """

    index: int
    kind: Kind
    length: int = 0
    shape: tuple[int, ...] = ()


Names = Mapping[str, Slot]


class ExpressionProblem(ValueError):
    """An expression that cannot be accepted, found at load time.

    ``what`` is wrong, ``found`` is the part of the text at fault, ``expected`` says what to write instead
    and ``near`` is the nearest known word, each empty where there is none. ``offset`` and ``length`` are the
    span of the part in characters of the text.
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


def kind_of(value: object) -> Kind:
    """Return the kind of a plain number or flag."""
    return Kind.FLAG if isinstance(value, bool) else Kind.INTEGER if isinstance(value, int) else Kind.NUMBER


def widest(kinds: Collection[Kind]) -> Kind:
    """Return the kind of the sum of values of numeric ``kinds``: flags count as whole numbers."""
    return Kind.NUMBER if Kind.NUMBER in kinds else Kind.INTEGER


def common(kinds: Sequence[Kind]) -> Kind:
    """Return the kind of a value that may be any one of those of numeric ``kinds``."""
    return kinds[0] if len(set(kinds)) == 1 else widest(kinds)


@dataclass(frozen=True, slots=True)
class Source:
    """The text that was parsed, and how many characters the original has before it."""

    body: str
    shift: int = 0

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return where ``node`` starts and ends in the body, in characters (the parser counts bytes)."""
        data = self.body.encode()
        start, end = node.col_offset, node.end_col_offset or node.col_offset
        return len(data[:start].decode()), len(data[:end].decode())

    def segment(self, node: ast.expr) -> str:
        """Return the text of ``node``."""
        start, end = self.span(node)
        return self.body[start:end]

    def problem(self, node: ast.expr, what: str, expected: str, near: str = "") -> ExpressionProblem:
        """Return the problem ``what`` about ``node``."""
        return self.problem_at(*self.span(node), what, expected, near)

    def problem_at(self, start: int, end: int, what: str, expected: str, near: str = "") -> ExpressionProblem:
        """Return the problem ``what`` about a part of the body."""
        part = self.body[start:end] if end - start <= 60 else self.body[start : start + 57] + "..."
        found = part if part.isprintable() else ascii(part)[1:-1]
        return ExpressionProblem(what, found, expected, near, start + self.shift, end - start)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an expression, ready to compile, with what is known of its value."""

    node: ast.expr
    kind: Kind
    length: int = 0
    shape: tuple[int, ...] = ()

    @property
    def held(self) -> str:
        """What the value is, for an error."""
        if self.kind is Kind.ARRAY:
            return f"an array of {' x '.join(map(str, self.shape))}"
        if self.kind is not Kind.VECTOR or not self.length:
            return str(self.kind.value)
        return f"{self.length} number{'s' * (self.length != 1)}"


_EXPONENT, _WHOLE = 1024, 2**63


def power(base: Any, exponent: Any) -> Any:
    """Return ``base ** exponent`` within bounds: whole numbers up to 2**63, floats beyond, never a complex number.

    Raises OverflowError when the result is no float, ValueError for a fractional power of a negative number and
    ZeroDivisionError for a negative power of zero.
    """
    if isinstance(base, int) and isinstance(exponent, int) and 0 <= exponent <= _EXPONENT:
        # The estimate comes first: a number of a million digits must not be made in order to be refused.
        if (base.bit_length() - 1) * exponent <= 64:
            whole = base**exponent
            if -_WHOLE <= whole <= _WHOLE:
                return whole
        return float(base) ** exponent
    if base == 0 and exponent < 0:
        raise ZeroDivisionError("a negative power of zero")
    result = float(base) ** float(exponent)
    if isinstance(result, complex):
        raise ValueError("a fractional power of a negative number")
    return result


def at(vector: Sequence[Any], index: int) -> Any:
    """Return ``vector[index]``; a computed index that fell below 0 is an IndexError, not a look from the end."""
    if index < 0:
        raise IndexError("index below 0")
    return vector[index]


def count(vector: Sequence[Any], value: Any) -> int:
    """Return how many numbers of ``vector`` equal ``value``."""
    return list(vector).count(value)


def clip(x: Any, low: Any, high: Any) -> Any:
    """Return the number nearest to ``x`` within ``low`` and ``high``; nan stays nan."""
    return low if x < low else high if x > high else x


def mean(vector: Sequence[Any]) -> float:
    """Return the sum divided by the length."""
    return float(sum(vector) / len(vector))


def sign(x: Any) -> int:
    """Return -1, 0 or 1; raises ValueError for nan, which has none."""
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x == 0:
        return 0
    raise ValueError("nan has no sign")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that an expression may call.

    ``usage`` shows what goes into its brackets, ``least`` and ``most`` how many values. ``result`` is the kind
    returned; None means that of the arguments taken together. ``vector`` says where a vector enters: "" nowhere,
    "first" as the first value, "alone" as the only value, numbers being taken when there are more.
    """

    call: Callable[..., Any]
    usage: str = "x"
    least: int = 1
    most: int = 1
    result: Kind | None = Kind.NUMBER
    vector: str = ""


FUNCTIONS: dict[str, Function] = {
    "abs": Function(abs, result=None),
    "min": Function(min, "x, y", 1, 64, None, "alone"),
    "max": Function(max, "x, y", 1, 64, None, "alone"),
    "round": Function(round, "x, digits", 1, 2),
    "floor": Function(math.floor, result=Kind.INTEGER),
    "ceil": Function(math.ceil, result=Kind.INTEGER),
    "log": Function(math.log, "x, base", 1, 2),
    "atan2": Function(math.atan2, "y, x", 2, 2),
    "hypot": Function(math.hypot, "x, y", 2, 2),
    "sum": Function(sum, "vector", vector="first"),
    "mean": Function(mean, "vector", vector="first"),
    "len": Function(len, "vector", result=Kind.INTEGER, vector="first"),
    "count": Function(count, "vector, value", 2, 2, Kind.INTEGER, "first"),
    "clip": Function(clip, "x, low, high", 3, 3, None),
    "sign": Function(sign, result=Kind.INTEGER),
    "int": Function(int, result=Kind.INTEGER),
    "float": Function(float),
    "bool": Function(bool, result=Kind.FLAG),
    "isnan": Function(math.isnan, result=Kind.FLAG),
    **{call.__name__: Function(call) for call in (math.sqrt, math.exp, math.log10, math.sin, math.cos, math.tan)},
    **{call.__name__: Function(call) for call in (math.asin, math.acos, math.atan)},
}

SUPPORT: dict[str, Callable[..., Any]] = {"power": power, "at": at, **ARRAY_SUPPORT}
CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
_LIST = ("a list stands only after `in` or in a function's brackets", "one value")
_LOOP = ("no loops here", "a function of a vector: sum, min, max, mean, len, count")
REFUSED: dict[type[ast.expr], tuple[str, str]] = {
    ast.Lambda: ("no functions can be made here", "one expression over named values"),
    ast.List: _LIST,
    ast.Tuple: _LIST,
    ast.ListComp: _LOOP,
    ast.GeneratorExp: _LOOP,
    ast.Slice: ("no part of a vector can be taken", "one index, such as vector[0]"),
    ast.Starred: ("nothing can be unpacked here", "the values one by one"),
}


def _listed(words: Sequence[str], limit: int = 24) -> str:
    return ", ".join(words[:limit]) + (", ..." if len(words) > limit else "")


def members(text: str, length: int) -> str:
    """Return how the numbers of the vector ``text`` are written."""
    return f"{text}[0]" if length == 1 else f"{text}[0] ... {text}[{length - 1 if length else 'n'}]"


def unfit(source: Source, node: ast.expr, piece: Piece) -> ExpressionProblem:
    """Return what to say of ``piece`` where a number is due."""
    text = source.segment(node)
    if piece.kind is Kind.TEXT:
        shown = text if isinstance(node, ast.Constant) else f"`{text}`"
        return source.problem(node, f"{shown} is text, a number is due", f'a number, or a comparison: {text} == "..."')
    if piece.kind is Kind.GRID:
        return source.problem(node, f"`{text}` is a grid, a number is due", f"one of its cells, {text}[row][column]")
    if piece.kind is Kind.ARRAY:
        expected = f"one of its numbers, {text}{'[0]' * len(piece.shape)}, or a function of all, such as mean({text})"
        return source.problem(node, f"`{text}` is {piece.held}, a number is due", expected)
    return source.problem(node, f"`{text}` holds {piece.held}", f"one of them, {members(text, piece.length)}")


_FOREIGN = {"true": "True", "false": "False", **dict.fromkeys(("null", "none", "nil"), "a value; none is empty")}


def unknown(source: Source, node: ast.expr, word: str, names: Names) -> ExpressionProblem:
    """Return what to say of the name ``word``, which is not known."""
    known = sorted(names)
    choice = f"one of {_listed(known)}" if known else "a number; no names are known here"
    if isinstance(node, ast.Attribute) and not word:
        return source.problem(node, f"`.{node.attr}`: a value has no parts", choice)
    if word.lower() in _FOREIGN:
        return source.problem(node, f"unknown name `{word}`", _FOREIGN[word.lower()])
    if word in FUNCTIONS:
        return source.problem(node, f"`{word}` is a function", f"{word}({FUNCTIONS[word].usage})")
    if word.startswith("prev.") or word == "prev":
        written = [f"prev.{name}" for name in known]
        return source.problem(node, f"unknown name `{word}`", f"one of {_listed(written)}", nearest(word, written))
    whole, _, part = word.rpartition(".")
    if whole in names:
        parts = [name for name in known if name.startswith(f"{whole}.")]
        expected = f"one of {_listed(parts)}" if parts else f"`{whole}` alone"
        return source.problem(node, f"`{whole}` has no part `{part}`", expected, nearest(word, parts))
    return source.problem(node, f"unknown name `{word}`", choice, nearest(word, [*known, *CONSTANTS, *FUNCTIONS]))
