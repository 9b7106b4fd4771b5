"""The dialogues of a configuration, compiled into phases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from filebridge.config import exchange as config_exchange
from filebridge.config.dialogues import draws_screen, framing_of
from filebridge.config.exchange import Alternative, Framing
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source
from filebridge.program.awaiting import awaited_by
from filebridge.program.decks import outgoing_encoding
from filebridge.program.decoder import Decoder
from filebridge.program.faults import Faults, guarded
from filebridge.program.sends import compile_sent
from filebridge.program.slots import ACTIONS, Slots
from filebridge.program.writes import compile_press, compile_writes
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.dialogue import Exchange, Phase
from filebridge.wire.encoder import Template
from filebridge.wire.expression import Expression, Kind, Names
from filebridge.wire.framing import Cut, End, compile_cut, entire, never

__all__ = ["compile_phases"]

Row = list[object]
Place = tuple[str | int, ...]


def compile_phases(
    config: Config, slots: Slots, decoder: Decoder, faults: Faults, folder: Path | None
) -> dict[str, Phase]:
    """Return the phases "start", "reset", "step" and "stop"; one without exchanges is empty.

    ``folder`` is where relative paths start.
    """
    reset = list(config.reset.exchanges) if config.reset else []
    known = len(faults.problems)
    early = slots.without_action()
    plans: list[tuple[str, Sequence[config_exchange.Exchange], Place, Names]] = [
        ("start", config.start, ("start",), early),
        ("reset", reset, ("reset", "exchanges"), early),
        ("step", config.step, ("step",), slots.names),
        ("stop", config.stop, ("stop",), slots.names),
    ]
    phases = {
        name: _Compiler(
            config, names, decoder, faults, folder
        ).phase(name, exchanges, place) for name, exchanges, place, names in plans
    }
    faults.problems[known:] = [_of_early_action(problem) for problem in faults.problems[known:]]
    return phases


def _of_early_action(problem: Problem) -> Problem:
    if problem.path[0] not in ("start", "reset") or problem.found.partition(".")[0] != "action":
        return problem
    return replace(
        problem, what="there is no action yet", expected="an exchange in `step` for what depends on the action", near=""
    )


class _Compiler:
    """Compiles the exchanges of one phase over the names that are known in it."""

    def __init__(
        self, config: Config, names: Names, decoder: Decoder, faults: Faults, folder: Path | None
    ) -> None:
        self._config = config
        self._names = names
        self._decoder = decoder
        self._faults = faults
        self._folder = folder
        self._encoding = clean_encoding(config.text.encoding)

    def phase(self, name: str, exchanges: Sequence[config_exchange.Exchange], place: Place) -> Phase:
        compiled: list[Exchange] = []
        later: set[str] = set()
        for number in range(len(exchanges) - 1, -1, -1):
            exchange, used, repeated = self._exchange(exchanges[number], (*place, number), later)
            compiled.insert(0, exchange)
            later |= used | repeated
        return Phase(name, tuple(compiled), self._only(compiled, exchanges), unprompted=name == "start")

    def _only(self, compiled: list[Exchange], exchanges: Sequence[config_exchange.Exchange]) -> Exchange | None:
        if len(compiled) != 1 or exchanges[0].answer or self._config.text.echo == "strip":
            return None
        only = compiled[0]
        plain = only.when is None and only.repeat is None and only.awaited == 1 and only.read is None
        plain = plain and only.fresh is None
        return only if plain and not only.quiet and not only.silent else None

    def _exchange(
        self, exchange: config_exchange.Exchange, place: Place, later: set[str]
    ) -> tuple[Exchange, set[str], set[str]]:
        framing = framing_of(self._config, exchange)
        template = self._said(exchange, place)
        files, written = compile_writes(
            exchange, self._names, place, self._config, self._folder, self._faults, ACTIONS
        )
        when = self._condition(exchange.when, (*place, "when"))
        repeat = self._condition(exchange.repeat.until if exchange.repeat else None, (*place, "repeat", "until"))
        fresh = self._condition(exchange.fresh, (*place, "fresh"))
        for condition, at in ((repeat, (*place, "repeat", "until")), (fresh, (*place, "fresh"))):
            if condition is not None and not condition.uses & set(self._config.fields):
                self._endless(condition, at)
        used = set(template.uses if template else ()) | set(when.uses if when else ()) | written
        repeated = (set(repeat.uses) if repeat else set()) | (set(fresh.uses) if fresh else set())
        ends = [(end, End(self._names[end.label].index if end.label else -1)) for end in framing.until or ()]
        compiled = Exchange(
            encode=self._encode(template, exchange.press is not None),
            cut=self._cut(framing, ends, self._answers(exchange, place)),
            awaited=len(exchange.send) if isinstance(exchange.send, list) else 1,
            quiet=framing.quiet or 0.0,
            silent=exchange.silent or 0.0,
            exits=tuple((end.exit, which.label) for end, which in ends if end.exit is not None),
            when=guarded(when, "when") if when else None,
            repeat=guarded(repeat, "repeat") if repeat else None,
            every=exchange.repeat.every if exchange.repeat else 0.0,
            read=self._decoder.partly(later | repeated),
            files=files,
            fresh=guarded(fresh, "fresh") if fresh else None,
            awaiting=awaited_by(self._config, framing),
            has_until=any(end.exit is None for end in framing.until or ()),
            texts=tuple(end.text for end in framing.until or () if end.text is not None),
            condition=exchange.repeat.until if exchange.repeat else "",
            freshness=exchange.fresh or "",
        )
        return compiled, used, repeated

    def _cut(
        self, framing: Framing, ends: list[tuple[Alternative, End]], answers: list[tuple[Alternative, End]]
    ) -> Cut:
        try:
            cut = compile_cut(framing, ends, answers, self._encoded)
            return entire(cut) if draws_screen(self._config) else cut
        except (re.error, ValueError, OverflowError, RecursionError):
            # The rules have reported it, and a program with problems never runs.
            return never

    def _said(self, exchange: config_exchange.Exchange, place: Place) -> Template | None:
        if exchange.press is not None:
            return compile_press(exchange.press, self._names, (*place, "press"), self._config, self._faults)
        if exchange.send is not None:
            return self._template(exchange.send, (*place, "send"))
        return compile_sent(exchange, self._names, place, self._config, self._faults)

    def _template(self, send: str | list[str] | None, place: Place) -> Template | None:
        if send is None:
            return None
        if isinstance(send, str):
            return self._faults.template(send, self._names, place, self._config.text.line_end, self._encoding)
        lines = [
            self._faults.template(
                line, self._names, (*place, n), self._config.text.line_end, self._encoding
            ) for n, line in enumerate(send)
        ]
        known = [line for line in lines if line is not None]
        encodes = [line.encode for line in known]
        return Template(
            lambda row, previous: b"".join([encode(row, previous) for encode in encodes]),
            frozenset[str]().union(*(line.uses for line in known)),
            frozenset[str]().union(*(line.uses_previous for line in known)),
        )

    def _encode(self, template: Template | None, pressed: bool) -> Callable[[Row, Row], bytes] | None:
        if template is None:
            return None
        if pressed or self._encoding == self._config.text.encoding:
            return template.encode
        encode, inner, outer = template.encode, self._encoding, outgoing_encoding(self._config.text.encoding)
        return lambda row, previous: encode(row, previous).decode(inner).encode(outer)

    def _condition(self, text: str | None, place: Place) -> Expression | None:
        if text is None:
            return None
        return self._faults.expression(text, self._names, place, Kind.FLAG, Kind.INTEGER, Kind.NUMBER)

    def _endless(self, repeat: Expression, place: Place) -> None:
        expected = "an expression over at least one field of the reply"
        self._faults.problems.append(
            Problem(place, "nothing that the simulator says can end this repetition", repeat.text, expected)
        )

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._encoding, "surrogateescape")

    def _answers(self, exchange: config_exchange.Exchange, place: Place) -> list[tuple[Alternative, End]]:
        answers = []
        for prompt, reply in exchange.answer.items():
            template = self._faults.template(
                reply, self._names, (*place, "answer", prompt), self._config.text.line_end, self._encoding
            )
            if template is None:
                continue
            if template.uses or template.uses_previous:
                what = "an answer on the way is a fixed text"
                self._faults.problems.append(
                    Problem((*place, "answer", prompt), what, reply, "an exchange of its own for what varies")
                )
                continue
            regex = regex_source(prompt)
            alternative = Alternative(text=None if regex else prompt, regex=regex)
            answers.append((alternative, End(answer=template.encode([], []))))
        return answers
