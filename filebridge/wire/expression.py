"""Expressions of the YAML: Python-like text over named values, checked and compiled once, evaluated every step."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from keyword import iskeyword
from types import CodeType, FunctionType
from typing import Any

from filebridge.errors import ExpressionError, escaped
from filebridge.wire.expression_kinds import (
    FUNCTIONS,
    NUMERIC,
    SUPPORT,
    ExpressionProblem,
    Kind,
    Names,
    Piece,
    Slot,
    Source,
    unfit,
)
from filebridge.wire.expression_tree import Lowering

__all__ = ["Expression", "ExpressionProblem", "Kind", "Names", "Slot", "failure", "parse", "together", "want"]

CHARACTERS = 2000
DEPTH = 60
_DEEP = f"the expression is nested more than {DEPTH} deep"
_SMALLER = "several smaller expressions, as computed fields"

_CALLS: dict[str, object] = {**{word: function.call for word, function in FUNCTIONS.items()}, **SUPPORT}
_GLOBALS: dict[str, object] = {"__builtins__": {}, **_CALLS}
_ROWS = ast.arguments([], [ast.arg("row"), ast.arg("previous")], None, [], [], None, [])

Row = list[object]


class Expression:
    """One accepted expression.

    ``kind`` is that of its value, ``length`` the number of values of a vector. ``uses`` and ``uses_previous`` are
    the names that it reads from the row and from the row of the step before. ``evaluate(row, previous)`` returns
    the value and raises what Python raises: ArithmeticError, ValueError, IndexError; see ``failure``.
    """

    __slots__ = ("evaluate", "kind", "length", "names", "source", "text", "tree", "uses", "uses_previous")

    def __init__(self, source: Source, text: str, lowering: Lowering, parsed: ast.expr) -> None:
        piece = lowering.piece(parsed)
        self.text = text
        self.source = source
        self.tree = piece.node
        self.kind = piece.kind
        self.length = piece.length
        self.uses = frozenset(lowering.uses)
        self.uses_previous = frozenset(lowering.uses_previous)
        self.names = {name: lowering.names[name] for name in sorted(self.uses | self.uses_previous)}
        self.evaluate: Callable[[Row, Row], Any] = _compiled(self.tree)

    def __reduce__(self) -> tuple[Any, ...]:
        return parse, (self.text, self.names)


def parse(text: str, names: Names) -> Expression:
    """Return ``text`` compiled over ``names``; raises ExpressionProblem, and nothing else, when it cannot be."""
    flat = re.sub(r"[\t\r\n]", " ", text)
    body = flat.strip(" ")
    source = Source(body, len(flat) - len(flat.lstrip(" ")))
    if len(text) > CHARACTERS:
        what = f"the expression has {len(text)} characters, at most {CHARACTERS} are read"
        raise source.problem_at(0, len(body), what, _SMALLER)
    if not body:
        raise source.problem_at(0, 0, "the expression is empty", "a value, such as 0")
    _scan(source, names)
    parsed = _parsed(source)
    if _too_deep(parsed):
        raise source.problem_at(0, len(body), _DEEP, _SMALLER)
    return Expression(source, text, Lowering(source, names), parsed)


def together(expressions: Sequence[Expression]) -> Callable[[Row, Row], tuple[Any, ...]]:
    """Return one function that evaluates all ``expressions`` in order into a tuple; cheaper than one call for each."""
    return _compiled(ast.Tuple([expression.tree for expression in expressions], ast.Load()))


def want(expression: Expression, *kinds: Kind) -> Expression:
    """Return ``expression`` if its value serves as one of ``kinds``, else raise ExpressionProblem.

    A flag serves as a whole number, and a whole number as a number; nothing else is converted.
    """
    serves = {expression.kind}
    if expression.kind in NUMERIC:
        serves.add(Kind.NUMBER)
    if expression.kind is Kind.FLAG:
        serves.add(Kind.INTEGER)
    if serves & set(kinds):
        return expression
    source, tree, due = expression.source, expression.tree, " or ".join(kind.value for kind in kinds)
    if expression.kind not in NUMERIC and NUMERIC & set(kinds):
        raise unfit(source, tree, Piece(tree, expression.kind, expression.length))
    what = f"`{source.body}` is {expression.kind.value}, {due} is due"
    expected = f"a comparison, such as {source.body} > 0" if Kind.FLAG in kinds else due
    raise source.problem_at(0, len(source.body), what, expected)


# What other languages write, with what is written here; longer signs first.
_SIGNS = {
    "===": "==", "!==": "!=", "<>": "!=", "&&": "and", "||": "or", "<<": "* 2 ** n", ">>": "// 2 ** n", ":=": "==",
    "->": "a if test else b", "=>": ">=", "=<": "<=", "^": "**", "&": "and", "|": "or", "~": "not", "!": "not",
    "=": "==", "?": "a if test else b", ";": "one expression", "{": "( )", "}": "( )", "@": "*", "\\": "one line",
    "$": "the name alone", "`": '"text" in plain quotes', "#": "the comment after the YAML's value",
}  # fmt: skip
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "XOR": "!=", "IF": "if", "ELSE": "else"}
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<quote>['"])|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<fine>[<>=!]=(?!=)|[\d.]+[\w.]*)|(?P<open>[(\[])|(?P<close>[)\]])"""
    r"""|(?P<sign>===|!==|<>|&&|\|\||<<|>>|:=|->|=>|=<|[&|^~!=?;{}@$`#\\])""",
    re.ASCII,
)
_PAIRS = {")": "(", "]": "[", "(": ")", "[": "]"}


def _scan(source: Source, names: Names) -> None:
    """Refuse what Python's parser would refuse too, but with less help, and what it would accept by surprise."""
    body, end, opened, quoted = source.body, 0, list[tuple[int, str]](), 0
    for match in _TOKEN.finditer(body):
        _plain(source, end, match.start())
        (start, end), found = match.span(), match.group()
        if match["text"]:
            if quoted and not body[quoted:start].strip():
                raise source.problem_at(start, end, "two texts in a row", "a comma between them")
            _quoted(source, start, found)
            quoted = end
        elif match["quote"]:
            raise source.problem_at(start, len(body), "the text has no closing quote", f"{found} at its end")
        elif match["sign"]:
            raise source.problem_at(start, end, f"`{found}` is not known", _SIGNS[found])
        elif match["word"] in _WORDS and found not in names:
            raise source.problem_at(start, end, f"unknown word `{found}`", _WORDS[found])
        elif match["word"] and body[end : end + 1] in ("'", '"') and not iskeyword(found):
            raise source.problem_at(start, end + 1, "text has no letters before its quotes", 'plain text: "over"')
        elif match["open"]:
            opened.append((start, found))
        elif match["close"] and (not opened or opened.pop()[1] != _PAIRS[found]):
            raise source.problem_at(start, end, f"`{found}` closes nothing", f"`{_PAIRS[found]}` before it")
    _plain(source, end, len(body))
    if opened:
        start, found = opened[-1]
        raise source.problem_at(start, start + 1, f"`{found}` is never closed", f"`{_PAIRS[found]}`")


def _plain(source: Source, start: int, end: int) -> None:
    odd = re.search("[^ -~]", source.body[start:end])
    if odd:
        what, index = f"the character {odd.group()!a} stands outside of quotes", start + odd.start()
        raise source.problem_at(index, index + 1, what, "plain ASCII letters, digits and signs")


def _quoted(source: Source, start: int, text: str) -> None:
    for index, letter in enumerate(text, start):
        if not letter.isprintable():
            raise source.problem_at(index, index + 1, f"the character {letter!a} in text", "printable characters")
    odd = re.search(r"\\[^\\'\"nrt]", re.sub(r"\\\\", "  ", text))
    if odd:
        index = start + odd.start()
        raise source.problem_at(index, index + 2, f"`{odd.group()}` in text", r"\\ for a backslash, or \n \r \t")


def _parsed(source: Source) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(source.body, mode="eval").body
    except SyntaxError as exc:
        start = min(max((exc.offset or 1) - 1, 0), len(source.body) - 1)
        lacks_else = re.search(r"\bif\b", source.body) and not re.search(r"\belse\b", source.body)
        expected = "a if test else b" if lacks_else else "an expression such as -abs(speed) if landed else 0"
        raise source.problem_at(start, start + 1, "this cannot be read as an expression", expected) from exc
    except (ValueError, MemoryError, RecursionError) as exc:
        raise source.problem_at(0, len(source.body), _DEEP, _SMALLER) from exc


def _too_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return bool(level)


def _compiled(tree: ast.expr) -> Callable[[Row, Row], Any]:
    whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(_ROWS, tree)))
    code = next(part for part in compile(whole, "<expression>", "eval").co_consts if isinstance(part, CodeType))
    # The last line of defence: an attribute, an import or an inner function would show up here.
    if not _CALLS.keys() >= set(code.co_names) or any(isinstance(part, CodeType) for part in code.co_consts):
        raise AssertionError(f"an expression compiled to {code.co_names}")
    return FunctionType(code, _GLOBALS, "expression")


def failure(expression: Expression, row: Row, previous: Row, error: Exception, label: str) -> ExpressionError:
    """Return what to raise after ``evaluate(row, previous)`` raised ``error``; ``label`` says whose value it was.

    The part that failed is found by evaluating the parts again, in order.
    """

    def value(node: ast.expr) -> Any:
        return _compiled(node)(row, previous)

    node, source = _blamed(expression.tree, value), expression.source
    start, end = source.span(node)
    low = max(0, min(start - 20, len(source.body) - 100))
    carets = " " * (start - low) + "^" * min(max(end - start, 1), 100 - (start - low))
    names = expression.names
    values = [f"{name} = {_shown(row, names[name])}" for name in sorted(expression.uses)]
    values += [f"prev.{name} = {_shown(previous, names[name])}" for name in sorted(expression.uses_previous)]
    what, cure = _explained(source, node, value, error)
    margin = "\n" + " " * len("  found: ")
    found = margin.join([source.body[low : low + 100], carets, *([f"with {', '.join(values)}"] if values else [])])
    return ExpressionError(f"{label}: {what}", found=found, cure=cure)


def _shown(row: Row, slot: Slot) -> str:
    if slot.index >= len(row):
        return "missing"
    value = row[slot.index]
    if slot.kind in (Kind.GRID, Kind.ARRAY):
        return f"{slot.kind.value} of {' x '.join(map(str, getattr(value, 'shape', ())))}"
    shown = escaped(value if isinstance(value, str) else repr(value))
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _blamed(node: ast.expr, value: Callable[[ast.expr], Any]) -> ast.expr:
    return next((_blamed(part, value) for part in _evaluated(node, value) if _fails(part, value)), node)


def _fails(node: ast.expr, value: Callable[[ast.expr], Any]) -> bool:
    try:
        value(node)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return True
    return False


def _evaluated(node: ast.expr, value: Callable[[ast.expr], Any]) -> Iterator[ast.expr]:
    """Yield the parts of ``node`` that Python evaluates, in order, leaving out what a condition skips."""
    if isinstance(node, ast.IfExp):
        yield node.test
        yield node.body if value(node.test) else node.orelse
    elif isinstance(node, ast.BoolOp):
        for part in node.values:
            yield part
            if bool(value(part)) is not isinstance(node.op, ast.And):
                return
    elif isinstance(node, ast.Compare):
        yield (left := node.left)
        for op, right in zip(node.ops, node.comparators, strict=True):
            yield right
            pair = ast.copy_location(ast.Compare(left, [op], [right]), node)
            if _fails(pair, value) or not value(pair):
                return
            left = right
    elif not isinstance(node, ast.Name | ast.Constant):
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        yield from (part for part in parts if isinstance(part, ast.expr) and not isinstance(part, ast.Name))


_CURES = {
    "log": "log(max({x}, 1e-9))", "log10": "log10(max({x}, 1e-9))", "sqrt": "sqrt(max({x}, 0))",
    "asin": "asin(clip({x}, -1, 1))", "acos": "acos(clip({x}, -1, 1))", "exp": "exp(min({x}, 700))",
}  # fmt: skip
_LARGE = ("the result is too large for a number", "bound what goes in with clip(x, low, high)")


def _explained(source: Source, node: ast.expr, value: Callable[[ast.expr], Any], error: Exception) -> tuple[str, str]:
    """Return what went wrong at ``node``, and a cure."""
    text = source.segment(node)
    if isinstance(node, ast.BinOp) and isinstance(error, ZeroDivisionError):
        return "division by zero", f"write {text} if {source.segment(node.right)} != 0 else 0"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or isinstance(error, TypeError):
        large = isinstance(error, OverflowError)
        return _LARGE if large else (f"{type(error).__name__}: {error}", "see that each value is there and of its kind")
    word, inner = node.func.id, source.segment(node.args[0])
    first, *rest = [value(argument) for argument in node.args]
    if isinstance(error, IndexError):
        sizes = getattr(first, "shape", None) or (len(first),)
        cure = " and ".join(f"0 ... {size - 1}" for size in sizes)
        return f"`{inner}` has no member {', '.join(map(str, rest))}", f"keep the index within {cure}, as clip() does"
    if word == "power":
        guard = "!=" if isinstance(error, ZeroDivisionError) else ">"
        return _LARGE if isinstance(error, OverflowError) else (str(error), f"write {text} if {inner} {guard} 0 else 0")
    if isinstance(first, float) and not math.isfinite(first):
        return f"{word} of {first}", f"write {text} if abs({inner}) < inf else 0"
    if isinstance(first, list | tuple):
        return f"{word} of an empty vector", f"write {text} if len({inner}) > 0 else 0"
    cure = _CURES.get(word, "a value for which " + word + " exists in place of {x}").format(x=inner)
    return f"{word} of {first}", f"write {cure}"
