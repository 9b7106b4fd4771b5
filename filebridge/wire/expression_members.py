"""Single numbers of grids and arrays in expressions: as many indices as there are dimensions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from filebridge.wire.expression_kinds import Kind, Piece, Source

__all__ = ["chain", "member"]

_COUNTS = ("no", "one index", "two indices", "three indices")


def chain(node: ast.Subscript) -> tuple[ast.expr, list[ast.expr]]:
    """Return what is indexed in ``x[i][j]``, and all its indices."""
    indices = [node.slice]
    origin = node.value
    while isinstance(origin, ast.Subscript):
        indices.insert(0, origin.slice)
        origin = origin.value
    return origin, indices


def member(source: Source, node: ast.expr, origin: ast.expr, holder: Piece, indices: Sequence[ast.expr]) -> Piece:
    """Return one number of the grid or array ``holder``, at checked ``indices``; raises ExpressionProblem."""
    text = source.segment(origin)
    sizes = holder.shape if holder.kind is Kind.ARRAY else (0, 0)
    if len(indices) != len(sizes):
        count = _COUNTS[len(sizes)] if len(sizes) < len(_COUNTS) else f"{len(sizes)} indices"
        raise source.problem(node, f"`{text}` is {holder.held} and has {count}", _written(text, len(sizes)))
    if holder.kind is Kind.GRID:
        return Piece(_call("cell", [holder.node, *indices]), Kind.INTEGER)
    places = [_within(source, node, index, size, holder) for index, size in zip(indices, sizes, strict=True)]
    return Piece(_call("element", [holder.node, *places]), Kind.NUMBER)


def _within(source: Source, node: ast.expr, index: ast.expr, size: int, holder: Piece) -> ast.expr:
    """Return ``index``, counted from the front if it is a constant."""
    if not isinstance(index, ast.Constant) or not isinstance(index.value, int):
        return index
    if index.value not in range(-size, size):
        what = f"`{source.segment(node)}` does not exist in {holder.held}"
        raise source.problem(node, what, f"an index from 0 to {size - 1}")
    return ast.copy_location(ast.Constant(index.value % size), index)


def _written(text: str, count: int) -> str:
    return f"{text}[row][column]" if count == 2 else text + "".join(f"[{letter}]" for letter in "ijklmnop"[:count])


def _call(word: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(word, ast.Load()), arguments, [])
