"""Expressions of the YAML: Python-like text over named values, checked and compiled once, evaluated every step."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
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
    Slot,
    Source,
)
from filebridge.wire.expression_tree import Lowering

__all__ = ["Expression", "ExpressionProblem", "Kind", "Names", "Slot", "failure", "parse", "together", "want"]

CHARACTERS = 2000
DEPTH = 60

_CALLS: dict[str, object] = {**{word: function.call for word, function in FUNCTIONS.items()}, **SUPPORT}
_GLOBALS: dict[str, object] = {"__builtins__": {}, **_CALLS}

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

    def __repr__(self) -> str:
        return f"<Expression {self.text!r}: {self.kind.value}>"


def parse(text: str, names: Names) -> Expression:
    """Return ``text`` compiled over ``names``; raises ExpressionProblem, and nothing else, when it cannot be."""
    flat = re.sub(r"[ \t\r\n]", " ", text)
    body = flat.strip(" ")
    source = Source(body, len(flat) - len(flat.lstrip(" ")))
    if len(text) > CHARACTERS:
        what = f"the expression has {len(text)} characters"
        raise ExpressionProblem(what, text[:20] + "...", f"at most {CHARACTERS}; use computed fields", "", 0, len(text))
    if not body:
        raise ExpressionProblem("the expression is empty", "", "a value, such as 0", "", 0, len(text))
    _scan(source, names)
    parsed = _parsed(source)
    if _too_deep(parsed):
        what = f"the expression is nested more than {DEPTH} deep"
        raise source.problem_at(0, len(body), what, "several smaller expressions, as computed fields")
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
    source, body = expression.source, expression.source.body
    expected = " or ".join(kind.value for kind in kinds)
    held = f" of {expression.length} numbers" if expression.length else ""
    what = f"`{body}` is {expression.kind.value}{held}, {expected} is due"
    if expression.kind is Kind.VECTOR and expression.tree.__class__ is ast.Subscript:
        expected = f"one of them, {body}[0] ... {body}[{max(expression.length - 1, 0)}]"
    raise source.problem_at(0, len(body), what, expected)


# What other languages write, with what is written here; longer signs first.
_SIGNS = {
    "===": "==", "!==": "!=", "<>": "!=", "&&": "and", "||": "or", "<<": "* 2 ** n", ">>": "// 2 ** n", ":=": "==",
    "->": "a if test else b", "^": "**", "&": "and", "|": "or", "~": "not", "!": "not", "=": "==",
    "?": "a if test else b", ";": "one expression", "{": "( )", "}": "( )", "@": "*", "$": "the name alone",
    "`": '"text" in plain quotes', "#": "the comment after the YAML's value", "\\": "one line",
}  # fmt: skip
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "XOR": "!=", "IF": "if", "ELSE": "else"}
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_]\w*)|(?P<fine>[<>=!]=(?!=)|[\d.]+[\w.]*)"""
    r"""|(?P<sign>===|!==|<>|&&|\|\||<<|>>|:=|->|[&|^~!=?;{}@$`#\\])|(?P<open>[(\[])|(?P<close>[)\]])|(?P<quote>['"])""",
    re.ASCII,
)
_PAIRS = {")": "(", "]": "["}


def _scan(source: Source, names: Names) -> None:
    """Refuse what Python's parser would refuse too, but with less help, and what it would accept by surprise."""
    body, position, opened = source.body, 0, []
    for match in _TOKEN.finditer(body):
        _plain(source, position, match.start())
        position = match.end()
        start, token = match.start(), match.group()
        if match["text"]:
            _quoted(source, start, token)
        elif match["quote"]:
            raise source.problem_at(start, len(body), "the text has no closing quote", f"{token} at its end")
        elif match["sign"]:
            raise source.problem_at(start, position, f"`{token}` is not known", _SIGNS[token])
        elif match["word"] in _WORDS and token not in names:
            raise source.problem_at(start, position, f"unknown word `{token}`", _WORDS[token], _WORDS[token])
        elif match["word"] and body[position : position + 1] in ("'", '"') and token not in _BEFORE_TEXT:
            raise source.problem_at(start, position + 1, "text has no letters before its quotes", 'plain text: "over"')
        elif match["open"]:
            opened.append((start, token))
        elif match["close"] and (not opened or opened.pop()[1] != _PAIRS[token]):
            raise source.problem_at(start, position, f"`{token}` closes nothing", f"`{_PAIRS[token]}` before it")
    _plain(source, position, len(body))
    if opened:
        start, token = opened[-1]
        raise source.problem_at(start, start + 1, f"`{token}` is never closed", f"`{')' if token == '(' else ']'}`")


_BEFORE_TEXT = ("in", "and", "or", "not", "if", "else")


def _plain(source: Source, start: int, end: int) -> None:
    for index in range(start, end):
        if not " " <= source.body[index] <= "~":
            what = f"the character {ascii(source.body[index])} stands outside of quotes"
            raise source.problem_at(index, index + 1, what, "plain ASCII letters, digits and signs")


def _quoted(source: Source, start: int, token: str) -> None:
    for index, letter in enumerate(token, start):
        if not letter.isprintable():
            raise source.problem_at(index, index + 1, f"the character {ascii(letter)} in text", "printable characters")
    odd = re.search(r"\\[^\\'\"nrt]", re.sub(r"\\\\", "  ", token))
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
        raise source.problem_at(
            start, start + 1, "this cannot be read as an expression", "an expression such as -abs(speed) if landed else 0"
        ) from exc
    except (ValueError, MemoryError, RecursionError) as exc:
        what = "the expression is too deep to be read"
        raise source.problem_at(0, len(source.body), what, "several smaller expressions") from exc


def _too_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return bool(level)


_ROWS = ast.arguments(
    posonlyargs=[], args=[ast.arg("row"), ast.arg("previous")], kwonlyargs=[], kw_defaults=[], defaults=[]
)


def _compiled(tree: ast.expr) -> Callable[[Row, Row], Any]:
    whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(_ROWS, tree)))
    code = next(part for part in compile(whole, "<expression>", "eval").co_consts if isinstance(part, CodeType))
    # The last line of defence: an attribute, an import or an inner function would show up here.
    assert set(code.co_names) <= set(_CALLS) and not any(isinstance(part, CodeType) for part in code.co_consts)
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
    window = source.body[low : low + 100]
    carets = " " * (start - low) + "^" * min(max(end - start, 1), 100 - (start - low))
    values = [f"{name} = {_shown(row, slot)}" for name, slot in expression.names.items() if name in expression.uses]
    values += [
        f"prev.{name} = {_shown(previous, slot)}"
        for name, slot in expression.names.items()
        if name in expression.uses_previous
    ]
    what, cure = _explained(source, node, value, error)
    margin = "\n" + " " * len("  found: ")
    found = margin.join([window, carets, *([f"with {', '.join(values)}"] if values else [])])
    return ExpressionError(f"{label}: {what}", found=found, cure=cure)


def _shown(row: Row, slot: Slot) -> str:
    if slot.index >= len(row):
        return "missing"
    value = row[slot.index]
    if slot.kind is Kind.GRID:
        return f"a grid of {' x '.join(map(str, getattr(value, 'shape', ())))}"
    shown = escaped(value) if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _blamed(node: ast.expr, value: Callable[[ast.expr], Any]) -> ast.expr:
    for part in _evaluated(node, value):
        try:
            value(part)
        except Exception:
            return _blamed(part, value)
    return node


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
        yield node.left
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            yield right
            if not value(ast.copy_location(ast.Compare(left, [op], [right]), node)):
                return
            left = right
    elif not isinstance(node, ast.Name | ast.Constant):
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        yield from (part for part in parts if isinstance(part, ast.expr) and not isinstance(part, ast.Name))


def _explained(
    source: Source, node: ast.expr, value: Callable[[ast.expr], Any], error: Exception
) -> tuple[str, str]:
    """Return what went wrong at ``node``, and a cure."""
    text = source.segment(node)
    if isinstance(error, ZeroDivisionError) and isinstance(node, ast.BinOp):
        return "division by zero", f"{text} if {source.segment(node.right)} != 0 else 0"
    if isinstance(error, OverflowError):
        return "the result is too large for a number", f"bound what goes in: clip({_inner(source, node)}, low, high)"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return f"{type(error).__name__}: {error}", "check that every value used is of its kind"
    word, arguments = node.func.id, [value(argument) for argument in node.args]
    inner = _inner(source, node)
    if isinstance(error, IndexError):
        return f"no such member, index {arguments[-1]}", f"bound the index: clip({inner}, 0, last)"
    if any(isinstance(argument, float) and not math.isfinite(argument) for argument in arguments):
        return f"{word} of {arguments[0]}", f"0 if isnan({inner}) else {text}"
    return word, inner
