"""Mistakes found while a configuration is compiled, collected so that all are reported at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from filebridge.config.problems import Problem
from filebridge.wire.encoder import Template, compile_template
from filebridge.wire.expression import Expression, ExpressionProblem, Kind, Names, failure, parse, want

__all__ = ["Faults", "guarded"]

_NAME = re.compile("[a-z_][a-z0-9_]*")

Place = tuple[str | int, ...]
Row = list[object]

FAILURES = (ArithmeticError, ValueError, TypeError, IndexError)
"""What the evaluation of an accepted expression can raise on unlucky values."""


class Faults:
    """Compiles expressions and templates; what cannot be compiled becomes a problem and None.

    ``lost`` are the names of which no more is known than that they are wrong: an expression that uses one cannot be
    judged, so nothing is said about it but which names in it are unknown.
    """

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        self.problems: list[Problem] = list(problems)
        self.lost: set[str] = set()

    def expression(self, text: str, names: Names, place: Place, *kinds: Kind) -> Expression | None:
        """Return ``text`` compiled, its value one of ``kinds``, or None."""
        try:
            return want(parse(text, names), *kinds)
        except ExpressionProblem as problem:
            self._add(problem, place, text)
            return None

    def template(self, text: str, names: Names, place: Place, line_end: str, encoding: str) -> Template | None:
        """Return ``text`` compiled as a template, or None."""
        try:
            return compile_template(text, names, line_end, encoding)
        except ExpressionProblem as problem:
            self._add(problem, place, text)
        except UnicodeEncodeError as error:
            self.problems.append(
                Problem(place, f"a character that {encoding} lacks", text[error.start : error.end], "another encoding")
            )
        return None

    def _add(self, problem: ExpressionProblem, place: Place, text: str) -> None:
        if self.lost.intersection(_NAME.findall(text)) and not problem.what.startswith("unknown name"):
            return
        self.problems.append(
            Problem(
                place, problem.what, problem.found, problem.expected, problem.near, offset=problem.offset, length=max(
                    1, problem.length
                )
            )
        )


def guarded(expression: Expression, label: str) -> Callable[[Row, Row], object]:
    """Return ``expression`` as a function whose failures are ExpressionError, called ``label`` there."""
    evaluate = expression.evaluate

    def evaluated(row: Row, previous: Row) -> object:
        try:
            return evaluate(row, previous)
        except FAILURES as error:
            raise failure(expression, row, previous, error, label) from error

    return evaluated
