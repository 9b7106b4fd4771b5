"""The checked tree of an expression: Python's own, with kinds inferred and every name turned into a place in a row.

Only the node types listed here exist. What reaches the compiler holds no attribute access, no name other than
the two rows and the functions, and no value of a kind that its operator was not made for.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from filebridge.wire.expression_kinds import (
    CONSTANTS,
    FUNCTIONS,
    NUMERIC,
    Function,
    Kind,
    Names,
    Piece,
    Source,
    common,
    nearest,
    power,
    widest,
)

__all__ = ["Lowering"]

DIGITS = 18


def _listed(words: Sequence[str], limit: int = 8) -> str:
    shown = list(words[:limit])
    return ", ".join(shown) + (", ..." if len(words) > limit else "")


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _kind_of(value: object) -> Kind:
    return Kind.FLAG if isinstance(value, bool) else Kind.INTEGER if isinstance(value, int) else Kind.NUMBER


_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_REFUSED: dict[type[ast.expr], tuple[str, str]] = {
    ast.Lambda: ("no functions can be made here", "one expression over named values"),
    ast.JoinedStr: ("no text can be put together here", 'plain text such as "over"'),
    ast.NamedExpr: ("nothing can be assigned here", "== to compare"),
    ast.List: ("a list stands only after `in` or in a function's brackets", "one value"),
    ast.Tuple: ("a list stands only after `in` or in a function's brackets", "one value"),
    ast.Slice: ("no part of a vector can be taken", "one index, such as vector[0]"),
    ast.Starred: ("nothing can be unpacked here", "the values one by one"),
    ast.Dict: ("no tables can be made here", "one value"),
    ast.Set: ("no sets can be made here", "a list in round brackets: x in (1, 2)"),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
        ("no loops here", "a function of a vector: sum, min, max, mean, len, count"),
    ),
}


class Lowering:
    """Turns parsed nodes into pieces; ``uses`` and ``uses_previous`` collect the names met on the way."""

    def __init__(self, source: Source, names: Names) -> None:
        self.source = source
        self.names = names
        self.uses: set[str] = set()
        self.uses_previous: set[str] = set()

    def piece(self, node: ast.expr) -> Piece:
        """Return ``node`` checked and rewritten; raises ExpressionProblem."""
        lower = _LOWER.get(type(node))
        if lower is None:
            what, expected = _REFUSED.get(type(node), ("this has no place in an expression", "values and operators"))
            raise self.source.problem(node, what, expected)
        piece = lower(self, node)
        ast.copy_location(piece.node, node)
        return piece

    def number(self, node: ast.expr) -> Piece:
        """Return ``node`` as a piece whose value counts as a number."""
        piece = self.piece(node)
        if piece.kind not in NUMERIC:
            self.unfit(node, piece)
        return piece

    def unfit(self, node: ast.expr, piece: Piece) -> NoReturn:
        """Raise that ``piece`` stands where a number is due."""
        text = self.source.segment(node)
        if piece.kind is Kind.TEXT:
            shown = text if isinstance(node, ast.Constant) else f"`{text}`"
            raise self.source.problem(node, f"{shown} is text, a number is due", f'a number, or a comparison: {text} == "..."')
        if piece.kind is Kind.GRID:
            raise self.source.problem(node, f"`{text}` is a grid, a number is due", f"one of its cells, {text}[row][column]")
        held = f"{piece.length} number{'s' * (piece.length != 1)}" if piece.length else "numbers"
        raise self.source.problem(node, f"`{text}` holds {held}", f"one of them, {_members(text, piece.length)}")

    def constant(self, node: ast.Constant) -> Piece:
        """Accept numbers and text; True and False are constants too."""
        value = node.value
        if isinstance(value, str):
            return Piece(ast.Constant(value), Kind.TEXT)
        if isinstance(value, float) and math.isinf(value):
            raise self.source.problem(node, "this number is too large", "at most 1.7e308, or inf")
        if isinstance(value, int) and abs(value) >= 10**DIGITS:
            raise self.source.problem(node, f"this number has more than {DIGITS} digits", "a float, such as 1e20")
        if not isinstance(value, int | float):
            raise self.source.problem(node, f"`{self.source.segment(node)}` is no value here", "a number, text, True or False")
        return Piece(ast.Constant(value), _kind_of(value))

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
            value = CONSTANTS[word]
            return Piece(ast.Constant(value), _kind_of(value))
        self._unknown(node, word)

    def _place(self, row: str, word: str) -> Piece:
        slot = self.names[word]
        place = ast.Subscript(ast.Name(row, ast.Load()), ast.Constant(slot.index), ast.Load())
        return Piece(place, slot.kind, slot.length)

    def _unknown(self, node: ast.expr, word: str) -> NoReturn:
        known = sorted(self.names)
        choice = f"one of {_listed(known)}" if known else "a number; no names are known here"
        if not word and isinstance(node, ast.Attribute):
            raise self.source.problem(node, f"`.{node.attr}`: a value has no parts", choice)
        if word.lower() in ("true", "false"):
            raise self.source.problem(node, f"unknown name `{word}`", word.capitalize(), word.capitalize())
        if word.lower() in ("null", "none", "nil"):
            raise self.source.problem(node, f"unknown name `{word}`", "a comparison with a value; there is no empty value")
        if word in FUNCTIONS:
            raise self.source.problem(node, f"`{word}` is a function", FUNCTIONS[word].usage(word), word)
        if word.startswith("prev.") or word == "prev":
            near = nearest(word[5:], known)
            expected = f"prev. and a name: {_listed([f'prev.{name}' for name in known])}"
            raise self.source.problem(node, f"unknown name `{word}`", expected, f"prev.{near}" if near else "")
        whole, _, part = word.rpartition(".")
        if whole in self.names:
            parts = [name for name in known if name.startswith(f"{whole}.")]
            expected = f"one of {_listed(parts)}" if parts else f"`{whole}` alone"
            raise self.source.problem(node, f"`{whole}` has no part `{part}`", expected, nearest(word, parts))
        raise self.source.problem(node, f"unknown name `{word}`", choice, nearest(word, [*known, *CONSTANTS, *FUNCTIONS]))

    def _folded(self, origin: ast.expr, function: Callable[..., Any], pieces: Sequence[Piece]) -> Piece | None:
        """Return the value as a constant where nothing depends on a row; what always fails, fails now."""
        values = [piece.node.value for piece in pieces if isinstance(piece.node, ast.Constant)]
        if len(values) != len(pieces):
            return None
        try:
            value = function(*values)
        except (ArithmeticError, ValueError) as exc:
            text = self.source.segment(origin)
            raise self.source.problem(origin, f"`{text}` always fails: {exc}", "a value that exists") from exc
        return Piece(ast.Constant(value), _kind_of(value))

    def unary(self, node: ast.UnaryOp) -> Piece:
        """Accept a sign before a number, `not` before a condition."""
        inner = self.number(node.operand)
        if isinstance(node.op, ast.Not):
            return Piece(ast.UnaryOp(node.op, inner.node), Kind.FLAG)
        if type(node.op) not in _SIGNS:
            raise self.source.problem(node, "no operations on bits here", "not, to turn a condition round")
        folded = self._folded(node, _SIGNS[type(node.op)], [inner])
        return folded or Piece(ast.UnaryOp(node.op, inner.node), widest([inner.kind]))

    def arithmetic(self, node: ast.BinOp) -> Piece:
        """Accept + - * / // % and ** between numbers."""
        function = _ARITHMETIC.get(type(node.op))
        if function is None:
            raise self.source.problem(node, "no operations on bits or matrices here", "+ - * / // % ** and or not")
        left, right = self.number(node.left), self.number(node.right)
        folded = self._folded(node, function, [left, right])
        if folded is not None:
            return folded
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and _is_constant(right, 0):
            raise self.source.problem(node, f"`{self.source.segment(node)}` always divides by zero", "another divisor")
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, right)
        kind = Kind.NUMBER if isinstance(node.op, ast.Div) else widest([left.kind, right.kind])
        return Piece(ast.BinOp(left.node, node.op, right.node), kind)

    def _power(self, node: ast.BinOp, base: Piece, exponent: Piece) -> Piece:
        # Squares and cubes of floats are what rewards are made of; they need no bounds, a float has its own.
        if base.kind is Kind.NUMBER and (_is_constant(exponent, 2) or _is_constant(exponent, 3)):
            return Piece(ast.BinOp(base.node, node.op, exponent.node), Kind.NUMBER)
        return Piece(_call("power", [base.node, exponent.node]), Kind.NUMBER)

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
        if (body.kind, body.length) != (orelse.kind, orelse.length):
            what = f"`if` gives {_held(body)}, `else` gives {_held(orelse)}"
            raise self.source.problem(node, what, "the same kind of value on both sides")
        return Piece(chosen, body.kind, body.length)

    def comparison(self, node: ast.Compare) -> Piece:
        """Accept comparisons and chains of them, and a single `in`."""
        if isinstance(node.ops[0], ast.In | ast.NotIn) and len(node.ops) == 1:
            return self._membership(node)
        pieces = [self.piece(operand) for operand in (node.left, *node.comparators)]
        operands = [node.left, *node.comparators]
        for index, operator_ in enumerate(node.ops):
            self._comparable(node, operator_, operands[index : index + 2], pieces[index : index + 2])
        return Piece(ast.Compare(pieces[0].node, node.ops, [piece.node for piece in pieces[1:]]), Kind.FLAG)

    def _comparable(self, node: ast.Compare, op: ast.cmpop, operands: list[ast.expr], pieces: list[Piece]) -> None:
        if isinstance(op, ast.In | ast.NotIn):
            raise self.source.problem(node, "`in` stands alone, not in a chain", "two comparisons joined by and")
        if isinstance(op, ast.Is | ast.IsNot):
            raise self.source.problem(node, "values are not compared by `is`", "== or !=")
        texts = [piece.kind is Kind.TEXT for piece in pieces]
        if isinstance(op, ast.Eq | ast.NotEq) and any(texts):
            if not all(texts):
                what = f"{_held(pieces[0])} and {_held(pieces[1])} are never equal"
                raise self.source.problem(node, what, "the same kind of value on both sides")
            return
        for operand, piece in zip(operands, pieces, strict=True):
            if piece.kind not in NUMERIC:
                self.unfit(operand, piece)

    def _membership(self, node: ast.Compare) -> Piece:
        left, origin = self.piece(node.left), node.comparators[0]
        if left.kind not in NUMERIC and left.kind is not Kind.TEXT:
            self.unfit(node.left, left)
        if isinstance(origin, ast.List | ast.Tuple):
            held = [self.piece(element) for element in origin.elts]
            for element, piece in zip(origin.elts, held, strict=True):
                if piece.kind not in NUMERIC and piece.kind is not Kind.TEXT:
                    self.unfit(element, piece)
                if (piece.kind is Kind.TEXT) != (left.kind is Kind.TEXT):
                    what = f"{_held(left)} and {_held(piece)} are never equal"
                    raise self.source.problem(element, what, "values of the kind on the left of `in`")
            right: ast.expr = ast.copy_location(ast.Tuple([piece.node for piece in held], ast.Load()), origin)
        else:
            holder = self.piece(origin)
            if holder.kind is not (Kind.TEXT if left.kind is Kind.TEXT else Kind.VECTOR):
                expected = '("a", "b") or longer text' if left.kind is Kind.TEXT else "values in brackets: x in (1, 2)"
                raise self.source.problem(origin, f"{_held(left)} is never in {_held(holder)}", expected)
            right = holder.node
        return Piece(ast.Compare(left.node, node.ops, [right]), Kind.FLAG)

    def member(self, node: ast.Subscript) -> Piece:
        """Accept vector[i] and grid[row][column], where an index is a whole number."""
        if isinstance(node.value, ast.Subscript):
            grid = self.piece(node.value.value)
            if grid.kind is Kind.GRID:
                indices = [self._index(node.value.slice), self._index(node.slice)]
                return Piece(_call("cell", [grid.node, *(index.node for index in indices)]), Kind.INTEGER)
        holder, text = self.piece(node.value), self.source.segment(node.value)
        if holder.kind is Kind.GRID:
            raise self.source.problem(node, f"`{text}` is a grid and has two indices", f"{text}[row][column]")
        if holder.kind is not Kind.VECTOR:
            raise self.source.problem(node, f"`{text}` is {holder.kind.value} and has no members", f"`{text}` alone")
        index = self._index(node.slice)
        value = index.node.value if isinstance(index.node, ast.Constant) else None
        if value is None:
            return Piece(_call("at", [holder.node, index.node]), Kind.NUMBER)
        if holder.length and not -holder.length <= value < holder.length:
            what = f"`{self.source.segment(node)}` does not exist: `{text}` holds {_held(holder)}"
            raise self.source.problem(node, what, _members(text, holder.length))
        return Piece(ast.Subscript(holder.node, index.node, ast.Load()), Kind.NUMBER)

    def _index(self, node: ast.expr) -> Piece:
        index = self.piece(node)
        if index.kind not in (Kind.INTEGER, Kind.FLAG):
            text = self.source.segment(node)
            raise self.source.problem(node, f"an index is a whole number, `{text}` is {index.kind.value}", f"int({text})")
        return index

    def call(self, node: ast.Call) -> Piece:
        """Accept a call of one of FUNCTIONS with as many values, of the kinds, that it takes."""
        word = _dotted(node.func)
        function = FUNCTIONS.get(word)
        if function is None:
            last = word.rpartition(".")[2]
            near = last if last in FUNCTIONS else nearest(last, FUNCTIONS)
            shown = self.source.segment(node.func)
            raise self.source.problem(node.func, f"unknown function `{shown}`", f"one of {', '.join(sorted(FUNCTIONS))}", near)
        if node.keywords:
            raise self.source.problem(node, f"`{word}` takes no named values", function.usage(word))
        if not function.least <= len(node.args) <= function.most:
            what = f"`{word}` does not take {len(node.args)} value{'s' * (len(node.args) != 1)}"
            raise self.source.problem(node, what, function.usage(word))
        if function.vector and (function.vector != "or" or len(node.args) == 1):
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
        if holder.kind is Kind.GRID and word == "count":
            return Piece(_call("cells", [holder.node, *rest]), Kind.INTEGER)
        if holder.kind is not Kind.VECTOR:
            text = self.source.segment(origin)
            what = f"`{word}` wants a vector, `{text}` is {holder.kind.value}"
            raise self.source.problem(origin, what, function.usage(word))
        return Piece(_call(word, [holder.node, *rest]), function.result or Kind.NUMBER)

    def _literal(self, node: ast.List | ast.Tuple) -> Piece:
        if not node.elts:
            raise self.source.problem(node, "an empty list", "at least one number")
        held = [self.number(element).node for element in node.elts]
        return Piece(ast.copy_location(ast.Tuple(held, ast.Load()), node), Kind.VECTOR, len(held))


def _is_constant(piece: Piece, value: float) -> bool:
    return isinstance(piece.node, ast.Constant) and bool(piece.node.value == value)


def _call(word: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(word, ast.Load()), arguments, [])


def _held(piece: Piece) -> str:
    if piece.kind is not Kind.VECTOR:
        return piece.kind.value
    return f"{piece.length} number{'s' * (piece.length != 1)}" if piece.length else "numbers"


def _members(text: str, length: int) -> str:
    return f"{text}[0]" if length == 1 else f"{text}[0] ... {text}[{length - 1 if length else 'n'}]"


_LOWER: dict[type[ast.expr], Callable[[Lowering, Any], Piece]] = {
    ast.Constant: Lowering.constant,
    ast.Name: Lowering.name,
    ast.Attribute: Lowering.name,
    ast.UnaryOp: Lowering.unary,
    ast.BinOp: Lowering.arithmetic,
    ast.BoolOp: Lowering.logic,
    ast.Compare: Lowering.comparison,
    ast.IfExp: Lowering.choice,
    ast.Subscript: Lowering.member,
    ast.Call: Lowering.call,
}
