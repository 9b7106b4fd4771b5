"""The checked tree of an expression: Python's own, with kinds inferred and names turned into places in a row.

Only the node types of the table at the end exist. What reaches the compiler holds no attribute access, no name
but the two rows and the functions, and no value of a kind that its operator was not made for.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from filebridge.config.problems import nearest
from filebridge.wire.expression_arrays import OF_ARRAY, OF_GRID
from filebridge.wire.expression_kinds import (
    CONSTANTS,
    FUNCTIONS,
    NUMERIC,
    REFUSED,
    Function,
    Kind,
    Names,
    Piece,
    Source,
    common,
    kind_of,
    members,
    power,
    unfit,
    unknown,
    widest,
)
from filebridge.wire.expression_members import chain, member

__all__ = ["Lowering"]
DIGITS = 18
_CELLED = {Kind.GRID: OF_GRID, Kind.ARRAY: OF_ARRAY}


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: power,
}  # fmt: skip
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


class Lowering:
    """Turns parsed nodes into pieces; ``uses`` and ``uses_previous`` collect the names met on the way."""

    def __init__(self, source: Source, names: Names) -> None:
        self.source = source
        self.problem = source.problem
        self.names = names
        self.uses: set[str] = set()
        self.uses_previous: set[str] = set()

    def piece(self, node: ast.expr) -> Piece:
        """Return ``node`` checked and rewritten; raises ExpressionProblem."""
        lower = _LOWER.get(type(node))
        if lower is None:
            what, expected = REFUSED.get(type(node), ("this has no place in an expression", "values and operators"))
            raise self.problem(node, what, expected)
        piece = lower(self, node)
        ast.copy_location(piece.node, node)
        return piece

    def number(self, node: ast.expr) -> Piece:
        """Return ``node`` as a piece whose value counts as a number."""
        piece = self.piece(node)
        if piece.kind not in NUMERIC:
            raise unfit(self.source, node, piece)
        return piece

    def constant(self, node: ast.Constant) -> Piece:
        """Accept numbers and text; True and False are constants too."""
        value = node.value
        if isinstance(value, str):
            return Piece(ast.Constant(value), Kind.TEXT)
        if isinstance(value, float) and math.isinf(value):
            raise self.problem(node, "this number is too large", "at most 1.7e308, or inf")
        if isinstance(value, int) and abs(value) >= 10**DIGITS:
            raise self.problem(node, f"this number has more than {DIGITS} digits", "a float, such as 1e20")
        if not isinstance(value, int | float):
            raise self.problem(node, f"`{self.source.segment(node)}` is no value here", "a number, text, True or False")
        return Piece(ast.Constant(value), kind_of(value))

    def name(self, node: ast.expr) -> Piece:
        """Turn a name, dotted or not, into a constant place in the row or in the previous one."""
        word = _dotted(node)
        if word in self.names:
            self.uses.add(word)
            return self._place("row", word)
        if word.startswith("prev.") and word[5:] in self.names:
            self.uses_previous.add(word[5:])
            return self._place("previous", word[5:])
        if word in CONSTANTS:
            return Piece(ast.Constant(CONSTANTS[word]), Kind.NUMBER)
        raise unknown(self.source, node, word, self.names)

    def _place(self, row: str, word: str) -> Piece:
        slot = self.names[word]
        place = ast.Subscript(ast.Name(row, ast.Load()), ast.Constant(slot.index), ast.Load())
        return Piece(place, slot.kind, slot.length, slot.shape)

    def _folded(self, origin: ast.expr, function: Callable[..., Any], pieces: Sequence[Piece]) -> Piece | None:
        """Return the value as a constant where nothing depends on a row; what always fails, fails now."""
        values = [piece.node.value for piece in pieces if isinstance(piece.node, ast.Constant)]
        if len(values) != len(pieces):
            return None
        try:
            value = function(*values)
        except (ArithmeticError, ValueError) as exc:
            text = self.source.segment(origin)
            raise self.problem(origin, f"`{text}` always fails: {exc.args[-1]}", "a value that exists") from exc
        return Piece(ast.Constant(value), kind_of(value))

    def unary(self, node: ast.UnaryOp) -> Piece:
        """Accept a sign before a number, `not` before a condition."""
        inner = self.number(node.operand)
        if isinstance(node.op, ast.Not):
            return Piece(ast.UnaryOp(node.op, inner.node), Kind.FLAG)
        if type(node.op) not in _SIGNS:
            raise self.problem(node, "no operations on bits here", "not, to turn a condition round")
        folded = self._folded(node, _SIGNS[type(node.op)], [inner])
        return folded or Piece(ast.UnaryOp(node.op, inner.node), widest([inner.kind]))

    def arithmetic(self, node: ast.BinOp) -> Piece:
        """Accept + - * / // % and ** between numbers."""
        function = _ARITHMETIC.get(type(node.op))
        if function is None:
            raise self.problem(node, "no operations on bits or matrices here", "+ - * / // % ** and or not")
        left, right = self.number(node.left), self.number(node.right)
        folded = self._folded(node, function, [left, right])
        if folded is not None:
            return folded
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and _is_constant(right, 0):
            raise self.problem(node, f"`{self.source.segment(node)}` always divides by zero", "another divisor")
        # Squares and cubes of floats are what rewards are made of; they need no bounds, a float has its own.
        light = left.kind is Kind.NUMBER and (_is_constant(right, 2) or _is_constant(right, 3))
        if isinstance(node.op, ast.Pow) and not light:
            return Piece(_call("power", [left.node, right.node]), Kind.NUMBER)
        kind = Kind.NUMBER if isinstance(node.op, ast.Div) else widest([left.kind, right.kind])
        return Piece(ast.BinOp(left.node, node.op, right.node), kind)

    def logic(self, node: ast.BoolOp) -> Piece:
        """Accept `and` and `or`; as in Python the result is one of the operands."""
        pieces = [self.number(value) for value in node.values]
        return Piece(ast.BoolOp(node.op, [piece.node for piece in pieces]), common([piece.kind for piece in pieces]))

    def choice(self, node: ast.IfExp) -> Piece:
        """Accept `a if test else b` where a and b are of one kind."""
        test, body, orelse = self.number(node.test), self.piece(node.body), self.piece(node.orelse)
        chosen = ast.IfExp(test.node, body.node, orelse.node)
        if body.kind in NUMERIC and orelse.kind in NUMERIC:
            return Piece(chosen, common([body.kind, orelse.kind]))
        if (body.kind, body.length, body.shape) != (orelse.kind, orelse.length, orelse.shape):
            what = f"`if` gives {body.held}, `else` gives {orelse.held}"
            raise self.problem(node, what, "the same kind of value on both sides")
        return Piece(chosen, body.kind, body.length, body.shape)

    def comparison(self, node: ast.Compare) -> Piece:
        """Accept comparisons and chains of them, and a single `in`."""
        left = self.piece(node.left)
        if isinstance(node.ops[0], ast.In | ast.NotIn) and len(node.ops) == 1:
            return Piece(ast.Compare(left.node, node.ops, [self._holder(node, left)]), Kind.FLAG)
        origins, pieces = [node.left, *node.comparators], [left, *map(self.piece, node.comparators)]
        for index, operator_ in enumerate(node.ops):
            self._comparable(node, operator_, origins[index : index + 2], pieces[index : index + 2])
        return Piece(ast.Compare(left.node, node.ops, [piece.node for piece in pieces[1:]]), Kind.FLAG)

    def _comparable(self, node: ast.Compare, op: ast.cmpop, origins: list[ast.expr], pieces: list[Piece]) -> None:
        if isinstance(op, ast.In | ast.NotIn):
            raise self.problem(node, "`in` stands alone, not in a chain", "two comparisons joined by and")
        if isinstance(op, ast.Is | ast.IsNot):
            raise self.problem(node, "values are not compared by `is`", "== or !=")
        texts = isinstance(op, ast.Eq | ast.NotEq)
        for origin, piece in zip(origins, pieces, strict=True):
            if piece.kind not in NUMERIC and not (texts and piece.kind is Kind.TEXT):
                raise unfit(self.source, origin, piece)
        self._alike(node, *pieces)

    def _alike(self, node: ast.expr, left: Piece, right: Piece) -> None:
        if (left.kind is Kind.TEXT) != (right.kind is Kind.TEXT):
            what = f"{left.held} and {right.held} are never equal"
            raise self.problem(node, what, "the same kind of value on both sides")

    def _holder(self, node: ast.Compare, left: Piece) -> ast.expr:
        origin = node.comparators[0]
        if left.kind not in NUMERIC and left.kind is not Kind.TEXT:
            raise unfit(self.source, node.left, left)
        if isinstance(origin, ast.List | ast.Tuple):
            return ast.copy_location(ast.Tuple([self._element(part, left) for part in origin.elts], ast.Load()), origin)
        holder = self.piece(origin)
        if holder.kind is not (Kind.TEXT if left.kind is Kind.TEXT else Kind.VECTOR):
            expected = '("a", "b") or longer text' if left.kind is Kind.TEXT else "values in brackets: x in (1, 2)"
            raise self.problem(origin, f"{left.held} is never in {holder.held}", expected)
        return holder.node

    def _element(self, node: ast.expr, left: Piece) -> ast.expr:
        element = self.piece(node)
        if element.kind not in NUMERIC and element.kind is not Kind.TEXT:
            raise unfit(self.source, node, element)
        self._alike(node, left, element)
        return element.node

    def member(self, node: ast.Subscript) -> Piece:
        """Accept vector[i], grid[row][column] and array[i]..., where an index is a whole number."""
        origin, indices = chain(node)
        holder = self.piece(origin)
        if holder.kind in _CELLED:
            return member(self.source, node, origin, holder, [self._index(index).node for index in indices])
        holder, text = holder if len(indices) == 1 else self.piece(node.value), self.source.segment(node.value)
        if holder.kind is not Kind.VECTOR:
            raise self.problem(node, f"`{text}` is {holder.held} and has no members", f"`{text}` alone")
        index = self._index(node.slice).node
        if not isinstance(index, ast.Constant):
            return Piece(_call("at", [holder.node, index]), Kind.NUMBER)
        if holder.length and index.value not in range(-holder.length, holder.length):
            what = f"`{self.source.segment(node)}` does not exist: `{text}` holds {holder.held}"
            raise self.problem(node, what, members(text, holder.length))
        return Piece(ast.Subscript(holder.node, index, ast.Load()), Kind.NUMBER)

    def _index(self, node: ast.expr) -> Piece:
        index = self.piece(node)
        if index.kind not in (Kind.INTEGER, Kind.FLAG):
            text = self.source.segment(node)
            raise self.problem(node, f"an index is a whole number, `{text}` is {index.kind.value}", f"int({text})")
        return index

    def call(self, node: ast.Call) -> Piece:
        """Accept a call of one of FUNCTIONS with as many values, of the kinds, that it takes."""
        word = _dotted(node.func)
        function = FUNCTIONS.get(word)
        if function is None:
            last = word.rpartition(".")[2]
            near = last if last in FUNCTIONS else nearest(last, FUNCTIONS)
            what = f"unknown function `{self.source.segment(node.func)}`"
            raise self.problem(node.func, what, f"one of {', '.join(sorted(FUNCTIONS))}", near)
        if node.keywords:
            raise self.problem(node, f"`{word}` takes no named values", f"{word}({function.usage})")
        if not function.least <= len(node.args) <= function.most:
            what = f"`{word}` does not take {len(node.args)} value{'s' * (len(node.args) != 1)}"
            raise self.problem(node, what, f"{word}({function.usage})")
        if function.vector == "first" or (function.vector and len(node.args) == 1):
            return self._reduction(node, word, function)
        pieces = [self.number(argument) for argument in node.args]
        if word == "round":
            return self._rounding(node, pieces)
        kind = function.result or widest([piece.kind for piece in pieces])
        return self._folded(node, function.call, pieces) or Piece(_call(word, [piece.node for piece in pieces]), kind)

    def _rounding(self, node: ast.Call, pieces: list[Piece]) -> Piece:
        if len(pieces) == 2:
            self._index(node.args[1])
        kind = Kind.INTEGER if len(pieces) == 1 else widest([pieces[0].kind])
        return self._folded(node, round, pieces) or Piece(_call("round", [piece.node for piece in pieces]), kind)

    def _reduction(self, node: ast.Call, word: str, function: Function) -> Piece:
        origin = node.args[0]
        holder = self._literal(origin) if isinstance(origin, ast.List | ast.Tuple) else self.piece(origin)
        rest = [self.number(argument).node for argument in node.args[1:]]
        if word in _CELLED.get(holder.kind, ()):
            return Piece(_call(_CELLED[holder.kind][word], [holder.node, *rest]), function.result or Kind.NUMBER)
        if holder.kind is not Kind.VECTOR:
            text = self.source.segment(origin)
            what = f"`{word}` wants a vector, `{text}` is {holder.kind.value}"
            raise self.problem(origin, what, f"{word}({function.usage})")
        return Piece(_call(word, [holder.node, *rest]), function.result or Kind.NUMBER)

    def _literal(self, node: ast.List | ast.Tuple) -> Piece:
        if not node.elts:
            raise self.problem(node, "an empty list", "at least one number")
        numbers = [self.number(element).node for element in node.elts]
        return Piece(ast.copy_location(ast.Tuple(numbers, ast.Load()), node), Kind.VECTOR, len(numbers))


def _is_constant(piece: Piece, value: float) -> bool:
    return isinstance(piece.node, ast.Constant) and bool(piece.node.value == value)


def _call(word: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(word, ast.Load()), arguments, [])


_LOWER: dict[type[ast.expr], Callable[[Lowering, Any], Piece]] = {
    ast.Constant: Lowering.constant, ast.Name: Lowering.name, ast.Attribute: Lowering.name,
    ast.UnaryOp: Lowering.unary, ast.BinOp: Lowering.arithmetic, ast.BoolOp: Lowering.logic,
    ast.Compare: Lowering.comparison, ast.IfExp: Lowering.choice, ast.Subscript: Lowering.member,
    ast.Call: Lowering.call,
}  # fmt: skip
