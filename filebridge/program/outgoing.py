"""What an exchange sends, as the bytes that go out: lines, keys, documents, numbers, requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from filebridge.config import exchange as config_exchange
from filebridge.config.framing import Framing
from filebridge.config.model import Config
from filebridge.program.decks import outgoing_encoding
from filebridge.program.faults import Faults
from filebridge.program.sends import compile_sent
from filebridge.program.writes import compile_press
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Names
from filebridge.wire.lengths import heading

__all__ = ["Outgoing"]

Row = list[object]
Place = tuple[str | int, ...]


class Outgoing:
    """Compiles what the exchanges of one phase send, over the ``names`` that are known in it."""

    def __init__(self, config: Config, names: Names, faults: Faults) -> None:
        self._config = config
        self._names = names
        self._faults = faults
        self._encoding = clean_encoding(config.text.encoding)

    def compile(self, exchange: config_exchange.Exchange, framing: Framing, place: Place) -> Template | None:
        """Return what ``exchange`` at ``place`` sends; None where it sends nothing, or problems were added.

        Where a length is in front of what the program says there is one in front of what it is told, and no line end.
        """
        if exchange.press is not None:
            return compile_press(exchange.press, self._names, (*place, "press"), self._config, self._faults)
        head = heading(framing.length) if framing.length is not None else None
        line_end = self._config.text.line_end if framing.length is None else ""
        if isinstance(exchange.send, list):
            lines = enumerate(exchange.send)
            return _joined([self._line(line, (*place, "send", number), line_end, head) for number, line in lines])
        if exchange.send is not None:
            return self._line(exchange.send, (*place, "send"), line_end, head)
        return _headed(compile_sent(exchange, self._names, place, self._config, self._faults), head)

    def _line(
        self, line: str, place: Place, line_end: str, head: Callable[[bytes], bytes] | None
    ) -> Template | None:
        template = self._faults.template(line, self._names, place, line_end, self._encoding)
        if template is None or self._encoding == self._config.text.encoding:
            return _headed(template, head)
        encode, inner, outer = template.encode, self._encoding, outgoing_encoding(self._config.text.encoding)
        return _headed(
            replace(template, encode=lambda row, previous: encode(row, previous).decode(inner).encode(outer)), head
        )


def _headed(template: Template | None, head: Callable[[bytes], bytes] | None) -> Template | None:
    if template is None or head is None:
        return template
    encode = template.encode
    return replace(template, encode=lambda row, previous: head(encode(row, previous)))


def _joined(lines: list[Template | None]) -> Template:
    known = [line for line in lines if line is not None]
    encodes = [line.encode for line in known]
    return Template(
        lambda row, previous: b"".join([encode(row, previous) for encode in encodes]),
        frozenset[str]().union(*(line.uses for line in known)),
        frozenset[str]().union(*(line.uses_previous for line in known)),
    )
