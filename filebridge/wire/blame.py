"""Which of several expressions it was that gave nothing to send, found after the fact."""

from __future__ import annotations

from collections.abc import Sequence

from filebridge.errors import BridgeError, ParseError
from filebridge.wire.expression import Expression, failure

__all__ = ["FAILURES", "blame"]

Row = list[object]

FAILURES = (ArithmeticError, ValueError, TypeError, IndexError)
"""What the evaluation of accepted expressions, and the formatting of their values, can raise."""


def blame(
    expressions: Sequence[Expression], row: Row, previous: Row, error: Exception, label: str
) -> BridgeError:
    """Return what to raise after filling in ``expressions`` raised ``error``; ``label`` is the key they stand below."""
    culprit = expressions[0]
    for expression in expressions:
        try:
            value = expression.evaluate(row, previous)
        except FAILURES as cause:
            return failure(expression, row, previous, cause, label)
        if value is None:
            culprit = expression
            break
    return ParseError(
        f"`{culprit.text}` cannot be sent",
        found=str(error),
        cure="it may have no value yet: give the field a `default`",
    )
