"""What an exchange sends that is no line of text: a JSON document, binary numbers, an HTTP request."""

from __future__ import annotations

from filebridge.config import exchange as config_exchange
from filebridge.config.dialogues import framing_of
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.request import Pack
from filebridge.program.decks import outgoing_encoding
from filebridge.program.faults import Faults
from filebridge.program.requests import compile_request
from filebridge.program.trees import compile_tree
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Kind, Names
from filebridge.wire.packing import LayoutProblem, compile_pack

__all__ = ["compile_sent"]

Place = tuple[str | int, ...]

_NUMBERS = (Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.VECTOR)
_WORD = 1 << 32


def compile_sent(
    exchange: config_exchange.Exchange, names: Names, place: Place, config: Config, faults: Faults
) -> Template | None:
    """Return what ``exchange`` at ``place`` sends by `send_json`, `pack` or `request`, as the bytes that go out.

    None where it has none of them, or problems were added to ``faults``. A framing that puts a length in front does
    so with these bytes too.
    """
    if exchange.send_json is not None:
        line_end = "" if framing_of(config, exchange).length is not None else config.text.line_end
        encoding = outgoing_encoding(config.text.encoding)
        return compile_tree(exchange.send_json, names, (*place, "send_json"), faults, line_end, encoding)
    if exchange.pack is not None:
        return _packed(exchange.pack, names, (*place, "pack"), faults)
    if exchange.request is not None:
        return compile_request(exchange.request, names, (*place, "request"), config, faults)
    return None


def _packed(pack: Pack, names: Names, place: Place, faults: Faults) -> Template | None:
    values = [
        faults.expression(_expression(value), names, (*place, "values", number), *_NUMBERS)
        for number, value in enumerate(pack.values)
    ]
    compiled = [value for value in values if value is not None]
    if len(compiled) < len(values):
        return None
    try:
        return compile_pack(pack.layout, compiled, "pack")
    except LayoutProblem as problem:
        if any(known.path[: len(place)] == place for known in faults.problems):
            return None  # the rules have said what is wrong, and more of it
        at = (*place, "layout") if problem.number is None else (*place, "values", problem.number)
        faults.problems.append(Problem(at, problem.what, problem.found, problem.expected))
        return None


def _expression(value: str | int | float) -> str:
    """Return a number of the YAML as the text of an expression, which holds no number of very many digits."""
    if isinstance(value, int) and abs(value) >= _WORD:
        return f"{value // _WORD} * {_WORD} + {value % _WORD}"
    return value if isinstance(value, str) else repr(value)
