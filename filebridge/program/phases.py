"""The dialogues of a configuration, compiled into phases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from filebridge.config import exchange as config_exchange
from filebridge.config.dialogues import draws_screen, framing_of, reconnects
from filebridge.config.directions import way_back
from filebridge.config.exchange import SENDS, Alternative, Framing
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.config.units import regex_source
from filebridge.program.awaiting import awaited_by, end_key, mended_by
from filebridge.program.decoder import Decoder
from filebridge.program.faults import FAILURES, Faults, guarded
from filebridge.program.filters import Untouched, message_filter, reads_binary, text_filter
from filebridge.program.outgoing import Outgoing
from filebridge.program.slots import ACTIONS, Slots
from filebridge.program.writes import compile_writes
from filebridge.wire.cleaner import clean_encoding
from filebridge.wire.dialogue import Exchange, Phase
from filebridge.wire.expression import Expression, Kind, Names
from filebridge.wire.framing import PLAIN, Cut, End, cleaned, compile_cut, entire, never

__all__ = ["compile_phases"]

Row = list[object]
Place = tuple[str | int, ...]


def compile_phases(
    config: Config, slots: Slots, decoder: Decoder, faults: Faults, folder: Path | None
) -> dict[str, Phase]:
    """Return the phases "start", "reset", "save", "load", "step" and "stop"; one without exchanges is empty.

    ``folder`` is where relative paths start.
    """
    reset = list(config.reset.exchanges) if config.reset else []
    known = len(faults.problems)
    early = slots.without_action()
    plans: list[tuple[str, Sequence[config_exchange.Exchange], Place, Names]] = [
        ("start", config.start, ("start",), early),
        ("reset", reset, ("reset", "exchanges"), early),
        ("save", config.restore.save if config.restore else (), ("restore", "save"), early),
        ("load", config.restore.load if config.restore else (), ("restore", "load"), early),
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
    if problem.path[0] not in ("start", "reset", "restore") or problem.found.partition(".")[0] != "action":
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
        self._outgoing = Outgoing(config, names, faults)
        self._clean = message_filter(config)
        # What is awaited is written as the program's description has it, and compared with what was cleaned.
        self._is_text = not isinstance(text_filter(config), Untouched)
        self._is_binary = reads_binary(config)

    def phase(self, name: str, exchanges: Sequence[config_exchange.Exchange], place: Place) -> Phase:
        compiled: list[Exchange] = []
        later: set[str] = set()
        for number in range(len(exchanges) - 1, -1, -1):
            several = len(exchanges) > 1
            exchange, used, repeated = self._exchange(exchanges[number], (*place, number), later, several)
            compiled.insert(0, exchange)
            later |= used | repeated
        pace = max((exchange.at for exchange in compiled), default=0.0)
        only = self._only(compiled, exchanges)
        return Phase(name, tuple(compiled), only, name == "start" or self._greets(name, compiled), pace)

    def _greets(self, name: str, compiled: Sequence[Exchange]) -> bool:
        """Return whether the phase begins with what the program says by itself on a new connection."""
        if name != "reset" or not compiled or not reconnects(self._config) or self._config.start:
            return False
        return compiled[0].encode is None and compiled[0].files is None

    def _only(self, compiled: list[Exchange], exchanges: Sequence[config_exchange.Exchange]) -> Exchange | None:
        if len(compiled) != 1 or exchanges[0].answer or self._config.text.echo == "strip" or self._config.ignore:
            return None
        only = compiled[0]
        conditions = (only.when, only.repeat, only.fresh, only.gather, only.read)
        timed = only.quiet or only.silent or only.resend or only.at
        return only if only.awaited == 1 and not timed and all(each is None for each in conditions) else None

    def _exchange(
        self, exchange: config_exchange.Exchange, place: Place, later: set[str], several: bool
    ) -> tuple[Exchange, set[str], set[str]]:
        framing = framing_of(self._config, exchange)
        template = self._outgoing.compile(exchange, framing, place)
        files, written = compile_writes(
            exchange, self._names, place, self._config, self._folder, self._faults, ACTIONS
        )
        when = self._condition(exchange.when, (*place, "when"))
        repeat = self._ending(exchange.repeat.until if exchange.repeat else None, (*place, "repeat", "until"))
        fresh = self._ending(exchange.fresh, (*place, "fresh"))
        labels = {end.label for end in framing.until or () if end.label}
        gather = self._ending(exchange.gather, (*place, "gather"), labels)
        conditions = [condition for condition in (repeat, fresh, gather) if condition is not None]
        used = set(template.uses if template else ()) | set(when.uses if when else ()) | written
        repeated = set[str]().union(*(condition.uses for condition in conditions))
        ends = [(end, End(self._names[end.label].index) if end.label else PLAIN) for end in framing.until or ()]
        renewed = self._renewed(gather)
        written_as = self._written(exchange, framing)
        several = several or gather is not None or written_as.awaited > 1
        compiled = replace(
            written_as,
            encode=template.encode if template else None,
            cut=self._cut(framing, ends, self._answers(exchange, place), several),
            exits=tuple((end.exit, which.label) for end, which in ends if end.exit is not None),
            when=guarded(when, "when") if when else None,
            repeat=guarded(repeat, "repeat") if repeat else None,
            read=self._decoder.partly(later | repeated),
            files=files,
            fresh=guarded(fresh, "fresh") if fresh else None,
            gather=_once_heard(gather, renewed) if gather else None,
            renewed=renewed,
            apart=several and self._begins_lines(exchange, framing),
        )
        return compiled, used, repeated

    def _written(self, exchange: config_exchange.Exchange, framing: Framing) -> Exchange:
        """Return what stands in the YAML as it is: numbers, times, and the texts for errors."""
        request = exchange.request
        return Exchange(
            encode=None,
            cut=never,
            awaited=framing.datagrams or (len(exchange.send) if isinstance(exchange.send, list) else 1),
            quiet=framing.quiet or 0.0,
            silent=exchange.silent or 0.0,
            every=exchange.repeat.every if exchange.repeat else 0.0,
            awaiting=awaited_by(self._config, framing),
            has_until=any(end.exit is None for end in framing.until or ()),
            end_key=end_key(framing),
            texts=tuple(end.text for end in framing.until or () if end.text is not None),
            condition=exchange.repeat.until if exchange.repeat else "",
            freshness=exchange.fresh or "",
            resend=exchange.resend or 0.0,
            at=exchange.at or 0.0,
            gathering=exchange.gather or "",
            mend=mended_by(self._config, framing, exchange.send),
            statuses=request.expect if request else (),
            again=request.again if request else (),
            again_every=request.every if request else 0.0,
        )

    def _cut(
        self,
        framing: Framing,
        ends: list[tuple[Alternative, End]],
        answers: list[tuple[Alternative, End]],
        several: bool,
    ) -> Cut:
        """Return the cut of one exchange; with ``several`` its message is read together with others."""
        try:
            strict, cap = self._config.leftover == "refuse", self._config.limits.output
            cut = compile_cut(framing, ends, answers, self._encoded, cap, self._clean, strict)
            clean = self._clean
            if several and self._stands_alone(framing):
                clean = _on_a_line(clean)
            if clean is not None and (framing.length is None or clean is not self._clean):
                cut = cleaned(cut, clean)
            return entire(cut, of_lines=framing.cursor is None) if draws_screen(self._config) else cut
        except (re.error, ValueError, OverflowError, RecursionError):
            # The rules have reported it, and a program with problems never runs.
            return never

    def _begins_lines(self, exchange: config_exchange.Exchange, framing: Framing) -> bool:
        """Return whether replies are texts that answer something: what was said before is no part of their lines."""
        if self._is_binary or draws_screen(self._config) or self._config.adapter is not None or framing.whole:
            return False
        return bool(exchange.write) or any(getattr(exchange, key) is not None for key in SENDS)

    def _stands_alone(self, framing: Framing) -> bool:
        """Return whether a message ends by itself, not by what it says: what follows it is no part of its last line."""
        if self._is_binary:
            return False
        told = framing.document is not None or framing.length is not None or framing.bytes is not None
        return told or (way_back(self._config) in ("udp", "http") and framing.until is None)

    def _condition(self, text: str | None, place: Place) -> Expression | None:
        if text is None:
            return None
        return self._faults.expression(text, self._names, place, Kind.FLAG, Kind.INTEGER, Kind.NUMBER)

    def _ending(self, text: str | None, place: Place, labels: AbstractSet[str] = frozenset()) -> Expression | None:
        """Return a condition that a reply has to make true, by its fields or one of ``labels``."""
        condition, fields = self._condition(text, place), self._config.fields
        if condition is None:
            return None
        computed = sorted(name for name in condition.uses if name in fields and fields[name].compute is not None)
        if computed:
            what, wanted = "computed only when all replies are there", "the expression over the fields that are read"
            self._faults.problems.append(Problem(place, what, computed[0], wanted))
        elif not condition.uses & (set(fields) | labels):
            expected = "an expression over at least one field of the reply"
            what = "nothing that the simulator says can end this repetition"
            self._faults.problems.append(Problem(place, what, condition.text, expected))
        return condition

    def _renewed(self, gather: Expression | None) -> tuple[int, ...]:
        """Return the slots of the fields that are to be heard anew before ``gather`` can be true."""
        if gather is None:
            return ()
        fields = self._config.fields
        return tuple(
            entry.index for entry in self._decoder.entries if entry.name in gather.uses and not fields[entry.name].keep
        )

    def _encoded(self, text: str) -> bytes:
        if self._is_text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
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


def _on_a_line(clean: Callable[[bytes], bytes] | None) -> Callable[[bytes], bytes]:
    """Return what puts a line end behind a message without one: the next does not begin in the middle of its line."""

    def ended(message: bytes) -> bytes:
        text = message if clean is None else clean(message)
        return text if text.endswith(b"\n") else text + b"\n"

    return ended


def _once_heard(gather: Expression, slots: tuple[int, ...]) -> Callable[[Row, Row], object]:
    """Return ``gather`` as a function, which is false too where it fails on a field that has not been heard yet."""
    evaluate, condition = gather.evaluate, guarded(gather, "gather")

    def heard(row: Row, previous: Row) -> object:
        try:
            return evaluate(row, previous)
        except FAILURES:
            return condition(row, previous) if all(row[slot] is not None for slot in slots) else False

    return heard
