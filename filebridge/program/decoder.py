"""All fields of a configuration, read from one reply into the row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from filebridge.config.field import FieldModel
from filebridge.config.model import Config
from filebridge.config.problems import Problem
from filebridge.errors import ParseError, escaped
from filebridge.program.complaints import compile_complaints
from filebridge.program.conditions import Condition, compile_conditions
from filebridge.program.faults import Faults, guarded
from filebridge.program.parts import compile_parts, of_screen, text_of
from filebridge.program.searched import searched_for
from filebridge.program.slots import Slots
from filebridge.wire.expression import Expression, Kind
from filebridge.wire.formats.problem import FieldProblem
from filebridge.wire.reading import Reading, admission, compile_field, default_value

__all__ = ["Decoder", "compile_decoder"]

Row = list[object]
Decode = Callable[[bytes, Row, Row], None]

_PLACEHOLDER = Reading(lambda message: None, Kind.NUMBER)


@dataclass(frozen=True, slots=True)
class Entry:
    """One field: its slot, how it is read, and what is put there where it does not occur."""

    name: str
    index: int
    read: Callable[[bytes], object]
    absent: Callable[[bytes, Row], object]
    default: object = None
    keep: bool = False
    condition: Condition | None = None


class Decoder:
    """Fills the row from a reply: first what is read, then what is computed.

    ``decode(message, row, previous)`` does so; it raises ProtocolError for what cannot be read, ExpressionError.
    ``refuse(message)`` raises Refused for one with a complaint, and does nothing else; ``refuses`` says whether it may.
    """

    def __init__(
        self,
        entries: list[Entry],
        computed: list[tuple[int, Callable[[Row, Row], object]]],
        refuse: Callable[[bytes], None] | None,
    ) -> None:
        self.entries = entries
        self.refuses = refuse is not None
        self.refuse: Callable[[bytes], None] = refuse or (lambda message: None)
        if any(entry.condition is not None for entry in entries):
            self.decode = _decoding_some(entries, computed, refuse)
        elif len(entries) == 1 and not computed and refuse is None:
            self.decode = _decoding_one(entries[0])
        else:
            self.decode = _decoding(entries, computed, refuse)

    def partly(self, names: Iterable[str]) -> Callable[[bytes, Row, Row], None] | None:
        """Return a function that fills these fields only, from a reply that is not yet whole; None if none is known."""
        chosen = self._needed(set(names))
        if not chosen:
            return None

        refuse = self.refuse

        def decode(message: bytes, row: Row, previous: Row) -> None:
            refuse(message)
            for entry in chosen:
                if entry.condition is not None and not entry.condition.holds(row, previous):
                    row[entry.index] = _lapsed(entry, row)
                    continue
                value = entry.read(message)
                if value is not None:
                    row[entry.index] = value
                elif row[entry.index] is None:
                    row[entry.index] = entry.default

        return decode

    def _needed(self, wanted: set[str]) -> list[Entry]:
        """Return the fields ``wanted``, and those which their conditions use, in order."""
        chosen = list[Entry]()
        for entry in reversed(self.entries):
            if entry.name in wanted:
                chosen.insert(0, entry)
                wanted |= entry.condition.uses if entry.condition is not None else set()
        return chosen


def _decoding_one(entry: Entry) -> Decode:
    """Return what decodes where all is in one field, as it often is."""
    index, read, absent = entry.index, entry.read, entry.absent

    def decode(message: bytes, row: Row, previous: Row) -> None:
        value = read(message)
        row[index] = absent(message, row) if value is None else value

    return decode


def _decoding(
    entries: list[Entry],
    computed: list[tuple[int, Callable[[Row, Row], object]]],
    refuse: Callable[[bytes], None] | None,
) -> Decode:
    road = [(entry.index, entry.read, entry.absent) for entry in entries]

    def decode(message: bytes, row: Row, previous: Row) -> None:
        if refuse is not None:
            refuse(message)
        for index, read, absent in road:
            value = read(message)
            row[index] = absent(message, row) if value is None else value
        for index, evaluate in computed:
            row[index] = evaluate(row, previous)

    return decode


def _decoding_some(
    entries: list[Entry],
    computed: list[tuple[int, Callable[[Row, Row], object]]],
    refuse: Callable[[bytes], None] | None,
) -> Decode:
    """Return what decodes where some of the fields are read under a condition."""
    road = [
        (entry, entry.index, entry.read, entry.absent, entry.condition.holds if entry.condition is not None else None)
        for entry in entries
    ]

    def decode(message: bytes, row: Row, previous: Row) -> None:
        if refuse is not None:
            refuse(message)
        for entry, index, read, absent, holds in road:
            if holds is None or holds(row, previous):
                value = read(message)
                row[index] = absent(message, row) if value is None else value
            else:
                row[index] = _unread(entry, row)
        for index, evaluate in computed:
            row[index] = evaluate(row, previous)

    return decode


def _lapsed(entry: Entry, row: Row) -> object:
    """Return the value of a field that is not read this time: the one before, or the default, None without any."""
    if entry.keep and row[entry.index] is not None:
        return row[entry.index]
    fresh = _copier(entry.default)
    return entry.default if fresh is None else fresh()


def _unread(entry: Entry, row: Row) -> object:
    value = _lapsed(entry, row)
    if value is None:
        raise ParseError(
            f"field {entry.name} is not read, and has no value yet",
            found=f"`{entry.condition.text if entry.condition else ''}` is false",
            cure=f"give the field a `default` beside `keep: true` (fields.{entry.name})",
        )
    return value


def compile_decoder(config: Config, slots: Slots, faults: Faults) -> Decoder:
    """Return the decoder of all fields, each given its slot; what is wrong goes to ``faults``."""
    entries = []
    part_of = compile_parts(config)
    for name, field in config.fields.items():
        if field.compute is None:
            reading, default = _reading(name, field, config, faults)
            reading = part_of(field, reading)
            index = slots.add_field(name, reading)
            absent = _absence(name, index, field, default, reading.missing)
            entries.append(Entry(name, index, reading.read, absent, default, field.keep))
    computed = []
    for name, field in config.fields.items():
        if field.compute is not None:
            place = ("fields", name, "compute")
            known = len(faults.problems)
            expression = faults.expression(
                field.compute, slots.without_action(), place, Kind.NUMBER, Kind.FLAG, Kind.INTEGER
            )
            faults.problems[known:] = [_of_order(problem, name, config) for problem in faults.problems[known:]]
            kind = expression.kind if expression else Kind.NUMBER
            index = slots.add_field(name, Reading(lambda message: None, kind))
            if expression:
                computed.append((index, _computation(name, field, expression, faults)))
            else:
                faults.lost.add(name)
    conditions = compile_conditions(config, slots, faults)
    entries = [replace(entry, condition=conditions.get(entry.name)) for entry in entries]
    return Decoder(entries, computed, compile_complaints(config.complaints, config.text, faults))


def _computation(name: str, field: FieldModel, expression: Expression, faults: Faults) -> Callable[[Row, Row], object]:
    """Return the function that computes a field and checks its value."""
    evaluate = guarded(expression, f"fields.{name}")
    try:
        admit = admission(name, field, expression.kind)
    except FieldProblem as problem:
        faults.problems.append(_problem(("fields", name), problem))
        return evaluate
    return lambda row, previous: admit(evaluate(row, previous))


def _of_order(problem: Problem, own: str, config: Config) -> Problem:
    """Return ``problem`` with better words for a name that is only not known yet."""
    name = problem.found.removeprefix("prev.").partition(".")[0]
    if name == "action":
        expected = "the action in `reward`, `info` or an `update` instead"
        return replace(
            problem, what="there is no action at reset, when fields are computed too", expected=expected, near=""
        )
    if name == own:
        return replace(
            problem, what=f"`{name}` is computed from itself", expected="a variable with an `update`", near=""
        )
    if name in config.fields and config.fields[name].compute is not None and not problem.what.endswith("is due"):
        expected = "fields in the order in which they need one another"
        return replace(problem, what=f"`{name}` is computed later", expected=expected, near="")
    return problem


def _reading(name: str, field: FieldModel, config: Config, faults: Faults) -> tuple[Reading, object]:
    try:
        reading = of_screen(field, compile_field(name, field, text_of(config)), config)
        return reading, default_value(field, reading)
    except FieldProblem as problem:
        # Of a field that has lost a faulty key already, what else is wrong may only follow from that.
        if name not in faults.lost:
            faults.problems.append(_problem(("fields", name), problem))
        faults.lost.add(name)
    except StopIteration:
        pass  # no way to read is given: the rules have reported it
    return _PLACEHOLDER, None


def _problem(place: tuple[str, ...], problem: FieldProblem) -> Problem:
    at = (*place, problem.key) if problem.key else place
    span = problem.offset, problem.length
    return Problem(at, problem.what, problem.found, problem.expected, problem.near, "value", *span)


def _absence(
    name: str, index: int, field: FieldModel, default: object, missing: Callable[[bytes], str] | None
) -> Callable[[bytes, Row], object]:
    """Return what is done where the field does not occur in a reply."""
    keep, searched = field.keep, searched_for(field)
    fresh = _copier(default)

    def absent(message: bytes, row: Row) -> object:
        if keep and row[index] is not None:
            return row[index]
        if default is None:
            why = f"{searched}: {missing(message)}" if missing and missing(message) else searched
            mend = f"correct that (fields.{name})" if message else "await what says it (`until`, in an exchange)"
            raise ParseError(
                f"field {name} does not occur in the reply",
                found=escaped(message) or "an empty reply",
                cure=f"searched: {why}; {mend}, or give the field a `default` or `keep: true`",
            )
        return default if fresh is None else fresh()

    return absent


def _copier(default: object) -> Callable[[], object] | None:
    """Return what makes a new value each time, of a default that could be changed by who gets it."""
    if isinstance(default, tuple):
        return lambda: list(default)
    return default.copy if isinstance(default, np.ndarray) else None
